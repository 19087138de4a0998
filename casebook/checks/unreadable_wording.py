"""Articles that the settings name for the check of wording, and that give it nothing."""

from __future__ import annotations

from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.problems import Problem
from casebook.rules import Rule, Topic

RULE = Rule(
    "unreadable-wording",
    "casebook.toml 的 [check.wording] 指定的条款都在，而且读得出禁语、要避免的词和要确认的词。",
    "条款改名、删掉或者换了写法，检查就什么也查不到，而谁也不会发觉。",
    topic=Topic.WORDING,
    settings=("check.wording",),
    since="0.2",
)


def check_settings(context: Context) -> Iterator[Problem]:
    """Yields a problem for each such article of the library, and each item that cannot be read."""
    for fault in context.wording.faults:
        message = f"[check.wording] {fault.key} 指定的 {fault.article}：{fault.reason}。"
        hint = "改 casebook.toml 里的条款编号，或者按 docs/checks-wording.md 的写法改这一条。"
        yield RULE.problem(fault.path, fault.line, message, hint)
