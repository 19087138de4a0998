"""A library without anything that its narrowest audience must not see.

What is hidden is taken out of the files, by what stands in the files alone: nothing here asks the
code under test who may see what. Where a document cannot do without a hidden part, 无 stands there.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

from casebook.documents import Kind, Policy, article_key

OTHERS = {"id": "others", "name": "别人", "title": "别人的"}
_INTERNAL = ("review_by", "waivers", "author")
_NEEDED = ("purpose", "typicality", "timeliness", "feasibility")
_RESTRICTED = ("设计思路", "禁用说法")
_HEADING = re.compile(r"^## (?P<heading>.+?)(?: +\{audience=(?P<audience>[a-z]+)\})?$")
_LINK = re.compile(r"\[(?P<label>[^\[\]]*)\]\((?P<target>(?:case|faq|policy)-[a-z0-9#-]+)\)")


@dataclass
class _File:
    kind: Kind
    front: dict[str, Any]
    sections: list[tuple[str, list[str]]]

    @property
    def id(self) -> str:
        return str(self.front["id"])

    @property
    def until(self) -> date | None:
        return self.front.get("effective_until")


def strip_library(root: Path, out: Path, on: date) -> None:
    """Writes the library.

    Args:
        root: the whole library.
        out: a new folder.
        on: the day for which documents must hold.
    """
    settings = tomllib.loads((root / "casebook.toml").read_text(encoding="utf-8"))
    reader = settings["audiences"][0]["id"]
    public = [file for file in _files(root, reader) if file.front["audience"] == reader]
    held = [file for file in public if _holds(file, on)]
    ended = [file for file in public if file.until and file.until < on]
    targets = {file.id for file in held} | {
        f"{file.id}#{_key(heading)}" for file in held for heading, _ in file.sections
    }
    for file in held:
        _write(file, out, targets)
    _write_settings(settings, held, out)
    gone = _withdrawn(root, reader, on)
    gone += [_as_withdrawn(file, public, reader) for file in ended]
    known = {file.id for file in held} | {str(entry["id"]) for entry in gone}
    used = {file.front.get("subject") for file in held}
    for entry in gone:
        entry["replaced_by"] = [name for name in entry["replaced_by"] if name in known]
        if entry.get("subject") not in used:
            entry.pop("subject", None)
    (out / "withdrawn.toml").write_text(_toml({"withdrawn": gone}), encoding="utf-8")
    glossary = tomllib.loads((root / "glossary.toml").read_text(encoding="utf-8"))
    glossary["terms"] = [term for term in glossary["terms"] if term["audience"] == reader]
    (out / "glossary.toml").write_text(_toml(glossary), encoding="utf-8")


def _files(root: Path, reader: str) -> Iterator[_File]:
    for kind in Kind:
        for path in sorted((root / kind.folder).rglob("*.md")):
            if path.is_symlink() or path.name.startswith("."):
                continue
            _, front, body = path.read_text(encoding="utf-8").split("---\n", 2)
            yield _File(kind, yaml.safe_load(front), list(_sections(body, kind, reader)))


def _sections(body: str, kind: Kind, reader: str) -> Iterator[tuple[str, list[str]]]:
    """The sections that the reader may see, and the names of those that must be there."""
    parts: list[tuple[str, str, list[str]]] = []
    for line in body.split("\n"):
        if match := _HEADING.match(line):
            parts.append((match["heading"], match["audience"] or reader, []))
        elif parts:
            parts[-1][2].append(line)
    for heading, audience, lines in parts:
        if audience == reader and not (kind is Kind.FAQ and heading in _RESTRICTED):
            yield heading, lines
        elif kind is not Kind.POLICY:
            yield f"{heading} {{audience={OTHERS['id']}}}", ["无。", ""]


def _key(heading: str) -> str:
    plan = {spec.heading: spec.key for spec in Policy.plan_spec}
    return article_key(heading) or plan.get(heading, heading)


def _holds(file: _File, on: date) -> bool:
    begins = file.front.get("effective_from")
    return not (begins and on < begins) and not (file.until and file.until < on)


def _write(file: _File, out: Path, targets: set[str]) -> None:
    front = {key: value for key, value in file.front.items() if key not in _INTERNAL}
    front.update((key, "无") for key in _NEEDED if key in front)
    for key in ("policies", "faq", "supersedes", "replaced_by"):
        if key in front:
            front[key] = [name for name in front[key] if name in targets]

    def without_link(match: re.Match[str]) -> str:
        return match[0] if match["target"] in targets else match["label"]

    body = "\n".join("\n".join([f"## {heading}", *lines]) for heading, lines in file.sections)
    head = yaml.safe_dump(front, allow_unicode=True, sort_keys=False, width=10_000)
    path = out / file.kind.folder / f"{file.id}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"---\n{head}---\n\n{_LINK.sub(without_link, body)}", encoding="utf-8")


def _write_settings(settings: dict[str, Any], held: Iterable[_File], out: Path) -> None:
    used: set[str] = set()
    for file in held:
        for value in file.front.values():
            used.update(value if isinstance(value, list) else [str(value)])
    taxonomy = settings["taxonomy"]
    subjects = {
        parent: [child for child in children if f"{parent}/{child}" in used]
        for parent, children in taxonomy.pop("subjects").items()
    }
    kept = {
        **{key: value for key, value in settings.items() if key in ("library", "review", "search")},
        "audiences": [settings["audiences"][0], OTHERS],
        "taxonomy": {
            **{key: [term for term in terms if term in used] for key, terms in taxonomy.items()},
            "subjects": {parent: children for parent, children in subjects.items() if children},
        },
    }
    (out / "casebook.toml").write_text(_toml(kept), encoding="utf-8")


def _withdrawn(root: Path, reader: str, on: date) -> list[dict[str, Any]]:
    file = root / "withdrawn.toml"
    entries = tomllib.loads(file.read_text(encoding="utf-8"))["withdrawn"] if file.exists() else []
    return [
        {"replaced_by": [], **{key: value for key, value in entry.items() if key != "reason"}}
        for entry in entries
        if entry["audience"] == reader and entry["on"] <= on
    ]


def _as_withdrawn(file: _File, public: Iterable[_File], reader: str) -> dict[str, Any]:
    newer = [one.id for one in public if file.id in one.front.get("supersedes", [])]
    return {
        "id": file.id,
        "audience": reader,
        "on": (file.until or date.max) + timedelta(days=1),
        "subject": file.front.get("subject"),
        "replaced_by": [*file.front.get("replaced_by", []), *newer],
    }


def _toml(values: dict[str, Any]) -> str:
    return "".join(f"{json.dumps(key)} = {_value(value)}\n" for key, value in values.items())


def _value(value: Any) -> str:
    if isinstance(value, dict):
        pairs = (f"{json.dumps(k, ensure_ascii=False)} = {_value(v)}" for k, v in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, date):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False)
