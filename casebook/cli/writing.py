"""The commands that begin documents."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from casebook.cli.common import Command, library_option, load, say
from casebook.documents import FILL, Kind
from casebook.errors import PublishError
from casebook.settings import EditorSettings, Settings, load_settings

if TYPE_CHECKING:
    from casebook.authoring import Answers
    from casebook.library import Library


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
    help="不提问，只按模板生成，全部待填；不在终端里运行时也是这样。",
)
@library_option
@click.pass_context
def new(ctx: click.Context, kind: str, title: str | None, no_input: bool, root: Path) -> None:
    """写一篇新文档：在终端里一步一步提问，再按模板生成文件；没有答的地方写着“（待填）”。

    例：
    casebook new case
    casebook new faq 副卡可以单独停机吗？ --no-input
    """
    from casebook.authoring import checked_title, new_document

    settings = load_settings(root)
    named = None if title is None else checked_title(title)
    answers: Answers = {}
    if not no_input and sys.stdin.isatty() and sys.stderr.isatty():
        try:
            named, answers = _asked(Kind(kind), named, load(root))
        except click.Abort:
            say("\n停下了，没有写任何文件。")
            ctx.exit(2)
    elif named is None:
        raise click.UsageError(f"没有标题；写成 casebook new {kind} 标题，或在终端里运行。")
    else:
        _refuse_personal(named, settings)
    file = new_document(root, Kind(kind), named, settings, answers)
    click.echo(file)
    _say_what_is_left(file, root, f"{Kind(kind).label}：{named}", settings)


def _asked(kind: Kind, title: str | None, library: Library) -> tuple[str, Answers]:
    """The title and the answers that somebody gave on the terminal."""
    from casebook.prompts import ask_title, interview
    from casebook.talking import may_be_written

    settings = library.settings
    talk = _Terminal()
    if title is None or not may_be_written(title, talk, settings):
        title = ask_title(kind, talk, settings)
    return title, interview(kind, library.view(settings.widest.id), talk)


def _refuse_personal(title: str, settings: Settings) -> None:
    """Warns of what looks like personal data where nobody can be asked.

    Raises:
        PublishError: there is some for certain.
    """
    from casebook.authoring import named, personal_data

    found = personal_data(title, settings)
    certain = [one for one in found if one.certain]
    if certain:
        raise PublishError(
            f"标题里有{named(certain)}，没有写任何文件；标题会进文件名和历史，改成“客户甲”这样再写。"
        )
    if found:
        say(f"标题里像是有{named(found)}；是的话，提交以前改掉。文件名和提交说明里没有带上它。")


def _say_what_is_left(file: Path, root: Path, message: str, settings: Settings) -> None:
    """Names what is still to be written and the commands that come next."""
    from casebook.authoring import impersonal

    lines = file.read_text(encoding="utf-8").split("\n")
    left = [number for number, line in enumerate(lines, 1) if FILL in line]
    where = "" if root == Path() else f" --library {shlex.quote(str(root))}"
    git = "git" if root == Path() else f"git -C {shlex.quote(str(root))}"
    path = shlex.quote(str(file.relative_to(root)))
    branch = file.stem
    say(f"\n还有 {len(left)} 处“（待填）”要写：第 {'、'.join(map(str, left))} 行。写的时候：")
    say(f"  casebook check{where} {path}    # 还缺什么，哪里不对")
    say(f"  casebook preview{where}    # 在浏览器里看成稿，保存就刷新")
    say("写好了，三步交出去，都在自己的分支上：")
    say(f"  {git} switch -c {branch}    # 开一个分支，不动主线")
    say(f"  {git} add {path} && {git} commit -m {shlex.quote(impersonal(message))}")
    say(f"  {git} push -u origin {branch}    # 推上去，再到网页上发起合并请求，请人审")
    if settings.editor != EditorSettings():
        say("不习惯 git，也可以在检索服务的 /write/ 页面里写。")
