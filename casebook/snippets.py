"""Snippets for VS Code, made from the templates: whole documents, citations, articles."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import count
from typing import Any

from casebook.authoring import template
from casebook.documents import FILL, Kind
from casebook.schemas import front_matter_schema
from casebook.settings import Settings

# Stands for the day on which a snippet is used.
_DAY = date(2000, 1, 1)
_TODAY = "${CURRENT_YEAR}-${CURRENT_MONTH}-${CURRENT_DATE}"
_VALUE = re.compile(r"(?P<head>(?P<key>\w+): |  - )(?P<value>.*?)(?:  # .*)?")


def snippet_file(settings: Settings) -> dict[str, Any]:
    """The content of a ``.code-snippets`` file.

    Args:
        settings: give the terms that the snippets offer.
    """
    snippets = {
        f"新的{kind.label}": _snippet(kind.value, list(_document(kind, settings))) for kind in Kind
    }
    audience = _choice(count(2), [one.id for one in settings.audiences])
    return snippets | {
        "引用政策的一条": _snippet("cite", ["[${1:第三条}](policy-${2:编号}#${3:3})"]),
        "链接统一口径": _snippet("faqlink", ["[${1:标题}](faq-${2:编号})"]),
        "政策的一条": _snippet("article", ["## 第${1:一}条 ${2:标题}", "", "$0"]),
        "给部分读者的一条": _snippet(
            "restricted", [f"## ${{1:第一条 标题}} {{audience={audience}\\}}", "", "$0"]
        ),
    }


def _snippet(prefix: str, body: list[str]) -> dict[str, Any]:
    return {"scope": "markdown", "prefix": prefix, "body": body}


def _document(kind: Kind, settings: Settings) -> Iterator[str]:
    """A template's lines, with a stop of the cursor at each place that is to be filled in."""
    keys = front_matter_schema(kind, settings)["properties"]
    stops = count(1)
    text = template(kind, "ID", "TITLE", settings, _DAY, {})
    key = ""
    for line in text.rstrip("\n").split("\n"):
        match = _VALUE.fullmatch(line)
        key = match["key"] or key if match else line.removesuffix(":")
        if match and key in keys:
            yield match["head"] + _stop(key, match["value"], keys[key], stops)
        elif line.startswith(FILL):
            yield _placeholder(stops, line.removeprefix(FILL))
        else:
            yield _escaped(line)


def _stop(key: str, value: str, schema: Mapping[str, Any], stops: Iterator[int]) -> str:
    """What stands behind a key: a choice, a place to type, today."""
    terms = schema.get("items", schema).get("enum")
    if key == "id":
        return "${TM_FILENAME_BASE}"
    if value == str(_DAY):
        return _TODAY
    if terms:
        return _choice(stops, list(dict.fromkeys(map(str, terms))))
    if key == "title":
        return f'"{_placeholder(stops, schema["title"])}"'
    return _placeholder(stops, schema["title"])


def _placeholder(stops: Iterator[int], text: str) -> str:
    return f"${{{next(stops)}:{FILL}{_escaped(text)}}}"


def _choice(stops: Iterator[int], terms: list[str]) -> str:
    listed = ",".join(re.sub(r"([\\,|])", r"\\\1", term) for term in terms)
    return f"${{{next(stops)}|{listed}|}}"


def _escaped(text: str) -> str:
    return re.sub(r"([\\$}])", r"\\\1", text)
