"""The commands of whoever publishes: following the library, going back one generation."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import click

from casebook.cli.common import (
    PROBLEMS,
    Command,
    audiences_option,
    chosen_audiences,
    index_folder,
    library_option,
    say,
    state_folder,
)
from casebook.cli.publishing import index, site
from casebook.errors import CasebookError, PublishError, SearchError
from casebook.library import fingerprint
from casebook.settings import Settings, load_settings
from casebook.watching import (
    INDEX,
    PULL,
    SITE,
    Desk,
    Outcome,
    Pace,
    Watcher,
    commit_of,
    now,
    pull,
    said,
)

_FAILED = 2
_ENDING_SECONDS = 10.0


@click.command(cls=Command)
@click.option("--pull", "pulls", is_flag=True, help="先 git pull --ff-only，再看有没有变化。")
@click.option(
    "--every",
    default=30,
    show_default=True,
    type=click.IntRange(0, 86_400),
    help="隔几秒 pull 一次；0 是只在有人要求时。",
)
@click.option("--site", "sites", is_flag=True, help="站点也一起生成。")
@click.option("--once", is_flag=True, help="只做一次，做完就结束。")
@library_option
@click.pass_context
def watch(ctx: click.Context, pulls: bool, every: int, sites: bool, once: bool, root: Path) -> None:
    """看着知识库的文件，一有变化就发布到所有受众的索引。

    例：
    casebook watch --pull --site
    """
    settings = load_settings(root)
    desks = [Desk(state_folder(root, settings, one)) for one in settings.audiences]
    if once:
        ctx.exit(_FAILED if _publish(ctx, root, settings, pulls=pulls, sites=sites) else 0)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    words = [sys.executable, "-m", "casebook", "watch", "--once", "--library", str(root)]
    watcher = Watcher(
        root,
        desks,
        partial(_publish_apart, [*words, *(["--site"] if sites else [])], root, desks, stop),
        pulls=pulls,
        pace=Pace(pull=every),
        say=say,
        stop=stop,
    )
    try:
        watcher.run()
    except KeyboardInterrupt:
        say("不再看着了。")


@click.command(cls=Command)
@audiences_option
@library_option
@click.pass_context
def rollback(ctx: click.Context, audience: str | None, root: Path) -> None:
    """退回上一代索引。内容有了新的变化才会再发布；要马上再发布，用 casebook index --force。

    例：
    casebook rollback --audience dealer
    """
    from search.engines import get_engine
    from search.generations import roll_back

    settings = load_settings(root)
    content = fingerprint(root)
    engine_of = partial(get_engine, cluster=settings.opensearch)
    failed = False
    for one in chosen_audiences(settings, audience):
        try:
            made = roll_back(index_folder(root, one), one.id, content, engine_of)
        except SearchError as error:
            click.echo(f"casebook: {error}", err=True)
            failed = True
        else:
            say(f"索引 {one.id}：退回到 {made.name}，{made.documents} 篇，{made.on} 的内容。")
    if failed:
        ctx.exit(_FAILED)


def _publish(
    ctx: click.Context, root: Path, settings: Settings, *, pulls: bool, sites: bool
) -> str:
    """Publishes everything that has changed; gives the first step that failed, or nothing."""
    began = time.monotonic()
    failed = ""
    if pulls:
        try:
            pull(root)
        except PublishError as error:
            click.echo(f"casebook: {error}", err=True)
            failed = PULL
    for name, command in ((INDEX, index), (SITE, site)):
        if name == SITE and not sites:
            continue
        try:
            ctx.invoke(command, root=root)
        except click.exceptions.Exit:
            # Problems were found and named; the rest was published.
            pass
        except CasebookError as error:
            click.echo(f"casebook: {error}", err=True)
            failed = failed or name
    _tell(root, settings, failed, ctx.meta.get(PROBLEMS, 0), time.monotonic() - began)
    return failed


def _tell(root: Path, settings: Settings, failed: str, problems: int, seconds: float) -> None:
    from search.generations import current_manifest

    commit = commit_of(root)
    for one in settings.audiences:
        manifest = current_manifest(index_folder(root, one))
        documents = manifest.documents if manifest else 0
        outcome = Outcome(now(), round(seconds, 1), failed, commit, documents, problems)
        with said(say):
            Desk(state_folder(root, settings, one)).tell(outcome)


def _end(child: subprocess.Popen[bytes]) -> None:
    """Ends a build; what is published is whole whenever that is."""
    child.terminate()
    try:
        child.wait(_ENDING_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()


def _publish_apart(words: list[str], root: Path, desks: list[Desk], stop: threading.Event) -> str:
    """Publishes in a process of its own: whatever befalls it, watching goes on."""
    began = time.monotonic()
    before = [desk.told() for desk in desks]
    say(f"{time.strftime('%H:%M:%S')} 有变化，开始发布 …")
    with subprocess.Popen(words) as child:
        while child.poll() is None:
            if stop.wait(0.1):
                _end(child)
                return ""
    seconds = time.monotonic() - began
    if child.returncode == 0:
        say(f"{time.strftime('%H:%M:%S')} 发布完了，用了 {seconds:.1f} 秒。")
        return ""
    say(f"发布没有完成（退出码 {child.returncode}）；原来的内容照常提供，过一会儿再试。")
    for desk, told in zip(desks, before, strict=True):
        if desk.told() == told:
            documents = told.documents if told else 0
            with said(say):
                desk.tell(Outcome(now(), round(seconds, 1), INDEX, commit_of(root), documents, 0))
    return INDEX
