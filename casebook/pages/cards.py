"""Counter cards: for each subject one sheet of paper with its most useful questions.

A card says the same words as the hotline. An answer that is too long for it ends after one of its
own sentences; no word is changed.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from casebook.addresses import site_url
from casebook.documents import Faq, Kind, Standing
from casebook.markup import plain_text
from casebook.page_data import answer_text
from casebook.pages.browse import Tile, overview
from casebook.pages.facts import last_day
from casebook.pages.listing import item_data
from casebook.pages.page import (
    HOME,
    Crumb,
    Page,
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
# A sheet of A4 in two columns takes so much at the least size that is read standing.
_QUESTIONS, _CHARACTERS = 12, 1450
# With less on it, the type is larger: up to so many characters, the theme's name for the size.
_SIZES = ((450, "few"), (750, "some"), (_CHARACTERS, "many"))
# Each question's frame, in characters.
_FRAME = 20
_ANSWER, _HANDLING = 90, 50
# A sentence of spoken Chinese: its end mark, and the quotation marks that it closes.
_SENTENCE = re.compile(r"[^。！？]*[。！？]+[”’」』）]*")


class Question(NamedTuple):
    """A question on a card.

    Attributes:
        entry: the FAQ entry.
        answer: its unified answer or the first sentences of it.
        whole: whether that is all of it.
        handling: how it is done, where one line says it; else empty.
    """

    entry: Faq
    answer: str
    whole: bool
    handling: str

    @property
    def size(self) -> int:
        """How much of the sheet it takes, in characters."""
        return len(self.entry.title) + len(self.answer) + len(self.handling) + _FRAME


def card_pages(site: Site) -> Iterator[Page]:
    """The page that leads to the cards, and a card for each subject with unified answers."""
    entries: dict[str, list[Faq]] = defaultdict(list)
    for document in site.newest:
        if isinstance(document, Faq) and document.standing(site.view.on) is Standing.CURRENT:
            entries[first_level(document)].append(document)
    cards = {
        subject: _chosen(entries[subject], site)
        for subject in site.view.settings.taxonomy.subjects
        if entries[subject]
    }
    yield _overview(cards, site)
    for subject, questions in cards.items():
        yield _card(subject, questions, site)


def shortened(answer: str, most: int = _ANSWER) -> str:
    """The first sentences of an answer, at least one, that are not longer together than that.

    Args:
        answer: plain text.
        most: in characters; a shorter answer stands whole.
    """
    if len(answer) <= most:
        return answer
    end = 0
    for sentence in _SENTENCE.finditer(answer):
        if end and sentence.end() > most:
            break
        if _closed(answer[: sentence.end()]):
            end = sentence.end()
    return answer[:end] or answer


def _closed(text: str) -> bool:
    """Whether every quotation and bracket that a text opens ends in it."""
    return all(text.count(opening) == text.count(end) for opening, end in ("“”", "（）", "「」"))


def _chosen(entries: list[Faq], site: Site) -> list[Question]:
    """The questions of a card: what is asked most, then what most cases rest on, then the newest.

    As many as a sheet takes; one in any case.
    """
    asked = {document.id: times for document, times in site.most_asked}
    # Sorting keeps the order of what is equal: the newest first.
    ordered = sorted(entries, key=lambda e: (-asked.get(e.id, 0), -len(site.view.citing(e.id))))
    chosen: list[Question] = []
    room = _CHARACTERS
    for entry in ordered[:_QUESTIONS]:
        question = _question(entry)
        room -= question.size
        if room < 0 and chosen:
            break
        chosen.append(question)
    return chosen


def _question(entry: Faq) -> Question:
    whole = answer_text(entry)
    answer = shortened(whole)
    procedure = entry.section("procedure")
    first = plain_text(procedure.html).partition("\n")[0] if procedure else ""
    # The head of a table or of a list says nothing alone.
    says = first.endswith("。") and len(first) <= _HANDLING
    return Question(entry, answer, answer == whole, first if says else "")


def _path(subject: str, site: Site) -> str:
    return f"{CARDS[1]}{subject_slug(site.view, subject)}/"


def _overview(cards: Mapping[str, list[Question]], site: Site) -> Page:
    tiles = [
        Tile(subject, _path(subject, site), len(questions), questions[0].entry.title)
        for subject, questions in cards.items()
    ]
    lead = '<p class="cb-lead">每类业务一张，打印出来正好一页，放在柜台上照着念。</p>'
    return overview(CARDS[0], CARDS, tiles, site, "题", lead)


def _card(subject: str, questions: list[Question], site: Site) -> Page:
    view, path = site.view, _path(subject, site)
    items = "".join(_item(question, root_from(path)) for question in questions)
    address = site_url(view, f"{Kind.FAQ.folder}/", "")
    search = linked("检索", f"{root_from(path)}search/")
    kind = f"cb-card cb-card--{_size(questions)}"
    body = (
        f'<p class="cb-lead">{view.on} 制卡。答复和热线说的一样，照着念。'
        "写着“全文见”的，这里只有前几句，后面的在条目页上。</p>\n\n"
        f'<section class="{kind}" aria-label="{escaped(subject)}">{items}</section>\n\n'
        '<footer class="cb-card__foot">'
        f"<p>到哪天为止有效、全文和办理步骤，看条目页：{escaped(address)}编号/。</p>"
        f"<p>卡片上没有的：先在站点上{search}；还是没有，打客服热线问，不凭记忆答。"
        "答复会改，卡片旧了就重新打印。</p></footer>"
    )
    return Page(
        path,
        f"{CARDS[0]}：{subject}",
        body,
        described(f"{CARDS[0]}，{subject}", (q.entry.title for q in questions), " · "),
        toc=False,
        trail=trail(path, HOME, CARDS),
        kind="card",
        section=CARDS[1],
        data={
            "title": subject,
            "url": site_url(view, path, root_from(path)),
            "on": view.on.isoformat(),
            "questions": [_data(question, site, path) for question in questions],
        },
    )


def _item(question: Question, up: str) -> str:
    entry = question.entry
    answer = escaped(question.answer).replace("\n", "<br>")
    handling = escaped(question.handling)
    how = f'<p class="cb-card__how">办理：{handling}</p>' if handling else ""
    address = linked(entry.id, up + page_url(entry))
    until = f"，有效至 {entry.effective_until}" if entry.effective_until else ""
    return (
        f'<article class="cb-card__item"{last_day(entry)}><h2>{escaped(entry.title)}</h2>'
        f'<p class="cb-card__answer">{answer}</p>{how}'
        f'<p class="cb-card__date">{entry.approved_on} 核准{until} · '
        f"{'' if question.whole else '全文见 '}{address}</p></article>"
    )


def _size(questions: list[Question]) -> str:
    """The theme's name for the size of type that fills a sheet with so much."""
    amount = sum(question.size for question in questions)
    return next((name for most, name in _SIZES if amount <= most), _SIZES[-1][1])


def _data(question: Question, site: Site, path: str) -> dict[str, object]:
    return {
        **item_data(site.row(question.entry), site.view, path),
        "answer_text": question.answer,
        "whole": question.whole,
        "handling": question.handling,
    }
