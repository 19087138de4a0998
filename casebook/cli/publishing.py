"""The commands that make what readers get: indexes, sites, the preview."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import click

from casebook.cli.common import (
    Command,
    audiences_option,
    choices_file,
    chosen_audiences,
    finish,
    index_folder,
    library_option,
    load,
    say,
    without_collecting,
)
from casebook.digests import bytes_digest
from casebook.documents import Kind
from casebook.errors import PublishError, reason
from casebook.files import alone
from casebook.library import Library, View, fingerprint, today
from casebook.settings import SITE_BUILDERS, Audience, Settings, load_settings

if TYPE_CHECKING:
    from casebook.builders import Builder

# Long enough for a build of what changed.
_WAIT = 10.0
# Notes, beside a stage, what its site was built from; never inside the site.
_BUILT = "built"


@click.command(cls=Command)
@audiences_option
@click.option(
    "--engine", metavar="E", help="检索引擎，auto 按大小选；不写就用 casebook.toml 里的。"
)
@click.option("--force", is_flag=True, help="没有变化也重新生成。")
@library_option
@click.pass_context
def index(
    ctx: click.Context, audience: str | None, engine: str | None, force: bool, root: Path
) -> None:
    """生成并发布检索索引。新索引在旁边做好、验过，再一步换上。

    例：
    casebook index
    casebook index --audience dealer
    """
    settings = load_settings(root)
    source = _source(root, settings)
    audiences = chosen_audiences(settings, audience)
    stale = [one for one in audiences if force or _is_stale(root, settings, one, engine, source)]
    if not stale:
        return
    library = load(root)
    # A library with problems is indexed as far as it is good, and again next time.
    recorded = "" if library.problems else source
    for one in stale:
        _publish_index(root, library.view(one.id), engine, recorded, anew=force)
    finish(ctx, library.problems)


def _is_stale(
    root: Path, settings: Settings, audience: Audience, engine: str | None, source: str
) -> bool:
    """Whether an audience's index is to be built; says so where it is not."""
    from search.engines import choose_engine
    from search.generations import current_manifest
    from search.index_files import taken_back

    folder = index_folder(root, audience)
    manifest = current_manifest(folder)
    held = manifest.passages if manifest else 0
    wanted = engine or settings.engine_of(audience)
    chosen, _ = choose_engine(wanted, held, settings.opensearch)
    same = manifest and (manifest.source, manifest.engine) == (source, chosen.name)
    if same and (manifest := current_manifest(folder, chosen)):
        say(f"索引 {audience.id}：没有变化（{manifest.documents} 篇，{manifest.passages} 段）。")
        return False
    if source.startswith(f"{taken_back(folder)} "):
        say(f"索引 {audience.id}：已经退回上一代，内容没有新的变化；要再发布就加 --force。")
        return False
    return True


def _publish_index(root: Path, view: View, engine: str | None, source: str, *, anew: bool) -> None:
    from search.engines import choose_engine
    from search.generations import publish

    name, settings = view.audience.id, view.settings
    passages = sum(len(document.sections) for document in view.documents)
    wanted = engine or settings.engine_of(view.audience)
    chosen, why = choose_engine(wanted, passages, settings.opensearch)
    say(f"索引 {name}：{passages} 段，引擎 {chosen.name}（{why}），正在生成 …")
    made = publish(view, index_folder(root, view.audience), chosen, source, anew=anew)
    say(f"索引 {name}：{made.documents} 篇，{made.passages} 段，已发布。")


@click.command(cls=Command)
@audiences_option
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="输出的文件夹；每个受众一个子文件夹。",
)
@click.option("--force", is_flag=True, help="没有变化也重新生成，并且每一页都重新生成。")
@click.option(
    "--builder",
    type=click.Choice(SITE_BUILDERS),
    help="用哪个程序生成页面；不写就用 casebook.toml 里的。",
)
@click.option(
    "--asked",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="问得最多的条目：JSON 或 CSV，编号和次数；不写就用检索服务自己数的。",
)
@library_option
@click.pass_context
def site(
    ctx: click.Context,
    audience: str | None,
    out: Path | None,
    force: bool,
    builder: str | None,
    asked: Path | None,
    root: Path,
) -> None:
    """生成静态站点，并检查里面没有别的受众的内容。只生成有变化的页面，其余的保留。

    例：
    casebook site --audience dealer
    casebook site --builder zensical
    """
    from casebook.builders import get_builder

    settings = load_settings(root)
    folder = out or root / "build" / "site"
    _refuse_content(root, folder)
    maker = get_builder(builder or settings.site.builder)
    maker.version()  # refuses before anything is read
    ctx.with_resource(_only_one(root))
    ctx.with_resource(without_collecting())
    source = f"{_source(root, settings)} {maker.name}"
    sites = [
        _Site.planned(root, one, folder / one.id, _asked(root, one, asked), source)
        for one in chosen_audiences(settings, audience)
    ]
    stale = [one for one in sites if force or not one.is_current()]
    if not stale:
        return
    say("正在读取文档 …")
    library = load(root)
    if asked:
        _say_unknown(asked, library)
    widest = library.view(settings.widest.id)
    for one in stale:
        one.build(library, widest, maker, anew=force)
    finish(ctx, library.problems)


@dataclass(frozen=True)
class _Site:
    """A site that may have to be built.

    Attributes:
        audience: whose.
        out: its folder.
        stage: where it is staged.
        asked: how often documents were asked for.
        mark: what it is to be built from.
    """

    audience: Audience
    out: Path
    stage: Path
    asked: Mapping[str, int]
    mark: str

    @classmethod
    def planned(
        cls, root: Path, audience: Audience, out: Path, asked: Mapping[str, int], source: str
    ) -> Self:
        """The site of an audience, built from a source and counts."""
        mark = bytes_digest(f"{source} {sorted(asked.items())}".encode())
        return cls(audience, out, _stage_folder(root, out), asked, mark)

    def is_current(self) -> bool:
        """Whether it was built from this already, and stands whole; says so."""
        current = _site_is_current(self.stage, self.out, self.mark)
        if current:
            say(f"站点 {self.audience.id}：没有变化，{self.out}")
        return current

    def build(self, library: Library, widest: View, builder: Builder, *, anew: bool) -> None:
        """Builds it, and says what came of it and which addresses are lost."""
        from casebook.publishing import build_site
        from casebook.withdrawals import document_addresses

        name = self.audience.id
        view = library.view(name)
        before = document_addresses(self.out)
        done = build_site(
            view,
            widest,
            self.stage,
            self.out,
            asked=self.asked,
            builder=builder,
            anew=anew,
            say=lambda message: say(f"站点 {name}：{message}"),
        )
        swept = "" if self.audience == widest.audience else "，泄漏检查通过"
        say(
            f"站点 {name}：{len(view.documents)} 篇，生成 {done.built} 页，保留 {done.kept} 页，"
            f"共 {done.files} 个文件{swept}，{self.out}"
        )
        _say_lost(self.audience, before - document_addresses(self.out))
        if not library.problems:
            (self.stage / _BUILT).write_text(self.mark, encoding="utf-8")


@contextmanager
def _only_one(root: Path) -> Iterator[None]:
    """Two builds of a library would write the same stage, and the older could come last."""
    lock = root / "build" / "stage" / "lock"
    busy = PublishError(f"另一个 casebook site 正在生成“{root}”的站点；等它结束再试。")
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        lock.touch()
    except OSError as error:
        raise PublishError(
            f"写不了“{lock}”（{reason(error)}）；"
            "生成站点要能写知识库里的 build/，检查权限和磁盘空间。"
        ) from None
    with alone(lock, busy, _WAIT):
        yield


def _asked(root: Path, audience: Audience, file: Path | None) -> Mapping[str, int]:
    """How often documents were asked for: by the file, or as the audience's service counted."""
    from casebook.asked import read_asked
    from search.choices import Choices

    if file:
        return read_asked(file)
    return Choices(choices_file(root, audience)).times()


@click.command(cls=Command)
@click.option("--audience", metavar="A", help="受众；不写就是最宽的那个，作者要看到全部。")
@click.option(
    "--port", default=8001, show_default=True, type=click.IntRange(1, 65535), help="端口。"
)
@library_option
@click.pass_context
def preview(ctx: click.Context, audience: str | None, port: int, root: Path) -> None:
    """写作时的实时预览：保存一次，页面更新一次。

    例：
    casebook preview
    """
    from casebook.staging import preview_configuration

    settings = load_settings(root)
    reader = settings.audience(audience or settings.widest.id)
    file = preview_configuration(root, reader.id, root / "build" / "preview" / reader.id)
    say(
        f"{reader.name}看到的站点在 http://127.0.0.1:{port}/ ，保存文件后自动更新，按 Ctrl+C 停止。"
    )
    command = [sys.executable, "-m", "mkdocs", "serve", "--livereload"]
    try:
        done = subprocess.run([*command, "-f", str(file), "-a", f"127.0.0.1:{port}"], check=False)
    except KeyboardInterrupt:
        return
    ctx.exit(2 if done.returncode else 0)


def _source(root: Path, settings: Settings) -> str:
    """Changes whenever a build would give another result: content, software, day."""
    from casebook.staging import software_fingerprint

    return f"{fingerprint(root)} {software_fingerprint()} {today(settings)}"


def _stage_folder(root: Path, out: Path) -> Path:
    """Where a site is staged and what is remembered of it: one for each folder that is built."""
    stages = root / "build" / "stage"
    if out.absolute() == (root / "build" / "site" / out.name).absolute():
        return stages / out.name
    return stages / f"{out.name}-{bytes_digest(str(out.resolve()).encode())[:12]}"


def _site_is_current(stage: Path, out: Path, source: str) -> bool:
    from casebook.manifest import stands_whole
    from casebook.publishing import MANIFEST

    mark = stage / _BUILT
    built = mark.is_file() and mark.read_text(encoding="utf-8") == source
    return built and stands_whole(stage / MANIFEST, out)


def _refuse_content(root: Path, folder: Path) -> None:
    """Refuses to build where documents are read from, or where sites are staged."""
    for part in (*(kind.folder for kind in Kind), "build/stage", "build/index", "build/cache"):
        taken = (root / part).resolve()
        if folder.resolve() == taken or taken in folder.resolve().parents:
            raise PublishError(
                f"站点不能生成到“{folder}”：那里放的是知识库自己的文件。"
                "请用 --out 指定别的文件夹，例如 build/site。"
            )


def _say_unknown(file: Path, library: Library) -> None:
    from casebook.asked import count_unknown, read_asked

    known = {*library.sources, *(gone.id for gone in library.withdrawn)}
    if unknown := count_unknown(read_asked(file), known):
        say(f"“{file}”：{unknown} 个编号不在知识库里。")


def _say_lost(audience: Audience, lost: set[str]) -> None:
    """Names addresses that answered before this build and do not now: none should."""
    if lost:
        shown = "、".join(sorted(lost)[:5])
        say(
            f"站点 {audience.id}：{len(lost)} 个原来的网址打不开了，如 {shown}。"
            "改好有错误的文件；真的不要了，在 withdrawn.toml 里写一条。"
        )
