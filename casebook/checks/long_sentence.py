"""Sentences that are too long to follow."""

from __future__ import annotations

from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.passages import passages, problem_in
from casebook.checks.prose import sentences, shortened
from casebook.documents import Kind
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Example, Rule, Topic

RULE = Rule(
    "long-sentence",
    "一句话不太长；念给客户听的更短。",
    "一口气念不完的句子，坐席会在不该停的地方停，客户听到的是另一个意思。",
    Example(
        Kind.FAQ,
        "一般半小时内恢复，最长不超过两小时。\n",
        "一般半小时内恢复，最长不超过两小时，如果您用的是双卡手机或者正在外地使用，请先确认数据开关"
        "已经打开，再把手机关机等一分钟以后重新打开，看看信号栏是不是已经有了显示。\n",
    ),
    severity=Severity.WARNING,
    topic=Topic.STYLE,
    waiver="照录法律条文、协议原文的句子。",
    settings=("check.sentence_longest", "check.spoken_sentence_longest"),
    since="0.2",
)


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for each sentence, item or cell with more 字 than the settings allow."""
    settings = context.library.settings.check
    for passage in passages(source):
        spoken = passage.key == "answer"
        most = settings.spoken_sentence_longest if spoken else settings.sentence_longest
        for sentence in sentences(passage.text, longer_than=most):
            if (count := sentence.length) > most:
                message = f"“{shortened(sentence.text, 16)}”这一句有 {count} 字。"
                hint = f"在意思转折的地方断开，每句不超过 {most} 字。"
                yield problem_in(RULE, source, passage, sentence.start, message, hint)
