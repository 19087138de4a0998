"""The MCP server: the shelf's questions as read-only tools, by the protocol's own SDK."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from importlib.metadata import version
from typing import Annotated, ParamSpec, TypeVar

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations
from pydantic import Field

from casebook.documents import Kind
from casebook.errors import CasebookError
from search.assistants import records
from search.assistants.shelf import MAX_DAYS, Shelf
from search.searcher import MAX_CHARACTERS, MAX_DEPTH

P = ParamSpec("P")
R = TypeVar("R")
_READ_ONLY = ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)
_INSTRUCTIONS = (
    "这里是客服知识库里给“{audience}”看的内容：统一口径、案例和政策，都是核准过的原话。"
    "回答客户时逐字引用，写明编号和核准日期；standing 不是 current 的不能照着答复；"
    "没有找到就说没有，不要自己编。有 notices 的先说故障。"
)
Query = Annotated[
    str, Field(description=f"客户的问题或几个词，最多 {MAX_CHARACTERS} 个字；拼音、首字母也可以")
]
Name = Annotated[str, Field(description="文档的编号，如 faq-arrears-resume")]
# What is out of range is told in our words: here it is only described.
KindOf = Annotated[
    str | None, Field(description="只找这一种", json_schema_extra={"enum": [*Kind, None]})
]
Page = Annotated[
    int,
    Field(
        description=f"第几页，每页 10 条，1 到 {MAX_DEPTH // 10}",
        json_schema_extra={"minimum": 1, "maximum": MAX_DEPTH // 10},
    ),
]
Days = Annotated[
    int,
    Field(
        description=f"往后看几天，0 到 {MAX_DAYS}",
        json_schema_extra={"minimum": 0, "maximum": MAX_DAYS},
    ),
]

log = logging.getLogger(__name__)


def make_server(shelf: Shelf, title: str, audience: str) -> MCPServer:
    """The server of one audience.

    Args:
        shelf: what the audience may read.
        title: the library's name.
        audience: the audience's name, as people call it.
    """
    # What the SDK logs quotes what was asked.
    logging.getLogger("mcp").setLevel(logging.CRITICAL + 1)
    server = MCPServer(
        "casebook",
        title=title,
        instructions=_INSTRUCTIONS.format(audience=audience),
        version=version("casebook"),
        log_level="WARNING",
        subscriptions=False,
    )
    for tool in _tools(shelf):
        server.add_tool(_telling(tool), annotations=_READ_ONLY, structured_output=True)
    return server


def _tools(shelf: Shelf) -> tuple[Callable[..., records.Record], ...]:
    def search(query: Query, kind: KindOf = None, page: Page = 1) -> records.Found:
        """检索知识库：给出最相关的文档，附摘录。要全文用 document，要统一口径用 answer。"""
        return shelf.search(query, kind, page)

    def answer(question: Query) -> records.Answer:
        """客户这样问，核准的统一口径是什么，依据哪些条文。没有合适的就说没有。"""
        return shelf.answer(question)

    def document(id: Name) -> records.Document:  # noqa: A002  (the name is the protocol's)
        """按编号取一篇文档的全文。"""
        return shelf.document(id)

    def citations(id: Name) -> records.Citations:  # noqa: A002
        """一篇文档依据哪些政策条文（带原文），又被哪些文档引用。"""
        return shelf.citations(id)

    def due(days: Days = 30) -> records.DueList:
        """哪些文档该复核了、快要失效了。"""
        return shelf.due(days)

    tools = (search, answer, document, citations)
    return (*tools, due) if shelf.knows_reviews else tools


def _telling(tool: Callable[P, R]) -> Callable[P, R]:
    """Tells what was wrong with a question; of other errors only the log is told."""

    @wraps(tool)
    def told(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return tool(*args, **kwargs)
        except CasebookError as error:
            raise ToolError(str(error)) from None
        except Exception as error:
            log.error("助手接口出错", exc_info=error)
            raise

    return told
