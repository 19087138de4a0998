"""The commands on tasks: list, open, close, re-run, and propose as a patch."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from casebook.cli.common import Command, Group, library_option, load, say, state_folder
from casebook.library import today
from casebook.settings import Settings, load_settings
from casebook.validation import nearest

if TYPE_CHECKING:
    from casebook.library import Library
    from search.insights.rerun import Rerunner
    from search.insights.tasks import Task, Tasks

_BY_HAND = "by_hand"

_json_option = click.option("--json", "as_json", is_flag=True, help="输出 JSON。")


@click.group(cls=Group)
def task() -> None:
    """待办：没答上来的问题交给班组，补好了重查，通过才关。"""


@task.command(cls=Command, name="list")
@click.option("--all", "everything", is_flag=True, help="关掉的也列出来，连同历史。")
@click.option("--owner", metavar="TEAM", help="只看这个班组的。")
@_json_option
@library_option
def list_(everything: bool, owner: str | None, as_json: bool, root: Path) -> None:
    """列出待办，先到期的在前，过期的标出来。

    例：
    casebook task list --owner 宽带运维组
    """
    from search.insights.tasks import OPEN

    settings = load_settings(root)
    found = _tasks(root, settings).all(None if everything else OPEN, owner)
    if as_json:
        on = today(settings)
        _print([_record(one) | {"late": one.late(on)} for one in found])
        return
    for one in found:
        _show(one, settings, history=everything)
    if not found:
        say("没有待办。")


@task.command(cls=Command, name="open")
@click.option("--question", default="", help="客户怎么问的。")
@click.option("--answer", default="", metavar="ID", help="应当由这一篇来答。")
@click.option("--document", "documents", multiple=True, metavar="ID", help="哪一篇要改；可写几次。")
@click.option("--owner", default="", metavar="TEAM", help="交给哪个班组；不写就是那一篇的。")
@click.option("--audience", metavar="A", help="谁问的；不写就是最窄的受众。")
@click.option("--note", default="", help="要做什么。")
@library_option
def open_(
    question: str,
    answer: str,
    documents: tuple[str, ...],
    owner: str,
    audience: str | None,
    note: str,
    root: Path,
) -> None:
    """开一条待办；同一件事只有一条，关掉的会重新打开。

    例：
    casebook task open --question 光猫红灯一直闪怎么办 --owner 宽带运维组
    """
    from search.insights.rerun import verdict
    from search.insights.rows import row_id
    from search.insights.tasks import TaskRefused, Wanted

    settings = load_settings(root)
    asked_by = settings.audience(audience)
    reader = asked_by.id
    question, answer, owner, note = map(str.strip, (question, answer, owner, note))
    documents = tuple(filter(None, map(str.strip, documents)))
    if not question and not documents:
        raise TaskRefused("写上 --question 客户的问题，或者 --document 要改的文档。")
    with _rerunner(root, settings).searcher(reader) as searcher:
        named = [name for name in (answer, *documents) if name]
        known = {name: searcher.document(name) for name in named}
        missing = [name for name, found in known.items() if found is None]
        if missing:
            raise TaskRefused(f"{asked_by.name}的索引里没有 {'、'.join(missing)}。")
        owners = [found.owner for found in known.values() if found]
        if owner:
            _check_owner(owner, load(root))
        elif not owners:
            raise TaskRefused("写上 --owner 交给哪个班组。")
        key = question or "\n".join(documents)
        wanted = Wanted(
            rows=(row_id(reader, _BY_HAND, key),),
            kind=_BY_HAND,
            audience=reader,
            question=question,
            documents=documents,
            owner=owner or owners[0],
            note=note,
            answer=answer,
        )
        before = verdict(wanted, searcher).found
    made = _tasks(root, settings).open(wanted, today(settings), before)
    _show(made, settings, history=False)


@task.command(cls=Command)
@click.argument("number", type=int)
@click.option("--why", required=True, help="为什么关；以后再问到它，看得到这句话。")
@library_option
def close(number: int, why: str, root: Path) -> None:
    """不办了，写明原因关掉；办好了的用 rerun，通过就关。

    例：
    casebook task close 12 --why 不是我们的业务
    """
    settings = load_settings(root)
    _show(_tasks(root, settings).close(number, why), settings, history=False)


@task.command(cls=Command)
@click.argument("number", type=int, required=False)
@click.option("--all", "everything", is_flag=True, help="全部待办，和近 90 天办好的。")
@_json_option
@library_option
@click.pass_context
def rerun(
    ctx: click.Context, number: int | None, everything: bool, as_json: bool, root: Path
) -> None:
    """用发布的索引重查：答上了就关，没有就说还差什么；还有没通过的，返回 1。

    例：
    casebook task rerun 12
    casebook task rerun --all
    """
    from search.insights.tasks import STATES

    if everything == (number is not None):
        raise click.UsageError("写一个编号，或者写 --all。")
    settings = load_settings(root)
    rerunner = _rerunner(root, settings)
    if number is None:
        done = list(rerunner.run_all())
    else:
        one = _tasks(root, settings).get(number)
        with rerunner.searcher(one.audience) as searcher:
            done = [(one, *rerunner.run(one, searcher))]
    if as_json:
        _print(
            [
                {**_record(after), "closes": found.closes, "was": before.state}
                for before, after, found in done
            ]
        )
    else:
        for before, after, found in done:
            changed = "" if before.state == after.state else f"，现在是“{STATES[after.state]}”"
            verb = "通过" if found.closes else "没有通过"
            click.echo(f"第 {after.id} 号 {_title(after)}：{verb}{changed}")
            click.echo(f"    开单时：{after.before or '没有记'}")
            click.echo(f"    现在：{found.found}")
        say(f"重查了 {len(done)} 条，{sum(found.closes for _, _, found in done)} 条通过。")
    if not all(found.closes for _, _, found in done):
        ctx.exit(1)


@task.command(cls=Command)
@click.option("--question", default="", help="客户怎么问的，加进 --entry 的相似问。")
@click.option("--entry", default="", metavar="ID", help="加给哪一条统一口径。")
@click.option("--synonym", default="", metavar="WORD", help="客户的叫法，加进词汇表。")
@click.option("--term", default="", metavar="WORD", help="它是词汇表里哪个词的同义词。")
@library_option
def patch(question: str, entry: str, synonym: str, term: str, root: Path) -> None:
    """把一句相似问或一个同义词做成补丁，git apply 就能用；检查不通过的不给。

    例：
    casebook task patch --question 光猫红灯一直闪 --entry faq-broadband-fault > a.patch
    casebook task patch --synonym 猫 --term 光猫 | git apply
    """
    from casebook.checks import check_text
    from search.alike import Finder
    from search.insights.patches import entry_path, similar_patch, synonym_patch

    if bool(question and entry) == bool(synonym and term):
        raise click.UsageError("写 --question 和 --entry，或者 --synonym 和 --term。")
    if synonym:
        click.echo(synonym_patch(root, term, synonym).text, nl=False)
        return
    library = load(root)
    path = entry_path(library, entry)
    finder = Finder(library)
    made = similar_patch(
        root,
        path,
        question,
        lambda kind, text, path: check_text(library, kind, text, path, alike=finder),
    )
    click.echo(made.text, nl=False)


def _check_owner(owner: str, library: Library) -> None:
    """Refuses a team that answers for nothing: its name is a slip, and nobody would see the task.

    Raises:
        TaskRefused: it says which teams there are.
    """
    from search.insights.tasks import TaskRefused

    known = sorted({source.document.owner for source in library.sources.values()})
    if known and owner not in known:
        guess = nearest(owner, known)
        advice = f"是不是“{guess}”？" if guess else ""
        raise TaskRefused(f"没有班组“{owner[:40]}”；{advice}有：{'、'.join(known)}。")


def _tasks(root: Path, settings: Settings) -> Tasks:
    from search.insights.tasks import FILE, Tasks

    return Tasks(state_folder(root, settings, settings.widest) / FILE, settings.journal.days)


def _rerunner(root: Path, settings: Settings) -> Rerunner:
    from search.engines import get_engine
    from search.insights.rerun import Rerunner

    indexes = root / "build" / "index"
    engine_of = partial(get_engine, cluster=settings.opensearch)
    return Rerunner(_tasks(root, settings), indexes, today(settings), settings.widest.id, engine_of)


def _title(one: Task) -> str:
    return f"“{one.question}”" if one.question else "、".join(one.documents)


def _show(one: Task, settings: Settings, *, history: bool) -> None:
    from search.insights.tasks import STATES

    late = "，过期了" if one.late(today(settings)) else ""
    names = {audience.id: audience.name for audience in settings.audiences}
    zone = ZoneInfo(settings.library.timezone)
    click.echo(
        f"{one.id:>4}  {STATES[one.state]}  {one.due} 到期{late}  {one.owner}  "
        f"{names.get(one.audience, one.audience)}  {_title(one)}"
    )
    for line in (one.note, one.after or one.before):
        if line:
            click.echo(f"      {line}")
    for step in one.history if history else ():
        who = f"（{step.who}）" if step.who else ""
        click.echo(f"      {step.at.astimezone(zone):%Y-%m-%d %H:%M} {step.what}{who}")


def _record(one: Task) -> dict[str, Any]:
    return {
        "id": one.id,
        "row": one.row,
        "kind": one.kind,
        "audience": one.audience,
        "question": one.question,
        "documents": list(one.documents),
        "answer": one.answer or None,
        "owner": one.owner,
        "opened": one.opened.isoformat(timespec="seconds"),
        "due": one.due.isoformat(),
        "state": one.state,
        "note": one.note,
        "before": one.before,
        "after": one.after or None,
        "history": [
            {"at": step.at.isoformat(), "what": step.what, "who": step.who} for step in one.history
        ],
    }


def _print(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))
