"""The commands that keep knowledge true after it was merged."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from casebook.cli.common import Command, audience_option, day_given, library_option, load
from casebook.library import today
from casebook.settings import Settings, load_settings

if TYPE_CHECKING:
    from casebook.history import Answer, History, Version
    from casebook.library import Library
    from casebook.touched import Touched


@click.command(cls=Command)
@click.argument("doc", required=False)
@click.option("--term", metavar="WORD", help="看词汇表里的一个词：哪些文档用了它或它的同义词。")
@click.option("--since", metavar="REV", help="看从 git 的这个版本以来改了什么，如 origin/main。")
@click.option(
    "--format",
    "output",
    type=click.Choice(["text", "markdown", "json"]),
    default="text",
    show_default=True,
    help="输出的格式；markdown 可以直接贴到合并请求里。",
)
@library_option
def impact(doc: str | None, term: str | None, since: str | None, output: str, root: Path) -> None:
    """影响：谁依据这份政策、这一条、这篇口径或这个词；它改了，哪些文档要复核。

    DOC 写文档编号，或 编号#条号。

    例：
    casebook impact policy-service-spec#p4
    casebook impact --since origin/main --format markdown
    """
    from casebook.impact_report import Report
    from casebook.touched import touched

    if sum(given is not None for given in (doc, term, since)) != 1:
        raise click.UsageError("写一个 DOC，或 --term，或 --since，只写其中一个。")
    library = load(root)
    if since is not None:
        touch = touched(root, library, since)
        report = Report(touch.things, library.settings, touch)
    else:
        thing = _document(library, doc) if doc is not None else _word(library, term or "")
        report = Report([thing], library.settings)
    renderers = {"text": report.as_text, "markdown": report.as_markdown, "json": report.as_json}
    click.echo(renderers[output]())


@click.command(cls=Command)
@click.option("--owner", metavar="O", help="只看这个负责人的。")
@click.option(
    "--within",
    metavar="DAYS",
    type=click.IntRange(0, 3650),
    help="往后看多少天；不写就用 casebook.toml 的 due_soon。",
)
@click.option(
    "--format",
    "output",
    type=click.Choice(["text", "json", "ics"]),
    default="text",
    show_default=True,
    help="输出的格式；ics 是日历，可以导入或订阅。",
)
@library_option
def due(owner: str | None, within: int | None, output: str, root: Path) -> None:
    """到期：哪些文档复核过期、已经失效、快要复核或快要失效；点开最多的排在前面。

    例：
    casebook due --owner 资费产品组
    casebook due --within 180 --format ics > build/due.ics
    """
    from casebook.due import as_calendar, as_json, as_text
    from casebook.due import due as all_due

    library = load(root)
    settings = library.settings
    view = library.view(settings.widest.id)
    days = settings.review.due_soon if within is None else within
    found = all_due(view, days, _reads(root, settings), owner)
    if output == "ics":
        click.echo(as_calendar(found, view), nl=False)
    else:
        click.echo(as_json(found, view) if output == "json" else as_text(found, view, days))


@click.command(cls=Command)
@click.argument("doc")
@click.option(
    "--on",
    metavar="DATE",
    callback=day_given,
    help="那一天的答复，如 2026-03-01；不写就列出所有版本。",
)
@audience_option
@click.option(
    "--format",
    "output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="输出的格式。",
)
@library_option
@click.pass_context
def history(
    ctx: click.Context,
    doc: str,
    on: date | None,
    audience: str | None,
    output: str,
    root: Path,
) -> None:
    """历史：一篇文档的各个版本、谁核准的；或者某一天它对某个受众的答复。

    按编号找，文件改名、移动都不影响；只算主线上的提交。那一天没有有效的答复，返回 1。

    例：
    casebook history faq-arrears-resume
    casebook history faq-arrears-resume --on 2026-03-01 --audience agent
    """
    from casebook.history import History

    settings = load_settings(root)
    if on is None and audience is not None:
        raise click.UsageError("--audience 要和 --on 一起用；版本的列表是给维护的人看的。")
    if on is not None and on > today(settings):
        raise click.UsageError(f"{on} 还没有到；--on 写今天或以前的日期。")
    reader = settings.audience(audience)
    found = History(root, doc, settings)
    versions = found.versions()
    if not versions and (on is None or reader == settings.widest):
        _unknown(root, doc)
    if on is None:
        click.echo(_versions_json(versions) if output == "json" else _versions(found, versions))
        return
    answer = found.answer(on, reader.id)
    click.echo(_answer_json(doc, answer) if output == "json" else _answer(doc, answer))
    ctx.exit(0 if answer.document else 1)


def _document(library: Library, name: str) -> Touched:
    from casebook.impact import Dependence
    from casebook.touched import Touched

    dependence = Dependence(library)
    subject = dependence.subject(name)
    document = library.sources[subject.policy].document
    section = document.section(subject.article) if subject.article else None
    title = f"{document.title} {section.heading}" if section else document.title
    return Touched(name, title, "", tuple(dependence.on(subject)))


def _word(library: Library, word: str) -> Touched:
    from casebook.impact import find_term, term_names, using
    from casebook.touched import Touched

    term = find_term(library.settings.glossary, word)
    names = term_names(term)
    title = f"词汇表“{term.term}”" + (f"，也叫{'、'.join(names[1:])}" if names[1:] else "")
    return Touched(term.term, title, "", tuple(using(library, names)))


def _reads(root: Path, settings: Settings) -> Counter[str]:
    """How often each document was chosen, by all audiences together."""
    from search.choices import Choices

    reads: Counter[str] = Counter()
    for audience in settings.audiences:
        reads.update(Choices(root / "build" / "choices" / f"{audience.id}.sqlite").times())
    return reads


def _unknown(root: Path, name: str) -> None:
    """Says that no version of a document was ever on the main line.

    Raises:
        UnknownSubject: always.
    """
    from casebook.impact import Dependence, UnknownSubject

    Dependence(load(root)).subject(name)
    raise UnknownSubject(f"“{name}”还没有提交到主线；提交、合并以后才有历史。")


def _versions(found: History, versions: list[Version]) -> str:
    """Versions for a terminal, newest first."""
    branch = found.repository.branch() or "没有检出分支"
    lines = [f"{found.name}：{len(versions)} 个版本，新的在前（主线 {branch}）", ""]
    for version in versions:
        lines.append(
            f"{version.landed:%Y-%m-%d %H:%M}  {version.commit[:7]}  {version.event}"
            f"  {version.approval}"
        )
        place = "" if version.event == "修改" else "、".join(version.paths)
        details = [str(version.changed), place]
        lines += [f"    {detail}" for detail in details if detail]
    return "\n".join(lines)


def _versions_json(versions: list[Version]) -> str:
    return _json([_version_values(version) for version in versions])


def _version_values(version: Version) -> dict[str, Any]:
    return {
        "commit": version.commit,
        "landed": version.landed.isoformat(),
        "approved_by": version.approval.names if version.approval.recorded else [],
        "approved_how": version.approval.how if version.approval.recorded else None,
        "committed_by": [] if version.approval.recorded else version.approval.names,
        "event": version.event,
        "paths": version.paths,
        "added": version.changed.added,
        "changed": version.changed.changed,
        "removed": version.changed.removed,
    }


def _answer(doc: str, answer: Answer) -> str:
    """An answer for a terminal."""
    from casebook.history import printable

    reader = f"{answer.audience.name}（{answer.audience.id}）"
    lines = [f"{doc}，{answer.on}，{reader}"]
    if answer.document:
        lines += ["", f"# {answer.document.title}"]
        for section in answer.document.sections:
            lines += ["", f"## {section.heading}", "", section.text]
    else:
        lines.append(answer.reason)
    if answer.version:
        version = answer.version
        approved = "核准：" if version.approval.recorded else ""
        lines += [
            "",
            f"{approved}{version.approval}，{version.landed:%Y-%m-%d %H:%M} 进入主线"
            f"（{version.commit[:7]}）",
        ]
    if answer.raw:
        lines += ["", "当时的原文：", "", printable(answer.raw).rstrip()]
    return "\n".join(lines)


def _answer_json(doc: str, answer: Answer) -> str:
    document = answer.document
    value: dict[str, Any] = {
        "id": doc,
        "on": str(answer.on),
        "audience": answer.audience.id,
        "answered": document is not None,
        "reason": answer.reason or None,
        "as_of": answer.commit.sha if answer.commit else None,
    }
    if document:
        hidden = {"digest", "sections", "waivers"}
        value["document"] = document.model_dump(mode="json", exclude=hidden, exclude_none=True)
        value["sections"] = [
            {"key": section.key, "heading": section.heading, "text": section.text}
            for section in document.sections
        ]
    if answer.version:
        shown = ("commit", "landed", "approved_by", "approved_how", "committed_by")
        values = _version_values(answer.version)
        value["version"] = {name: values[name] for name in shown}
    if answer.raw:
        value["raw"] = answer.raw
    return _json(value)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
