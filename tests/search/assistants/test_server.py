"""The MCP server as assistants reach it: the SDK's own client, over both transports."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from search.access import tokens
from search.access.rights import Right
from search.access.tokens import Tokens
from search.assistants.server import make_server
from search.engines import get_engine
from search.generations import publish
from tests.search.assistants.conftest import NewShelf

TOOLS = {"search", "answer", "document", "citations", "due"}
QUESTION = "欠费停机多久能恢复"


def call(target: Any, name: str, arguments: dict[str, Any]) -> Any:
    async def ask() -> Any:
        async with Client(target) as client:
            return await client.call_tool(name, arguments)

    return in_a_loop(ask)


def in_a_loop(ask: Callable[[], Awaitable[Any]]) -> Any:
    """Runs in a thread of its own: a browser that is being driven holds the loop of this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(anyio.run, ask).result()


@pytest.fixture(scope="module")
def server(shelf_of: NewShelf):
    return make_server(shelf_of("agent"), "测试知识库", "坐席")


def test_every_tool_only_reads_and_says_what_it_is_for(server) -> None:
    async def listed() -> Any:
        async with Client(server) as client:
            return (await client.list_tools()).tools, client.instructions

    tools, instructions = in_a_loop(listed)
    assert {tool.name for tool in tools} == TOOLS
    assert "坐席" in instructions
    for tool in tools:
        assert tool.annotations.read_only_hint
        assert not tool.annotations.destructive_hint
        assert not tool.annotations.open_world_hint
        assert re.search(r"[\u4e00-\u9fff]", tool.description)
        for name, schema in tool.input_schema["properties"].items():
            assert schema.get("description"), f"{tool.name}.{name}"
        assert tool.output_schema["properties"]


def test_an_answer_comes_as_data_and_as_text(server) -> None:
    given = call(server, "answer", {"question": QUESTION})
    assert not given.is_error
    assert given.structured_content["answer"]["id"] == "faq-arrears-resume"
    assert json.loads(given.content[0].text) == given.structured_content


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("document", {"id": "faq-none"}, "没有编号是“faq-none”的文档"),
        ("search", {"query": "长" * 300}, "最多 200 个"),
        ("search", {"query": ""}, "问题是空的"),
        ("due", {"days": 5000}, "days 写 0 到 366 之间的整数"),
        ("search", {"query": "宽带", "page": 21}, "超出范围"),
        ("search", {"query": "宽带", "page": 0}, "超出范围"),
        ("nothing", {}, "nothing"),
    ],
)
def test_a_wrong_call_is_told_and_nothing_else(
    server, name: str, arguments: dict[str, Any], said: str
) -> None:
    given = call(server, name, arguments)
    assert given.is_error
    assert said in given.content[0].text
    assert "Traceback" not in given.content[0].text


def test_dealers_are_offered_nothing_that_they_cannot_know(shelf_of: NewShelf) -> None:
    async def listed() -> set[str]:
        async with Client(make_server(shelf_of("dealer"), "测试", "代理商")) as client:
            return {tool.name for tool in (await client.list_tools()).tools}

    assert in_a_loop(listed) == TOOLS - {"due"}


def test_a_fault_within_tells_nothing_of_it(server, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("机密")

    from search.service import Service

    monkeypatch.setattr(Service, "search", broken)
    given = call(server, "search", {"query": "宽带"})
    assert given.is_error
    assert "机密" not in given.content[0].text


@pytest.fixture(scope="module")
def library_folder(root: Path, tmp_path_factory: pytest.TempPathFactory, dealer_view) -> Path:
    """A library whose dealers' index is published, as the command line finds it."""
    folder = tmp_path_factory.mktemp("library")
    text = (root / "casebook.toml").read_text(encoding="utf-8")
    (folder / "casebook.toml").write_text(text, encoding="utf-8")
    publish(dealer_view, folder / "build" / "index" / "dealer", get_engine("memory"), "test")
    return folder


def command(folder: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "casebook", "mcp", "--library", str(folder), *more]


def test_an_assistant_starts_it_and_talks_by_its_standard_streams(library_folder: Path) -> None:
    program, *arguments = command(library_folder)
    target = stdio_client(StdioServerParameters(command=program, args=arguments))
    given = call(target, "answer", {"question": QUESTION})
    assert given.structured_content["answer"]["id"] == "faq-arrears-resume"
    headings = [one["heading"] for one in given.structured_content["answer"]["sections"]]
    assert "设计思路" not in headings


@contextmanager
def running(folder: Path, *more: str, stderr: Any = subprocess.PIPE) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    started = [*command(folder), "--http", "--port", str(port), *more]
    with subprocess.Popen(started, stderr=stderr) as process:
        try:
            address = f"http://127.0.0.1:{port}/mcp"
            for _ in range(600):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                if process.poll() is not None:
                    pytest.fail(process.stderr.read().decode())
                time.sleep(0.1)
            yield address
        finally:
            process.terminate()
            process.wait(20)


@pytest.fixture(scope="module")
def over_http(library_folder: Path) -> Iterator[str]:
    with running(library_folder) as address:
        yield address


def test_an_assistant_asks_over_http(over_http: str) -> None:
    given = call(over_http, "search", {"query": QUESTION})
    assert given.structured_content["hits"][0]["id"] == "faq-arrears-resume"


def post(address: str, body: bytes, **headers: str) -> int:
    return headers_of(address, body, **headers)[0]


def headers_of(address: str, body: bytes, **headers: str) -> tuple[int, Any]:
    asked = Request(
        address,
        data=body,
        headers={
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
            **headers,
        },
    )
    try:
        with urlopen(asked, timeout=30) as answer:
            return answer.status, answer.headers
    except HTTPError as error:
        with error:
            return error.code, error.headers


LIST = b'{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}'


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Host": "evil.example"}, LIST),
        ({"Host": "localhost.evil.example:80"}, LIST),
        ({"Origin": "https://evil.example"}, LIST),
        ({}, b"x" * 100_000),
        ({}, b"{"),
    ],
    ids=["foreign host", "foreign host with a port", "foreign page", "large body", "no JSON"],
)
def test_what_is_not_asked_as_agreed_is_refused(
    over_http: str, headers: dict[str, str], body: bytes
) -> None:
    assert 400 <= post(over_http, body, **headers) < 500


# ---- who may ask over HTTP ---------------------------------------------------------------------


def guarded(folder: Path, sign_in: str, rate: int = 0) -> None:
    """Says who may use the dealers' service."""
    file = folder / "casebook.toml"
    text = file.read_text(encoding="utf-8").partition("\n[access.dealer]")[0]
    text += f'\n[access.dealer]\nsign_in = "{sign_in}"\nrate = {rate}\n'
    file.write_text(text, encoding="utf-8")


@pytest.fixture
def own_library(library_folder: Path, tmp_path: Path) -> Path:
    """A copy of the library that a test may change."""
    folder = tmp_path / "library"
    shutil.copytree(library_folder, folder)
    return folder


def token(folder: Path, *rights: Right, audience: str = "dealer", days: int = 1) -> tuple[str, str]:
    """A token's text and id."""
    state = folder / "build" / "state" / "dealer"
    with closing(Tokens(state / tokens.FILE, audience)) as kept:
        text, made = kept.create("test", rights, days)
    return text, made.id


def test_over_http_the_gate_of_the_service_decides(own_library: Path) -> None:
    guarded(own_library, "token")
    good, _ = token(own_library, Right.READ)
    poor, _ = token(own_library, Right.METRICS)
    other, _ = token(own_library, Right.READ, audience="agent")
    late, _ = token(own_library, Right.READ, days=0)
    gone, gone_id = token(own_library, Right.READ)
    with running(own_library) as address:
        shown = {
            "good": post(address, LIST, Authorization=f"Bearer {good}"),
            "none": post(address, LIST),
            "without the right": post(address, LIST, Authorization=f"Bearer {poor}"),
            "another audience's": post(address, LIST, Authorization=f"Bearer {other}"),
            "expired": post(address, LIST, Authorization=f"Bearer {late}"),
            "altered": post(address, LIST, Authorization=f"Bearer {good[:-1]}x"),
            "in the address": post(f"{address}?token={good}", LIST),
            "of a proxy": post(address, LIST, Casebookuser="somebody"),
        }
        before = post(address, LIST, Authorization=f"Bearer {gone}")
        with closing(Tokens(own_library / "build/state/dealer" / tokens.FILE, "dealer")) as kept:
            kept.revoke(gone_id)
        after = post(address, LIST, Authorization=f"Bearer {gone}")
        given = called(address, good)
    assert shown == {
        "good": 200,
        "none": 401,
        "without the right": 403,
        "another audience's": 401,
        "expired": 401,
        "altered": 401,
        "in the address": 400,
        "of a proxy": 401,
    }
    assert (before, after) == (200, 401)
    assert given["result"]["structuredContent"]["answer"]["id"] == "faq-arrears-resume"


def test_where_people_sign_in_programs_show_tokens_and_no_secret_is_wanted(
    own_library: Path,
) -> None:
    guarded(own_library, "oidc", rate=100)
    with (own_library / "casebook.toml").open("a", encoding="utf-8") as file:
        file.write(
            '[access.dealer.oidc]\nissuer = "https://sso.example"\nclient_id = "casebook"\n'
            'client_secret_env = "NOT_SET"\nkey_env = "NOT_SET_EITHER"\n'
        )
    good, _ = token(own_library, Right.READ)
    with running(own_library) as address:
        assert post(address, LIST) == 401
        assert post(address, LIST, Authorization=f"Bearer {good}") == 200


def test_a_header_that_only_looks_like_a_proxys_counts_for_nothing(own_library: Path) -> None:
    guarded(own_library, "open", rate=3)
    with (own_library / "casebook.toml").open("a", encoding="utf-8") as file:
        file.write("\n[service]\nproxies = 1\n")
    with running(own_library) as address:
        given = [
            post(
                address, LIST, **{"X-Forwarded-For": "192.0.2.1", "X_Forwarded_For": f"10.0.0.{n}"}
            )
            for n in range(5)
        ]
    assert given == [200] * 3 + [429] * 2


def test_nothing_is_kept_open_for_what_never_comes(over_http: str) -> None:
    with pytest.raises(HTTPError) as refused:
        urlopen(Request(over_http, headers={"Accept": "text/event-stream"}), timeout=30)
    with refused.value as answer:
        assert answer.code == 405
        assert answer.headers["Allow"] == "POST"


def called(address: str, text: str) -> dict[str, Any]:
    """What a program gets that speaks the protocol by hand."""
    asked = {"name": "answer", "arguments": {"question": QUESTION}}
    body = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": asked}
    headers = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
    headers["Authorization"] = f"Bearer {text}"
    with urlopen(Request(address, json.dumps(body).encode(), headers), timeout=60) as answer:
        return json.load(answer)


def test_every_answer_over_http_has_the_headers_and_no_log_says_what_was_asked(
    own_library: Path,
) -> None:
    secret = "客户张三13912345678"
    asked = {"name": "document", "arguments": {"id": secret}}
    body = json.dumps({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": asked})
    log = own_library / "log"
    with log.open("wb") as written, running(own_library, stderr=written) as address:
        answers = [
            headers_of(address, body.encode()),
            headers_of(address, LIST, Host="evil.example"),
            headers_of(f"{address}/nothing", LIST),
            headers_of(f"{address}?token=cb.dealer.read.{'0' * 12}.{'a' * 43}", LIST),
        ]
    assert [status for status, _ in answers] == [200, 400, 404, 400]
    for _, headers in answers:
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    text = log.read_text(encoding="utf-8")
    assert text.count('"route": "/mcp"') == 4
    assert all(word not in text for word in ("张三", "13912345678", "evil.example", "cb.dealer"))


def test_over_http_requests_are_counted(own_library: Path) -> None:
    guarded(own_library, "open", rate=5)
    with running(own_library) as address:
        assert [post(address, LIST) for _ in range(7)] == [200] * 5 + [429] * 2


def test_it_listens_on_loopback_only_where_nobody_signs_in(own_library: Path) -> None:
    done = subprocess.run(
        [*command(own_library), "--http", "--host", "0.0.0.0", "--port", "1"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 2
    assert "sign_in" in done.stderr
    assert "Traceback" not in done.stderr
