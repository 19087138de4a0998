"""The rules of wording: their data are articles, whatever an operator writes into them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casebook.checks import check_library
from casebook.checks.folding import Matcher, fold, is_clause
from casebook.checks.phrases import Phrase, Use, avoided, listed, owed, reserved
from casebook.checks.speech import Role, role_at
from casebook.documents import MODELS, Kind, Section
from casebook.errors import SettingsError
from casebook.library import Library, load_library
from casebook.problems import Problem
from casebook.settings import load_settings
from tests.casebook.checks.wording_articles import ARTICLES, POLICY, add_wording
from tests.conftest import ON, Write

Articles = dict[str, str]
Answer = Callable[[str], list[Problem]]
WORDING = (
    "forbidden-phrase",
    "forbidden-answer",
    "avoided-word",
    "promise-without-time",
    "reserved-word",
    "owed-as-goodwill",
    "unreadable-wording",
)


@pytest.fixture
def articles() -> Articles:
    """The operator's articles by their first word."""
    parts = ARTICLES.split("\n## ")[1:]
    return {part.split()[0]: part.partition("\n")[2] for part in parts}


@pytest.fixture
def answer(small: Path, write: Write) -> Answer:
    """What is wrong with the wording of an answer, by the operator's articles."""
    norm = "## 第七条 重复投诉\n\n当日办。\n"
    write(Kind.POLICY, "policy-handling-norm", {"policy-plan-outage": "policy-handling-norm"})
    file = small / POLICY
    front = file.read_text(encoding="utf-8").split("## 5W1H")[0]
    file.write_text(front.replace("rank: 预案", "rank: 公司规定") + norm, encoding="utf-8")
    add_wording(small)

    def problems(text: str) -> list[Problem]:
        write(Kind.FAQ, "faq-arrears-resume", {"一般半小时内恢复，最长不超过两小时。": text})
        found = check_library(load_library(small), ON)
        return [problem for problem in found if problem.code in WORDING]

    return problems


VARIANTS = [
    ("公司规定就是这样", "这是公司规定，就是这样啊！", True),
    ("公司规定就是这样", "公司的规定——就这样。", True),
    ("公司规定就是这样", "公司規定就是這樣", True),
    ("公司规定就是这样", "公司 **规定** 就 是 这 样", True),
    ("公司规定就是这样", "公司规定。就是这样", False),
    ("公司规定就是这样", "“公司规定”就是这样", False),
    ("公司规定就是这样", "公司规定\n就是这样", False),
    ("公司规定就是这样", "公司规定不就是这样", False),
    ("你急什么", "您急什么呀", True),
    ("那是你自己的事", "那都是您自己事嘛", True),
    ("那是你自己的事", "那您自己事先备份好", False),
    ("那是你自己的事", "那您的事我自己办", False),
    ("公司规定就是这样", "公司规定这样", False),
    ("都这么久了你才说", "都这么久您才说", True),
    ("别人都没问题，怎么就你有问题", "别人都没问题怎么您有问题", True),
    ("改天再联系", "改天我再联系", False),
    ("Wi-Fi 没问题", "ＷＩ-ＦＩ没问题", True),
]


@pytest.mark.parametrize(("phrase", "text", "found"), VARIANTS)
def test_small_variation_is_found_and_no_other(phrase: str, text: str, found: bool) -> None:
    assert bool(list(Matcher([(phrase, 1)]).find(text))) is found


def test_a_phrase_is_found_at_its_place_in_the_text() -> None:
    text = "他说：“这种问题，我们都见多了！”。"
    ((start, end, _),) = Matcher([("这种问题我们见多了", 1)]).find(text)
    assert text[start:end] == "这种问题，我们都见多了"


@given(st.text(max_size=60), st.text(alphabet="甲乙丙丁规定 呢，", max_size=8))
def test_what_is_found_folds_to_the_phrase(text: str, phrase: str) -> None:
    phrase = f"甲{phrase}乙"
    wanted = fold(phrase)
    text = text + phrase + text
    found = [fold(text[start:end]) for start, end, _ in Matcher([(phrase, 1)]).find(text)]
    assert all(one == wanted for one in found)
    assert found


@given(st.text(alphabet="“”。\n> -说改成客户甲：1", max_size=80), st.integers(0, 79))
def test_every_place_has_a_role(text: str, place: int) -> None:
    section = Section(key="forbidden", heading="禁用说法", audience="agent", text=text)
    for document in (MODELS[Kind.CASE], MODELS[Kind.FAQ], MODELS[Kind.POLICY]):
        made = document.model_construct()
        assert role_at(made, section, min(place, len(text)), False) in (Role.SAID, Role.SHOWN)


ROLES = [
    (Kind.CASE, "details", "> 客户甲：“@”", Role.CUSTOMER),
    (Kind.CASE, "details", "> 客户甲 20:15：@", Role.CUSTOMER),
    (Kind.CASE, "details", "> 坐席A：“@”", Role.QUOTED),
    (Kind.CASE, "details", "> 坐席A 20:15：@", Role.QUOTED),
    (Kind.CASE, "details", "过了一会儿，客户甲说“@”。", Role.CUSTOMER),
    (Kind.CASE, "details", "客户甲一听，坐席A答：“@”。", Role.QUOTED),
    (Kind.CASE, "theme", "客户问“为什么”，坐席答“@”。", Role.QUOTED),
    (Kind.CASE, "outcome", "客户甲满意，@。", Role.OWN),
    (Kind.CASE, "outcome", "“好”，@，“好”。", Role.OWN),
    (Kind.FAQ, "answer", "您说“@”。", Role.SAID),
    (Kind.FAQ, "procedure", "别说“@”。", Role.STEPS),
    (Kind.FAQ, "rationale", "不说“@”。", Role.QUOTED),
    (Kind.FAQ, "rationale", "@", Role.OWN),
    (Kind.FAQ, "forbidden", "- “@”：不好。", Role.SHOWN),
    (Kind.FAQ, "forbidden", "- “好”：不好。说“@”", Role.SAID),
    (Kind.FAQ, "forbidden", "- “好”：不好。不说“@”", Role.SHOWN),
    (Kind.FAQ, "forbidden", "- “好”：不好。改说：“好”，@", Role.SHOWN),
    (Kind.POLICY, "1", "> “@”", Role.SAID),
    (Kind.POLICY, "1", "1. 例如：\n\n    > “@”", Role.SAID),
    (Kind.POLICY, "1", "不说“@”", Role.QUOTED),
]


@pytest.mark.parametrize(("kind", "key", "text", "role"), ROLES)
def test_role(kind: Kind, key: str, text: str, role: Role) -> None:
    section = Section(key=key, heading="", audience="agent", text=text)
    document = MODELS[kind].model_construct()
    assert role_at(document, section, text.index("@"), False) is role


@pytest.mark.parametrize(
    ("text", "part", "whole"),
    [
        ("他问，我不知道呢。", "我不知道", True),
        ("我不知道他来过", "我不知道", False),
        ("连我不知道", "我不知道", True),
        ("让我不知道", "我不知道", False),
        ("我不知道", "我不知道", True),
    ],
)
def test_clause(text: str, part: str, whole: bool) -> None:
    start = text.index(part)
    assert is_clause(text, start, start + len(part)) is whole


def _texts(phrases: list[Phrase], use: Use) -> list[str]:
    return [phrase.text for phrase in phrases if phrase.use is use]


def test_lists_are_read_with_what_to_say_instead(articles: Articles) -> None:
    phrases, silent = listed(articles["第二十条"], "")
    assert [(phrase.text, phrase.advice) for phrase in phrases] == [
        ("公司规定就是这样", "改说：“我给您讲讲原因。”"),
        ("这事儿没法弄", "改说：“我能做的有两样”。"),
        ("弄不了的", "改说：“我能做的有两样”。"),
        ("我不知道", "改说：“我核实以后告诉您。”"),
    ]
    assert silent == []


def test_the_reason_is_the_advice_where_nothing_is_to_be_said_instead() -> None:
    text = "- “您找别人。”推出去。[见](policy-x#2)\n- 不说“没有”。\n- 对**记者**说“没有”：不妥。"
    phrases, silent = listed(text, "")
    assert [(phrase.text, phrase.advice) for phrase in phrases] == [("您找别人", "推出去。见。")]
    assert silent == [1, 2]


def test_words_to_avoid_are_read_and_those_that_a_time_makes_right(articles: Articles) -> None:
    phrases = avoided(articles["第二十一条"], "")
    assert _texts(phrases, Use.AVOIDED) == ["肯定能", "包您满意"]
    assert _texts(phrases, Use.TIMED) == ["尽快", "马上"]
    assert phrases[0].advice == "做到哪一步，说到哪一步。"


def test_an_example_is_the_advice_only_for_the_word_that_it_is_about() -> None:
    phrases = avoided("少用“必须”“规定”。“您必须来”改成“得请您来一次”。", "")
    assert {phrase.text: phrase.advice for phrase in phrases} == {
        "必须": "“您必须来”改成“得请您来一次”。",
        "规定": "",
    }


def test_two_orders_in_one_line_are_both_read() -> None:
    phrases = avoided("不说“一”，也不说“二”，少用“三”和“四”。说“五”。", "")
    assert [phrase.text for phrase in phrases] == ["一", "二", "三", "四"]


def test_a_table_with_other_columns_is_read(articles: Articles) -> None:
    phrases = reserved(articles["第二十二条"], "")
    assert [phrase.text for phrase in phrases] == ["赔偿", "赔您", "理赔"]
    assert {phrase.advice for phrase in phrases if phrase.about == "赔偿"} == {
        "“赔偿”指的是：合同写明的；谁能说：经法律部批准。"
    }


@pytest.mark.parametrize(
    "table",
    [
        "",
        "| 说法 | 例子 |\n|---|---|\n| 赔偿 | 经法务确认 |",
        "| 说法 | 谁能说 |\n|---|---|\n| 补偿 | 在权限内的人 |",
        "说法、谁能说：赔偿，经法务确认",
    ],
)
def test_a_table_without_what_is_needed_gives_nothing(table: str) -> None:
    assert reserved(table, "") == []


def test_what_is_owed_is_read_with_what_it_is_not_called(articles: Articles) -> None:
    things, names = owed(articles["第二十三条"], "")
    assert [(thing.text, thing.advice) for thing in things] == [
        ("多收", "两天内退回。"),
        ("多扣", "两天内退回。"),
        ("余款", "原路退。"),
    ]
    assert [name.text for name in names] == ["补偿", "人情"]


ANSWERS = [
    ("公司规定，就是这样呢。", ["forbidden-phrase"]),
    ("弄不了呀。", ["forbidden-phrase"]),
    ("弄不了的先登记。", []),
    ("您再等等吧。", ["forbidden-answer"]),
    ("不会让您再等等。", []),
    ("包您满意。", ["avoided-word"]),
    ("这个我不能保证。", []),
    ("我肯定能办。", ["avoided-word"]),
    ("我尽快办。", ["promise-without-time"]),
    ("我尽快办，最迟明天。", []),
    ("今天 18 点前我尽快办。", []),
    ("昨天断了半小时，我尽快查。", ["promise-without-time"]),
    ("我尽快办。明天见。", ["promise-without-time"]),
    ("这两天我马上办。", ["promise-without-time"]),
    ("要验证码的，请您马上挂断。", []),
    ("请放心，我马上办。", ["promise-without-time"]),
    ("我们理赔 20 元。", ["reserved-word"]),
    ("您说的赔偿，我记下来了。", []),
    ("多收的 3 元给您补偿。", ["owed-as-goodwill"]),
    ("补偿您多扣的 3 元。", ["owed-as-goodwill"]),
    ("押金的余款，算我们的一点人情。", ["owed-as-goodwill"]),
    ("多收的 3 元退给您，再补偿您 10 元。", []),
    ("多收的退还，不叫补偿。", []),
    ("不补偿多扣的，是退给您。", []),
    ("多收的和补偿分开算。", []),
    ("多收的已经查清。另外补偿您 10 元。", []),
]


@pytest.mark.parametrize(("text", "codes"), ANSWERS, ids=[text for text, _ in ANSWERS])
def test_answer(text: str, codes: list[str], answer: Answer) -> None:
    assert [problem.code for problem in answer(text)] == codes


def test_a_problem_says_what_to_say_instead_and_who_asks_for_it(
    answer: Answer,
) -> None:
    (problem,) = answer("公司规定就是这样。")
    assert (problem.line, problem.column, problem.severity) == (20, 18, "error")
    assert problem.message == "服务禁语：“公司规定就是这样”。"
    assert problem.hint == "《大面积网络故障应急预案》第二十条：改说：“我给您讲讲原因。”"


def test_an_article_of_a_law_bears_a_reserved_word_out(small: Path, answer: Answer) -> None:
    text = (small / POLICY).read_text(encoding="utf-8").split("\n## ")[0]
    law = text.replace("policy-handling-norm", "policy-service-spec")
    article = "\n## 要点四 责任\n\n有欺诈的，增加{}。\n"
    for issuer, word, codes in (
        ("全国人大", "赔偿", []),
        ("全国人大", "处罚", ["reserved-word"]),
        ("远汐通信", "赔偿", ["reserved-word"]),
    ):
        body = law.replace("issuer: 远汐通信", f"issuer: {issuer}") + article.format(word)
        (small / "policies/policy-service-spec.md").write_text(body, encoding="utf-8")
        assert [problem.code for problem in answer("我们赔您三倍。")] == codes, (issuer, word)


@pytest.mark.parametrize(
    ("subject", "changes", "severities"),
    [
        ("资费/充值与欠费", {"最长不超过两小时。": "我帮您留着。"}, ["warning"]),
        ("资费/充值与欠费", {"我们为您查看。": "我帮您留着。"}, []),
        ("资费/流量", {"最长不超过两小时。": "我帮您留着。"}, []),
        ("资费/流量", {"最长不超过两小时。": "您再等等吧。"}, ["error"]),
        ("资费/流量", {"我们为您查看。": "您再等等吧。"}, ["error"]),
    ],
)
def test_entries_of_the_same_subject_forbid_what_an_answer_says(
    subject: str, changes: dict[str, str], severities: list[str], small: Path, write: Write
) -> None:
    other = {
        "faq-arrears-resume": "faq-arrears-keep",
        "资费/充值与欠费": subject,
        "您再等等吧": "我帮您留着吧。",
    }
    write(Kind.FAQ, "faq-arrears-keep", other)
    write(Kind.FAQ, "faq-arrears-resume", changes)
    found = [p for p in check_library(load_library(small), ON) if p.code == "forbidden-answer"]
    assert [problem.severity for problem in found] == severities
    assert all(("faq-arrears-keep" in p.message) is (p.severity == "warning") for p in found)


@pytest.mark.parametrize(
    ("old", "new", "severities"),
    [
        ("原因早就写在里面。", "公司规定就是这样。", ["warning"]),
        ("原因早就写在里面。", "坐席说“公司规定就是这样”。", ["note"]),
        ("“您先重启一下光猫。”", "“公司规定就是这样。”", ["note"]),
        ("“你们已经来过两次了，这次打算怎么修？”", "“公司规定就是这样？”", []),
        ("减免三天月费，", "我不知道他来过，", []),
    ],
)
def test_what_a_case_says_of_a_forbidden_phrase(
    old: str, new: str, severities: list[str], small: Path, answer: Answer, write: Write
) -> None:
    write(Kind.CASE, "case-broadband-three-visits", {old: new})
    assert [problem.severity for problem in answer("最长两小时。")] == severities


FAULTS = [
    ("policy-handling-norm#20", "policy-gone#20", "没有这篇政策，或者它有错误", "casebook.toml", 1),
    ("policy-handling-norm#21", "policy-handling-norm#99", "没有这一条", "casebook.toml", 1),
    ("policy-handling-norm#20", "policy-handling-norm#7", "读不出禁语", POLICY, 15),
    ("policy-handling-norm#22", "policy-handling-norm#7", "读不出要确认才能说的词", POLICY, 15),
    ("policy-handling-norm#23", "policy-handling-norm#20", "读不出客户应得的款项", POLICY, 19),
]


@pytest.mark.parametrize(("old", "new", "reason", "path", "line"), FAULTS)
def test_an_article_that_gives_nothing_is_named(
    old: str,
    new: str,
    reason: str,
    path: str,
    line: int,
    small: Path,
    answer: Answer,
) -> None:
    file = small / "casebook.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace(f'["{old}"]', f'["{new}"]'), encoding="utf-8")
    (problem,) = answer("最长两小时。")
    assert (problem.code, problem.path, problem.line) == ("unreadable-wording", path, line)
    assert f"指定的 {new}：{reason}" in problem.message


def test_an_item_that_cannot_be_read_is_named(small: Path, answer: Answer) -> None:
    file = small / POLICY
    text = file.read_text(encoding="utf-8").replace("- 「我不知道」", "- 不说“我不知道”")
    file.write_text(text, encoding="utf-8")
    (problem,) = answer("最长两小时。")
    assert (problem.path, problem.line) == (POLICY, 21)
    assert problem.message.endswith("这一项不是以引号里的话开头。")


def test_settings_name_articles(small: Path) -> None:
    with (small / "casebook.toml").open("a", encoding="utf-8") as out:
        out.write('[check.wording]\nforbidden = ["policy-words"]\n')
    with pytest.raises(SettingsError, match="forbidden"):
        load_settings(small)


def test_the_sample_names_articles_that_are_read(library: Library) -> None:
    found = check_library(library, ON)
    assert [problem for problem in found if problem.code == "unreadable-wording"] == []
    for articles in library.settings.check.wording.model_dump().values():
        assert articles
