"""The API's description (OpenAPI 3.1), served at ``/api/openapi.json`` and as a page."""

from __future__ import annotations

from typing import Any

from casebook.documents import Kind, Standing
from casebook.problems import Severity
from casebook.reading import MAX_FILE
from search.analysis import FIELDS
from search.journal.journal import QUESTION_ID
from search.journal.records import EVENTS, REASONS, SURFACES
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
    "last": "上一次的结果；没有过就是 null",
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


# How every operation may be refused before it begins: not signed in, not allowed, too often.
_REFUSED = ("401", "403", "429")
_TOKEN = {
    "type": "http",
    "scheme": "bearer",
    "description": "令牌，由 casebook token create 建立；从不写在网址里",
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
            "/api/events": {"post": _events()},
            "/api/notices": {"get": _notices(), "post": _new_notice()},
            "/api/notices/{id}/end": {"post": _end_notice()},
            "/api/notices/{id}/extend": {"post": _extend_notice()},
            "/api/reload": {"get": _reloaded(), "post": _reload()},
            "/healthz": {"get": _health()},
            **(drafts if writing else {}),
        },
        "security": [{}, {"token": []}],
        "components": {
            "securitySchemes": {"token": _TOKEN},
            "schemas": {**_schemas(), **(_draft_schemas() if writing else {})},
        },
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
            **{status: _response("错误", "Errors") for status in sorted({*errors, *_REFUSED})},
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
            *_origin(),
        ],
        "Results",
        ("400", "503"),
    )


def _answer() -> _Schema:
    return _operation(
        "统一答复：合适就给出核准的原文，不合适就说没有",
        [_query(), *_origin()],
        "Answer",
        ("400", "503"),
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


def _events() -> _Schema:
    noted = _operation(
        "记下找到以后的事：打开、复制、评价，或报告缺答复；不记是谁。没有日志时是 404",
        [],
        None,
        ("400", "403", "404", "413"),
    )
    return _with_body(noted, "Event")


def _origin() -> list[_Schema]:
    """Where a question comes from, for the journal."""
    return [
        _parameter(
            "surface", "从哪里问的", {"type": "string", "enum": list(SURFACES), "default": "api"}
        ),
        _parameter(
            "visit",
            "边打边查时，打开一次页面随机取一个：同一个 visit 里接着打的算一个问题",
            {"type": "string", "pattern": "^[A-Za-z0-9_-]{8,32}$"},
        ),
        _parameter(
            "question",
            "上次结果里的 question：再看一眼（翻页、筛选）不算新问题",
            {"type": "string", "pattern": f"^{QUESTION_ID.pattern}$"},
        ),
    ]


def _notices() -> _Schema:
    return _operation("正在生效的故障公告，最新的在前", [], "Notices", ())


def _new_notice() -> _Schema:
    set_ = _operation(
        "发一条故障公告：写到这个服务的受众，以及同一台机器上看得更少的、被点名的受众",
        [],
        "Notice",
        ("400", "403", "503"),
    )
    set_["responses"]["201"] = set_["responses"].pop("200")
    return _with_body(set_, "NewNotice")


def _end_notice() -> _Schema:
    return _operation("马上结束一条公告", [_notice_id()], "Notice", ("400", "403", "503"))


def _extend_notice() -> _Schema:
    changed = _operation("改一条公告的结束时间", [_notice_id()], "Notice", ("400", "403", "503"))
    return _with_body(changed, "NewEnd")


def _notice_id() -> _Schema:
    return _parameter("id", "公告的编号", {"type": "string"}, "path")


def _with_body(operation: _Schema, schema: str) -> _Schema:
    body = {"application/json": {"schema": _reference(schema)}}
    return {**operation, "requestBody": {"required": True, "content": body}}


def _reload() -> _Schema:
    asked = _operation(
        "看看知识库有没有新内容，有就发布：只留一个请求，由 casebook watch 去做；结果用 GET 问",
        [],
        "Reload",
        ("503",),
    )
    asked["responses"]["202"] = asked["responses"].pop("200")
    return asked


def _reloaded() -> _Schema:
    return _operation("上一次发布的结果，和有没有程序在看着知识库", [], "Reload", ())


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
            by={**text, "description": "发的班组；可以是空的"},
        ),
        "Notices": _object(notices=_array(_reference("Notice"))),
        "NewNotice": _new_notice_schema(),
        "Event": _event_schema(),
        "NewEnd": _object(ends={**text, "description": "到什么时候"}),
        "Answer": _object(
            query=text,
            question={"type": ["string", "null"]},
            found={"type": "boolean", "description": "有没有合适的统一口径"},
            answer=found,
            notices=_array(_reference("Notice")),
            message={"type": ["string", "null"]},
        ),
        "Suggestions": _object(query=text, suggestions=_array(_reference("Suggestion"))),
        "Suggestion": suggestion,
        # How it runs stands there only for who may know that.
        "Reload": _object(
            watched={"type": "boolean", "description": "有没有 casebook watch 在看着知识库"},
            requested={
                "type": ["string", "null"],
                "format": "date-time",
                "description": "还没有开始做的请求是什么时候的；没有就是 null",
            },
            taken_back={"type": "boolean", "description": "是不是退回了上一代，还没有再发布"},
            last={"anyOf": [_reference("Reloaded"), {"type": "null"}]},
        ),
        "Reloaded": _object(
            ended={**text, "format": "date-time", "description": "什么时候做完的"},
            seconds={"type": "number", "description": "用了几秒"},
            ok={"type": "boolean", "description": "每一步都做成了；有问题的文档不算，看 problems"},
            failed={
                **text,
                "enum": ["", "pull", "index", "site"],
                "description": "没有做成的第一步；都做成了是空的",
            },
            commit={**text, "description": "知识库是 git 的哪个提交；不在 git 里是空的"},
            documents={"type": "integer"},
            problems={"type": "integer", "description": "有几个问题；有问题的文档没有发布"},
        ),
        "Health": {
            **_object(
                status=text,
                audience=text,
                generation=text,
                engine=text,
                documents={"type": "integer"},
                passages={"type": "integer"},
            ),
            "required": ["status"],
        },
        "Errors": _object(
            status={"type": "integer"}, errors=_array(_object(code=text, message=text))
        ),
    }


def _event_schema() -> _Schema:
    schema = _object(
        question={
            "type": "string",
            "description": "结果里的 question",
            "pattern": f"^{QUESTION_ID.pattern}$",
        },
        kind={
            "type": "string",
            "enum": list(EVENTS),
            "description": "opened 打开，copied 复制，rated 评价，missing 缺答复",
        },
        document={"type": "string", "description": "文档编号；missing 不写，别的都要写"},
        helpful={
            "type": ["boolean", "null"],
            "description": "rated 要写：true 有用，false 没用，null 收回评价",
        },
        reason={
            "type": ["string", "null"],
            "enum": [*REASONS, None],
            "description": "没用的原因，可以不写",
        },
    )
    schema["required"] = ["question", "kind"]
    return schema


def _new_notice_schema() -> _Schema:
    text = {"type": "string"}
    several = _array(text)
    schema = _object(
        title={**text, "description": "出了什么故障", "maxLength": 60},
        text={**text, "description": "怎么对客户说", "maxLength": 500},
        ends={**text, "description": "到什么时候，如 2026-11-25 22:00；不写时区就是知识库的"},
        starts={**text, "description": "从什么时候起；不写就是现在"},
        words={**several, "description": "问到这些词时置顶；中间有空格的要同时出现"},
        subjects={**several, "description": "问的是这些业务分类时置顶；和 words 至少写一样"},
        audience={**text, "description": "能看到的最窄的受众；不写就只有这个服务的受众"},
        by={**text, "description": "发的班组"},
        id={**text, "description": "编号；几台机器发同一条时写同一个"},
    )
    schema["required"] = ["title", "text", "ends"]
    return schema


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
