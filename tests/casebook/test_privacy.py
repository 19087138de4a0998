"""What names a person keeps a file from being published, and is never printed in full."""

from __future__ import annotations

from pathlib import Path

import pytest

from casebook.documents import Kind
from casebook.guide import model_text
from casebook.library import load_library
from casebook.problems import Severity
from casebook.reading import Reading, read_document
from casebook.settings import Allowed, CheckSettings, Settings
from tests.conftest import Write

CASE = model_text(Kind.CASE)
MOBILE = "13912345678"


def _read(text: str, settings: Settings) -> Reading:
    return read_document(text.encode(), "cases/a.md", Kind.CASE, settings)


PLACES = [
    ("title: 师傅来了三趟，网还是断", f"title: 师傅来了三趟，打{MOBILE}没人接", ""),
    ("owner: 投诉处理组", f"owner: 投诉处理组 # {MOBILE}", ""),
    ("客户甲的宽带晚上断线", f"客户甲（{MOBILE}）的宽带晚上断线", "background"),
    ("减免三天月费", f"减免三天月费，回电{MOBILE}", "outcome"),
]


@pytest.mark.parametrize(("old", "new", "section"), PLACES, ids=["title", "comment", "b", "o"])
def test_number_anywhere_gives_no_document(
    old: str, new: str, section: str, settings: Settings
) -> None:
    assert CASE.count(old) == 1
    reading = _read(CASE.replace(old, new), settings)
    found = [problem for problem in reading.problems if problem.code == "personal-data"]
    assert [(problem.section, problem.severity) for problem in found] == [(section, Severity.ERROR)]
    line = next(n for n, row in enumerate(CASE.replace(old, new).split("\n"), 1) if MOBILE in row)
    row = CASE.replace(old, new).split("\n")[line - 1]
    assert (found[0].line, found[0].column) == (line, row.index(MOBILE) + 1)
    assert reading.document is None
    assert MOBILE not in "".join(str(problem) for problem in reading.problems)


def test_a_name_only_warns(settings: Settings) -> None:
    reading = _read(CASE.replace("客户甲的宽带", "机主王建国的宽带"), settings)
    assert [(p.code, p.severity) for p in reading.problems] == [
        ("possible-personal-data", Severity.WARNING)
    ]
    assert reading.document is not None
    assert "王建国" not in reading.problems[0].message


def test_allowed_values_pass(settings: Settings) -> None:
    allowed = CheckSettings(allowed=(Allowed(value="139 1234 5678", reason="公司演示用的号码"),))
    text = CASE.replace("减免三天月费", f"减免三天月费，回电{MOBILE}")
    reading = _read(text, settings.model_copy(update={"check": allowed}))
    assert reading.problems == ()


def test_published_library_never_holds_a_number(small: Path, write: Write) -> None:
    write(Kind.FAQ, "faq-arrears-resume", {"不需要另外申请复机": f"打{MOBILE}"})
    library = load_library(small)
    assert [problem.code for problem in library.problems] == ["personal-data"]
    assert library.view("agent").documents == ()


def test_a_warning_does_not_keep_a_document_back(small: Path, write: Write) -> None:
    write(Kind.CASE, "case-broadband-three-visits", {"客户甲的宽带": "机主王建国的宽带"})
    library = load_library(small)
    assert library.problems == ()
    assert len(library.view("agent").documents) == 1


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("cases/a.md", f"case-zhang-wei-{MOBILE}"),
        (f"cases/case-{MOBILE}-ban-ye.md", "case-broadband-three-visits"),
    ],
    ids=["id", "file"],
)
def test_a_number_in_an_address_gives_no_document(path: str, name: str, settings: Settings) -> None:
    text = CASE.replace("id: case-broadband-three-visits", f"id: {name}")
    reading = read_document(text.encode(), path, Kind.CASE, settings)
    assert [problem.code for problem in reading.problems] == ["personal-data"]
    assert MOBILE not in reading.problems[0].message
    assert reading.document is None
