"""What the commands share: options, loading with progress, ending with the right exit code."""

from __future__ import annotations

import contextlib
import gc
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Never

import click

from casebook.cli.words import punctuated, speak_chinese
from casebook.errors import CasebookError, PathError
from casebook.library import Library, load_library
from casebook.problems import Problem, as_text
from casebook.settings import Audience, Settings

speak_chinese()
_PIECES = {"[OPTIONS]": "[选项]", "COMMAND [ARGS]...": "命令 [参数]…"}
_METAVARS = {"integer range": "N", "directory": "DIR"}
# Under this name a context learns how many problems a command found.
PROBLEMS = "casebook.problems"


class _Formatter(click.HelpFormatter):
    """Help with Chinese punctuation."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Writes how a command is called."""
        super().write_usage(prog, args, "用法：" if prefix is None else prefix)

    def write_heading(self, heading: str) -> None:
        """Writes what a part of the help is called."""
        self.write(f"{'':>{self.current_indent}}{heading}：\n")


class _Context(click.Context):
    formatter_class = _Formatter


class _Chinese(click.Command):
    """A command whose help and whose errors are Chinese throughout."""

    context_class = _Context

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for option in self.params:
            if isinstance(option, click.Option) and not option.is_flag:
                option.metavar = option.metavar or _METAVARS.get(option.type.name)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """What stands behind the command's name in the line of its usage."""
        pieces = super().collect_usage_pieces(ctx)
        return [_PIECES.get(piece, piece.replace("...", "…")) for piece in pieces]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Reads what follows the command's name."""
        try:
            return super().parse_args(ctx, args)
        except click.exceptions.NoArgsIsHelpError:
            raise
        except click.UsageError as error:
            _refuse(error, ctx)


class Group(_Chinese, click.Group):
    """Turns the errors that users can mend into a message and exit code 2."""

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command."""
        try:
            return super().invoke(ctx)
        except CasebookError as error:
            click.echo(f"casebook: {error}", err=True)
            ctx.exit(2)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Finds the command that is named."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            _refuse(error, ctx)


class Command(_Chinese):
    """A command whose help keeps its example as it is written."""

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes what stands above the options."""
        text, _, example = (self.help or "").partition("例：")
        formatter.write("\n")
        with formatter.indentation():
            formatter.write_text(" ".join(text.split()))
        if example:
            formatter.write(
                "\n  例：\n"
                + "".join(f"    {line.strip()}\n" for line in example.strip().split("\n"))
            )


def _refuse(error: click.UsageError, ctx: click.Context) -> Never:
    """Says again what click says of a wrong call, in Chinese punctuation.

    Raises:
        UsageError: always.
    """
    raise click.UsageError(punctuated(error.format_message()), ctx) from None


library_option = click.option(
    "--library",
    "root",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    show_default="当前文件夹",
    help="知识库的文件夹，里面有 casebook.toml。",
)
audience_option = click.option("--audience", metavar="A", help="受众；不写就是最窄的那个。")
audiences_option = click.option("--audience", metavar="A", help="只为这个受众；不写就是全部。")


def load(root: Path) -> Library:
    """Reads the library, with a progress line on a terminal."""
    shown = sys.stderr.isatty()

    def progress(done: int, total: int) -> None:
        if shown and (done % 50 == 0 or done == total):
            click.echo(f"\r读取文档 {done}/{total}", err=True, nl=done == total)

    with without_collecting():
        return load_library(root, progress=progress)


@contextlib.contextmanager
def without_collecting() -> Iterator[None]:
    """Puts off the search for garbage: documents hold no cycles, and they are very many."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def finish(ctx: click.Context, problems: Sequence[Problem]) -> None:
    """Names the files that could not be published and ends with 1."""
    ctx.meta[PROBLEMS] = len(problems)
    if problems:
        click.echo(as_text(problems), err=True)
        say(f"上面 {len({p.path for p in problems})} 个文件有问题，没有发布；其余的已经发布。")
        ctx.exit(1)


def chosen_audiences(settings: Settings, name: str | None) -> Iterable[Audience]:
    """The audience that was named, or all."""
    return (settings.audience(name),) if name else settings.audiences


def index_folder(root: Path, audience: Audience) -> Path:
    """Where an audience's index is."""
    return root / "build" / "index" / audience.id


def choices_file(root: Path, audience: Audience) -> Path:
    """Where the service counts what its readers choose."""
    return root / "build" / "choices" / f"{audience.id}.sqlite"


def state_folder(root: Path, settings: Settings, audience: Audience) -> Path:
    """Where the service of an audience keeps what it learns."""
    return root / settings.service.state / audience.id


def inside(root: Path, path: Path) -> str:
    """A path that was asked for, relative to the library."""
    given = path if path.exists() else root / path
    if not given.exists():
        raise PathError(f"没有文件或文件夹“{path}”；检查写法，或用 --library 指定知识库。")
    try:
        return given.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        raise PathError(
            f"“{path}”不在知识库“{root}”里；用 --library 指定它所在的知识库。"
        ) from None


def covers(wanted: str, path: str) -> bool:
    """Whether a path is what was asked for, or inside of it."""
    return wanted in (".", path) or path.startswith(f"{wanted}/")


def say(message: str) -> None:
    """Writes to standard error, where progress goes."""
    click.echo(message, err=True)


def columns(text: str) -> int:
    """How many columns of a terminal a text takes; Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def padded(text: str, width: int) -> str:
    """Text filled up to a width in terminal columns."""
    return text + " " * max(0, width - columns(text))


def day_given(ctx: click.Context, parameter: click.Parameter, value: str | None) -> date | None:
    """Reads an option's value as a day; the callback of options that take one."""
    if value is None:
        return None
    with contextlib.suppress(ValueError):
        if str(date.fromisoformat(value)) == value:
            return date.fromisoformat(value)
    raise click.BadParameter(f"“{value}”不是日期；写成 2026-03-01。")
