"""Documents that do not hold any more and that nobody has put away."""

from __future__ import annotations

from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.places import problem_of_key
from casebook.documents import Standing
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Rule, Topic

RULE = Rule(
    "ended",
    "失效日期没有过；被取代、写明由哪一篇代替的不算。",
    "失效的答复对外看不到，内部还搜得到；没有人定归档还是续期，它就一直占着位置。",
    severity=Severity.WARNING,
    topic=Topic.FRESHNESS,
    waiver="已经结束，客户还会来问，留着内部查。",
    since="0.2",
)


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for a document past its last day, unless another one took its place."""
    document = source.document
    until = document.effective_until_or_none
    if document.standing(context.on) is not Standing.ENDED or document.id in context.successors:
        return
    days = (context.on - until).days if until else 0
    message = f"{until} 失效，已经过了 {days} 天。"
    hint = (
        f"请{document.owner}定：续期就改 effective_until，有新的就在 replaced_by 写上，"
        "不用了就归档（删掉文件，在 withdrawn.toml 里记一条）。"
    )
    yield problem_of_key(RULE, source, "effective_until", message, hint)
