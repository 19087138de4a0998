"""Writing by prompts: the right questions, safe files, nothing half-written."""

from __future__ import annotations

import os
import re
import select
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from casebook.authoring import clean, free_id, impersonal, new_document, proposals, template
from casebook.documents import FILL, MAX_LINE, Case, Faq, Kind, Policy
from casebook.frontmatter import read_front_matter
from casebook.library import View, load_library
from casebook.prompts import as_day, as_month, ask_title, interview, matching
from casebook.reading import read_document
from casebook.schemas import front_matter_schema
from casebook.settings import Settings
from casebook.talking import free_line
from tests.casebook.test_cli import casebook

ON = date(2026, 11, 22)


class Script:
    """Answers from a list; what was asked and told is kept."""

    def __init__(self, *answers: str) -> None:
        self.answers = iter(answers)
        self.shown: list[str] = []

    def ask(self, question: str) -> str:
        self.shown.append(question)
        return next(self.answers)

    def tell(self, text: str) -> None:
        self.shown.append(text)

    @property
    def text(self) -> str:
        return "\n".join(self.shown)


CASE_ANSWERS = (
    *("资费", "套餐变更"),  # a subject of the upper level by its name, the lower by a part
    "3",  # level by number
    "1 情绪",  # customer types by number and by a part
    "yl",  # reason by first letters
    "zhengchang",  # manner by its sound
    "2、3",
    "12345",  # a term, not a number of the list
    "因素分析法",
    "2026年3月",
    *("读后能够：先查“记录”再谈金额", "- 每月约 40 件", "# 新套餐上线", ""),
    *("资费产品组", "热线班长", ""),
    *("案例编写", "1", "第二条", "没有这种词的", ""),
    *("欠费停机后多久", "1", ""),
    *("", "2027/3/1"),
)


def test_a_case_is_asked_for_step_by_step(agent_view: View) -> None:
    talk = Script(*CASE_ANSWERS)
    assert interview(Kind.CASE, agent_view, talk) == {
        "subject": "资费/套餐变更",
        "level": "投诉",
        "customer_types": ("问题解决型", "情绪发泄型"),
        "reason": "有理",
        "manner": "正常",
        "needs": ("解决问题", "获得补偿"),
        "channel": "12345",
        "method": "因素分析法",
        "happened": "2026-03",
        "purpose": "读后能够：先查“记录”再谈金额",
        "typicality": "- 每月约 40 件",
        "timeliness": "# 新套餐上线",
        "owner": "资费产品组",
        "author": "热线班长",
        "audience": "agent",
        "policies": ("policy-case-writing#2",),
        "faq": ("faq-arrears-resume",),
        "written": "2026-11-22",
        "review_by": "2027-03-01",
    }
    # The four questions of the writing norm, in its words.
    for words in ("以前做不到的事", "一个月有多少件", "现在写，谁用得上", "明天照着能不能做"):
        assert words in talk.text
    assert "没有找到“没有这种词的”" in talk.text


def test_every_question_can_be_left_open(agent_view: View) -> None:
    for kind in Kind:
        answers = interview(kind, agent_view, Script(*[""] * 30))
        assert answers == proposals(kind, agent_view.settings, ON)
        text = template(kind, f"{kind}-x", "题目", agent_view.settings, ON, answers)
        assert text.count(FILL) >= 3


def test_a_faq_entry_is_asked_for_similar_questions(agent_view: View) -> None:
    talk = Script("怎么还没好", "怎么还没好", "多久能通", "", "充值", *[""] * 6)
    answers = interview(Kind.FAQ, agent_view, talk)
    assert answers["similar"] == ("怎么还没好", "多久能通")
    assert answers["subject"] == "资费/充值与欠费"
    assert "已经写过了" in talk.text
    assert "还差 1 句" in talk.text
    text = template(Kind.FAQ, "faq-x", "题目", agent_view.settings, ON, answers)
    assert f"  - {FILL}客户的另一种说法 3\n" in text
    assert f"{FILL}客户的另一种说法 2" not in text


def test_a_plan_gets_the_sections_of_a_plan(agent_view: View) -> None:
    answers = interview(Kind.POLICY, agent_view, Script("预案", *[""] * 9))
    assert answers["issuer"] == agent_view.settings.library.company
    text = template(Kind.POLICY, "policy-x", "题目", agent_view.settings, ON, answers)
    assert [line[3:] for line in text.split("\n") if line.startswith("## ")] == [
        spec.heading for spec in Policy.plan_spec
    ]


def test_wrong_answers_are_explained_and_asked_again(agent_view: View) -> None:
    talk = Script("9", "xyzq", *[""] * 30)
    interview(Kind.POLICY, agent_view, talk)
    assert "没有“9”，请再写一次" in talk.text
    assert "没有“xyzq”，请再写一次" in talk.text
    talk = Script("", "", "", "", "everyone", "3", "2", "去年", "2026-13-01", *[""] * 30)
    interview(Kind.POLICY, agent_view, talk)
    assert "  1. 代理商（dealer）\n   2. 坐席（agent）" in talk.text
    assert "没有受众“everyone”；写 dealer 或 agent，或写编号。" in talk.text
    assert "没有受众“3”" in talk.text
    assert "“去年”不是日期；写成 2026-03-01 这样的年-月-日。" in talk.text
    assert "“2026-13-01”不是日期" in talk.text
    talk = Script("", "字" * (MAX_LINE + 1), *[""] * 30)
    interview(Kind.POLICY, agent_view, talk)
    assert f"写了 {MAX_LINE + 1} 个字，不能超过 {MAX_LINE} 个字" in talk.text


def test_a_title_is_asked_for_until_there_is_one(settings: Settings) -> None:
    talk = Script("", "  ", " 降档办不了？ \x00")
    assert ask_title(Kind.CASE, talk, settings) == "降档办不了？"
    assert "写出冲突" in talk.text


PERSON = "客户王小明13912345678半夜投诉"


def test_a_title_names_nobody(settings: Settings) -> None:
    called = "投诉人王小明先生半夜投诉"
    talk = Script(PERSON, called, "", called, "n", "半夜投诉")
    assert ask_title(Kind.CASE, talk, settings) == "半夜投诉"
    assert "里面有手机号码 139****5678。" in talk.text
    assert talk.text.count("里面像是有姓名 王**。") == 2
    assert "王小明" not in talk.text
    assert "12345678" not in talk.text


@pytest.mark.parametrize(
    ("answers", "written"),
    [
        (("投诉人王小明先生来过", "y"), "投诉人王小明先生来过"),
        (("王小明 13912345678", "改好了"), "改好了"),
        (("",), ""),
        (("客户甲来过",), "客户甲来过"),
    ],
    ids=["a name that is none", "a number is never", "nothing", "nobody"],
)
def test_what_only_looks_like_a_name_may_be_confirmed(
    answers: tuple[str, ...], written: str, settings: Settings
) -> None:
    talk = Script(*answers)
    assert free_line(talk, "写", settings) == written


def test_every_free_answer_is_looked_at(agent_view: View) -> None:
    number = "打 13912345678 找他"
    for kind in Kind:
        talk = Script(*[number, ""] * 60)
        answers = interview(kind, agent_view, talk)
        assert not [value for value in answers.values() if "13912345678" in str(value)]
    talk = Script(*[""] * 9, *[number, "读后能够先查记录"], *[""] * 30)
    answers = interview(Kind.CASE, agent_view, talk)
    assert answers["purpose"] == "读后能够先查记录"


def test_what_the_library_allows_is_no_personal_data(settings: Settings) -> None:
    allowed = [{"value": "13912345678", "reason": "样例"}]
    check = type(settings.check).model_validate({"allowed": allowed})
    own = settings.model_copy(update={"check": check})
    assert free_line(Script("打 13912345678"), "写", own) == "打 13912345678"


@pytest.mark.parametrize(
    ("title", "name"),
    [
        (PERSON, "case-ke-hu-ban-ye-tou-su"),
        ("投诉人王小明先生半夜投诉", "case-tou-su-ren-xian-sheng-ban-ye-tou"),
        ("客户139****5678半夜投诉", "case-ke-hu-ban-ye-tou-su"),
        ("12345 转来的 3 件投诉", "case-12345-zhuan-lai-de-3-jian-tou-su"),
        ("13912345678", "case-new"),
    ],
)
def test_an_id_has_nothing_of_a_person(title: str, name: str) -> None:
    assert free_id(Kind.CASE, title, lambda _: False) == name
    assert "5678" not in impersonal(title)


def test_an_owner_is_chosen_or_meant(agent_view: View) -> None:
    owners = sorted({document.owner for document in agent_view.documents})
    number = owners.index("宽带运维组") + 1

    def owner(*answers: str) -> tuple[object, str]:
        talk = Script("", "", *answers, *[""] * 20)
        return interview(Kind.FAQ, agent_view, talk).get("owner"), talk.text

    assert owner(str(number))[0] == "宽带运维组"
    assert owner("宽带运维")[0] == "宽带运维组"
    assert owner("夜班复盘小组", "y")[0] == "夜班复盘小组"
    chosen, shown = owner("宽带运营组", "", "999", "资费产品组")
    assert chosen == "资费产品组"
    assert "库里还没有负责人“宽带运营组”（和“宽带运维组”很像）" in shown
    assert "没有“999”号" in shown
    assert f"{number:>2}. 宽带运维组" in shown


def test_a_search_says_how_many_more_there_are(agent_view: View) -> None:
    talk = Script("", "", "", "", "条", "处理规范", "1", "", *[""] * 20)
    interview(Kind.FAQ, agent_view, talk)
    (more,) = [text for text in talk.shown if "多打几个字" in text]
    place = talk.shown.index(more)
    assert re.fullmatch(r"还有 \d+ 条，多打几个字。", more)
    numbers = [text.split(".")[0].strip() for text in talk.shown[place - 9 : place]]
    assert numbers == list("123456789")


def test_questions_agree_with_their_explanations_and_end_each_in_its_own_way(
    agent_view: View,
) -> None:
    for kind in Kind:
        talk = Script(*[""] * 40)
        interview(kind, agent_view, talk)
        for words in ("写一行", "每行一个", "每行一种"):
            assert words not in talk.text
    talk = Script(*[""] * 40)
    interview(Kind.CASE, agent_view, talk)
    asked = [text for text in talk.shown if text.endswith("：")]
    for words in ("读后能够：", "代表哪一类、每月多少件：", "谁现在用得上：", "明天就能照做的："):
        assert asked.count(words) == 1


MATCHES = [
    ("2", ["b"]),
    ("3", []),
    ("0", []),
    ("资费", ["资费"]),
    ("套餐", ["资费/套餐变更"]),
    ("计费", ["资费/计费争议"]),
    ("资费/流量", ["资费/流量"]),
    ("信号", ["网络/信号"]),
    ("zengz", ["增值业务"]),
    ("XHZW", ["携号转网"]),
    ("zhuan", ["宽带/装机", "携号转网/转出", "携号转网/转入"]),
    ("携号专网", ["携号转网"]),
    ("没有的东西", []),
]


@pytest.mark.parametrize(("text", "found"), MATCHES, ids=[text for text, _ in MATCHES])
def test_a_term_is_found_by_number_part_sound_or_likeness(
    text: str, found: list[str], settings: Settings
) -> None:
    assert matching(text, ("a", "b"), (*settings.taxonomy.subject_paths, "a", "b")) == found


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (as_day, "2026-3-1", "2026-03-01"),
        (as_day, "2026年3月1日", "2026-03-01"),
        (as_day, "2026/02/30", None),
        (as_day, "昨天", None),
        (as_month, "2026.3", "2026-03"),
        (as_month, "2026年12月", "2026-12"),
        (as_month, "2026-13", None),
        (as_month, "3月", None),
    ],
)
def test_dates_are_read_as_people_type_them(
    parse: Callable[[str], str | None], text: str, value: str | None
) -> None:
    assert parse(text) == value


HOSTILE = (
    "- x",
    "a: b",
    "# x",
    '"',
    "'",
    "\\",
    "---",
    "...",
    "&a",
    "*a",
    "!x",
    "%",
    "@",
    "{a",
    "[",
)


@given(st.lists(st.text(min_size=1, max_size=60), min_size=4, max_size=4))
@example(list(HOSTILE[:4]))
@example(list(HOSTILE[4:8]))
@example(list(HOSTILE[8:12]))
@example(["\ufeff\ufffe", "\ud800", "a\x85b\u2028c\x7f", "key: |\n  x"])
@example(["资费 #1", "（待", "true", "~ "])
def test_whatever_is_typed_is_read_back_as_it_was_typed(
    settings: Settings, typed: list[str]
) -> None:
    title, owner, *similar = (clean(text) for text in typed)
    given = {"owner": owner, "similar": tuple(one for one in similar if one)}
    answers = {key: value for key, value in given.items() if value}
    text = template(Kind.FAQ, "faq-x", title or "题", settings, ON, answers)
    values = read_front_matter(text).values
    assert values["title"] == (title or "题")
    assert values["owner"] == (owner or FILL)
    assert values["similar"][: len(given["similar"])] == list(given["similar"])
    assert clean(text) == clean(clean(text))


@given(data=st.data())
def test_a_case_made_of_answers_has_the_document_that_was_meant(
    settings: Settings, data: st.DataObject
) -> None:
    line = st.text(min_size=1, max_size=MAX_LINE).map(clean).filter(bool)
    line = line.filter(lambda text: FILL not in text)
    answers: dict[str, str | tuple[str, ...]] = {}
    for key, schema in front_matter_schema(Kind.CASE, settings)["properties"].items():
        items = schema.get("items", schema)
        terms = [one for one in items.get("enum", ()) if isinstance(one, str)]
        value = data.draw(st.sampled_from(terms) if terms else line)
        if key in ("owner", "author", "purpose", "typicality", "timeliness", "feasibility"):
            answers[key] = value
        elif terms and key != "audience":
            answers[key] = (value,) if "items" in schema else value
    answers |= {"happened": "2026-03", "approved_on": "2026-03-02"}
    answers |= {"policies": ("policy-x#3",), "faq": ("faq-x",)}
    title = data.draw(line)
    text = template(Kind.CASE, "case-x", title, settings, ON, answers)
    body = "".join(f"## {spec.heading}\n\n写好了。\n\n" for spec in Case.spec)
    text = text[: text.index("## ")] + body
    reading = read_document(text.encode(), "cases/case-x.md", Kind.CASE, settings)
    assert reading.document, reading.problems
    assert reading.document.title == title
    assert reading.document.owner == answers["owner"]


def test_a_document_of_answers_is_written_and_says_what_is_open(small: Path) -> None:
    settings = load_library(small).settings
    file = new_document(small, Kind.CASE, "标题", settings, {"level": "危机"})
    text = file.read_text(encoding="utf-8")
    assert "\nlevel: 危机\n" in text
    assert f"\nreason: {FILL}  # 有理、无理\n" in text
    assert f"\ncustomer_types:\n  - {FILL}  # 问题解决型、" in text


@pytest.mark.parametrize("kind", Kind)
def test_nothing_is_answered_for_whom_nobody_asked(
    kind: Kind, small: Path, settings: Settings
) -> None:
    """No term, no day of approval: only what a template may propose."""
    text = new_document(small, kind, "题目", settings).read_text(encoding="utf-8")
    values = read_front_matter(text).values
    taxonomy = settings.taxonomy
    terms = {*taxonomy.subject_paths, *taxonomy.levels, *taxonomy.reasons, *taxonomy.manners}
    terms |= {*taxonomy.customer_types, *taxonomy.needs, *taxonomy.channels, *taxonomy.methods}
    assert not terms & {str(value) for value in values.values()}
    assert f"\napproved_on: {FILL}  # 核准的人填" in text
    if kind is Kind.CASE:
        assert values["needs"] == values["customer_types"] == [FILL]
        assert {values[key] for key in ("level", "reason", "manner", "happened")} == {FILL}


# A process with a terminal of its own, as the shell would start it.
LAUNCH = """
import fcntl, signal, sys, termios
# A shell without jobs starts what it puts aside deaf to Ctrl+C.
signal.signal(signal.SIGINT, signal.default_int_handler)
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from casebook.cli import main
main(sys.argv[1:])
"""


class Terminal:
    """A real pseudo-terminal with a process behind it."""

    def __init__(self, *words: str, cwd: Path) -> None:
        self.master, slave = os.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", LAUNCH, *words],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=cwd,
            start_new_session=True,
        )
        os.close(slave)
        self.seen = ""

    def wait_for(self, text: str) -> str:
        """Reads until a text is seen; gives what came before it."""
        while text not in self.seen:
            ready, _, _ = select.select([self.master], [], [], 60)
            assert ready, f"waited for {text!r}, saw {self.seen!r}"
            try:
                self.seen += os.read(self.master, 4096).decode(errors="replace")
            except OSError:
                raise AssertionError(f"ended before {text!r}: {self.seen!r}") from None
        before, _, self.seen = self.seen.partition(text)
        return before

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def type_until_it_ends(self, key: str) -> None:
        """As people do: a signal that comes just before a program waits for a line is lost."""
        for _ in range(12):
            self.type(key)
            while select.select([self.master], [], [], 5)[0]:
                try:
                    part = os.read(self.master, 4096)
                except OSError:
                    return
                self.seen += part.decode(errors="replace")
        pytest.fail(f"it did not end: {self.seen!r}")

    def rest(self) -> str:
        """What is shown until the process ends."""
        try:
            while part := os.read(self.master, 4096):
                self.seen += part.decode(errors="replace")
        except OSError:
            pass
        return self.seen

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.master)


@pytest.fixture
def terminal(small: Path) -> Iterator[Callable[..., Terminal]]:
    opened: list[Terminal] = []

    def open_one(*words: str) -> Terminal:
        opened.append(Terminal(*words, cwd=small))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


def test_a_policy_is_written_in_a_real_terminal(
    terminal: Callable[..., Terminal], small: Path
) -> None:
    shown = terminal("new", "policy")
    shown.wait_for("标题：")
    shown.type("冒号: 与 # 号\n")
    shown.wait_for("拼音首字母：")
    shown.type("gs\n")
    for answer in ("", "", "法务: 组", *[""] * 5):
        shown.wait_for("：")
        shown.type(f"{answer}\n")
    shown.type("\n" * 3)
    rest = shown.rest()
    assert shown.process.wait(timeout=60) == 0, rest
    (file,) = (small / "policies").iterdir()
    text = file.read_text(encoding="utf-8")
    assert 'title: "冒号: 与 # 号"\n' in text
    assert "rank: 公司规定\n" in text
    assert f"casebook check policies/{file.name}" in rest
    assert "casebook preview" in rest
    assert f"git switch -c {file.stem}" in rest
    assert f"git add policies/{file.name} && git commit -m" in rest
    assert f"git push -u origin {file.stem}" in rest
    assert "发起合并请求" in rest
    assert "/write/" not in rest


@pytest.mark.parametrize("key", ["\x03", "\x04"], ids=["Ctrl+C", "Ctrl+D"])
def test_stopping_leaves_nothing_behind(
    key: str, terminal: Callable[..., Terminal], small: Path
) -> None:
    shown = terminal("new", "faq", "题目")
    shown.wait_for("第 1 句，空行结束：")
    shown.type("问一句\n")
    shown.wait_for("第 2 句，空行结束：")
    shown.type_until_it_ends(key)
    assert "停下了，没有写任何文件。" in shown.seen
    assert shown.process.wait(timeout=60) == 2
    assert list((small / "faq").iterdir()) == []


def test_without_a_terminal_nothing_is_asked(small: Path) -> None:
    run = [sys.executable, "-c", "from casebook.cli import main; main()", "new", "faq"]
    done = subprocess.run(run, cwd=small, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "没有标题；写成 casebook new faq 标题，或在终端里运行。" in done.stderr
    done = subprocess.run([*run, "题目"], cwd=small, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "faq/faq-ti-mu.md\n")


def test_without_a_terminal_a_number_is_refused_and_a_name_is_warned_of(small: Path) -> None:
    done = casebook("new", "case", PERSON, cwd=small)
    assert (done.returncode, done.stdout) == (2, "")
    assert "标题里有手机号码 139****5678，没有写任何文件" in done.stderr
    assert list((small / "cases").iterdir()) == []
    done = casebook("new", "case", "投诉人王小明先生半夜投诉", cwd=small)
    assert (done.returncode, done.stdout) == (0, "cases/case-tou-su-ren-xian-sheng-ban-ye-tou.md\n")
    assert "标题里像是有姓名 王**；" in done.stderr
    assert "王小明" not in done.stderr
    assert "git commit -m '案例：投诉人 先生半夜投诉'" in done.stderr


def test_where_the_editor_is_set_up_it_is_named(small: Path) -> None:
    with (small / "casebook.toml").open("a", encoding="utf-8") as out:
        out.write('\n[editor]\nbackend = "gitlab"\nrepo = "a/b"\napp_id = "x"\n')
    assert "/write/" in casebook("new", "faq", "题目", cwd=small).stderr


def test_a_title_of_the_command_line_is_looked_at_in_a_terminal(
    terminal: Callable[..., Terminal], small: Path
) -> None:
    shown = terminal("new", "faq", PERSON)
    assert "手机号码 139****5678" in shown.wait_for("标题：")
    shown.type_until_it_ends("\x03")
    assert "停下了，没有写任何文件。" in shown.seen
    assert list((small / "faq").iterdir()) == []


def test_no_input_asks_nothing_on_a_terminal(
    terminal: Callable[..., Terminal], small: Path
) -> None:
    shown = terminal("new", "case", "题目", "--no-input")
    rest = shown.rest()
    assert shown.process.wait(timeout=60) == 0, rest
    assert "【" not in rest
    shutil.copy(small / "cases" / "case-ti-mu.md", small / "copy.md")
    assert (small / "copy.md").read_text(encoding="utf-8").count(f"level: {FILL}") == 1


def test_every_key_that_is_asked_for_has_a_title_and_an_explanation(settings: Settings) -> None:
    for kind, model in ((Kind.CASE, Case), (Kind.FAQ, Faq), (Kind.POLICY, Policy)):
        for key, schema in front_matter_schema(kind, settings)["properties"].items():
            assert schema["title"], key
            assert schema["description"].endswith(("。", "？", "……”。")), key
        assert set(model.derived).isdisjoint(front_matter_schema(kind, settings)["properties"])
