"""Cases that nobody reads to the end."""

from __future__ import annotations

from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.places import problem_of_key
from casebook.checks.prose import length
from casebook.documents import Case
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Rule, Topic

RULE = Rule(
    "case-too-long",
    "案例不超过规定的字数。",
    "班前会上念不完的案例没有人读到评析，最有用的那几行白写了。",
    severity=Severity.WARNING,
    topic=Topic.STRUCTURE,
    waiver="几件事并列比较、拆开就看不出差别的案例。",
    settings=("check.case_longest",),
    since="0.2",
)


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for a case with more 字 than the settings allow."""
    document, most = source.document, context.library.settings.check.case_longest
    if not isinstance(document, Case):
        return
    found = {section.heading: length(section.text) for section in document.sections}
    if sum(found.values()) > most:
        longest = max(found, key=lambda heading: found[heading])
        message = f"全篇 {sum(found.values())} 字，其中“{longest}”{found[longest]} 字。"
        hint = f"减到 {most} 字以内：一篇只讲一个道理，与它无关的来回删掉，或者另写一篇。"
        yield problem_of_key(RULE, source, "title", message, hint)
