"""Who says what stands in a document: the company to its customers, a customer, the author."""

from __future__ import annotations

import re
from enum import StrEnum

from casebook.documents import Case, Document, Faq, Policy, Section

_QUOTE = re.compile(r'“[^”\n]*+”?|「[^」\n]*+」?|"[^"\n]*+"')
_BLOCK = re.compile(r"\s*+>")
_INSTEAD = re.compile(r"(?:改[说成问用为]|换成|(?:[。；，：:—]|^)(?:就|先)?(?:说|问|称))[：:]?$")
_SENTENCE = re.compile(r"[。！？；”」]")
_CUSTOMER = re.compile(r"[\s>*·-]*+(?:客户|顾客|用户|机主)")


class Role(StrEnum):
    """What a place in a document is."""

    SAID = "what is said to customers: a unified answer, a wording, what to say instead"
    STEPS = "how to do it, for customers and for those who serve them"
    QUOTED = "quoted, as it was said or as it is not to be said"
    CUSTOMER = "a customer's own words"
    SHOWN = "the lists that show what is not said"
    OWN = "the author's own words"


def role_at(document: Document, section: Section, place: int, listed: bool) -> Role:
    """What a place in a section is.

    Args:
        document: the document.
        section: its section.
        place: from 0, in the section's text.
        listed: whether the section is one of the lists of what is not said.
    """
    start = section.text.rfind("\n", 0, place) + 1
    end = section.text.find("\n", place)
    line = section.text[start : end if end >= 0 else len(section.text)]
    quotes = (quote.start() for quote in _QUOTE.finditer(line) if quote.end() > place - start)
    quote = next((quote for quote in quotes if quote <= place - start), None)
    if listed or section.key == "forbidden":
        said = quote is not None and _INSTEAD.search(line[:quote])
        return Role.SAID if said else Role.SHOWN
    if isinstance(document, Faq) and section.key in ("answer", "procedure"):
        return Role.SAID if section.key == "answer" else Role.STEPS
    block = _BLOCK.match(line)
    if isinstance(document, Policy) and block:
        return Role.SAID
    # In a chat the speaker stands at the start of the line, and there are no quotation marks.
    lead = line[:quote] if quote is not None else line.partition("：")[0]
    if isinstance(document, Case) and (block or quote is not None) and _is_customers(lead):
        return Role.CUSTOMER
    return Role.QUOTED if block or quote is not None else Role.OWN


def _is_customers(lead: str) -> bool:
    """Whether the words before a quotation make a customer its speaker."""
    sentence = _SENTENCE.split(lead)[-1].rstrip("，：, :")
    return bool(_CUSTOMER.match(re.split("[，,]", sentence)[-1]))
