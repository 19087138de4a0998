"""Signing in at a real OpenID provider, without a browser, and out again."""

from __future__ import annotations

import json
import os
import re
import selectors
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urljoin, urlsplit

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.browser.conftest import free_port, npm_installed
from tests.search.access.conftest import ROLES, NewApp, audited, state_of

pytestmark = pytest.mark.xdist_group("oidc")
HERE = Path(__file__).parent / "oidc"
SECRETS = ("a-secret-of-the-tests-0", "a-secret-of-the-tests-1")
HANG = 60


@dataclass(frozen=True)
class Provider:
    """A running provider.

    Attributes:
        issuer: its address.
        port: one on which a service may be that it sends people back to.
    """

    issuer: str
    port: int


@pytest.fixture(scope="module")
def provider(root: Path) -> Iterator[Provider]:
    packages = npm_installed(root, HERE)
    node = shutil.which("node")
    assert node
    port = free_port()
    callbacks = ["http://localhost/sign-in/return", f"http://127.0.0.1:{port}/sign-in/return"]
    with subprocess.Popen(
        [node, str(HERE / "provider.mjs"), str(packages), *callbacks],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            assert selector.select(HANG)
        try:
            yield Provider(process.stdout.readline().strip(), port)
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def running(provider: Provider, new_app: NewApp) -> Flask:
    """The agents' service, whose people sign in at the provider."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEST_CLIENT_SECRET", SECRETS[0])
        return new_app("oidc", "agent", **ROLES, oidc=client_of(provider, 0))


@pytest.fixture
def app(running: Flask) -> Flask:
    """The same, with an empty audit log."""
    (state_of(running) / "audit.log").unlink(missing_ok=True)
    return running


def client_of(provider: Provider, number: int) -> dict[str, str]:
    return {
        "issuer": provider.issuer,
        "client_id": f"casebook-{number}",
        "client_secret_env": "TEST_CLIENT_SECRET",
    }


def sign_in_there(address: str, name: str) -> str:
    """What the provider's pages do with somebody's browser; gives the address it sends it to."""
    with requests.Session() as browser:
        answer = browser.get(address, allow_redirects=False, timeout=HANG)
        for _ in range(12):
            if answer.is_redirect:
                there = urljoin(answer.url, answer.headers["Location"])
                if "/sign-in/return" in there:
                    return there
                answer = browser.get(there, allow_redirects=False, timeout=HANG)
                continue
            assert answer.status_code == 200, answer.text
            action = re.search(r'<form[^>]* action="([^"]+)"', answer.text)
            prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
            assert action, answer.text
            assert prompt, answer.text
            typed = {"prompt": prompt[1], "login": name, "password": "x"}
            there = urljoin(answer.url, action[1])
            answer = browser.post(there, typed, allow_redirects=False, timeout=HANG)
    raise AssertionError("the provider never sent the browser back")


def begin(client: FlaskClient, path: str = "/") -> str:
    """Opens a page of the service; gives the address at the provider that it leads to."""
    asked = client.get(path, headers={"Accept": "text/html"})
    assert asked.status_code == 302
    assert asked.headers["Location"].startswith("/sign-in/?to=")
    sent = client.get(asked.headers["Location"])
    assert sent.status_code == 302
    return sent.headers["Location"]


def arrive(client: FlaskClient, address: str) -> TestResponse:
    parts = urlsplit(address)
    return client.get(f"{parts.path}?{parts.query}")


def sign_in(client: FlaskClient, name: str, path: str = "/") -> TestResponse:
    return arrive(client, sign_in_there(begin(client, path), name))


def cookies(response: TestResponse) -> dict[str, str]:
    return {
        value.partition("=")[0]: value.partition(";")[2]
        for value in response.headers.getlist("Set-Cookie")
    }


def sign_ins(client: FlaskClient) -> dict[str, str]:
    """The cookies of the sign-ins that are under way in a browser."""
    jar = client._cookies or {}
    return {one.key: one.value for one in jar.values() if "-sign-in-" in one.key}


class TestSigningIn:
    def test_who_asks_for_a_page_gets_it_after_signing_in(self, app: Flask) -> None:
        client = app.test_client()
        there = begin(client, "/?q=漫游&page=2")
        asked = parse_qs(urlsplit(there).query)
        assert asked["response_type"] == ["code"]
        assert asked["code_challenge_method"] == ["S256"]
        assert asked["scope"] == ["openid profile"]
        assert asked["redirect_uri"] == ["http://localhost/sign-in/return"]
        assert len(asked["state"][0]) >= 20
        assert len(asked["nonce"][0]) >= 20
        back = arrive(client, sign_in_there(there, "editor"))
        assert back.status_code == 303
        assert back.headers["Location"] == "/?q=%E6%BC%AB%E6%B8%B8&page=2"
        page = client.get(back.headers["Location"])
        assert page.status_code == 200
        assert "editor" in page.text
        assert "退出" in page.text
        [line] = audited(app)
        assert (line["event"], line["who"], line["way"]) == ("sign_in", "editor", "oidc")
        assert (line["address"], line["detail"]) == ("127.0.0.1", "seats writers")

    @pytest.mark.parametrize(
        ("name", "reads", "writes"),
        [("editor", 200, 200), ("reader", 200, 403), ("nobody", 403, 403), ("unknown", 403, 403)],
    )
    def test_groups_become_roles(self, app: Flask, name: str, reads: int, writes: int) -> None:
        client = app.test_client()
        sign_in(client, name)
        assert client.get("/api/openapi.json").status_code == reads
        ours = {"Sec-Fetch-Site": "same-origin"}
        check = client.get("/api/new-id?kind=faq&title=x", headers=ours)
        assert check.status_code == writes
        refused = client.get("/")
        assert refused.status_code == reads
        if reads == 403:
            assert "readers" in refused.text
            assert "退出" in refused.text
        assert ('href="/write/"' in refused.text) == (writes == 200)

    def test_what_is_set_in_the_browser(self, app: Flask) -> None:
        client = app.test_client()
        begun = client.get("/sign-in/")
        [(name, rest)] = cookies(begun).items()
        assert re.fullmatch(r"casebook-agent-sign-in-[0-9a-f]{16}", name)
        assert "Max-Age=600; HttpOnly; Path=/; SameSite=Lax" in rest
        back = arrive(client, sign_in_there(begun.headers["Location"], "reader"))
        found = cookies(back)
        assert set(found) == {"casebook-agent-session", name}
        assert "Max-Age=36000; HttpOnly; Path=/; SameSite=Lax" in found["casebook-agent-session"]
        assert "Max-Age=0" in found[name]
        assert "Secure" not in found["casebook-agent-session"]

    def test_with_https_no_other_host_can_set_it(self, app: Flask) -> None:
        begun = app.test_client().get("/sign-in/", base_url="https://localhost")
        [(name, rest)] = cookies(begun).items()
        assert name.startswith("__Host-casebook-agent-sign-in-")
        assert "Secure; HttpOnly; Path=/; SameSite=Lax" in rest
        assert begun.headers["Strict-Transport-Security"] == "max-age=31536000"

    def test_a_session_is_new_at_every_sign_in_and_the_former_is_over(self, app: Flask) -> None:
        client = app.test_client()
        sign_in(client, "reader")
        former = client.get_cookie("casebook-agent-session")
        client.get("/sign-in/")
        sign_in_again = client.get("/sign-in/").headers["Location"]
        arrive(client, sign_in_there(sign_in_again, "editor"))
        now = client.get_cookie("casebook-agent-session")
        assert former is not None
        assert now is not None
        assert former.value != now.value
        other = app.test_client()
        other.set_cookie("casebook-agent-session", former.value)
        assert other.get("/api/openapi.json").status_code == 401
        assert client.get("/api/openapi.json").status_code == 200

    def test_a_script_is_told_not_sent(self, app: Flask) -> None:
        client = app.test_client()
        for path, headers in (
            ("/api/search?q=漫游", {"Accept": "text/html"}),
            ("/results?q=漫游", {"Sec-Fetch-Mode": "cors"}),
            ("/", {"Accept": "application/json"}),
        ):
            assert client.get(path, headers=headers).status_code == 401
        assert client.post("/", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 401


class TestReturning:
    def test_a_sign_in_counts_once(self, app: Flask) -> None:
        client = app.test_client()
        back = sign_in_there(begin(client), "reader")
        [(name, kept)] = sign_ins(client).items()
        assert arrive(client, back).status_code == 303
        again = app.test_client()
        again.set_cookie(name, kept)
        assert arrive(again, back).status_code == 403
        assert audited(app)[-1]["detail"] == "state was used before"

    def test_two_tabs_sign_in_at_once(self, app: Flask) -> None:
        for first, second in ((0, 1), (1, 0)):
            client = app.test_client()
            pages = ("/?q=漫游", "/?q=停机")
            backs = [sign_in_there(begin(client, page), "reader") for page in pages]
            for number in (first, second):
                answer = arrive(client, backs[number])
                assert answer.status_code == 303
                assert unquote(answer.headers["Location"]) == pages[number]
                assert client.get("/api/openapi.json").status_code == 200
            assert not sign_ins(client)

    def test_only_so_many_are_under_way_in_a_browser(self, app: Flask) -> None:
        client = app.test_client()
        sign_in(client, "reader")
        client.set_cookie("casebook-agent-sign-in-0123456789abcdef", "garbage")
        for _ in range(8):
            newest = client.get("/sign-in/").headers["Location"]
        assert len(sign_ins(client)) == 5
        assert "garbage" not in sign_ins(client).values()
        assert arrive(client, sign_in_there(newest, "reader")).status_code == 303
        client.post("/sign-out/", headers={"Origin": "http://localhost"})
        assert not sign_ins(client)

    def test_only_the_browser_that_began_can_end_it(self, app: Flask) -> None:
        victim, attacker = app.test_client(), app.test_client()
        back = sign_in_there(begin(attacker), "reader")
        assert arrive(victim, back).status_code == 403
        begin(victim)
        assert arrive(victim, back).status_code == 403
        assert victim.get_cookie("casebook-agent-session") is None
        assert {line["detail"] for line in audited(app)} == {"state does not fit"}

    @pytest.mark.parametrize(
        "change",
        [
            lambda back: re.sub(r"state=[^&]+", "state=x", back),
            lambda back: re.sub(r"code=[^&]+", "code=x", back),
            lambda back: re.sub(r"iss=[^&]+", "iss=https://evil.example", back),
            lambda back: re.sub(r"code=[^&]+", "error=access_denied", back),
            lambda back: back.partition("?")[0],
            lambda back: back + "&state=y",
        ],
        ids=["state", "code", "issuer", "denied", "nothing", "state twice"],
    )
    def test_what_was_altered_is_no_sign_in(
        self, app: Flask, change: Callable[[str], str], request: pytest.FixtureRequest
    ) -> None:
        client = app.test_client()
        back = change(sign_in_there(begin(client), "reader"))
        answer = arrive(client, back)
        if request.node.callspec.id == "state twice":
            # The first counts, and it fits.
            assert answer.status_code == 303
            return
        assert answer.status_code == 403
        assert "没有登录成功" in answer.text
        assert client.get_cookie("casebook-agent-session") is None
        assert audited(app)[-1]["event"] == "sign_in_refused"

    def test_one_client_s_code_is_worth_nothing_to_another(
        self, app: Flask, new_app: NewApp, provider: Provider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TEST_CLIENT_SECRET", SECRETS[1])
        other = new_app("oidc", "dealer", **ROLES, oidc=client_of(provider, 1))
        mine, theirs = app.test_client(), other.test_client()
        back = sign_in_there(begin(mine), "reader")
        there = begin(theirs)
        state = parse_qs(urlsplit(there).query)["state"][0]
        assert arrive(theirs, re.sub(r"state=[^&]+", f"state={state}", back)).status_code == 403

    @pytest.mark.parametrize(
        "wanted",
        [
            "https://evil.example/",
            "//evil.example/",
            "///evil.example/",
            "/\\evil.example/",
            "\\\\evil.example/",
            "/\t/evil.example/",
            "/\r\n/evil.example/",
            "javascript:alert(1)",
            "evil.example",
            "",
            "/" + "x" * 2000,
            "/sign-in/",
            "/sign-out/",
        ],
    )
    def test_nobody_is_sent_elsewhere_afterwards(self, app: Flask, wanted: str) -> None:
        client = app.test_client()
        begun = client.get("/sign-in/", query_string={"to": wanted})
        back = arrive(client, sign_in_there(begun.headers["Location"], "reader"))
        assert back.headers["Location"] == "/"


class TestSigningOut:
    def test_the_session_is_over_wherever_its_cookie_is(self, app: Flask) -> None:
        client = app.test_client()
        sign_in(client, "reader")
        kept = client.get_cookie("casebook-agent-session")
        assert kept is not None
        out = client.post("/sign-out/", headers={"Origin": "http://localhost"})
        assert (out.status_code, out.headers["Location"]) == (303, "/sign-out/")
        assert out.headers["Clear-Site-Data"] == '"cache", "storage"'
        assert client.get_cookie("casebook-agent-session") is None
        stolen = app.test_client()
        stolen.set_cookie("casebook-agent-session", kept.value)
        assert stolen.get("/api/openapi.json").status_code == 401
        assert [line["event"] for line in audited(app)] == ["sign_in", "sign_out"]

    def test_the_page_leads_to_the_provider_s_own(self, app: Flask, provider: Provider) -> None:
        page = app.test_client().get("/sign-out/")
        assert page.status_code == 200
        assert f'href="{provider.issuer}/session/end?client_id=casebook-0"' in page.text
        assert 'href="/site/"' not in page.text

    def test_no_other_site_signs_anybody_out(self, app: Flask) -> None:
        client = app.test_client()
        sign_in(client, "reader")
        for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {}):
            assert client.post("/sign-out/", headers=headers).status_code == 403
        assert client.get("/sign-out/").status_code == 200
        assert client.get("/api/openapi.json").status_code == 200


SERVER = """
import json, sys
from datetime import date
from pathlib import Path
from casebook.service_settings import AccessSettings
from search.server import serve
from search.service import ServiceConfig

index, state, port, access = sys.argv[1:]
serve(ServiceConfig(
    audience="agent", internal=True, title="测试", index=Path(index), site=None,
    today=lambda: date(2026, 11, 22), state=Path(state),
    access=AccessSettings.model_validate(json.loads(access)),
), "127.0.0.1", int(port), 2)
"""


class TestRunning:
    @contextmanager
    def served(self, index: Path, state: Path, provider: Provider) -> Iterator[str]:
        access = {"sign_in": "oidc", "oidc": client_of(provider, 1), "readers": ["seats"]}
        process = subprocess.Popen(
            [
                *(sys.executable, "-W", "ignore", "-c", SERVER),
                *(str(index), str(state), str(provider.port), json.dumps(access)),
            ],
            env={**os.environ, "TEST_CLIENT_SECRET": SECRETS[1]},
            stderr=subprocess.DEVNULL,
        )
        address = f"http://127.0.0.1:{provider.port}"
        try:
            ends = time.monotonic() + HANG
            while True:
                assert process.poll() is None
                assert time.monotonic() < ends
                try:
                    assert requests.get(f"{address}/healthz", timeout=HANG).json() == {
                        "status": "ok"
                    }
                    break
                except requests.ConnectionError:
                    time.sleep(0.05)
            yield address
        finally:
            process.terminate()
            process.wait(HANG)

    def test_workers_know_each_other_s_people_and_a_restart_forgets_nobody(
        self, provider: Provider, small_index: Callable[[str], Path], tmp_path: Path
    ) -> None:
        index, state = small_index("agent"), tmp_path / "state"
        with requests.Session() as browser:
            with self.served(index, state, provider) as address:
                sent = browser.get(f"{address}/sign-in/", allow_redirects=False, timeout=HANG)
                back = sign_in_there(sent.headers["Location"], "reader")
                page = browser.get(back, timeout=HANG)
                assert page.status_code == 200
                assert "退出" in page.text
                for _ in range(20):
                    assert browser.get(f"{address}/api/openapi.json", timeout=HANG).ok
                refused = requests.get(f"{address}/api/openapi.json", timeout=HANG)
                assert refused.status_code == 401
            key = state / "access.key"
            assert key.stat().st_mode & 0o777 == 0o600
            with self.served(index, state, provider) as address:
                assert browser.get(f"{address}/api/openapi.json", timeout=HANG).ok
                out = browser.post(
                    f"{address}/sign-out/", headers={"Origin": address}, timeout=HANG
                )
                assert out.ok
        assert {one.stat().st_mode & 0o077 for one in state.glob("a*")} == {0}


def test_nothing_secret_is_in_the_audit_log(app: Flask) -> None:
    client = app.test_client()
    sign_in(client, "reader")
    cookie = client.get_cookie("casebook-agent-session")
    assert cookie is not None
    text = (state_of(app) / "audit.log").read_text(encoding="utf-8")
    for secret in (SECRETS[0], cookie.value, cookie.value.split(".")[0]):
        assert secret not in text
