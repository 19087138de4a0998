"""The command that checks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from casebook.cli.common import (
    Command,
    covers,
    inside,
    library_option,
    load,
    say,
    without_collecting,
)
from casebook.library import Library, today
from casebook.problems import Problem, Severity, has_errors, sort_problems, summary
from casebook.settings import load_settings

if TYPE_CHECKING:
    from casebook.checks.changes import Reach
    from casebook.checks.context import FindAlike
    from casebook.checks.results import Results

_FORMATS = ("text", "json", "github", "gitlab", "sarif")
# What is shown beside a repository's files.
_HOSTED = ("github", "gitlab", "sarif")
# What one fix brings to light another may mend; more rounds would go in circles.
_ROUNDS = 3


@click.command(cls=Command)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--since",
    metavar="REV",
    help="只看从 git 的这个版本以来改过的文件，以及因此断掉的引用，如 origin/main。",
)
@click.option("--fix", is_flag=True, help="有把握的问题直接改好，再检查一遍。")
@click.option("--notes", is_flag=True, help="连备注也列出来，如案例里照录的反例。")
@click.option(
    "--format",
    "output",
    type=click.Choice(_FORMATS),
    default="text",
    show_default=True,
    help="输出的格式。",
)
@library_option
@click.pass_context
def check(
    ctx: click.Context,
    paths: tuple[Path, ...],
    since: str | None,
    fix: bool,
    notes: bool,
    output: str,
    root: Path,
) -> None:
    """检查文档：说出哪个文件哪一行有什么问题，该怎么写。

    没有错误返回 0，有错误返回 1，无法检查返回 2；提醒和备注不影响返回值。

    例：
    casebook check
    casebook check faq/faq-arrears-resume.md --fix
    casebook check --since origin/main --format github
    """
    from casebook.reports import RENDERERS

    chosen = _choice(root, [inside(root, path) for path in paths], since)
    results = _results(root)
    mended: set[str] = set()
    for _ in range(_ROUNDS if fix else 0):
        fixed = _mend(root, chosen.problems(results))
        if not fixed:
            break
        mended |= fixed
        results = _results(root)
    for path in sorted(mended):
        say(f"改好了 {path}")
    problems = chosen.problems(results)
    shown = [one for one in problems if notes or one.severity is not Severity.NOTE]
    rendered = RENDERERS[output](_placed(root, shown) if output in _HOSTED else shown)
    if rendered:
        click.echo(rendered)
    say(summary(shown, chosen.count(results)))
    ctx.exit(1 if has_errors(shown) else 0)


@dataclass(frozen=True)
class _Choice:
    """Which files and problems somebody asked about."""

    wanted: Sequence[str]
    reach: Reach | None
    missing: Sequence[Problem] = ()

    def problems(self, results: Results) -> list[Problem]:
        found = [one for one in results.problems if self._reaches(one)]
        return sort_problems(one for one in (*found, *self.missing) if self._covers(one.path))

    def count(self, results: Results) -> int:
        files = [path for path in results.files if self._covers(path)]
        return len(files if self.reach is None else self.reach.changed & set(files))

    def _covers(self, path: str) -> bool:
        return not self.wanted or any(covers(one, path) for one in self.wanted)

    def _reaches(self, problem: Problem) -> bool:
        from casebook.checks import BY_CODE

        return self.reach is None or self.reach.answers_for(problem, BY_CODE)


def _choice(root: Path, wanted: Sequence[str], since: str | None) -> _Choice:
    if since is None:
        return _Choice(wanted, None)
    from casebook.checks.changes import reach_of
    from casebook.checks.missing_withdrawal import check_since
    from casebook.revisions import changed_paths, file_at

    changes = changed_paths(root, since)
    touched = changes.changed | changes.deleted
    before = {path: old for path in touched if (old := file_at(root, since, path))}
    library = load(root)
    missing = tuple(check_since(library, before, today(library.settings)))
    return _Choice(wanted, reach_of(library, touched, before.values()), missing)


def _placed(root: Path, problems: Sequence[Problem]) -> list[Problem]:
    """Problems with their paths as the repository has them."""
    from casebook.revisions import place_in_repository

    place = place_in_repository(root)
    return [replace(one, path=f"{place}{one.path}") for one in problems] if place else [*problems]


def _results(root: Path) -> Results:
    """What the check of the whole library gives."""
    from casebook.checks.results import Results, known_or_new

    day = today(load_settings(root))

    def check_all() -> Results:
        from casebook.checks.together import check_together

        library = load(root)
        with without_collecting():
            found = check_together(library, day, _finder)
        return Results(library.fingerprint, tuple(library.inputs), found)

    return known_or_new(root, day, check_all)


def _finder(library: Library) -> FindAlike:
    """What finds documents that are asked for with the same words."""
    from search.alike import Finder

    return Finder(library)


def _mend(root: Path, problems: Sequence[Problem]) -> set[str]:
    """Makes the changes that problems bring; the files that it changed."""
    from casebook.checks.fixing import fixed_text
    from casebook.files import replacing

    mended = set()
    for path in {one.path for one in problems if one.fix}:
        file = root / path
        text = file.read_bytes().decode("utf-8")
        fixed = fixed_text(text, [one for one in problems if one.path == path])
        if fixed != text:
            with replacing(file) as out:
                out.write(fixed.encode())
            mended.add(path)
    return mended
