"""What front matter may hold, as JSON Schema: for editors, forms and other programs.

Made from the models and from one library's settings, so that an editor offers the library's own
terms. A schema refuses nothing that reading takes; what it cannot say (the order of dates, an id
that is taken) the check says.
"""

from __future__ import annotations

import re
from typing import Any

from casebook.documents import MAX_ID, MODELS, Kind
from casebook.settings import Settings

DIALECT = "http://json-schema.org/draft-07/schema#"
# Reading takes every scalar as text, so an author need not quote 12345.
_SCALARS = ["string", "number", "boolean"]
_DAY = "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"


def front_matter_schema(kind: Kind, settings: Settings) -> dict[str, Any]:
    """The JSON Schema (draft 7) of a kind's front matter.

    Args:
        kind: what is written.
        settings: give the audiences, the taxonomy's terms and what a FAQ entry must have.

    Returns:
        The schema; every property has a Chinese ``title`` and ``description``, in the order in
        which the model has its keys.
    """
    model = MODELS[kind]
    made = model.model_json_schema()
    properties = {
        key: _key_schema(value, settings)
        for key, value in made["properties"].items()
        if key not in model.derived
    }
    properties["id"] |= {"pattern": f"^{kind.value}(-[a-z0-9]+)+$", "maxLength": MAX_ID}
    properties["audience"]["enum"] = [audience.id for audience in settings.audiences]
    if kind is Kind.FAQ:
        for key in ("similar", "policies"):
            properties[key]["minItems"] = getattr(settings.faq, key)
    return {
        "$schema": DIALECT,
        "title": kind.label,
        "description": f"{kind.label}的信息块；段落写在正文里。",
        "type": "object",
        "additionalProperties": False,
        "required": made["required"],
        "properties": properties,
    }


def _key_schema(made: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """One key's schema as authors need it, from what pydantic made of the model's field."""
    schema = {name: value for name, value in made.items() if name not in ("anyOf", "default")}
    # A key that may be left out is left out; there is no way to write "nothing".
    schema |= next((one for one in made.get("anyOf", ()) if one["type"] != "null"), {})
    if "items" in schema:
        schema["items"] = _key_schema(schema["items"], settings)
    elif taxonomy := schema.pop("taxonomy", None):
        del schema["type"]
        schema["enum"] = _as_typed(getattr(settings.taxonomy, taxonomy))
    elif schema.get("format") == "date":
        schema["pattern"] = _DAY
    elif "maxLength" in schema:
        schema["type"] = _SCALARS
    return schema


def _as_typed(terms: tuple[str, ...]) -> list[str | int]:
    """Terms, and those that YAML reads as numbers as such, too."""
    return [*terms, *(int(term) for term in terms if re.fullmatch("0|[1-9][0-9]*", term))]
