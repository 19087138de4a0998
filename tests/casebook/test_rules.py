"""Every rule has its facts, and its example breaks that rule and no other."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from casebook.checks import CHECKS, RULES, check_library
from casebook.documents import Kind
from casebook.guide import model_text
from casebook.library import load_library
from casebook.problems import Problem
from casebook.reading import MAX_FILE
from casebook.reading_rules import BY_CODE, READING_RULES
from casebook.rules import Rule
from search.alike import Finder
from tests.casebook.checks.wording_articles import POLICY, add_wording
from tests.conftest import ON

FAQ = "faq/faq-arrears-resume.md"
CASE = "cases/case-broadband-three-visits.md"
FAQ_FILE = Path(FAQ)
OTHER_FAQ = "faq/faq-broadband-fault.md"
# What the other entry is asked: not the questions of the model document.
OTHER_QUESTIONS = {
    "欠费停机后多久能恢复？": "宽带断网了怎么报修？",
    "交了话费什么时候能用": "家里的网突然没了",
    "刚充完钱手机还是停着": "光猫上红灯一直闪",
    "缴完费还打不出电话": "网页一个都打不开",
}
CODES = [rule.code for rule in RULES]
WITH_EXAMPLE = [rule for rule in RULES if rule.example]


def _rules_policy(policy: str, audience: str, article: str) -> str:
    """A policy by articles, made from the model's front matter."""
    front = model_text(Kind.POLICY).split("## 5W1H")[0]
    front = front.replace("policy-plan-outage", policy).replace("rank: 预案", "rank: 公司规定")
    return front.replace("audience: agent", f"audience: {audience}") + f"## {article}\n\n当日办。\n"


@pytest.fixture
def models(small: Path) -> Path:
    """A library of the three model documents and what they point to."""
    for kind in Kind:
        text = model_text(kind)
        name = re.search(r"^id: (\S+)$", text, re.MULTILINE)
        assert name
        (small / kind.folder / f"{name[1]}.md").write_text(text, encoding="utf-8")
    faq = model_text(Kind.FAQ).replace("faq-arrears-resume", "faq-broadband-fault")
    for question, other in OTHER_QUESTIONS.items():
        faq = faq.replace(question, other)
    others = {
        "faq/faq-broadband-fault.md": faq,
        "policies/policy-service-spec.md": _rules_policy(
            "policy-service-spec", "dealer", "要点四 复机时限"
        ),
        "policies/policy-handling-norm.md": _rules_policy(
            "policy-handling-norm", "agent", "第七条 重复投诉"
        ),
    }
    for path, text in others.items():
        (small / path).write_text(text, encoding="utf-8")
    add_wording(small)
    return small


def _check(folder: Path) -> list[Problem]:
    library = load_library(folder)
    return check_library(library, ON, Finder(library))


def _edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file.name}"
    # newline="" keeps a CR of the example as it is.
    with file.open("w", encoding="utf-8", newline="") as out:
        out.write(text.replace(old, new))


def test_codes_are_unique_and_kebab_case() -> None:
    assert len(set(CODES)) == len(CODES)
    for code in CODES:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code)


def test_codes_name_a_fault_not_an_order() -> None:
    assert [code for code in CODES if re.match(r"(use|no|avoid|prefer|require)-", code)] == []


@pytest.mark.parametrize("rule", RULES, ids=CODES)
def test_facts_are_filled(rule: Rule) -> None:
    for fact in (rule.summary, rule.reason):
        assert re.search(r"[\u4e00-\u9fff].*[。？]$", fact)
    assert rule.summary != rule.reason
    if rule.example:
        assert rule.example.right != rule.example.wrong
        assert model_text(rule.example.kind).count(rule.example.right) == 1


def test_facts_differ_between_rules() -> None:
    assert len({rule.summary for rule in RULES}) == len(RULES)
    assert len({rule.reason for rule in RULES}) == len(RULES)


def test_every_check_is_in_a_file_of_its_name() -> None:
    folder = Path(__file__).parents[2] / "casebook" / "checks"
    rules = {f for f in folder.glob("*.py") if "\nRULE = Rule(" in f.read_text(encoding="utf-8")}
    # What a waiver covers is known only when all else has been found; the rest is no document.
    last = {"unused_waiver", "unreadable_wording"}
    no_document = {"contradicting_withdrawal", "missing_withdrawal"}
    files = {file.stem for file in rules} - last - no_document
    assert {module.__name__.rpartition(".")[2] for module in CHECKS} == files
    for module in CHECKS:
        assert module.__name__.rpartition(".")[2] == module.RULE.code.replace("-", "_")


def test_reading_rules_are_found_by_code() -> None:
    assert list(BY_CODE.values()) == list(READING_RULES)
    assert {rule.code for rule in READING_RULES} < set(CODES)


def test_model_documents_break_no_rule(models: Path) -> None:
    assert _check(models) == []
    assert len(load_library(models).sources) == 6


@pytest.mark.parametrize("rule", WITH_EXAMPLE, ids=[rule.code for rule in WITH_EXAMPLE])
def test_example_breaks_exactly_its_rule(rule: Rule, models: Path) -> None:
    example = rule.example
    assert example
    file = next(
        file
        for file in sorted((models / example.kind.folder).iterdir())
        if file.read_text(encoding="utf-8") == model_text(example.kind)
    )
    _edit(file, example.right, example.wrong)
    path = file.relative_to(models).as_posix()
    # What others point to may be gone with the document: that is no fault of this file.
    found = [problem for problem in _check(models) if problem.path == path]
    assert {problem.code for problem in found} == {rule.code}


def _unreadable(folder: Path) -> None:
    (folder / FAQ_FILE).unlink()
    os.mkfifo(folder / FAQ_FILE)


def _symlink(folder: Path) -> None:
    shutil.move(folder / FAQ_FILE, folder / "outside.md")
    (folder / FAQ_FILE).symlink_to(folder / "outside.md")


def _large(folder: Path) -> None:
    with (folder / FAQ_FILE).open("a", encoding="utf-8") as out:
        out.write("x" * MAX_FILE)


def _large_front_matter(folder: Path) -> None:
    _edit(folder / FAQ_FILE, "owner: ", "owner: " + "x" * 16 * 1024)


def _gbk(folder: Path) -> None:
    text = (folder / FAQ_FILE).read_text(encoding="utf-8")
    (folder / FAQ_FILE).write_bytes(text.encode("gb18030"))


def _article(folder: Path) -> None:
    _edit(
        folder / "policies/policy-service-spec.md",
        "要点四 复机时限",
        "要点四 复机时限\n\n甲\n\n## 时限",
    )


def _unrenderable(folder: Path) -> None:
    _edit(folder / FAQ_FILE, "欠费缴清以后", "[" * 40_000)


def _not_markdown(folder: Path) -> None:
    (folder / "faq" / "a.docx").write_bytes(b"x")


def _photo(folder: Path) -> None:
    from PIL import Image

    exif = Image.Exif()
    exif[0x013B] = "作者"
    Image.new("RGB", (2, 2)).save(folder / "faq/photo.jpg", exif=exif)


def _same_id(folder: Path) -> None:
    shutil.copy(folder / FAQ_FILE, folder / "faq" / "copy.md")


def _no_citation(folder: Path) -> None:
    _edit(folder / "cases/case-broadband-three-visits.md", "  - policy-handling-norm#7\n", "  []\n")


def _front(path: str, old: str, new: str) -> Callable[[Path], None]:
    return lambda folder: _edit(folder / path, old, new)


def _superseded(folder: Path) -> None:
    text = _rules_policy("policy-service-new", "dealer", "要点四 复机时限")
    text = text.replace("approved_on", "supersedes:\n  - policy-service-spec\napproved_on")
    (folder / "policies/policy-service-new.md").write_text(text, encoding="utf-8")
    _edit(
        folder / "faq/faq-broadband-fault.md",
        "  - policy-service-spec#p4",
        "  - policy-service-new#p4",
    )


def _uncited(folder: Path) -> None:
    text = _rules_policy("policy-uncited", "agent", "第一条 范围")
    (folder / "policies/policy-uncited.md").write_text(text, encoding="utf-8")


def _other_form(folder: Path) -> None:
    _edit(folder / POLICY, "不单独使用“尽快”“马上”，", "“尽快”“马上”，")
    _edit(folder / POLICY, "不说“肯定能”“包您满意”。", "别许愿。")


def _short_case(folder: Path) -> None:
    text = (folder / CASE).read_text(encoding="utf-8")
    start, end = text.index("随后她问指示灯"), text.index("## 结果")
    _edit(folder / CASE, text[start:end], "随后她当场并单，请师傅第二天来。\n\n")


def _long_case(folder: Path) -> None:
    more = "师傅又测了一遍，客户甲又试了一遍，都没有再断。" * 50
    _edit(folder / CASE, "再请客户甲自己试。", f"再请客户甲自己试。{more}")


def _jump(folder: Path) -> None:
    text = (folder / CASE).read_text(encoding="utf-8")
    start, end = text.index("晚上 7 点 40 分"), text.index("## 结果")
    said = "客户甲讲“你们已经来过两次了”，坐席A讲“您重启一下光猫”。"
    end_of_it = "经坐席耐心解释，客户表示理解。"
    _edit(folder / CASE, text[start:end], f"{said * 10}\n\n{end_of_it}\n\n")


def _told_twice(folder: Path) -> None:
    text = (folder / CASE).read_text(encoding="utf-8")
    text = text.replace("id: case-broadband-three-visits", "id: case-broadband-again")
    text = text.replace("师傅来了三趟，网还是断", "师傅上门三次，宽带照样断")
    (folder / "cases/case-broadband-again.md").write_text(text, encoding="utf-8")


def _two_answers(folder: Path) -> None:
    """The same question, answered otherwise to other readers."""
    _edit(folder / OTHER_FAQ, "宽带断网了怎么报修？", "欠费停机后多久能恢复？")
    _edit(folder / OTHER_FAQ, "audience: dealer", "audience: agent")
    _edit(folder / OTHER_FAQ, "最长不超过两小时", "最长不超过 4 小时")


def _withdrawn(folder: Path) -> None:
    entry = '[[withdrawn]]\nid = "faq-arrears-resume"\naudience = "dealer"\non = 2026-11-01\n'
    (folder / "withdrawn.toml").write_text(entry, encoding="utf-8")


# What only a change to a library can show; test_withdrawals.py does.
SINCE = {"missing-withdrawal"}
BROKEN_BY: dict[str, Callable[[Path], None]] = {
    "case-too-long": _long_case,
    "case-too-short": _short_case,
    "details-without-steps": _jump,
    "contradicting-answers": _two_answers,
    "contradicting-withdrawal": _withdrawn,
    "duplicate-case": _told_twice,
    "duplicate-question": _front(OTHER_FAQ, "光猫上红灯一直闪", "刚充完钱，手机还是停着？"),
    "near-question": _front(OTHER_FAQ, "光猫上红灯一直闪", "刚充完钱手机怎么还是停着呢"),
    "unreadable-wording": _other_form,
    "unreadable-file": _unreadable,
    "symlink": _symlink,
    "file-too-large": _large,
    "front-matter-too-large": _large_front_matter,
    "invalid-utf8": _gbk,
    "invalid-article": _article,
    "unrenderable": _unrenderable,
    "not-markdown": _not_markdown,
    "image-metadata": _photo,
    "duplicate-id": _same_id,
    "distant-review": _front(FAQ, "review_by: 2027-06-01", "review_by: 2027-06-22"),
    "ended": _front(FAQ, "approved_on", "effective_until: 2026-11-21\napproved_on"),
    "ends-soon": _front(FAQ, "approved_on", "effective_until: 2026-12-01\napproved_on"),
    "orphan": _uncited,
    "outdated-citation": _superseded,
    "overdue-review": _front(FAQ, "review_by: 2027-06-01", "review_by: 2026-11-21"),
    "review-due-soon": _front(FAQ, "review_by: 2027-06-01", "review_by: 2026-12-22"),
    "untimely-citation": _front(
        "policies/policy-service-spec.md",
        "effective_from: 2026-01-01",
        "effective_from: 2026-06-02",
    ),
}


def test_rules_without_example_are_broken_here() -> None:
    assert {rule.code for rule in RULES if not rule.example} - SINCE == set(BROKEN_BY)


@pytest.mark.parametrize("code", BROKEN_BY)
def test_rule_without_example(code: str, models: Path) -> None:
    BROKEN_BY[code](models)
    # What follows from it elsewhere, and that an image is no document, is no news.
    aside = {"unknown-citation", "broken-link", "not-markdown"} - {code}
    found = [problem for problem in _check(models) if problem.code not in aside]
    assert {problem.code for problem in found} == {code}


def test_empty_list_of_citations_is_missing_too(models: Path) -> None:
    _no_citation(models)
    found = [problem.code for problem in _check(models) if problem.path.startswith("cases/")]
    assert found == ["missing-citation"]


MESSAGES = {
    "broken-link": "知识库里没有 {}。",
    "broken-article": "{} 没有 #99 这一条。",
    "hidden-link": "代理商打不开 {}。",
    "raw-html": "有 HTML：“{}”。",
    "strange": "不认识的地址“{}”。",
}
LINES = [
    ("[账单](faq-bill)", "broken-link", "faq-bill"),
    ("[账单](policy-service-spec#99)", "broken-article", "policy-service-spec"),
    ("[规范](policy-handling-norm)", "hidden-link", "policy-handling-norm"),
    ("[规范](policy-handling-norm#7)", "hidden-link", "policy-handling-norm#7"),
    ("[账单](faq-broadband-fault#rationale)", "hidden-link", "faq-broadband-fault#rationale"),
    ('[规范](policy-handling-norm "标题")', "hidden-link", "policy-handling-norm"),
    ("[规范](<policy-handling-norm>)", "raw-html", "<policy-handling-norm"),
    ("[一[二]三](policy-handling-norm)", "hidden-link", "policy-handling-norm"),
    ("[一\n二](policy-handling-norm)", "hidden-link", "policy-handling-norm"),
    ("[规范](policy-handling-norm.md)", "strange", "policy-handling-norm.md"),
    ("[规范](../policies/a.md)", "strange", "../policies/a.md"),
    ("[规范](policy-handling-norm#第七条)", "strange", "policy-handling-norm#第七条"),
    ("[规范](policy-handling-norm?x)", "strange", "policy-handling-norm?x"),
    ("[规范](/policies/policy-handling-norm/)", "strange", "/policies/policy-handling-norm/"),
    ("[规范](policy-handling-norm#7\n)", "hidden-link", "policy-handling-norm#7"),
    ("[点](javascript:alert(1))", "strange", "javascript:alert"),
]  # fmt: skip


@pytest.mark.parametrize(("link", "fault", "target"), LINES, ids=[line[0] for line in LINES])
def test_link_in_public_text(link: str, fault: str, target: str, models: Path) -> None:
    _edit(models / FAQ_FILE, "最长不超过两小时。", f"最长两小时，见{link}。")
    found = [p for p in _check(models) if p.path == FAQ_FILE.as_posix()]
    code = "broken-link" if fault in ("strange", "broken-article") else fault
    assert (code, MESSAGES[fault].format(target)) in [(p.code, p.message) for p in found]
    assert {p.line for p in found} == {20}


GOOD_LINKS = [
    "[账单](faq-broadband-fault)",
    "[规范](policy-service-spec#p4)",
    "[一步](faq-broadband-fault#procedure)",
    "[网站](https://example.com/a?b=c#d)",
    "[电话](tel:10000)",
    "[邮件](mailto:a@example.com)",
]


@pytest.mark.parametrize("link", GOOD_LINKS)
def test_good_link(link: str, models: Path) -> None:
    _edit(models / FAQ_FILE, "不需要另外申请复机。", f"不需要申请，见{link}。")
    assert _check(models) == []


def test_restricted_text_may_point_to_what_agents_read(models: Path) -> None:
    _edit(models / FAQ_FILE, "再说不用申请。", "再说不用申请，见[规范](policy-handling-norm#7)。")
    assert _check(models) == []


def test_guess_is_the_nearest_id(models: Path) -> None:
    _edit(models / FAQ_FILE, "policy-service-spec#p4", "policy-servise-spec#p4")
    assert [str(problem) for problem in _check(models)] == [
        "faq/faq-arrears-resume.md:15: unknown-citation 知识库里没有 policy-servise-spec。 "
        "是不是 policy-service-spec？"
    ]


def test_unknown_article_names_those_that_there_are(models: Path) -> None:
    _edit(models / FAQ_FILE, "policy-service-spec#p4", "policy-service-spec#4")
    assert [str(problem) for problem in _check(models)] == [
        "faq/faq-arrears-resume.md:15: unknown-citation policy-service-spec 没有 #4 这一条。 "
        "这一篇有：p4。"
    ]


@pytest.mark.parametrize("blank", ["\n", "\n\n\n\n"], ids=["none", "three"])
def test_line_is_right_however_many_blank_lines(blank: str, models: Path) -> None:
    _edit(models / FAQ_FILE, "## 办理方式\n\n1.", f"## 办理方式{blank}见[甲](faq-none)：\n1.")
    first = 22 + len(blank)
    assert [(p.line, p.code) for p in _check(models)] == [
        (first, "broken-link"),
        (first + 1, "list-without-blank-line"),
    ]


def test_list_is_looked_for_in_text_only(models: Path) -> None:
    for good in ("```\n步骤\n- 一\n```", "- 一\n- 二", "一\n\n- 二", "- 一\n  说明\n- 二"):
        _edit(models / FAQ_FILE, "1. 在 App", f"{good}\n\n1. 在 App")
        found = _check(models)
        _edit(models / FAQ_FILE, f"{good}\n\n1. 在 App", "1. 在 App")
        assert found == [], good


def test_every_place_left_to_fill_is_named(models: Path) -> None:
    _edit(models / FAQ_FILE, "资费产品组", "（待填）")
    _edit(models / FAQ_FILE, "  - 缴完费还打不出电话", "  - （待填）")
    _edit(models / FAQ_FILE, "没有期限", "（待填）")
    assert [(problem.line, problem.code) for problem in _check(models)] == [
        (5, "placeholder"),
        (10, "placeholder"),
        (33, "placeholder"),
    ]


def test_a_link_to_a_file_with_an_error_is_not_to_be_changed(models: Path) -> None:
    _edit(models / "faq/faq-broadband-fault.md", "audience: dealer", "audience: everyone")
    found = [problem for problem in _check(models) if problem.code == "broken-link"]
    assert [(problem.message, problem.hint) for problem in found] == [
        (
            "faq-broadband-fault 现在不能用：faq/faq-broadband-fault.md 有错误。",
            "先改好那个文件，链接不用动。",
        )
    ]


def test_no_guess_is_made_across_kinds(models: Path) -> None:
    _edit(models / FAQ_FILE, "不需要另外申请复机。", "见[案例](case-arrears-resume)。")
    (problem,) = _check(models)
    assert problem.hint == "改成知识库里有的编号，或者去掉。"


def test_what_quotes_a_number_never_shows_it(models: Path) -> None:
    for old in ("owner: 资费产品组", "subject: 资费/充值与欠费", "audience: dealer"):
        _edit(models / FAQ_FILE, old, f"{old.split(':')[0]}: 13912345678")
    _edit(models / FAQ_FILE, "## 设计思路", "## 13912345678\n\n字\n\n## 设计思路")
    shown = "".join(str(problem) for problem in _check(models))
    assert "没有受众“139****5678”" in shown
    assert "13912345678" not in shown
