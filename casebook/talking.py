"""Asks people for lines of text: clean, not too long, and without personal data."""

from __future__ import annotations

from typing import Protocol

from casebook.authoring import clean, named, personal_data
from casebook.documents import MAX_LINE
from casebook.settings import Settings

_YES = ("y", "yes", "是", "是的", "对")


class Talk(Protocol):
    """Where questions are asked: a terminal, or a list of answers in a test."""

    def ask(self, question: str) -> str:
        """One line as it was typed; empty for Enter alone."""

    def tell(self, text: str) -> None:
        """Shows a text."""


def line(talk: Talk, question: str, proposed: str = "") -> str:
    """One clean line that is used to choose or to find something, and is not written down.

    Args:
        talk: where to ask.
        question: what is asked.
        proposed: what is meant when Enter alone was typed.
    """
    asked = f"{question}（回车：{proposed}）：" if proposed else f"{question}："
    while True:
        text = clean(talk.ask(asked))
        if len(text) <= MAX_LINE:
            return text or proposed
        talk.tell(f"写了 {len(text)} 个字，不能超过 {MAX_LINE} 个字；写短一些。")


def free_line(talk: Talk, question: str, settings: Settings, proposed: str = "") -> str:
    """One clean line that goes into a file: without personal data.

    Args:
        talk: where to ask.
        question: what is asked.
        settings: say which values are no personal data.
        proposed: what is meant when Enter alone was typed.
    """
    while True:
        text = line(talk, question, proposed)
        if may_be_written(text, talk, settings):
            return text


def may_be_written(text: str, talk: Talk, settings: Settings) -> bool:
    """Whether a text names nobody; says what was found, and asks about what only looks like it.

    Args:
        text: what somebody wrote.
        talk: where to say and ask it.
        settings: say which values are no personal data.
    """
    found = personal_data(text, settings)
    certain = [one for one in found if one.certain]
    if certain:
        talk.tell(f"里面有{named(certain)}。文件和历史里不留个人信息：改成“客户甲”这样，再写一次。")
        return False
    return not found or confirmed(
        talk, f"里面像是有{named(found)}。不是个人信息就写 y；是就按回车，重写一次"
    )


def confirmed(talk: Talk, question: str) -> bool:
    """Whether somebody says yes; Enter alone is no.

    Args:
        talk: where to ask.
        question: what is asked.
    """
    return line(talk, question).lower() in _YES
