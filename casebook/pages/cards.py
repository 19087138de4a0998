"""Counter cards: for each subject one sheet of paper with its most useful questions.

A card says the same words as the hotline: whole answers, since half of one says something else.
What is too long for it, or finds no room, is named at its end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from typing import NamedTuple

from casebook.addresses import site_url
from casebook.documents import Faq, Standing
from casebook.page_data import answer_text
from casebook.pages.browse import Tile, overview
from casebook.pages.facts import last_day, until_words
from casebook.pages.listing import item_data
from casebook.pages.page import (
    HOME,
    Crumb,
    Page,
    dated,
    described,
    escaped,
    linked,
    page_url,
    root_from,
    trail,
)
from casebook.pages.site import Site
from casebook.pages.subjects import first_level, subject_slug

CARDS: Crumb = ("柜台卡片", "cards/")
# How many points a column is high: a sheet without its margins, the title and the foot; and how
# many less where the foot names questions without an answer.
_HEIGHT, _NAMES = 655, 43
# How much larger titles are than answers.
_TITLE = 1.1
# How long the titles are together, in characters, that a card names without their answers.
_NAMED = 160


class _Type(NamedTuple):
    """A size of type on a sheet of A4, as the theme's print styles set it.

    Attributes:
        name: the theme's name for it.
        points: of an answer's letters.
        columns: how many there are.
    """

    name: str
    points: float
    columns: int

    @property
    def line(self) -> float:
        """How many letters of an answer a line holds."""
        return (510 if self.columns == 1 else 244) / self.points


# The largest first; less than eleven points nobody reads standing.
_TYPES = (
    *(_Type(f"{points}", points, 1) for points in (26, 24, 22, 20, 19, 18, 17)),
    *(_Type(f"{points:g}".replace(".", "-"), points, 2) for points in (16, 15, 14, 13.5, 13)),
    *(_Type(f"{points:g}".replace(".", "-"), points, 2) for points in (12.5, 12, 11.5, 11)),
)


@dataclass(frozen=True)
class Question:
    """A question on a card.

    Attributes:
        entry: the FAQ entry.
        answer: its whole unified answer.
    """

    entry: Faq
    answer: str

    def height(self, kind: _Type) -> float:
        """How many points high it is in a size of type."""
        # A line is not filled to its last letter.
        line = kind.line - 0.75
        title = ceil(_letters(self.entry.title) * _TITLE / line)
        answer = sum(ceil(_letters(part) / line) or 1 for part in self.answer.split("\n"))
        return kind.points * (title * _TITLE * 1.45 + answer * 1.5) + _frame(kind)


@lru_cache(maxsize=4096)
def _letters(text: str) -> float:
    """How wide a text is, in Chinese characters; others are about half as wide."""
    return len(text) - 0.44 * sum(map(str.isascii, text))


def _frame(kind: _Type) -> float:
    """How many points high the date of an answer and the space around it are."""
    return max(8, kind.points * 0.75) * 1.45 + kind.points * 1.4 + 1


class Card(NamedTuple):
    """What a card holds.

    Attributes:
        questions: those with their answers.
        left: those that it only names.
        size: the theme's name for its size of type.
    """

    questions: Sequence[Question]
    left: Sequence[Faq]
    size: str


def card_pages(site: Site) -> Iterator[Page]:
    """The page that leads to the cards, and a card for each subject with unified answers."""
    entries: dict[str, list[Faq]] = defaultdict(list)
    for document in site.newest:
        if isinstance(document, Faq) and document.standing(site.view.on) is Standing.CURRENT:
            entries[first_level(document)].append(document)
    cards = {
        subject: card
        for subject in site.view.settings.taxonomy.subjects
        if (card := _card(entries[subject], site)).questions
    }
    yield _overview(cards, site)
    for subject, card in cards.items():
        yield _page(subject, card, site)


def _card(entries: list[Faq], site: Site) -> Card:
    """What a sheet has room for: what is asked most, then what most cases rest on, then the newest.

    In type as large as fits; what is too long for a card makes room for others.
    """
    asked = {document.id: times for document, times in site.most_asked}
    longest = site.view.settings.check.answer_longest
    # Sorting keeps the order of what is equal: the newest first.
    ordered = sorted(entries, key=lambda e: (-asked.get(e.id, 0), -len(site.view.citing(e.id))))
    chosen: list[Question] = []
    left: list[Faq] = []
    for entry in ordered:
        question = Question(entry, answer_text(entry))
        short = len(question.answer.replace("\n", "")) <= longest
        if short and _fits([*chosen, question], _TYPES[-1], _HEIGHT - _NAMES):
            chosen.append(question)
        else:
            left.append(entry)
    height = _HEIGHT - (_NAMES if left else 0)
    size = next((kind for kind in _TYPES if _fits(chosen, kind, height)), _TYPES[-1])
    return Card(chosen, left, size.name)


def _fits(questions: Sequence[Question], kind: _Type, most: float) -> bool:
    """Whether columns of so many points hold questions, none of which is torn between two."""
    columns, room = 1, most
    for question in questions:
        height = question.height(kind)
        if height > room:
            columns, room = columns + 1, most
        room -= height
    return columns <= kind.columns and room >= 0


def _path(subject: str, site: Site) -> str:
    return f"{CARDS[1]}{subject_slug(site.view, subject)}/"


def _overview(cards: Mapping[str, Card], site: Site) -> Page:
    tiles = [
        Tile(subject, _path(subject, site), len(card.questions), card.questions[0].entry.title)
        for subject, card in cards.items()
    ]
    lead = '<p class="cb-lead">每类业务一张，打印出来正好一页，放在柜台上照着念。</p>'
    return overview(CARDS, tiles, site, "题", lead)


def _page(subject: str, card: Card, site: Site) -> Page:
    view, path = site.view, _path(subject, site)
    up = root_from(path)
    items = "".join(_item(question, site, up) for question in card.questions)
    search = linked("检索关键词", f"{up}search/")
    body = (
        f'<p class="cb-lead">{dated(f"{view.on} 制卡。")}答复和热线说的一样，照着念。</p>\n\n'
        f'<section class="cb-card cb-card--{card.size}" aria-label="{escaped(subject)}">{items}'
        "</section>\n\n"
        f'<footer class="cb-card__foot">{_left(card.left, up)}'
        f"<p>办理步骤和卡片上没有的：在“{escaped(view.audience.title)}”上{search}；"
        "还是没有，打客服热线问，不凭记忆答。答复会改，卡片旧了就重新打印。</p></footer>"
    )
    return Page(
        path,
        f"{CARDS[0]}：{subject}",
        body,
        described(f"{CARDS[0]}，{subject}", (q.entry.title for q in card.questions), " · "),
        toc=False,
        trail=trail(path, HOME, CARDS),
        kind="card",
        section=CARDS[1],
        data={
            "title": subject,
            "url": site_url(view, path, up),
            "on": view.on.isoformat(),
            "questions": [
                item_data(site.row(question.entry), view, path) | {"answer_text": question.answer}
                for question in card.questions
            ],
            "left": [item_data(site.row(entry), view, path) for entry in card.left],
        },
    )


def _left(entries: Sequence[Faq], up: str) -> str:
    """The questions that a card has no answer to, as many as a few lines hold."""
    if not entries:
        return ""
    named: list[str] = []
    room = _NAMED
    for entry in entries:
        room -= len(entry.title)
        if room < 0 and named:
            break
        named.append(linked(entry.title, up + page_url(entry)))
    more = "……" if len(named) < len(entries) else ""
    return f"<p>另有 {len(entries)} 题，在站点上检索：{' · '.join(named)}{more}</p>"


def _item(question: Question, site: Site, up: str) -> str:
    entry = question.entry
    answer = escaped(question.answer).replace("\n", "<br>")
    until = until_words(entry, site.view.on)
    if entry.effective_until and not until:
        until = f"有效至 {entry.effective_until}"
    dates = dated(f"{entry.approved_on} 核准{f'，{until}' if until else ''}")
    return (
        f'<article class="cb-card__item"{last_day(entry)}>'
        f"<h2>{linked(entry.title, up + page_url(entry))}</h2>"
        f'<p class="cb-card__answer">{answer}</p><p class="cb-card__date">{dates}</p></article>'
    )
