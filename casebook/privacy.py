"""Personal data in a file, as problems: what names a person is never published."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from casebook.personal_data import PersonalData, find_personal_data
from casebook.problems import Problem
from casebook.reading_rules import PERSONAL_DATA, POSSIBLE_PERSONAL_DATA
from casebook.settings import CheckSettings

_HINTS = {
    True: "删掉，或写成 139****0000 这样；公司自己的号码列进 casebook.toml 的 check.allowed。",
    False: "写成“客户甲”“某市某路”；不是个人信息的，列进 check.allowed 或写豁免的理由。",
}


def personal_problems(
    text: str, path: str, lines: Mapping[str, int], settings: CheckSettings
) -> Iterator[Problem]:
    """The personal data in a file; shown masked, never in full.

    Args:
        text: the whole file.
        path: its name in problems.
        lines: where its sections begin, as in :class:`casebook.reading.Reading`.
        settings: what is no personal data.
    """
    for found in find_personal_data(text, [one.value for one in settings.allowed]):
        line = text.count("\n", 0, found.start) + 1
        yield _problem(found, path, line, found.start - text.rfind("\n", 0, found.start), lines)


def personal_names(path: str, names: Iterable[str]) -> Iterator[Problem]:
    """Personal data in a file's name and in its document's id, which become addresses.

    Args:
        path: the file, relative to the library.
        names: what to look into; hyphens part its words.
    """
    for name in dict.fromkeys(names):
        for found in find_personal_data(name.replace("-", " ")):
            if found.certain:
                message = f"文件名或编号里有{found.kind.label}：{found.shown}。"
                yield PERSONAL_DATA.problem(path, 1, message, "换一个文件名和编号。")


def _problem(
    found: PersonalData, path: str, line: int, column: int, lines: Mapping[str, int]
) -> Problem:
    rule = PERSONAL_DATA if found.certain else POSSIBLE_PERSONAL_DATA
    like = "" if found.certain else "像是"
    message = f"有{like}{found.kind.label}：{found.shown}。"
    section = _section_of(line, lines)
    return rule.problem(path, line, message, _HINTS[found.certain], column, section=section)


def _section_of(line: int, lines: Mapping[str, int]) -> str:
    """The key of the section that a line is in; empty in the front matter."""
    firsts = {name.removesuffix(".text"): at for name, at in lines.items() if ".text" in name}
    before = [name for name in firsts if lines[name] <= line]
    return before[-1] if before else ""
