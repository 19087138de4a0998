"""The commands that begin documents."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import click

from casebook.cli.common import Command, library_option, load, say
from casebook.documents import FILL, Kind
from casebook.settings import load_settings


class _Terminal:
    """Asks on the terminal; what it shows goes to standard error."""

    def ask(self, question: str) -> str:
        answer: str = click.prompt(
            question, default="", show_default=False, prompt_suffix="", err=True
        )
        return answer

    def tell(self, text: str) -> None:
        say(text)


@click.command(cls=Command)
@click.argument("kind", type=click.Choice(["case", "faq", "policy"]))
@click.argument("title", required=False)
@click.option(
    "--no-input",
    is_flag=True,
    help="不提问，只按模板生成；不在终端里运行时也是这样。",
)
@library_option
@click.pass_context
def new(ctx: click.Context, kind: str, title: str | None, no_input: bool, root: Path) -> None:
    """写一篇新文档：在终端里一步一步提问，再按模板生成文件，段落和日期都已写好。

    例：
    casebook new case
    casebook new faq 副卡可以单独停机吗？ --no-input
    """
    from casebook.authoring import checked_title, new_document
    from casebook.prompts import ask_title, interview

    settings = load_settings(root)
    answers = None
    if not no_input and sys.stdin.isatty() and sys.stderr.isatty():
        view = load(root).view(settings.widest.id)
        talk = _Terminal()
        try:
            title = ask_title(Kind(kind), talk) if title is None else checked_title(title)
            answers = interview(Kind(kind), view, talk)
        except click.Abort:
            say("\n停下了，没有写任何文件。")
            ctx.exit(2)
    if title is None:
        raise click.UsageError(f"没有标题；写成 casebook new {kind} 标题，或在终端里运行。")
    file = new_document(root, Kind(kind), title, settings, answers)
    click.echo(file)
    if answers is None:
        say("写好“（待填）”的地方，再运行 casebook check。")
    else:
        _say_what_is_left(file, root, f"{Kind(kind).label}：{title}")


def _say_what_is_left(file: Path, root: Path, message: str) -> None:
    """Names what is still to be written and the commands that come next."""
    lines = file.read_text(encoding="utf-8").split("\n")
    left = [number for number, line in enumerate(lines, 1) if FILL in line]
    where = "" if root == Path() else f" --library {shlex.quote(str(root))}"
    git = "git" if root == Path() else f"git -C {shlex.quote(str(root))}"
    path = shlex.quote(str(file.relative_to(root)))
    say(f"\n还有 {len(left)} 处“（待填）”要写：第 {'、'.join(map(str, left))} 行。然后：")
    say(f"  casebook check{where} {path}    # 还缺什么，哪里不对")
    say(f"  casebook preview{where}    # 在浏览器里看成稿，保存就刷新")
    say(f"  {git} add {path} && {git} commit -m {shlex.quote(message)}    # 提交，再发起合并请求")
