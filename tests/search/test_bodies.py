"""Whoever sends bodies slowly, in part or too much of them takes only so many places."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from casebook.library import View
from search.app import MAX_BODY
from search.bodies import BODIES, OF_ONE
from search.engines import get_engine
from search.generations import publish
from tests.search.serving import Server, running, until

HEAD = (
    b"POST /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\nSec-Fetch-Site: same-origin\r\n"
    b"Content-Type: application/json\r\n"
)
LENGTH = HEAD + b"Content-Length: %d\r\n\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
EVENT = b'{"kind": "copied", "question": "none", "document": "faq-none"}'


@pytest.fixture(scope="module")
def index(few: View, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("index")
    publish(few, root, get_engine("memory"), "")
    return root


@pytest.fixture(scope="module")
def server(index: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    patch = (
        "from casebook.service_settings import AccessSettings\n"
        "config = service.ServiceConfig\n"
        "def behind_a_proxy(**told):\n"
        "    told |= {'running': ServiceSettings(proxies=1)}\n"
        "    return config(access=AccessSettings(sign_in='open', rate=0), **told)\n"
        "service.ServiceConfig = behind_a_proxy"
    )
    with running(index, tmp_path_factory.mktemp("log") / "log", patch) as one:
        yield one


def status(received: bytes) -> int:
    return int(received.split(b" ", 2)[1]) if received else 0


def sent(server: Server, data: bytes) -> int:
    return status(server.raw(data))


def whole(server: Server, sender: str = "192.0.2.1") -> int:
    """What somebody is told who sends all of it."""
    more = f"Connection: close\r\nX-Forwarded-For: {sender}\r\n\r\n".encode()
    return sent(server, LENGTH.removesuffix(b"\r\n") % len(EVENT) + more + EVENT)


def test_there_is_a_place_for_a_few_of_one_sender_and_for_some_of_all(server: Server) -> None:
    usual = whole(server)
    assert usual not in (413, 503)
    with ExitStack() as stack:

        def send(sender: int) -> None:
            connection = stack.enter_context(server.connect())
            more = f"X-Forwarded-For: 192.0.2.{sender}\r\n\r\n{{".encode()
            connection.sendall(LENGTH.removesuffix(b"\r\n") % 500 + more)

        def refuses(asks: str, sender: int) -> bool:
            # Who asks takes a place for a moment, in which one that would stay may be refused.
            send(sender)
            return whole(server, asks) == 503

        until(lambda: refuses("192.0.2.1", 1))
        assert whole(server, "192.0.2.2") == usual
        for sender in range(2, 2 + BODIES // OF_ONE):
            until(partial(refuses, f"192.0.2.{sender}", sender))
        until(lambda: refuses("192.0.2.99", 98))
        assert server.healthy()
        assert server.get("/api/search?q=a")[0] == 200
    until(lambda: whole(server) == whole(server, "192.0.2.99") == usual)


def test_who_hangs_up_in_the_midst_leaves_the_place(server: Server) -> None:
    usual = whole(server)
    # Nobody else's: places are free again only when the service has noticed.
    sender = "192.0.2.200"
    half = LENGTH.removesuffix(b"\r\n") % 500 + f"X-Forwarded-For: {sender}\r\n\r\n{{".encode()
    for _ in range(3 * OF_ONE):
        with server.connect() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            connection.sendall(half)
    until(lambda: whole(server, sender) == usual)


def chunks(body: bytes) -> bytes:
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (EVENT, None),
        (EVENT + b" " * (MAX_BODY - len(EVENT)), None),
        (EVENT + b" " * (MAX_BODY - len(EVENT) + 1), 413),
        (EVENT + b" " * 10 * MAX_BODY, 413),
    ],
    ids=["short", "as long as it may be", "a byte more", "far more"],
)
def test_a_body_of_unknown_length_has_the_same_limit(
    server: Server, body: bytes, expected: int | None
) -> None:
    assert sent(server, CHUNKED + chunks(body)) == (expected or whole(server))
