"""Links that some of a section's readers cannot follow."""

from __future__ import annotations

from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.links import body_links
from casebook.documents import Kind
from casebook.library import Source
from casebook.problems import Problem
from casebook.rules import Example, Rule, Topic

RULE = Rule(
    "hidden-link",
    "段落的读者都能打开段落里的链接。",
    "看不到内部文档的人，链接对他们是没头没尾的文字，文字本身也可能说出不该说的。",
    Example(
        Kind.FAQ,
        "不需要另外申请复机。",
        "不需要另外申请复机，见[投诉处理规范](policy-handling-norm)。",
    ),
    topic=Topic.LINKS,
)


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for each link to what is meant for fewer readers."""
    settings = context.library.settings
    for link in body_links(source):
        target = context.library.sources.get(link.target.policy)
        if link.section is None or target is None or not link.resolves(context.library):
            continue
        needed = [target.document.audience]
        if article := target.document.section(link.target.article or ""):
            needed.append(article.audience)
        if not all(settings.may_read(link.section.audience, name) for name in needed):
            reader = settings.audience(link.section.audience).name
            allowed = settings.audiences[max(map(settings.level, needed))]
            message = f"{reader}打不开 {link.target}。"
            hint = (
                f"去掉链接，或把这句话移到{allowed.name}才能看的段落"
                f"（标题后写 {{audience={allowed.id}}}）。"
            )
            yield link.problem(RULE, message, hint)
