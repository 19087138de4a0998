"""The API's description (OpenAPI 3.1), served at ``/api/openapi.json`` and as a page."""

from __future__ import annotations

from typing import Any

from casebook.documents import Kind, Standing
from search.searcher import MAX_CHARACTERS, MAX_DEPTH, MAX_SIZE

_Schema = dict[str, Any]


def specification(title: str) -> _Schema:
    """The whole description, for a service of that title."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"{title} · 检索接口",
            "version": "1",
            "description": "每个服务只含一个受众能看的内容。所有错误的形状相同。",
        },
        "paths": {
            "/api/search": {"get": _search()},
            "/api/answer": {"get": _answer()},
            "/api/documents/{id}": {"get": _document()},
            "/healthz": {"get": _health()},
        },
        "components": {"schemas": _schemas()},
    }


def _operation(
    summary: str, parameters: list[_Schema], schema: str, errors: tuple[str, ...]
) -> _Schema:
    return {
        "summary": summary,
        "parameters": parameters,
        "responses": {
            "200": _response("结果", schema),
            **{status: _response("错误", "Errors") for status in errors},
        },
    }


def _response(description: str, schema: str) -> _Schema:
    reference = {"$ref": f"#/components/schemas/{schema}"}
    return {"description": description, "content": {"application/json": {"schema": reference}}}


def _parameter(name: str, description: str, schema: _Schema, place: str = "query") -> _Schema:
    return {
        "name": name,
        "in": place,
        "required": place == "path" or name == "q",
        "description": description,
        "schema": schema,
    }


def _query() -> _Schema:
    return _parameter(
        "q",
        "问题或关键词；没有查询语法，空格只是分隔",
        {"type": "string", "maxLength": MAX_CHARACTERS},
    )


def _search() -> _Schema:
    several = {"type": "array", "items": {"type": "string"}}
    kinds = {"type": "array", "items": {"type": "string", "enum": [kind.value for kind in Kind]}}
    return _operation(
        "检索：按相关程度排列的文档，有效的在前",
        [
            _query(),
            _parameter("kind", "种类，可以给几次", kinds),
            _parameter("category", "业务分类，如“资费”或“资费/流量”", several),
            _parameter("level", "案例的级别", several),
            _parameter("customer_type", "案例的客户类型", several),
            _parameter(
                "page",
                f"第几页；page × size 最多到第 {MAX_DEPTH} 条",
                {"type": "integer", "minimum": 1, "default": 1},
            ),
            _parameter(
                "size",
                "每页几条",
                {"type": "integer", "minimum": 1, "maximum": MAX_SIZE, "default": 10},
            ),
        ],
        "Results",
        ("400", "503"),
    )


def _answer() -> _Schema:
    return _operation(
        "统一答复：合适就给出核准的原文，不合适就说没有", [_query()], "Answer", ("400", "503")
    )


def _document() -> _Schema:
    return _operation(
        "一篇文档，限本受众能看的部分",
        [_parameter("id", "文档编号", {"type": "string"}, "path")],
        "Document",
        ("404",),
    )


def _health() -> _Schema:
    return _operation("服务是否可用，用的是哪一代索引", [], "Health", ("503",))


def _schemas() -> _Schema:
    text = {"type": "string"}
    day = {"type": ["string", "null"], "format": "date"}
    pointer = _object(id=text, title=text, url=text)
    document = _object(
        id=text,
        kind={"type": "string", "enum": [kind.value for kind in Kind]},
        title=text,
        owner=text,
        subject={"type": ["string", "null"]},
        approved_on=day,
        review_by=day,
        effective_from=day,
        effective_until=day,
        url=text,
        facts={"type": "object", "additionalProperties": text},
        sections=_array(_object(key=text, heading=text, html=text, text=text)),
        references=_array(pointer),
        cited_by=_array(pointer),
    )
    hit = _object(
        id=text,
        kind=text,
        title=text,
        title_html={"type": "string", "description": "转义过的文字，只含 <mark>"},
        snippet_html={"type": "string", "description": "转义过的文字，只含 <mark>"},
        subject={"type": ["string", "null"]},
        owner=text,
        standing={"type": "string", "enum": [standing.value for standing in Standing]},
        approved_on=day,
        effective_from=day,
        effective_until=day,
        url=text,
        score={"type": "number"},
        complete={"type": "boolean", "description": "是否含有问题里所有的词"},
    )
    found = {"anyOf": [{"$ref": "#/components/schemas/Document"}, {"type": "null"}]}
    return {
        "Document": document,
        "Hit": hit,
        "Results": _object(
            query=text,
            page={"type": "integer"},
            size={"type": "integer"},
            total={"type": "integer"},
            more={"type": "boolean"},
            took_ms={"type": "number"},
            answer=found,
            hits=_array({"$ref": "#/components/schemas/Hit"}),
            facets={
                "type": "object",
                "additionalProperties": _array(_object(value=text, count={"type": "integer"})),
            },
        ),
        "Answer": _object(
            query=text,
            found={"type": "boolean"},
            answer=found,
            message={"type": ["string", "null"]},
        ),
        "Health": _object(
            status=text,
            audience=text,
            generation=text,
            engine=text,
            documents={"type": "integer"},
            passages={"type": "integer"},
        ),
        "Errors": _object(
            status={"type": "integer"}, errors=_array(_object(code=text, message=text))
        ),
    }


def _object(**properties: _Schema) -> _Schema:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _array(items: _Schema) -> _Schema:
    return {"type": "array", "items": items}
