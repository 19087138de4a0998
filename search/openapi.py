"""The API's description (OpenAPI 3.1), served at ``/api/openapi.json`` and as a page."""

from __future__ import annotations

from typing import Any

from casebook.documents import Kind, Standing
from casebook.problems import Severity
from casebook.reading import MAX_FILE
from search.analysis import FIELDS
from search.searcher import MAX_CHARACTERS, MAX_DEPTH, MAX_SIZE
from search.suggest import KINDS as SUGGESTED
from search.suggest import MAX_TYPED

_Schema = dict[str, Any]
_KIND: _Schema = {"type": "string", "enum": [kind.value for kind in Kind]}
# What a field means, wherever it stands.
_MEANINGS = {
    "answer": "合适的统一口径；没有就是 null",
    "approved_on": "最后一次核准的日期",
    "audience": "服务的受众",
    "cited_by": "引用本篇的文档",
    "code": "错误的名字，不随文字改变",
    "asked": "统一口径的相似问法多，加的分；只用于拼音",
    "coverage": "问题里的词含有多少，加的分；少见的词分量重",
    "degraded": "平时的检索引擎连不上，是备用的索引回答的；内容和受众都一样，排序可能略有不同",
    "did_you_mean": "看起来打错了时，改正后的问题；没有就是 null",
    "count": "结果中有几篇",
    "documents": "索引里有几篇文档",
    "effective_from": "生效的第一天",
    "effective_until": "有效的最后一天；null 是长期有效",
    "engine": "检索引擎",
    "errors": "出了什么错，至少一条",
    "explanation": "分数是怎么来的：各部分相加，再乘各系数；只在 explain=1 时有",
    "facets": "每个筛选条件的值和篇数，按找到的全部文档数",
    "factors": "系数：种类（faq、case、policy），overdue 过了复核日期，old 核准已久",
    "facts": "这一种文档特有的信息，按中文名称",
    "field": "在哪里找：names 名称，text 正文，sound 名称的读音，initials 名称的首字母",
    "generation": "正在使用的索引",
    "heading": "段落标题",
    "hits": "这一页的结果，最好的在前",
    "html": "段落的正文，只含允许的标签",
    "id": "编号，永远不变",
    "key": "段落的键",
    "kind": "种类",
    "likeness": "和标题或相似问法整句有多像，加的分",
    "message": "给人看的说明",
    "missing": "问题里的词，这一篇没有的",
    "more": "是否还有超出深度的结果",
    "notices": "正在发生的、和这个问题有关的故障",
    "owner": "负责的团队",
    "page": "第几页",
    "parts": "分数的各部分",
    "passages": "索引里有几个段落",
    "problems": "问题，按行的顺序；没有就是空的",
    "query": "收到的问题",
    "question": "这一问的编号，报告接下来做了什么时用；不记的时候是 null",
    "reason": "为什么找这个词：词、单字、同义词、读音、拼音、首字母",
    "references": "依据的政策和相关口径",
    "review_by": "下次复核的日期；只有最宽的受众看得到",
    "sections": "本受众能看的段落，按顺序",
    "shown": "给人看的写法：读音写成拼音",
    "size": "每页几条",
    "snippet_html": "命中处的文字：转义过，只含 <mark>",
    "standing": "今天是否有效",
    "status": "状态",
    "subject": "业务分类",
    "suggestions": "可能要打的话，最像的在前，最多 8 条",
    "synonyms": "靠同义词找到的：问题里的词，和这一篇里意思相同的词",
    "term": "索引里的词；读音每个音节一个字符",
    "text_html": "联想的文字：转义过，打出来的部分在 <mark> 里",
    "title": "标题；统一口径的标准问",
    "title_html": "标题：转义过，只含 <mark>",
    "took_ms": "用了几毫秒",
    "total": "一共找到几篇；列得出的只到深度为止",
    "typed": "问题里的词",
    "url": "站点上的页面",
    "value": "筛选条件的值",
    "weight": "这个词的权重",
}


def specification(title: str, *, writing: bool = False) -> _Schema:
    """The whole description.

    Args:
        title: the service's.
        writing: whether it has the editor, and so what helps to write.
    """
    drafts = {"/api/check": {"post": _check()}, "/api/new-id": {"get": _new_id()}}
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
            "/api/suggest": {"get": _suggest()},
            "/api/chosen/{id}": {"post": _chosen()},
            "/api/documents/{id}": {"get": _document()},
            "/healthz": {"get": _health()},
            **(drafts if writing else {}),
        },
        "components": {"schemas": {**_schemas(), **(_draft_schemas() if writing else {})}},
    }


def _operation(
    summary: str, parameters: list[_Schema], schema: str | None, errors: tuple[str, ...]
) -> _Schema:
    done = {"200": _response("结果", schema)} if schema else {"204": {"description": "记下了"}}
    return {
        "summary": summary,
        "parameters": parameters,
        "responses": {
            **done,
            **{status: _response("错误", "Errors") for status in errors},
        },
    }


def _response(description: str, schema: str) -> _Schema:
    content = {"application/json": {"schema": _reference(schema)}}
    return {"description": description, "content": content}


def _reference(schema: str) -> _Schema:
    return {"$ref": f"#/components/schemas/{schema}"}


def _parameter(name: str, description: str, schema: _Schema, place: str = "query") -> _Schema:
    return {
        "name": name,
        "in": place,
        "required": place == "path" or name in ("q", "title") or schema is _KIND,
        "description": description,
        "schema": schema,
    }


def _query() -> _Schema:
    return _parameter(
        "q",
        "问题或关键词，也可以打拼音、首字母；没有查询语法，空格只是分隔",
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
            _parameter(
                "explain",
                "写 1，每条结果都带上分数是怎么来的",
                {"type": "string", "enum": ["0", "1"], "default": "0"},
            ),
        ],
        "Results",
        ("400", "503"),
    )


def _answer() -> _Schema:
    return _operation(
        "统一答复：合适就给出核准的原文，不合适就说没有", [_query()], "Answer", ("400", "503")
    )


def _suggest() -> _Schema:
    typed = _parameter(
        "q",
        f"正在打的字：汉字、拼音、首字母或混着打；超过 {MAX_TYPED} 个字符没有联想",
        {"type": "string"},
    )
    return _operation(
        "联想：可能要打的标准问、相似问法、标题和词语", [typed], "Suggestions", ("400", "503")
    )


def _chosen() -> _Schema:
    return _operation(
        "记下选了哪一条联想，常选的以后排在前面；不记是谁选的。别的网站的页面发来的不接受",
        [_parameter("id", "联想里的 id", {"type": "string"}, "path")],
        None,
        ("403", "404"),
    )


def _document() -> _Schema:
    return _operation(
        "一篇文档，限本受众能看的部分",
        [_parameter("id", "文档编号", {"type": "string"}, "path")],
        "Document",
        ("404",),
    )


def _check() -> _Schema:
    checked = _operation(
        "检查一篇正在写的文档：整个文件的文字，说出哪一行有什么问题；不保存，不记录",
        [],
        "Check",
        ("400", "403", "413", "503"),
    )
    body = {"application/json": {"schema": _reference("Draft")}}
    return {**checked, "requestBody": {"required": True, "content": body}}


def _new_id() -> _Schema:
    return _operation(
        "一篇新文档的编号：按标题的拼音，没有人用过",
        [
            _parameter("kind", "种类", _KIND),
            _parameter("title", "标题", {"type": "string"}),
        ],
        "NewId",
        ("400", "403"),
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
        sections=_array(
            _object(key=text, heading=text, html=text, text={**text, "description": "段落的纯文字"})
        ),
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
        score={"type": "number", "description": "相关程度，只在一次结果里可比"},
        complete={"type": "boolean", "description": "是否含有问题里所有的词"},
        missing=_array(text),
        synonyms=_array(_object(typed=text, found={**text, "description": "意思相同的词"})),
    )
    # The one field that is not always there.
    hit["properties"] |= _object(explanation=_reference("Explanation"))["properties"]
    number = {"type": "number"}
    parts = _object(
        terms={**number, "description": "词的得分，占得分最高的文档的几成"},
        likeness=number,
        coverage=number,
        asked=number,
    )
    term = _object(
        field={**text, "enum": list(FIELDS)},
        term=text,
        shown=text,
        reason=text,
        weight=number,
        score={**number, "description": "这个词在最相关的一段里的得分"},
    )
    explanation = _object(
        parts=_reference("Parts"),
        factors={"type": "object", "additionalProperties": number},
        terms={
            **_array(_reference("Term")),
            "description": "在最相关的一段里找到的词，得分高的在前",
        },
    )
    suggestion = _object(
        text={**text, "description": "要打的话"},
        text_html=text,
        kind={
            **text,
            "enum": list(SUGGESTED),
            "description": "question 标准问，similar 相似问法，title 案例或政策的标题，term 词语",
        },
        id={"type": ["string", "null"], "description": "指向的文档；词语没有，是 null"},
        title={**text, "description": "那篇文档的标题；词语没有，是空的"},
    )
    found = {"anyOf": [_reference("Document"), {"type": "null"}]}
    return {
        "Document": document,
        "Hit": hit,
        "Explanation": explanation,
        "Parts": parts,
        "Term": term,
        "Results": _object(
            query=text,
            page={"type": "integer"},
            size={"type": "integer"},
            total={"type": "integer"},
            complete={"type": "integer", "description": "其中几篇含有问题里所有的词"},
            more={"type": "boolean"},
            did_you_mean={"type": ["string", "null"]},
            took_ms={"type": "number"},
            degraded={"type": "boolean"},
            question={"type": ["string", "null"]},
            notices=_array(_reference("Notice")),
            answer=found,
            hits=_array(_reference("Hit")),
            facets={
                "type": "object",
                "additionalProperties": _array(_object(value=text, count={"type": "integer"})),
            },
        ),
        "Notice": _object(
            id=text,
            title={**text, "description": "出了什么故障"},
            text={**text, "description": "怎么对客户说"},
            starts={**text, "format": "date-time", "description": "从什么时候起"},
            ends={**text, "format": "date-time", "description": "到什么时候，过后自动消失"},
            by={**text, "description": "谁发的"},
        ),
        "Answer": _object(
            query=text,
            found={"type": "boolean", "description": "有没有合适的统一口径"},
            answer=found,
            message={"type": ["string", "null"]},
        ),
        "Suggestions": _object(query=text, suggestions=_array(_reference("Suggestion"))),
        "Suggestion": suggestion,
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


def _draft_schemas() -> _Schema:
    text = {"type": "string"}
    place = {"type": "integer", "minimum": 1}
    problem = _object(
        line={**place, "description": "第几行，从 1 开始"},
        column={**place, "description": "第几列，从 1 开始"},
        code={**text, "description": "规则的名字，在检查规则里查得到"},
        severity={**text, "enum": [one.value for one in Severity], "description": "错误还是提醒"},
        message={**text, "description": "有什么问题"},
        hint={**text, "description": "该怎么写"},
    )
    draft = _object(
        kind=_KIND,
        text={**text, "description": f"整个文件，最多 {MAX_FILE} 字节"},
        path={**text, "description": "文件在知识库里的位置，如 cases/case-x.md；不写就按编号"},
    )
    draft["required"].remove("path")
    return {
        "Draft": draft,
        "Check": _object(
            ok={"type": "boolean", "description": "有没有错误；只有提醒也是 true"},
            problems=_array(_reference("Problem")),
        ),
        "Problem": problem,
        "NewId": _object(id=text),
    }


def _object(**properties: _Schema) -> _Schema:
    described = {
        name: schema if "description" in schema else {**schema, "description": _MEANINGS[name]}
        for name, schema in properties.items()
    }
    return {"type": "object", "properties": described, "required": list(properties)}


def _array(items: _Schema) -> _Schema:
    return {"type": "array", "items": items}
