"""The API's description (OpenAPI 3.1), served at ``/api/openapi.json`` and as a page."""

from __future__ import annotations

from typing import Any

from casebook.documents import Kind, Standing
from search.searcher import MAX_CHARACTERS, MAX_DEPTH, MAX_SIZE

_Schema = dict[str, Any]
# What a field means, wherever it stands.
_MEANINGS = {
    "answer": "合适的统一口径；没有就是 null",
    "approved_on": "最后一次核准的日期",
    "audience": "服务的受众",
    "cited_by": "引用本篇的文档",
    "code": "错误的名字，不随文字改变",
    "complete": "是否含有问题里所有的词",
    "count": "结果中有几篇",
    "documents": "索引里有几篇文档",
    "effective_from": "生效的第一天",
    "effective_until": "有效的最后一天；null 是长期有效",
    "engine": "检索引擎",
    "errors": "出了什么错，至少一条",
    "facets": "每个筛选条件的值和篇数",
    "facts": "这一种文档特有的信息，按中文名称",
    "found": "有没有合适的统一口径",
    "generation": "正在使用的索引",
    "heading": "段落标题",
    "hits": "这一页的结果，最好的在前",
    "html": "段落的正文，只含允许的标签",
    "id": "编号，永远不变",
    "key": "段落的键",
    "kind": "种类",
    "message": "给人看的说明",
    "more": "是否还有超出深度的结果",
    "owner": "负责的团队",
    "page": "第几页",
    "passages": "索引里有几个段落",
    "query": "收到的问题",
    "references": "依据的政策和相关口径",
    "review_by": "下次复核的日期；代理商看不到",
    "score": "相关程度，只在一次结果里可比",
    "sections": "本受众能看的段落，按顺序",
    "size": "每页几条",
    "snippet_html": "命中处的文字：转义过，只含 <mark>",
    "standing": "今天是否有效",
    "status": "状态",
    "subject": "业务分类",
    "text": "段落的纯文字",
    "title": "标题；统一口径的标准问",
    "title_html": "标题：转义过，只含 <mark>",
    "took_ms": "用了几毫秒",
    "total": "找到几篇，最多数到深度为止",
    "url": "站点上的页面",
    "value": "筛选条件的值",
}


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
        title_html=text,
        snippet_html=text,
        subject={"type": ["string", "null"]},
        owner=text,
        standing={"type": "string", "enum": [standing.value for standing in Standing]},
        approved_on=day,
        effective_from=day,
        effective_until=day,
        url=text,
        score={"type": "number"},
        complete={"type": "boolean"},
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
    described = {
        name: {**schema, "description": _MEANINGS[name]} for name, schema in properties.items()
    }
    return {"type": "object", "properties": described, "required": list(properties)}


def _array(items: _Schema) -> _Schema:
    return {"type": "array", "items": items}
