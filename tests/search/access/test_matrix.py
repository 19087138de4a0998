"""Everything that asks × every address: who is let in, and who is not.

Views are replaced by one that only says that it was reached: what is under test stands before them.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from search.access.enforcement import right_of
from search.access.rights import ROLES as ROLE_RIGHTS
from search.access.rights import Right
from search.access.sessions import Sessions
from search.access.tokens import FILE as TOKENS_FILE
from search.access.tokens import Tokens
from tests.search.access.conftest import (
    ROLES,
    NewApp,
    bearer,
    gate_of,
    new_token,
    signed_in,
    state_of,
)

pytestmark = pytest.mark.xdist_group("access-matrix")
AUDIENCES = ("dealer", "agent")
# What each address of the service demands; whoever adds one says it here.
DEMANDS: dict[str, Right | None] = {
    "static": None,
    "access.returned": None,
    "access.sign_in": None,
    "access.sign_out": None,
    "access.signed_out": None,
    "api.answer": Right.READ,
    "api.chosen": Right.READ,
    "api.document": Right.READ,
    "api.documentation": Right.READ,
    "api.events": Right.READ,
    "api.healthz": None,
    "api.openapi": Right.READ,
    "api.search": Right.READ,
    "api.suggest": Right.READ,
    "insights.one_list": Right.ANALYSE,
    "insights.page": Right.ANALYSE,
    "reload.ask": Right.RELOAD,
    "reload.outcome": Right.RELOAD,
    "tasks.add": Right.EDIT,
    "tasks.close": Right.EDIT,
    "tasks.page": Right.ANALYSE,
    "tasks.propose": Right.EDIT,
    "tasks.rerun": Right.EDIT,
    "editor.check": Right.EDIT,
    "editor.cms": Right.EDIT,
    "editor.forms": Right.EDIT,
    "editor.new_id": Right.EDIT,
    "editor.page": Right.EDIT,
    "editor.static": Right.READ,
    "embed.example": Right.READ,
    "embed.frame": None,
    "metrics": Right.METRICS,
    "notices.add": Right.EDIT,
    "notices.api_add": Right.EDIT,
    "notices.api_end": Right.EDIT,
    "notices.api_extend": Right.EDIT,
    "notices.api_list": Right.READ,
    "notices.end": Right.EDIT,
    "notices.extend": Right.EDIT,
    "notices.page": Right.READ,
    "web.page": Right.READ,
    "web.results": Right.READ,
    "web.site": Right.READ,
}
CRM = "https://crm.example"
REACHED = "reached"
OURS = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}
PROXIED = {**OURS, "X-Forwarded-For": "192.0.2.7"}


def stubbed(app: Flask) -> Flask:
    """An application whose views only say that they were reached."""
    for endpoint in app.view_functions:

        def stub(**_values: str) -> str:
            return REACHED

        stub.right = right_of(app, endpoint)  # type: ignore[attr-defined]
        app.view_functions[endpoint] = stub
    return app


@pytest.fixture(scope="module")
def apps(new_app: NewApp) -> dict[tuple[str, str], Flask]:
    """An application of each audience with each way in."""
    return {
        (way, audience): stubbed(new_app(way, audience, origins=(CRM,), **ROLES))
        for audience in AUDIENCES
        for way in ("loopback", "token", "proxy", "oidc", "open")
    }


def requests_of(app: Flask) -> Iterator[tuple[str, str, Right | None]]:
    """Every method of every address, and what it demands; and one that leads nowhere."""
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield method, path_of(app, rule), right_of(app, rule.endpoint)


def path_of(app: Flask, rule: Rule) -> str:
    with app.test_request_context():
        values = dict.fromkeys(rule.arguments, "1")
        return str(app.url_map.bind("localhost").build(rule.endpoint, values))


def given(audience: str) -> frozenset[Right]:
    """The rights that an audience's service gives at all: dealers only look things up."""
    writing = {Right.EDIT, Right.ANALYSE}
    return frozenset(Right) - (writing if audience == "dealer" else frozenset())


def check(response: TestResponse, expected: int, where: object) -> None:
    """Asserts what became of a request: 200 reached its view, all else did not."""
    assert response.status_code == expected, (where, response.text)
    assert (response.text == REACHED) == (expected == 200), where
    if expected == 401:
        assert response.headers["WWW-Authenticate"].startswith("Bearer "), where


@pytest.mark.parametrize("audience", AUDIENCES)
@pytest.mark.parametrize("way", ["loopback", "oidc"])
def test_each_address_is_named_here_with_what_it_demands(
    new_app: NewApp, way: str, audience: str
) -> None:
    app = new_app(way, audience)
    found = {endpoint: right_of(app, endpoint) for endpoint in app.view_functions}
    assert found == {name: DEMANDS.get(name, "not named here") for name in found}
    if (way, audience) == ("oidc", "agent"):
        assert found == DEMANDS


def altered(token: str, place: int, text: str) -> str:
    parts = token.split(".")
    parts[place] = text
    return ".".join(parts)


def other_letter(letter: str) -> str:
    return "A" if letter != "A" else "B"


@pytest.mark.parametrize("audience", AUDIENCES)
@pytest.mark.parametrize("way", ["token", "oidc", "proxy", "loopback", "open"])
class TestTokens:
    def test_each_right_opens_what_demands_it_and_nothing_else(
        self, apps: dict[tuple[str, str], Flask], way: str, audience: str
    ) -> None:
        app = apps[way, audience]
        client = app.test_client()
        for right in Right:
            token = new_token(app, right)
            for method, path, demanded in requests_of(app):
                allowed = demanded is None or (demanded == right and right in given(audience))
                response = client.open(path, method=method, headers=bearer(token))
                check(response, 200 if allowed else 403, (right, method, path))

    def test_what_does_not_hold_opens_nothing_at_all(
        self, apps: dict[tuple[str, str], Flask], way: str, audience: str
    ) -> None:
        app = apps[way, audience]
        client = app.test_client()
        all_rights = tuple(Right)
        one, two = new_token(app, *all_rights), new_token(app, *all_rights)
        narrow = new_token(app, Right.READ)
        revoked = new_token(app, *all_rights)
        tokens = Tokens(state_of(app) / TOKENS_FILE, audience)
        tokens.revoke(revoked.split(".")[3])
        tokens.close()
        [other] = {*AUDIENCES} - {audience}
        states = {
            "expired": new_token(app, *all_rights, days=-1),
            "revoked": revoked,
            "of the other audience": new_token(apps[way, other], *all_rights),
            "audience altered": altered(one, 1, other),
            "rights widened": altered(narrow, 2, "-".join(all_rights)),
            "rights narrowed": altered(one, 2, "read"),
            "id of another": altered(one, 3, two.split(".")[3]),
            "secret of another": altered(one, 4, two.split(".")[4]),
            "first letter altered": one[:-43] + other_letter(one[-43]) + one[-42:],
            "last letter altered": one[:-1] + other_letter(one[-1]),
            "cut": one[:-1],
            "longer": one + "A",
            "without secret": altered(one, 4, ""),
            "unknown": f"cb.{audience}.read.0123456789ab.{'A' * 43}",
            "empty": "",
            "garbage": "令牌".encode().decode("latin-1"),
            "a JWT": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.",
            "twice": f"{one}, {one}",
        }
        for state, token in states.items():
            for method, path, _ in requests_of(app):
                response = client.open(path, method=method, headers=bearer(token))
                check(response, 401, (state, method, path))
            assert client.get("/there/is/none", headers=bearer(token)).status_code == 401

    def test_a_token_in_an_address_is_refused_by_name(
        self, apps: dict[tuple[str, str], Flask], way: str, audience: str
    ) -> None:
        app = apps[way, audience]
        client = app.test_client()
        token = new_token(app, *Right)
        for method, path, _ in requests_of(app):
            for query in (f"access_token={token}", f"q={token}", f"q=%63%62{token[2:]}"):
                for headers in ({}, bearer(token)):
                    response = client.open(path, method=method, query_string=query, headers=headers)
                    check(response, 400, (method, path, query))
                    assert "令牌不能写在网址里" in response.text
            basic = base64.b64encode(f"{token}:".encode()).decode()
            password = base64.b64encode(f"x:{token}".encode()).decode()
            for value in (basic, password):
                headers = {"Authorization": f"Basic {value}"}
                check(client.open(path, method=method, headers=headers), 400, (method, path))
        check(client.get(f"/api/documents/{token}"), 400, "in the path")


def expected(demanded: Right | None, rights: frozenset[Right], *, known: bool) -> int:
    if demanded is None or demanded in rights:
        return 200
    return 403 if known else 401


@pytest.mark.parametrize("audience", AUDIENCES)
class TestPeople:
    @pytest.mark.parametrize("role", ["reader", "editor", "analyst", "none"])
    @pytest.mark.parametrize("way", ["oidc", "proxy"])
    def test_a_role_opens_what_it_may(
        self, apps: dict[tuple[str, str], Flask], way: str, audience: str, role: str
    ) -> None:
        app = apps[way, audience]
        groups = {"reader": ["seats"], "editor": ["writers"], "analyst": ["quality"]}.get(role, [])
        rights = ROLE_RIGHTS.get(role, frozenset()) & given(audience)
        if way == "oidc":
            client, headers = signed_in(app, *groups), OURS
        else:
            client = app.test_client()
            headers = {
                **PROXIED,
                "Casebookuser": "ying",
                "Casebookgroups": ", ".join([*groups, "others"]),
            }
        for method, path, demanded in requests_of(app):
            response = client.open(path, method=method, headers=headers)
            check(response, expected(demanded, rights, known=True), (method, path))

    def test_nobody_gets_only_what_is_there_for_everybody(
        self, apps: dict[tuple[str, str], Flask], audience: str
    ) -> None:
        for way in ("token", "oidc", "proxy"):
            app = apps[way, audience]
            client = app.test_client()
            for method, path, demanded in requests_of(app):
                response = client.open(path, method=method, headers=OURS)
                check(response, expected(demanded, frozenset(), known=False), (way, method, path))
            check(client.get("/there/is/none", headers=OURS), 401, way)
            check(client.delete("/", headers=OURS), 401, way)

    def test_who_sits_at_the_machine_may_everything_and_anybody_may_read_what_is_open(
        self, apps: dict[tuple[str, str], Flask], audience: str
    ) -> None:
        for way, rights in (("loopback", given(audience)), ("open", frozenset({Right.READ}))):
            app = apps[way, audience]
            client = app.test_client()
            for method, path, demanded in requests_of(app):
                response = client.open(path, method=method)
                check(response, expected(demanded, rights, known=True), (way, method, path))

    def test_what_did_not_begin_here_is_no_session(
        self, apps: dict[tuple[str, str], Flask], audience: str
    ) -> None:
        app = apps["oidc", audience]
        [other] = {*AUDIENCES} - {audience}
        name = f"casebook-{audience}-session"
        good = signed_in(app, "writers").get_cookie(name)
        elsewhere = signed_in(apps["oidc", other], "writers").get_cookie(
            f"casebook-{other}-session"
        )
        assert good is not None
        assert elsewhere is not None
        gate = gate_of(app)
        assert gate.sessions is not None
        body, _, signature = good.value.partition(".")
        past = replace(gate.sessions.begin("ying", ("writers",)), until=1)
        states = {
            "of the other audience": elsewhere.value,
            "another body": f"{body[:-2]}AA.{signature}",
            "another signature": good.value[:-3] + "AAA",
            "without signature": body,
            "empty": "",
            "garbage": "x" * 500,
            "run out": gate.sessions._serializer("session").dumps(vars(past)),
            "of another kind": gate.sessions._serializer("sign-in").dumps(
                vars(gate.sessions.begin("ying", ("writers",)))
            ),
            "of another key": Sessions(audience, b"k" * 32, 10)
            ._serializer("session")
            .dumps(vars(gate.sessions.begin("ying", ("writers",)))),
        }
        for state, value in states.items():
            client = app.test_client()
            client.set_cookie(name, value)
            for method, path, demanded in requests_of(app):
                response = client.open(path, method=method, headers=OURS)
                check(response, expected(demanded, frozenset(), known=False), (state, path))

    def test_the_same_key_in_another_audiences_service_opens_nothing(
        self, new_app: NewApp, audience: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CASEBOOK_KEY", "k" * 48)
        keyed = {
            "oidc": {"issuer": "http://127.0.0.1:9", "client_id": "c", "key_env": "CASEBOOK_KEY"}
        }
        [other] = {*AUDIENCES} - {audience}
        here, there = new_app("oidc", audience, **keyed), new_app("oidc", other, **keyed)
        again = new_app("oidc", audience, **keyed)
        cookie = signed_in(here, "seats").get_cookie(f"casebook-{audience}-session")
        assert cookie is not None
        for app, status in ((again, 200), (there, 401)):
            client = FlaskClient(app, app.response_class)
            for name in AUDIENCES:
                client.set_cookie(f"casebook-{name}-session", cookie.value)
            assert client.get("/api/openapi.json").status_code == status


class TestOtherSites:
    """Only our own pages may change anything; a token says by itself who sent it."""

    FOREIGN = (
        {"Origin": "https://evil.example"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://localhost.evil.example"},
    )

    @pytest.mark.parametrize("way", ["loopback", "open", "oidc", "proxy"])
    def test_no_method_that_changes_something_works_from_there(
        self, apps: dict[tuple[str, str], Flask], way: str
    ) -> None:
        app = apps[way, "agent"]
        client = signed_in(app, "writers") if way == "oidc" else app.test_client()
        proxied = {"X-Forwarded-For": "192.0.2.7", "Casebookuser": "ying"}
        proxied["Casebookgroups"] = "writers"
        known = proxied if way == "proxy" else {}
        for method, path, _ in requests_of(app):
            if method != "GET":
                for headers in self.FOREIGN:
                    check(client.open(path, method=method, headers=known | headers), 403, path)

    @pytest.mark.parametrize("audience", AUDIENCES)
    @pytest.mark.parametrize("way", ["loopback", "open", "oidc", "proxy"])
    def test_a_site_of_the_settings_gets_what_readers_get_whoever_sits_before_it(
        self, apps: dict[tuple[str, str], Flask], way: str, audience: str
    ) -> None:
        app = apps[way, audience]
        client = signed_in(app, "writers") if way == "oidc" else app.test_client()
        known = {"X-Forwarded-For": "192.0.2.7", "Casebookuser": "ying"}
        known["Casebookgroups"] = "writers"
        if way != "proxy":
            known = {}
        for site in ({}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "cross-site"}):
            sent = {**known, **site, "Origin": CRM}
            for method, path, demanded in requests_of(app):
                response = client.open(path, method=method, headers=sent)
                reads = demanded in (None, Right.READ)
                readable = "Access-Control-Allow-Origin" in response.headers
                assert readable == reads, (method, path)
                assert "Access-Control-Allow-Credentials" not in response.headers
                if demanded is Right.READ or (reads and method == "GET"):
                    check(response, 200, (method, path))
                elif method != "GET" or path.startswith("/api/"):
                    check(response, 403, (method, path))

    @pytest.mark.parametrize("way", ["oidc", "proxy"])
    def test_what_a_browser_adds_by_itself_needs_a_page_of_ours(
        self, apps: dict[tuple[str, str], Flask], way: str
    ) -> None:
        app = apps[way, "agent"]
        client = signed_in(app, "writers") if way == "oidc" else app.test_client()
        known = {}
        if way == "proxy":
            known = {"X-Forwarded-For": "192.0.2.7", "Casebookuser": "ying"}
            known["Casebookgroups"] = "writers"
        assert client.post("/api/check", headers=known).status_code == 403
        here = {"Origin": "http://localhost"}
        assert client.post("/api/check", headers=known | here).text == REACHED

    @pytest.mark.parametrize(
        ("page", "status"),
        [
            ({"Origin": "https://localhost"}, 200),
            ({"Origin": "https://localhost", "Sec-Fetch-Site": "same-origin"}, 200),
            ({"Origin": "https://localhost", "Sec-Fetch-Site": "cross-site"}, 403),
            ({"Origin": "http://localhost"}, 403),
            ({"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"}, 403),
            ({"Origin": "https://localhost:8443"}, 403),
        ],
    )
    def test_what_is_not_for_readers_is_asked_from_this_very_origin(
        self, apps: dict[tuple[str, str], Flask], page: dict[str, str], status: int
    ) -> None:
        known = {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https"}
        known |= {"Casebookuser": "ying", "Casebookgroups": "writers"}
        response = apps["proxy", "agent"].test_client().post("/api/check", headers=known | page)
        assert response.status_code == status

    def test_what_a_service_gives_nobody_is_said_to_who_asks_for_it(
        self, apps: dict[tuple[str, str], Flask]
    ) -> None:
        app = apps["token", "dealer"]
        for right in (Right.EDIT, Right.READ):
            known = bearer(new_token(app, right))
            refused = app.test_client().post("/api/notices", headers=known)
            assert refused.status_code == 403
            [error] = refused.get_json()["errors"]
            assert "这个服务不给任何人“写作”" in error["message"]

    def test_a_token_is_sent_on_purpose(self, apps: dict[tuple[str, str], Flask]) -> None:
        app = apps["token", "agent"]
        token = new_token(app, Right.EDIT)
        for headers in self.FOREIGN:
            asked = app.test_client().post("/api/check", headers=bearer(token) | headers)
            assert asked.text == REACHED
