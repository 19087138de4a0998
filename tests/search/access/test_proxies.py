"""What proxies say is believed of exactly those that the settings name; forging changes nothing."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from flask import Flask, request

from tests.search.access.conftest import NewApp, audited

pytestmark = pytest.mark.xdist_group("access-matrix")
NEAR, FAR = "10.0.0.5", "10.0.0.4"
CLIENT = "192.0.2.7"
_numbers = count(1)
FORGED = (
    {},
    {"X-Forwarded-Host": "evil.example"},
    {"X-Real-IP": "203.0.113.9"},
    {"Forwarded": "for=203.0.113.9;host=evil.example;proto=https"},
    {"X-Forwarded-Port": "9999"},
    {"X-Forwarded-Prefix": "/evil"},
    {"X-Original-URL": "/api/search"},
    {"X-Rewrite-URL": "/api/search"},
    {"X-HTTP-Method-Override": "POST"},
    {"True-Client-IP": "203.0.113.9"},
    {"CF-Connecting-IP": "203.0.113.9"},
    {"Client-IP": "203.0.113.9"},
)


def fresh() -> str:
    """The address of a client that has not asked yet."""
    number = next(_numbers)
    return f"198.18.{number // 250}.{number % 250 + 1}"


def chain(hops: int, client: str) -> dict[str, str]:
    """What the proxies in front add: each the address that it was asked from."""
    return {"X-Forwarded-For": ", ".join((client, FAR)[:hops])} if hops else {}


def sender(hops: int, client: str) -> str:
    return NEAR if hops else client


def bucket(
    app: Flask, path: str, remote: str, headers: dict[str, str]
) -> tuple[int, dict[str, Any]]:
    client = app.test_client()
    response = client.get(path, headers=headers, environ_overrides={"REMOTE_ADDR": remote})
    return response.status_code, dict(response.headers)


def settings(hops: int, hosts: tuple[str, ...] = (NEAR,)) -> dict[str, Any]:
    return {"running": {"proxies": hops, "proxy_hosts": hosts}}


@pytest.fixture(scope="module", params=[0, 1, 2], ids="{} hops".format)
def hops(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(scope="module")
def counting(new_app: NewApp, hops: int) -> Flask:
    """An open service behind so many proxies, where each address may ask twice."""
    app = new_app("open", rate=2, **settings(hops))
    app.add_url_rule("/scheme", "web.scheme", lambda: request.scheme)
    return app


class TestForging:
    @pytest.mark.parametrize("forged", FORGED, ids=lambda forged: next(iter(forged), "nothing"))
    def test_the_same_client_stays_the_same(
        self, counting: Flask, hops: int, forged: dict[str, str]
    ) -> None:
        app, path, client, other = counting, "/api/openapi.json", fresh(), fresh()
        plain = bucket(app, path, sender(hops, client), chain(hops, client))
        headers = chain(hops, client) | forged
        again = bucket(app, path, sender(hops, client), headers)
        assert plain[0] == again[0] == 200
        for found in (plain[1], again[1]):
            found.pop("X-Request-ID", None)
        assert plain[1] == again[1]
        assert bucket(app, path, sender(hops, client), headers)[0] == 429
        assert bucket(app, path, sender(hops, other), chain(hops, other) | forged)[0] == 200

    @pytest.mark.parametrize(
        "before", ["203.0.113.9", "203.0.113.9, 203.0.113.10", "127.0.0.1", "unknown", '"evil"']
    )
    def test_what_a_client_writes_before_the_proxies_do_is_not_read(
        self, counting: Flask, hops: int, before: str
    ) -> None:
        client, other, path = fresh(), fresh(), "/api/openapi.json"
        added = chain(hops, client).get("X-Forwarded-For", "")
        headers = {"X-Forwarded-For": f"{before}, {added}" if added else before}
        asked = [bucket(counting, path, sender(hops, client), headers)[0] for _ in range(2)]
        assert asked == [200, 200]
        assert bucket(counting, path, sender(hops, client), chain(hops, client))[0] == 429
        assert bucket(counting, path, sender(hops, other), chain(hops, other))[0] == 200

    def test_a_sender_that_is_no_proxy_of_ours_is_itself(self, counting: Flask) -> None:
        stranger, path = fresh(), "/api/openapi.json"
        for _ in range(2):
            assert bucket(counting, path, stranger, {})[0] == 200
        for claimed in (CLIENT, f"{CLIENT}, {FAR}", NEAR):
            assert bucket(counting, path, stranger, {"X-Forwarded-For": claimed})[0] == 429

    @pytest.mark.parametrize(
        "host", ["evil.example", "localhost.evil.example", "", "127.0.0.1.nip"]
    )
    def test_an_unknown_host_is_refused_whatever_proxies_say(
        self, counting: Flask, hops: int, host: str
    ) -> None:
        said = chain(hops, CLIENT) | {"X-Forwarded-Host": "localhost"}
        for path in ("/", "/api/none", "/static/style.css", "/api/search?q=漫游", "/none"):
            found = bucket(counting, path, sender(hops, CLIENT), said | {"Host": host})
            assert found[0] == 400

    def test_the_scheme_is_what_a_proxy_of_ours_says(self, counting: Flask, hops: int) -> None:
        client, stranger = fresh(), fresh()
        said = {"X-Forwarded-Proto": "https"}
        for remote, headers, secure in (
            (sender(hops, client), chain(hops, client) | said, hops > 0),
            (stranger, {"X-Forwarded-For": client} | said, False),
            (sender(hops, client), chain(hops, client), False),
        ):
            status, found = bucket(counting, "/scheme", remote, headers)
            assert status == 200
            assert ("Strict-Transport-Security" in found) == secure


IDENTITY = {"Casebookuser": "ying", "Casebookgroups": "seats,writers"}


class TestIdentity:
    def ask(self, app: Flask, remote: str, headers: dict[str, str]) -> int:
        return bucket(app, "/api/openapi.json", remote, headers)[0]

    @pytest.mark.parametrize("hops", [1, 2])
    def test_exactly_through_the_proxies(self, new_app: NewApp, hops: int) -> None:
        app = new_app("proxy", **settings(hops, ("10.0.0.0/24",)))
        assert self.ask(app, NEAR, chain(hops, CLIENT) | IDENTITY) == 200
        refused = (
            (NEAR, IDENTITY),
            (NEAR, chain(hops - 1, CLIENT) | IDENTITY),
            (NEAR, {"X-Forwarded-For": f"{CLIENT}, {CLIENT}, {FAR}"[: 40 if hops == 2 else 20]}),
            (NEAR, {"X-Forwarded-For": ", ".join([CLIENT] * (hops + 1))} | IDENTITY),
            ("198.51.100.1", chain(hops, CLIENT) | IDENTITY),
            ("127.0.0.1", chain(hops, CLIENT) | IDENTITY),
            (NEAR, chain(hops, CLIENT)),
            (NEAR, chain(hops, CLIENT) | {"Casebookuser": ""}),
            (NEAR, chain(hops, CLIENT) | {"Casebookuser": "evil,ying"}),
            (NEAR, chain(hops, CLIENT) | {"Casebookuser": "{http.auth.user.id}"}),
            (NEAR, chain(hops, CLIENT) | {"Remoteuser": "ying"}),
        )
        for remote, headers in refused:
            assert self.ask(app, remote, headers) == 401, (remote, headers)
        assert {line["event"] for line in audited(app)} == {"sign_in_refused"}

    def test_the_headers_are_those_of_the_settings(self, new_app: NewApp) -> None:
        named = {"user_header": "Remoteuser", "groups_header": "Remotegroups"}
        app = new_app("proxy", proxy=named, readers=["seats"], **settings(1))
        through = chain(1, CLIENT)
        assert self.ask(app, NEAR, through | IDENTITY) == 401
        assert self.ask(app, NEAR, through | {"Remoteuser": "ying"}) == 403
        both = {"Remoteuser": "ying", "Remotegroups": "others, seats"}
        assert self.ask(app, NEAR, through | both) == 200


@pytest.fixture(scope="module")
def local(new_app: NewApp) -> Flask:
    """A service where nobody signs in."""
    return new_app("loopback", "agent")


class TestThisMachine:
    """Where nobody signs in, only who sits at the machine is let in."""

    @pytest.mark.parametrize(
        ("remote", "headers", "status"),
        [
            ("127.0.0.1", {}, 200),
            ("127.0.0.2", {}, 200),
            ("::1", {}, 200),
            ("::ffff:127.0.0.1", {}, 200),
            ("192.0.2.7", {}, 403),
            ("::ffff:192.0.2.7", {}, 403),
            ("", {}, 403),
            ("127.0.0.1", {"X-Forwarded-For": "192.0.2.7"}, 403),
            ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 403),
            ("127.0.0.1", {"Forwarded": "for=192.0.2.7"}, 403),
            ("127.0.0.1", {"X-Real-IP": "192.0.2.7"}, 403),
        ],
    )
    def test_nobody_comes_from_elsewhere_or_through_a_proxy(
        self, local: Flask, remote: str, headers: dict[str, str], status: int
    ) -> None:
        for path in ("/api/openapi.json", "/", "/static/style.css", "/healthz"):
            with local.test_client().get(
                path, headers=headers, environ_overrides={"REMOTE_ADDR": remote}
            ) as response:
                assert response.status_code == status, path

    def test_through_a_proxy_of_this_machine_only_who_is_at_it(self, new_app: NewApp) -> None:
        app = new_app("loopback", **settings(1, ("127.0.0.1",)))
        for address, status in (("127.0.0.1", 200), ("192.0.2.7", 403)):
            headers = {"X-Forwarded-For": address}
            assert bucket(app, "/api/openapi.json", "127.0.0.1", headers)[0] == status
