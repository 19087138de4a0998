"""A View → ``llms.txt`` and ``llms-full.txt``: what a language model is to read of the site first.

The form is that of https://llmstxt.org: a heading, a summary in a quotation, then sections of
links, as Markdown that shows titles and answers as they are. Only what holds on the view's day is
in it. Both are bounded: a large library's ``llms.txt`` names its subjects instead of its entries,
and has no ``llms-full.txt``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from casebook.addresses import document_path, site_url
from casebook.documents import Document, Faq, Kind, Standing
from casebook.library import View
from casebook.page_data import answer_text
from casebook.pages import subject_slug
from casebook.site_files import SiteFile

# More entries are not named one by one: 500 make about 80 kB.
MOST_NAMED = 500
# About 1 MB of answers.
MOST_FULL = 2_000
# What Markdown takes for more than text, in forms that every renderer knows: anywhere, and where
# an item of a list begins.
_ESCAPED = {ord(mark): f"\\{mark}" for mark in "\\`*_[]#"} | {
    ord(mark): f"&#{ord(mark)};" for mark in "<>&~"
}
_ITEM = re.compile(r"^( *(?:\d{1,9}(?=[.)]\s)|(?=[-+]\s|-+ *$)))", re.MULTILINE)


def llms_files(view: View) -> Iterator[SiteFile]:
    """The files for language models.

    Args:
        view: whose site it is.

    Yields:
        ``llms.txt``; and ``llms-full.txt``, all unified answers, where there are not too many.
    """
    documents = [one for one in view.documents if one.standing(view.on) is Standing.CURRENT]
    entries = [one for one in documents if isinstance(one, Faq)]
    full = 0 < len(entries) <= MOST_FULL
    yield _file("llms.txt", _index(view, documents, full))
    if full:
        yield _file("llms-full.txt", _answers(view, entries))


def _index(view: View, documents: list[Document], full: bool) -> Iterator[str]:
    counts = "、".join(
        f"{kind.label} {count} 篇"
        for kind in Kind
        if (count := sum(one.kind is kind for one in documents))
    )
    yield f"# {_line(view.audience.title)}"
    yield f"> {_line(view.settings.library.company)}的客服知识与案例：{counts or '还没有内容'}。"
    yield (
        "- 每一篇旁边有同一篇的 JSON（网址后面加 index.json）："
        "答复在 answer_text，依据在 rests_on，可信程度在 trust。\n"
        "- 答复照原文引用，金额、日期和条件一个字不改；trust.valid_until 过了的不再使用。\n"
        "- status 是 withdrawn 的已经撤下，看 replaced_by。"
    )
    if full:
        yield f"## 全文\n\n- [全部统一答复]({site_url(view, 'llms-full.txt')})：问题和答复，纯文本"
    named = len(documents) <= MOST_NAMED
    subjects = _by_subject(documents)
    if named:
        for subject in (*view.settings.taxonomy.subjects, ""):
            if found := subjects.get(subject):
                yield f"## {_line(subject or '其他')}\n\n" + "\n".join(_named(view, found))
    elif subjects:
        yield "## 按业务\n\n" + "\n".join(_listed(view, subjects))


def _by_subject(documents: Iterable[Document]) -> Mapping[str, list[Document]]:
    """Documents by the first part of their subjects, FAQ entries first."""
    found: dict[str, list[Document]] = defaultdict(list)
    for kind in (Kind.FAQ, Kind.CASE, Kind.POLICY):
        for document in documents:
            if document.kind is kind:
                found[(document.subject or "").partition("/")[0]].append(document)
    return found


def _named(view: View, documents: Iterable[Document]) -> Iterator[str]:
    for document in documents:
        address = site_url(view, f"{document_path(document)}index.json")
        # No part of an answer: it would be taken for the whole.
        about = _line(document.subject or document.kind.label)
        yield f"- [{_line(document.title)}]({address})：{about}，核准 {document.approved_on}"


def _listed(view: View, subjects: Mapping[str, list[Document]]) -> Iterator[str]:
    for subject in view.settings.taxonomy.subjects:
        if found := subjects.get(subject):
            address = site_url(view, f"subjects/{subject_slug(view, subject)}/")
            yield f"- [{_line(subject)}]({address})：{len(found)} 篇"
    if subjects.get(""):
        address = site_url(view, f"{Kind.POLICY.folder}/")
        yield f"- [其他]({address})：{len(subjects[''])} 篇"


def _answers(view: View, entries: Iterable[Faq]) -> Iterator[str]:
    yield f"# {_line(view.audience.title)}：全部统一答复"
    for entry in entries:
        until = entry.effective_until
        held = f"，有效至 {until}" if until else ""
        about = f"{site_url(view, document_path(entry))} （核准 {entry.approved_on}{held}）"
        yield f"## {_line(entry.title)}\n\n{about}\n\n{_text(answer_text(entry))}"


def _line(text: str) -> str:
    """Text within a line of Markdown, between the brackets of a link, too."""
    return " ".join(text.split()).translate(_ESCAPED)


def _text(text: str) -> str:
    """Text as Markdown that shows nothing but this text."""
    return _ITEM.sub(r"\1\\", text.translate(_ESCAPED))


def _file(path: str, blocks: Iterable[str]) -> SiteFile:
    return SiteFile(path, ("\n\n".join(blocks) + "\n").encode())
