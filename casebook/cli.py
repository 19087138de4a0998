"""The command line ``casebook``.

Exit codes: 0 all is well, 1 problems were found (they are named), 2 it could not run. Results go
to standard output, progress and errors to standard error.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from casebook.errors import CasebookError, PathError, SearchError
from casebook.library import Library, fingerprint, load_library, today
from casebook.problems import RENDERERS, Problem, as_text, has_errors, summary
from casebook.settings import Audience, Settings, load_settings

if TYPE_CHECKING:
    from search.searcher import Results

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class _Group(click.Group):
    """Turns the errors that users can mend into a message and exit code 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CasebookError as error:
            click.echo(f"casebook: {error}", err=True)
            ctx.exit(2)


class _Command(click.Command):
    """A command whose help keeps its example as it is written."""

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        text, _, example = (self.help or "").partition("例：")
        formatter.write("\n")
        with formatter.indentation():
            formatter.write_text(" ".join(text.split()))
        if example:
            formatter.write(
                "\n  例：\n"
                + "".join(f"    {line.strip()}\n" for line in example.strip().split("\n"))
            )


_library_option = click.option(
    "--library",
    "root",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    show_default="当前文件夹",
    help="知识库的文件夹，里面有 casebook.toml。",
)
_audience_option = click.option("--audience", metavar="A", help="受众；不写就是最窄的那个。")
_audiences_option = click.option("--audience", metavar="A", help="只为这个受众；不写就是全部。")


@click.group(cls=_Group, context_settings=_CONTEXT)
@click.version_option(package_name="casebook")
def main() -> None:
    """呼叫中心的知识与案例库：写、查、发布、检索。"""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)


@main.command(cls=_Command)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--format",
    "output",
    type=click.Choice(sorted(RENDERERS)),
    default="text",
    show_default=True,
    help="输出的格式。",
)
@_library_option
@click.pass_context
def check(ctx: click.Context, paths: tuple[Path, ...], output: str, root: Path) -> None:
    """检查文档：说出哪个文件哪一行有什么问题，该怎么写。

    没有问题返回 0，有问题返回 1，无法检查返回 2。

    例：
    casebook check
    casebook check faq/faq-arrears-resume.md --format github
    """
    from casebook.checks import check_library

    wanted = [_inside(root, path) for path in paths]
    library = _load(root)
    problems = [
        problem
        for problem in check_library(library)
        if not wanted or any(_covers(path, problem.path) for path in wanted)
    ]
    rendered = RENDERERS[output](problems)
    if rendered:
        click.echo(rendered)
    click.echo(summary(problems, library.files), err=True)
    ctx.exit(1 if has_errors(problems) else 0)


@main.command(cls=_Command)
@click.argument("kind", type=click.Choice(["case", "faq", "policy"]))
@click.argument("title")
@_library_option
def new(kind: str, title: str, root: Path) -> None:
    """写一篇新文档：按模板生成，段落和日期都已写好。

    例：
    casebook new faq 副卡可以单独停机吗？
    """
    from casebook.authoring import new_document
    from casebook.documents import Kind

    file = new_document(root, Kind(kind), title, load_settings(root))
    click.echo(file)
    click.echo("写好“（待填）”的地方，再运行 casebook check。", err=True)


@main.command(cls=_Command)
@_audiences_option
@click.option(
    "--engine", metavar="E", help="检索引擎，auto 按大小选；不写就用 casebook.toml 里的。"
)
@click.option("--force", is_flag=True, help="没有变化也重新生成。")
@_library_option
@click.pass_context
def index(
    ctx: click.Context, audience: str | None, engine: str | None, force: bool, root: Path
) -> None:
    """生成并发布检索索引。新索引在旁边做好、验过，再一步换上。

    例：
    casebook index
    casebook index --audience dealer
    """
    from search.engines import choose_engine
    from search.generations import current_manifest, publish

    settings = load_settings(root)
    wanted = engine or settings.search.engine
    audiences = _audiences(settings, audience)
    source = _source(root, settings)
    stale = []
    for one in audiences:
        manifest = current_manifest(_index_folder(root, one))
        chosen, _ = choose_engine(wanted, manifest.passages if manifest else 0)
        if not force and manifest and (manifest.source, manifest.engine) == (source, chosen.name):
            _say(f"索引 {one.id}：没有变化（{manifest.documents} 篇，{manifest.passages} 段）。")
        else:
            stale.append(one)
    if not stale:
        return
    library = _load(root)
    for one in stale:
        view = library.view(one.id)
        passages = sum(len(document.sections) for document in view.documents)
        chosen, why = choose_engine(wanted, passages)
        _say(f"索引 {one.id}：{passages} 段，引擎 {chosen.name}（{why}），正在生成 …")
        # A library with problems is indexed as far as it is good, and again next time.
        recorded = "" if library.problems else source
        made = publish(view, _index_folder(root, one), chosen, recorded, anew=force)
        _say(f"索引 {one.id}：{made.documents} 篇，{made.passages} 段，已发布。")
    _finish(ctx, library.problems)


@main.command(cls=_Command)
@_audiences_option
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="输出的文件夹；每个受众一个子文件夹。",
)
@click.option("--force", is_flag=True, help="没有变化也重新生成。")
@_library_option
@click.pass_context
def site(
    ctx: click.Context, audience: str | None, out: Path | None, force: bool, root: Path
) -> None:
    """生成静态站点，并检查里面没有别的受众的内容。

    例：
    casebook site --audience dealer
    """
    from casebook.publishing import build_site

    settings = load_settings(root)
    audiences = _audiences(settings, audience)
    folder = out or root / "build" / "site"
    source = _source(root, settings)
    stale = [
        one for one in audiences if force or not _site_is_current(root, folder / one.id, source)
    ]
    for one in audiences:
        if one not in stale:
            _say(f"站点 {one.id}：没有变化，{folder / one.id}")
    if not stale:
        return
    library = _load(root)
    widest = library.view(settings.widest.id)
    for one in stale:
        _say(f"站点 {one.id}：正在生成 …")
        view = library.view(one.id)
        files = build_site(view, widest, root / "build" / "stage" / one.id, folder / one.id)
        swept = "" if one == settings.widest else "，泄漏检查通过"
        _say(f"站点 {one.id}：{len(view.documents)} 篇，{files} 个文件{swept}，{folder / one.id}")
        if not library.problems:
            _site_mark(root, folder / one.id).write_text(source, encoding="utf-8")
    _finish(ctx, library.problems)


@main.command(cls=_Command)
@click.argument("query")
@_audience_option
@click.option("--kind", type=click.Choice(["case", "faq", "policy"]), help="只找这一种。")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON，与接口相同。")
@_library_option
def search(query: str, audience: str | None, kind: str | None, as_json: bool, root: Path) -> None:
    """检索：与服务给出的结果相同。

    例：
    casebook search 欠费停机多久能恢复
    """
    from search.api import results_json
    from search.generations import open_current
    from search.searcher import Request, Searcher

    settings = load_settings(root)
    reader = settings.audience(audience)
    generation = open_current(_index_folder(root, reader), reader.id)
    try:
        searcher = Searcher(generation, today(settings), internal=reader == settings.widest)
        results = searcher.search(Request(query, {"kind": (kind,)} if kind else {}))
    finally:
        generation.close()
    if as_json:
        click.echo(json.dumps(results_json(results), ensure_ascii=False, indent=2))
    else:
        click.echo(_table(results))


@main.command(cls=_Command)
@_audience_option
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="监听的地址；默认只有本机能访问。"
)
@click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="端口。"
)
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    help="用几个进程回答；人多时设成处理器的核数。",
)
@_library_option
def serve(audience: str | None, host: str, port: int, workers: int, root: Path) -> None:
    """检索服务：检索页、接口和站点。

    例：
    casebook serve --audience agent
    """
    from search.app import serve as run
    from search.service import ServiceConfig

    settings = load_settings(root)
    reader = settings.audience(audience)
    config = ServiceConfig(
        audience=reader.id,
        internal=reader == settings.widest,
        title=reader.title,
        index=_index_folder(root, reader),
        site=root / "build" / "site" / reader.id,
        today=lambda: today(settings),
        hosts=tuple(dict.fromkeys(("127.0.0.1", "localhost", host, *settings.search.hosts))),
        origins=settings.search.origins,
        examples=settings.search.examples,
        choices=root / "build" / "choices" / f"{reader.id}.sqlite",
    )
    _say(f"{reader.name}的检索页和站点在 http://{host}:{port}/ ，按 Ctrl+C 停止。")
    try:
        run(config, host, port, workers)
    except OSError as error:
        raise SearchError(f"不能监听 {host}:{port}（{error.strerror}）；换一个 --port。") from None


@main.command(cls=_Command)
@click.option("--audience", metavar="A", help="受众；不写就是最宽的那个，作者要看到全部。")
@click.option(
    "--port", default=8001, show_default=True, type=click.IntRange(1, 65535), help="端口。"
)
@_library_option
@click.pass_context
def preview(ctx: click.Context, audience: str | None, port: int, root: Path) -> None:
    """写作时的实时预览：保存一次，页面更新一次。

    例：
    casebook preview
    """
    from casebook.publishing import preview_configuration

    settings = load_settings(root)
    reader = settings.audience(audience or settings.widest.id)
    file = preview_configuration(root, reader.id, root / "build" / "preview" / reader.id)
    _say(
        f"{reader.name}看到的站点在 http://127.0.0.1:{port}/ ，保存文件后自动更新，按 Ctrl+C 停止。"
    )
    command = [sys.executable, "-m", "mkdocs", "serve", "--livereload"]
    try:
        done = subprocess.run([*command, "-f", str(file), "-a", f"127.0.0.1:{port}"], check=False)
    except KeyboardInterrupt:
        return
    ctx.exit(2 if done.returncode else 0)


def _load(root: Path) -> Library:
    """Reads the library, with a progress line on a terminal."""
    shown = sys.stderr.isatty()

    def progress(done: int, total: int) -> None:
        if shown and (done % 50 == 0 or done == total):
            click.echo(f"\r读取文档 {done}/{total}", err=True, nl=done == total)

    return load_library(root, progress=progress)


def _finish(ctx: click.Context, problems: Sequence[Problem]) -> None:
    """Names the files that could not be published and ends with 1."""
    if problems:
        click.echo(as_text(problems), err=True)
        _say(f"上面 {len({p.path for p in problems})} 个文件有问题，没有发布；其余的已经发布。")
        ctx.exit(1)


def _audiences(settings: Settings, name: str | None) -> Iterable[Audience]:
    return (settings.audience(name),) if name else settings.audiences


def _index_folder(root: Path, audience: Audience) -> Path:
    return root / "build" / "index" / audience.id


def _source(root: Path, settings: Settings) -> str:
    """Changes whenever a build would give another result: content, software, day."""
    from casebook.publishing import software_fingerprint

    return f"{fingerprint(root)} {software_fingerprint()} {today(settings)}"


def _site_mark(root: Path, out: Path) -> Path:
    """Where it is noted what a site was built from; never inside the site."""
    return root / "build" / "stage" / f"{out.name}.built"


def _site_is_current(root: Path, out: Path, source: str) -> bool:
    mark = _site_mark(root, out)
    return out.is_dir() and mark.is_file() and mark.read_text(encoding="utf-8") == source


def _inside(root: Path, path: Path) -> str:
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


def _covers(wanted: str, path: str) -> bool:
    return wanted in (".", path) or path.startswith(f"{wanted}/")


def _say(message: str) -> None:
    click.echo(message, err=True)


def _table(results: Results) -> str:
    """Results for a terminal: the answer, then a line a document."""
    lines = []
    if results.answer:
        answer = results.answer
        text = next((s.text for s in answer.sections if s.key == "answer"), "")
        lines += [f"统一答复 · {answer.title}", "", text, ""]
    if results.correction:
        lines += [f"您是不是要找：{results.correction}", ""]
    if not results.hits:
        lines.append("没有找到。换个说法，或少写几个词。")
    elif not results.complete:
        lines.append("没有一篇同时含有所有词，下面是含有其中一部分的。")
    for number, hit in enumerate(results.hits, 1):
        state = "" if hit.standing.value == "current" else f"【{hit.standing.label}】"
        kind = _padded(hit.document.kind.label, 8)
        lines.append(
            f"{number:>2}  {kind}  {_padded(hit.document.id, 30)}  {state}{hit.document.title}"
        )
    if results.total > len(results.hits):
        lines.append(f"共 {results.total} 篇，只列前 {len(results.hits)} 篇。")
    return "\n".join(lines)


def _padded(text: str, width: int) -> str:
    """Text filled up to a width in terminal columns; Chinese characters take two."""
    columns = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
    return text + " " * max(0, width - columns)
