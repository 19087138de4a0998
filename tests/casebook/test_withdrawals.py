"""What is gone answers with where to go now, to those who could read it and to nobody else."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from casebook.checks import check_library
from casebook.cli import main
from casebook.documents import Kind, Withdrawal
from casebook.errors import SettingsError
from casebook.guide import model_text
from casebook.library import Library, View, load_library
from casebook.page_data import gone_data
from casebook.problems import Severity
from casebook.publishing import build_site
from casebook.sweep import canaries
from casebook.withdrawals import document_addresses, where_now
from tests.casebook.plain_builder import PlainBuilder
from tests.casebook.repositories import NAME, Repo, faq
from tests.conftest import ON

FILE = "withdrawn.toml"
SUBJECT = "资费/充值与欠费"


def entry(name: str, audience: str = "dealer", on: str = "2026-10-01", more: str = "") -> str:
    return f'[[withdrawn]]\nid = "{name}"\naudience = "{audience}"\non = {on}\n{more}\n'


def doc(name: str, **changes: str) -> str:
    """The model of the kind that an id tells, with lines of its front matter set or added."""
    kind = Kind(name.partition("-")[0])
    text = model_text(kind)
    for key, value in {"id": name, **changes}.items():
        lines = [line for line in text.split("\n") if not line.startswith(f"{key}: ")]
        text = "\n".join([lines[0], f"{key}: {value}", *lines[1:]])
    return text


Make = Callable[..., Library]


@pytest.fixture
def make(small: Path) -> Make:
    """A library of documents and of entries of ``withdrawn.toml``."""

    def write(*entries: str, **documents: Mapping[str, str]) -> Library:
        (small / FILE).write_text("\n".join(entries), encoding="utf-8")
        for short, changes in documents.items():
            name = short.replace("_", "-")
            folder = Kind(name.partition("-")[0]).folder
            (small / folder / f"{name}.md").write_text(doc(name, **changes), encoding="utf-8")
        library = load_library(small)
        assert library.problems == ()
        return library

    return write


def gone(library: Library, audience: str, on: date = ON) -> dict[str, tuple[str, ...]]:
    """Where each withdrawn id leads an audience."""
    return {one.id: one.replaced_by for one in library.view(audience, on).withdrawn}


# ---- the file -------------------------------------------------------------------------------

TABLES = "每一条都单独一行写 [[withdrawn]]，两对方括号，下面写键和值。"
FAULTS = {
    "unknown key": (
        entry("faq-a", more='replacedby = ["faq-b"]'),
        "withdrawn.toml:5: 不认识的键 replacedby。 是不是要写 replaced_by？",
    ),
    "no day": (
        '[[withdrawn]]\nid = "faq-a"\naudience = "dealer"\n',
        "withdrawn.toml:1: 缺少 on。 在 [[withdrawn]] 下面补上 on = 2026-03-01",
    ),
    "not an id": (
        entry("faq_a"),
        "withdrawn.toml:2: id：“faq_a”不合要求。 写文档的编号，如 faq-old-plan：都是小写。",
    ),
    "not an id as a replacement": (
        entry("faq-a", more='replaced_by = ["新的"]'),
        "withdrawn.toml:5: replaced_by：“新的”不合要求。 写文档的编号，如 faq-old-plan：都是小写。",
    ),
    "not a day": (
        entry("faq-a", on='"2026年10月"'),
        "withdrawn.toml:4: on：“2026年10月”不是日期。 写成 2026-03-01 这样的年-月-日。",
    ),
    "unknown audience": (
        entry("faq-a", "all"),
        "withdrawn.toml:3: audience：没有受众“all”。 写 dealer 或 agent。",
    ),
    "unknown subject": (
        entry("faq-a", more='subject = "资费/充值"'),
        "withdrawn.toml:5: subject：分类里没有“资费/充值”。 是不是“资费/充值与欠费”？可选：",
    ),
    "twice": (
        entry("faq-a") + entry("faq-a", on="2026-11-01"),
        "withdrawn.toml:7: faq-a 对 dealer 写了两次。 只留一条，日期写最早的。",
    ),
    "second entry": (
        entry("faq-a") + entry("faq-b", "x"),
        "withdrawn.toml:8: audience：没有受众“x”。 写 dealer 或 agent。",
    ),
    "no list": (
        '[withdrawn]\nid = "faq-a"\n',
        f"withdrawn.toml:1: withdrawn 写成了单个的表。 {TABLES}",
    ),
    "a number": ("withdrawn = 3\n", f"withdrawn.toml:1: withdrawn 的值是 “3”，不是表。 {TABLES}"),
    "a list of ids": (
        'withdrawn = ["faq-a"]\n',
        f"withdrawn.toml:1: withdrawn 的列表里有 “faq-a”，它不是表。 {TABLES}",
    ),
    "a word alone": ("garbage\n", "withdrawn.toml:1: 不是正确的 TOML：键后面没有英文等号。"),
    "a day and a time": (
        entry("faq-a", on="2026-01-01T10:00:00"),
        "withdrawn.toml:4: on：“2026-01-01 10:00:00”带着时间。 写成 2026-01-01，只写到日。",
    ),
    "a time": (entry("faq-a", on="10:00:00"), "withdrawn.toml:4: on：“10:00:00”不是日期。"),
    "no TOML": ("[[withdrawn]]\nid = faq-a\n", "withdrawn.toml:2: 不是正确的 TOML："),
}


@pytest.mark.parametrize(("text", "message"), FAULTS.values(), ids=FAULTS)
def test_a_fault_of_the_file_is_named_with_its_line(text: str, message: str, small: Path) -> None:
    (small / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as raised:
        load_library(small)
    (problem,) = raised.value.problems
    shown = f"{problem.path}:{problem.line}: {problem.message} {problem.hint}"
    assert shown.startswith(message)
    done = CliRunner().invoke(main, ["check", "--library", str(small)])
    assert done.exit_code == 2
    assert str(problem) in done.stderr


def test_a_day_may_be_in_quotes_as_in_front_matter(make: Make) -> None:
    (quoted,) = make(entry("faq-a", on='"2026-10-01"')).withdrawn
    assert quoted.on == date(2026, 10, 1)


def test_a_library_needs_no_such_file(small: Path) -> None:
    assert load_library(small).view("dealer", ON).withdrawn == ()


def test_the_file_counts_and_documents_are_not_read_again(make: Make, small: Path) -> None:
    before = make(faq_a={})
    (small / FILE).write_text(entry("faq-old"), encoding="utf-8")
    after = load_library(small, previous=before)
    assert after.fingerprint != before.fingerprint
    assert after.inputs["faq/faq-a.md"].source is before.inputs["faq/faq-a.md"].source


# ---- who is told what -----------------------------------------------------------------------

ENDED = {"effective_until": "2026-10-31"}
FORMER = {"audience": "agent"}


def test_each_audience_is_told_of_what_it_could_read(make: Make) -> None:
    library = make(
        entry("faq-deleted"),
        entry("faq-secret", "agent"),
        entry("faq-narrowed"),
        entry("faq-later", on="2026-11-23"),
        faq_narrowed=FORMER,
        faq_ended=ENDED,
        faq_ended_secret={**ENDED, **FORMER},
        faq_upcoming={"effective_from": "2026-12-01"},
        faq_here={},
    )
    assert set(gone(library, "dealer")) == {"faq-deleted", "faq-narrowed", "faq-ended"}
    assert set(gone(library, "agent")) == {"faq-deleted", "faq-secret"}
    assert set(gone(library, "dealer", date(2026, 11, 23))) - set(gone(library, "dealer")) == {
        "faq-later"
    }
    assert set(gone(library, "dealer", date(2026, 10, 31))) == {"faq-deleted", "faq-narrowed"}


def test_the_latest_are_first_and_the_first_day_is_the_one_after_the_last(make: Make) -> None:
    library = make(
        entry("faq-b"), entry("faq-a"), entry("case-c", on="2026-11-05"), faq_ended=ENDED
    )
    assert [(one.id, str(one.on)) for one in library.view("dealer", ON).withdrawn] == [
        ("case-c", "2026-11-05"),
        ("faq-ended", "2026-11-01"),
        ("faq-a", "2026-10-01"),
        ("faq-b", "2026-10-01"),
    ]


def test_what_was_narrowed_first_and_deleted_later_is_gone_for_each_since_its_day(
    make: Make,
) -> None:
    library = make(
        entry("faq-a", "dealer", "2026-01-05"), entry("faq-a", "agent", "2026-06-01"), faq_x={}
    )
    for audience, day in (("dealer", "2026-01-05"), ("agent", "2026-06-01")):
        (found,) = library.view(audience, ON).withdrawn
        assert str(found.on) == day


def test_nothing_but_the_id_the_day_the_subject_and_the_way_on_is_told(make: Make) -> None:
    reason = 'subject = "资费/充值与欠费"\nreason = "处罚以后撤的"'
    library = make(
        entry("faq-gone", more=reason),
        faq_ended={**ENDED, "title": "已经停了的那个活动？"},
        faq_here={},
    )
    assert any(one.reason for one in library.withdrawn)
    for audience in ("dealer", "agent"):
        shown = repr(library.view(audience, ON))
        assert "处罚以后撤的" not in shown
        assert ("已经停了的那个活动" in shown) is (audience == "agent")
    (ended, deleted) = library.view("dealer", ON).withdrawn
    assert deleted == Withdrawal("faq-gone", Kind.FAQ, date(2026, 10, 1), SUBJECT)
    assert ended == Withdrawal("faq-ended", Kind.FAQ, date(2026, 11, 1), SUBJECT)


def test_a_subject_that_the_audience_does_not_meet_is_not_told(make: Make) -> None:
    library = make(entry("faq-gone", more='subject = "发票/开票"'), faq_here={})
    assert [one.subject for one in library.view("dealer", ON).withdrawn] == [""]
    assert [one.subject for one in library.view("agent", ON).withdrawn] == ["发票/开票"]


# ---- where to go now ------------------------------------------------------------------------

WAYS: dict[str, tuple[dict[str, list[str]], set[str], tuple[str, ...]]] = {
    "nowhere": ({}, {"b"}, ()),
    "straight": ({"a": ["b", "c"]}, {"c", "b"}, ("b", "c")),
    "through what is gone": ({"a": ["b"], "b": ["c", "d"], "d": ["e"]}, {"c", "e"}, ("c", "e")),
    "in the order of writing": ({"a": ["b", "c"], "b": ["d"]}, {"c", "d"}, ("d", "c")),
    "not past what is good": ({"a": ["b"], "b": ["c"]}, {"b", "c"}, ("b",)),
    "in a circle": ({"a": ["b"], "b": ["a"]}, {"z"}, ()),
    "in a circle further on": ({"a": ["b"], "b": ["c"], "c": ["b"]}, {"z"}, ()),
    "in a circle with a way out": ({"a": ["b"], "b": ["a", "c"], "c": ["b"]}, {"c"}, ("c",)),
    "to itself": ({"a": ["a"]}, {"a"}, ()),
    "twice the same": ({"a": ["b", "c"], "b": ["d"], "c": ["d"]}, {"d"}, ("d",)),
}


@pytest.mark.parametrize(("following", "good", "found"), WAYS.values(), ids=WAYS)
def test_where_now(following: dict[str, list[str]], good: set[str], found: tuple[str, ...]) -> None:
    assert where_now("a", following, good) == found


def test_the_way_leads_only_to_what_the_audience_can_open(make: Make) -> None:
    """Through an ended entry, one for agents alone, one that is withdrawn and one superseded."""
    library = make(
        entry("faq-first", more='replaced_by = ["faq-ended", "faq-secret"]'),
        entry("policy-first", more='replaced_by = ["policy-old"]'),
        faq_ended={**ENDED, "replaced_by": "[faq-here]"},
        faq_secret=FORMER,
        faq_here={},
        policy_old={**ENDED, "audience": "dealer"},
        policy_new={"audience": "dealer", "supersedes": "[policy-old]"},
    )
    assert gone(library, "dealer") == {
        "faq-first": ("faq-here",),
        "faq-ended": ("faq-here",),
        "policy-first": ("policy-new",),
        "policy-old": ("policy-new",),
    }
    assert gone(library, "agent") == {
        "faq-first": ("faq-here", "faq-secret"),
        "policy-first": ("policy-new",),
    }


def test_agents_are_sent_to_what_has_ended_only_where_nothing_holds(make: Make) -> None:
    library = make(entry("faq-gone", more='replaced_by = ["faq-ended"]'), faq_ended=ENDED)
    assert gone(library, "agent") == {"faq-gone": ("faq-ended",)}
    assert gone(library, "dealer") == {"faq-gone": (), "faq-ended": ()}


def test_a_view_says_what_replaces_a_document_of_it(make: Make) -> None:
    library = make(
        faq_ended={**ENDED, "replaced_by": "[faq-secret, faq-here]"},
        faq_secret=FORMER,
        faq_here={"replaced_by": "[faq-secret]"},
        policy_old={},
        policy_new={"supersedes": "[policy-old]"},
    )
    agent, dealer = library.view("agent", ON), library.view("dealer", ON)
    assert [one.id for one in agent.replacing("faq-ended")] == ["faq-secret", "faq-here"]
    assert [one.id for one in agent.replacing("policy-old")] == ["policy-new"]
    assert dealer.replacing("faq-here") == []
    here = dealer.get("faq-here")
    assert here
    assert "faq-secret" not in repr(here)


# ---- nothing else leaks ---------------------------------------------------------------------


def test_of_the_sample_dealers_learn_ids_and_nothing_hidden(
    agent_view: View, dealer_view: View
) -> None:
    assert dealer_view.withdrawn
    shown = repr(dealer_view.withdrawn) + repr(
        [gone_data(one, dealer_view) for one in dealer_view.withdrawn]
    )
    ids = {one.id for one in dealer_view.withdrawn}
    leaks = {word for word in canaries(agent_view, dealer_view) - ids if word in shown}
    assert leaks == set()


def test_every_address_of_the_sample_leads_on(library: Library) -> None:
    for audience in library.settings.audiences:
        view = library.view(audience.id, ON)
        for one in view.withdrawn:
            assert one.replaced_by, one.id
            assert view.get(one.id) is None
            assert all(view.get(name) for name in one.replaced_by)


def test_the_narrowest_view_alone_is_public(library: Library) -> None:
    assert [library.view(one.id, ON).public for one in library.settings.audiences] == [True, False]


# ---- addresses that a build loses ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "lost"),
    [
        ("", set()),
        ("break", {"faq/faq-a/"}),
        ("delete", {"faq/faq-a/"}),
        ("withdraw", set()),
    ],
)
def test_the_addresses_that_a_site_loses_are_known(
    change: str, lost: set[str], make: Make, small: Path, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    assert document_addresses(site) == set()

    def build(library: Library) -> set[str]:
        views = library.view("dealer", ON), library.view("agent", ON)
        build_site(*views, tmp_path / "stage", site, builder=PlainBuilder())
        return document_addresses(site)

    before = build(make(entry("faq-old"), faq_a={}, faq_b={}))
    assert before == {"faq/faq-a/", "faq/faq-b/", "faq/faq-old/"}
    file = small / "faq" / "faq-a.md"
    if change == "break":
        file.write_text(doc("faq-a").replace("owner: ", "ower: "), encoding="utf-8")
    elif change:
        file.unlink()
    if change == "withdraw":
        (small / FILE).write_text(entry("faq-old") + entry("faq-a"), encoding="utf-8")
    assert before - build(load_library(small)) == lost


# ---- rules ----------------------------------------------------------------------------------


def found(library: Library) -> list[tuple[str, int, str, str]]:
    codes = {"unreachable-replacement", "contradicting-withdrawal", "broken-link"}
    aside = "policy-service-spec", "policy-handling-norm", "faq-broadband-fault"
    return [
        (one.path, one.line, one.code, one.message)
        for one in check_library(library, ON)
        if one.code in codes and not any(name in one.message for name in aside)
    ]


NEW = {"audience": "dealer"}
REPLACED = "replaced_by"
FRONT = {
    "itself": ({"replaced_by": "[faq-a]"}, {}, "faq-a 写的是由自己代替。"),
    "for agents": ({"replaced_by": "[faq-b]"}, FORMER, "faq-b 不给代理商看，代理商打不开。"),
    "ended": (
        {"replaced_by": "[faq-b]"},
        ENDED,
        "faq-b 已于 2026-10-31 失效，后面没有接上。",
    ),
    "ended in a circle": (
        {**ENDED, "replaced_by": "[faq-b]"},
        {**ENDED, "replaced_by": "[faq-a]"},
        "faq-b 已于 2026-10-31 失效，后面没有接上。",
    ),
}


@pytest.mark.parametrize(("first", "second", "message"), FRONT.values(), ids=FRONT)
def test_a_replacement_that_leads_nowhere(
    first: dict[str, str], second: dict[str, str], message: str, make: Make
) -> None:
    problems = found(make(faq_a=first, faq_b=second))
    assert [(path, code, said) for path, _, code, said in problems][:1] == [
        ("faq/faq-a.md", "unreachable-replacement", message)
    ]


WITHDRAWN = f"faq-old 已撤下，见 {FILE}。"
REPLACED_BY_WITHDRAWN = {
    "there is a way": (
        entry("faq-old", more='replaced_by = ["faq-older"]')
        + entry("faq-older", more='replaced_by = ["faq-here"]'),
        (WITHDRAWN, "改指 faq-here。"),
    ),
    "there is none": (
        entry("faq-old"),
        ("faq-old 也已经撤下，后面没有接上。", "写现在看哪一篇。"),
    ),
}


@pytest.mark.parametrize(
    ("entries", "said"), REPLACED_BY_WITHDRAWN.values(), ids=REPLACED_BY_WITHDRAWN
)
def test_a_replacement_that_was_withdrawn_is_no_error(
    entries: str, said: tuple[str, str], make: Make
) -> None:
    library = make(entries, faq_a={**ENDED, "replaced_by": "[faq-old]"}, faq_here={})
    (problem,) = [one for one in check_library(library, ON) if "faq-old" in one.message]
    assert (problem.code, problem.severity) == ("unreachable-replacement", Severity.WARNING)
    assert (problem.message, problem.hint) == said


def test_a_link_to_what_was_withdrawn_is_told_where_to_go(make: Make, small: Path) -> None:
    make(entry("faq-old", more='replaced_by = ["faq-here"]'), faq_a={}, faq_here={})
    file = small / "faq" / "faq-a.md"
    text = file.read_text(encoding="utf-8").replace("复机。", "复机，见[旧的](faq-old)。", 1)
    file.write_text(text, encoding="utf-8")
    problems = check_library(load_library(small), ON)
    (problem,) = [one for one in problems if one.code == "broken-link"]
    assert (problem.message, problem.hint) == (WITHDRAWN, "改指 faq-here。")


GOOD = {
    "holds": ({"replaced_by": "[faq-b]"}, {}),
    "holds later": ({"replaced_by": "[faq-b]"}, {"effective_from": "2026-12-01"}),
    "agents to agents": ({**FORMER, "replaced_by": "[faq-b]"}, FORMER),
    "through": ({**ENDED, "replaced_by": "[faq-b]"}, {**ENDED, "replaced_by": "[faq-c]"}),
}


@pytest.mark.parametrize(("first", "second"), GOOD.values(), ids=GOOD)
def test_a_replacement_that_leads_on(
    first: dict[str, str], second: dict[str, str], make: Make
) -> None:
    assert found(make(faq_a=first, faq_b=second, faq_c={})) == []


ENTRIES = {
    "unknown": (
        entry("faq-old", more='replaced_by = ["faq-hree"]'),
        ("broken-link", "faq-old 的 replaced_by：知识库里没有 faq-hree。"),
    ),
    "for agents": (
        entry("faq-old", more='replaced_by = ["faq-secret"]'),
        (
            "unreachable-replacement",
            "faq-old 的 replaced_by：faq-secret 不给代理商看，代理商打不开。",
        ),
    ),
    "gone, too": (
        entry("faq-old", more='replaced_by = ["faq-older"]') + entry("faq-older"),
        ("unreachable-replacement", "faq-old 的 replaced_by：faq-older 也已经撤下，后面没有接上。"),
    ),
    "readable": (
        entry("faq-here"),
        ("contradicting-withdrawal", "faq-here 还在 faq/faq-here.md 里，代理商看得到。"),
    ),
    "readable for agents": (
        entry("faq-secret", "agent"),
        ("contradicting-withdrawal", "faq-secret 还在 faq/faq-secret.md 里，坐席看得到。"),
    ),
    "ended": (
        entry("faq-ended"),
        (
            "contradicting-withdrawal",
            "faq-ended 还在 faq/faq-ended.md 里，已经失效，它自己会说现在看哪一篇。",
        ),
    ),
    "early": (
        entry("faq-old", on="2026-11-23"),
        ("contradicting-withdrawal", "faq-old 写的是 2026-11-23 起撤下，现在已经看不到了。"),
    ),
}
FINE = {
    "replaced": entry("faq-old", more='replaced_by = ["faq-here"]'),
    "narrowed": entry("faq-secret", more='replaced_by = ["faq-here"]'),
    "planned": entry("faq-here", on="2026-11-23"),
    "through": entry("faq-old", more='replaced_by = ["faq-older"]')
    + entry("faq-older", more='replaced_by = ["faq-here"]'),
    "agents to agents": entry("faq-old", "agent", more='replaced_by = ["faq-secret"]'),
    "comes back": entry("faq-upcoming"),
}
AROUND = {
    "faq_here": {},
    "faq_secret": FORMER,
    "faq_ended": {**ENDED, "replaced_by": "[faq-here]"},
    "faq_upcoming": {"effective_from": "2026-12-01"},
}


@pytest.mark.parametrize(("text", "expected"), ENTRIES.values(), ids=ENTRIES)
def test_an_entry_that_is_not_so(text: str, expected: tuple[str, str], make: Make) -> None:
    assert found(make(text, **AROUND)) == [(FILE, 1, *expected)]


@pytest.mark.parametrize("text", FINE.values(), ids=FINE)
def test_an_entry_that_is_so(text: str, make: Make) -> None:
    assert found(make(text, **AROUND)) == []


# ---- what a change takes away ---------------------------------------------------------------

SECOND = "faq-second"
HERE = f"faq/{NAME}.md"


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo(tmp_path / "repo")
    made.write(HERE, faq())
    made.write(f"faq/{SECOND}.md", faq(SECOND))
    made.write("faq/faq-later.md", faq("faq-later", effective_from="2099-01-01"))
    made.write("faq/faq-secret.md", faq("faq-secret", audience="agent"))
    made.commit()
    return made


def _delete(repo: Repo) -> None:
    (repo.root / HERE).unlink()


def _rename(repo: Repo) -> None:
    repo.write(HERE, faq("faq-other"))


def _move(repo: Repo) -> None:
    _delete(repo)
    repo.write(f"faq/more/{NAME}.md", faq())


def _narrow(repo: Repo) -> None:
    repo.write(HERE, faq(audience="agent"))


def _break(repo: Repo) -> None:
    repo.write(HERE, faq(audience="all"))


def _widen(repo: Repo) -> None:
    repo.write("faq/faq-secret.md", faq("faq-secret"))


def _delete_upcoming(repo: Repo) -> None:
    (repo.root / "faq/faq-later.md").unlink()


def _delete_secret(repo: Repo) -> None:
    (repo.root / "faq/faq-secret.md").unlink()


GONE = f"{NAME} 没有了，旧网址会打不开。"
CHANGES: dict[str, tuple[Callable[[Repo], None], str, list[tuple[str, str]]]] = {
    "deleted": (_delete, "", [(HERE, GONE)]),
    "deleted and named": (_delete, entry(NAME), []),
    "deleted and named for agents only": (_delete, entry(NAME, "agent"), [(HERE, GONE)]),
    "deleted and another named": (_delete, entry("faq-x"), [(HERE, GONE)]),
    "new id": (_rename, "", [(HERE, GONE)]),
    "moved": (_move, "", []),
    "narrowed": (
        _narrow,
        "",
        [(HERE, f"{NAME} 不再给代理商看，代理商的旧网址会打不开。")],
    ),
    "narrowed and named": (_narrow, entry(NAME), []),
    "broken": (_break, "", []),
    "widened": (_widen, "", []),
    "never held": (_delete_upcoming, "", []),
    "agents lose it": (
        _delete_secret,
        "",
        [("faq/faq-secret.md", "faq-secret 没有了，旧网址会打不开。")],
    ),
    "agents lose it and are told": (_delete_secret, entry("faq-secret", "agent"), []),
}


@pytest.mark.parametrize(("change", "named", "expected"), CHANGES.values(), ids=CHANGES)
def test_check_since_asks_for_what_is_missing(
    change: Callable[[Repo], None], named: str, expected: list[tuple[str, str]], repo: Repo
) -> None:
    change(repo)
    if named:
        repo.write(FILE, named)
    words = ["--library", str(repo.root), "--since", "HEAD"]
    shown = CliRunner().invoke(main, ["check", "--format", "json", *words])
    missing = [one for one in json.loads(shown.stdout) if one["code"] == "missing-withdrawal"]
    assert [(one["path"], one["message"]) for one in missing] == expected
    for one in missing:
        assert one["severity"] == "warning"
        assert "withdrawn.toml" in one["hint"]
    table = CliRunner().invoke(main, ["changed", *words]).stdout
    assert ("旧网址会打不开" in table) is bool(expected)


def test_without_since_nothing_is_missing(repo: Repo) -> None:
    _delete(repo)
    shown = CliRunner().invoke(main, ["check", "--library", str(repo.root)])
    assert "missing-withdrawal" not in shown.stdout


def test_an_entry_is_looked_at_when_what_it_leads_to_changes(repo: Repo) -> None:
    repo.write(FILE, entry("faq-old", more=f'replaced_by = ["{SECOND}"]'))
    repo.commit()
    repo.write(f"faq/{SECOND}.md", faq(SECOND, audience="agent"))
    words = ["check", "--library", str(repo.root), "--format", "json", "--since", "HEAD"]
    codes = [
        (one["path"], one["code"]) for one in json.loads(CliRunner().invoke(main, words).stdout)
    ]
    assert (FILE, "unreachable-replacement") in codes
