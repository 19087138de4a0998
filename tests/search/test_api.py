"""The JSON API: its description holds, every error has one shape, every response its headers."""

from __future__ import annotations

import math
import random
import re
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from casebook.documents import Faq
from casebook.library import Library, View
from casebook.service_settings import AccessSettings
from search import budget as budgets
from search.app import MAX_BODY, create_app
from search.budget import Budget
from search.engines import EMBEDDED, get_engine
from search.generations import publish
from search.searcher import Searcher
from search.service import EXTENSION, Service, ServiceConfig

ON = date(2026, 11, 22)
ORIGIN = "https://intranet.example"
IndexRoot = Callable[..., Path]
NewApp = Callable[..., Flask]


@pytest.fixture(scope="module")
def new_app(index_root: IndexRoot, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NewApp]:
    """Applications of one audience, closed at the end."""
    made: list[Flask] = []

    def new(
        audience: str = "dealer",
        engine: str = "memory",
        index: Path | None = None,
        choices: Path | None = None,
    ) -> Flask:
        config = ServiceConfig(
            audience=audience,
            internal=audience == "agent",
            title="测试",
            index=index or index_root(audience, engine),
            site=tmp_path_factory.getbasetemp() / "no-site",
            today=lambda: ON,
            access=AccessSettings(origins=(ORIGIN,)),
            choices=choices,
        )
        app = create_app(config)
        made.append(app)
        return app

    yield new
    for app in made:
        app.extensions[EXTENSION].close()


@pytest.fixture(scope="module")
def dealers(new_app: NewApp) -> Flask:
    """Dealers' application."""
    return new_app()


@pytest.fixture
def client(dealers: Flask) -> FlaskClient:
    """Dealers' API."""
    return dealers.test_client()


def service_of(client: FlaskClient) -> Service:
    found: Service = client.application.extensions[EXTENSION]
    return found


HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
}
POLICY = ("default-src 'none'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'")


def check_headers(response: TestResponse, *, framed: bool = False) -> None:
    """What every response carries, errors too; ``framed`` where named origins may frame it."""
    left_out = {"X-Frame-Options", "frame-ancestors 'none'"} if framed else set()
    for name, value in HEADERS.items():
        assert response.headers.getlist(name) == ([] if name in left_out else [value])
    policy = response.headers["Content-Security-Policy"]
    assert all(part in policy for part in POLICY if part not in left_out)
    assert f"frame-ancestors 'self' {ORIGIN}" in policy or not framed
    assert "unsafe" not in policy
    assert "Set-Cookie" not in response.headers
    if not response.request.path.startswith("/static/"):
        assert response.headers["Cache-Control"] == "no-store"
    if response.data and response.mimetype.startswith(("text/", "application/json")):
        assert response.mimetype == "application/json" or "charset=utf-8" in (
            response.headers["Content-Type"].lower()
        )


def check_error(response: TestResponse, status: int, message: str | None = None) -> str:
    """The one shape of errors; gives the message."""
    assert response.status_code == status
    assert response.mimetype == "application/json"
    data = response.get_json()
    assert set(data) == {"status", "errors"}
    assert data["status"] == status
    (error,) = data["errors"]
    assert set(error) == {"code", "message"}
    assert re.fullmatch(r"[A-Za-z]+", error["code"])
    assert error["message"]
    assert "Traceback" not in response.text
    assert message is None or error["message"] == message
    check_headers(response)
    return str(error["message"])


_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}


def fits(value: Any, schema: dict[str, Any], components: dict[str, Any], at: str = "") -> None:
    """Asserts that a value is as its schema says, and has no field that the schema lacks."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        fits(value, components[name], components, at)
        return
    if "anyOf" in schema:
        kinds = [one for one in schema["anyOf"] if ("null" in str(one)) == (value is None)]
        assert kinds, at
        fits(value, kinds[0], components, at)
        return
    names = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    assert any(type(value) in _TYPES[name] for name in names), (at, value)
    assert value in schema.get("enum", [value]), at
    if schema.get("format") == "date" and value is not None:
        date.fromisoformat(value)
    if isinstance(value, list):
        for number, one in enumerate(value):
            fits(one, schema["items"], components, f"{at}[{number}]")
    if isinstance(value, dict):
        known = schema.get("properties", {})
        assert set(schema.get("required", ())) <= value.keys(), at
        for name, one in value.items():
            assert name in known or "additionalProperties" in schema, f"{at}.{name}"
            part = known.get(name) or schema["additionalProperties"]
            fits(one, part, components, f"{at}.{name}")


def described(client: FlaskClient, path: str, response: TestResponse) -> Any:
    """The response's data, which the API's description must allow."""
    specification = client.get("/api/openapi.json").get_json()
    operation = specification["paths"][path][response.request.method.lower()]
    content = operation["responses"][str(response.status_code)]["content"]
    data = response.get_json()
    fits(data, content["application/json"]["schema"], specification["components"]["schemas"], path)
    return data


@pytest.mark.parametrize(
    ("audience", "engine"), [*(("dealer", engine) for engine in EMBEDDED), ("agent", "memory")]
)
class TestDescription:
    def test_what_is_given_is_what_is_described(
        self, new_app: NewApp, audience: str, engine: str
    ) -> None:
        client = new_app(audience, engine).test_client()
        for text in ("宽带断了", "欠费停机多久能恢复", "投诉", "红烧肉怎么做", ""):
            response = client.get("/api/search", query_string={"q": text})
            data = described(client, "/api/search", response)
            assert data["query"] == text
            assert bool(data["hits"]) == bool(data["total"])
            for hit in data["hits"]:
                found = client.get(f"/api/documents/{hit['id']}")
                document = described(client, "/api/documents/{id}", found)
                assert (document["id"], document["title"]) == (hit["id"], hit["title"])
            assert data["complete"] <= data["total"]
            assert not any("explanation" in hit for hit in data["hits"])
            response = client.get("/api/search", query_string={"q": text, "explain": "1"})
            explained = described(client, "/api/search", response)
            assert all(hit["explanation"]["terms"] for hit in explained["hits"])
            response = client.get("/api/suggest", query_string={"q": text[:3]})
            suggestions = described(client, "/api/suggest", response)["suggestions"]
            assert bool(suggestions) == (text not in ("红烧肉怎么做", ""))
            response = client.get("/api/answer", query_string={"q": text})
            answer = described(client, "/api/answer", response)
            assert answer["found"] == (answer["answer"] is not None)
            assert answer["found"] == (answer["message"] is None)

    def test_health_names_the_generation(self, new_app: NewApp, audience: str, engine: str) -> None:
        client = new_app(audience, engine).test_client()
        data = described(client, "/healthz", client.get("/healthz"))
        assert (data["status"], data["audience"], data["engine"]) == ("ok", audience, engine)
        assert data["documents"] > 50
        assert data["passages"] > data["documents"]


class TestAnswers:
    def test_pages_and_filters(self, client: FlaskClient) -> None:
        asked = {"q": "宽带", "kind": ["faq", "policy"], "page": "2", "size": "3"}
        data = client.get("/api/search", query_string=asked).get_json()
        assert (data["page"], data["size"], len(data["hits"])) == (2, 3, 3)
        assert {hit["kind"] for hit in data["hits"]} <= {"faq", "policy"}
        first = client.get("/api/search", query_string=asked | {"page": "1"}).get_json()
        assert not {hit["id"] for hit in first["hits"]} & {hit["id"] for hit in data["hits"]}

    def test_the_answer_is_the_approved_text(self, client: FlaskClient, dealer_view: View) -> None:
        data = client.get("/api/answer?q=欠费停机多久能恢复").get_json()
        document = dealer_view.get("faq-arrears-resume")
        assert isinstance(document, Faq)
        section = document.section("answer")
        assert section is not None
        given = next(one for one in data["answer"]["sections"] if one["key"] == "answer")
        assert given["text"].replace(" ", "") in section.text.replace("\n", "").replace(" ", "")

    def test_every_operation_that_is_described_exists(self, client: FlaskClient) -> None:
        described = {
            (path, method.upper())
            for path, methods in client.get("/api/openapi.json").get_json()["paths"].items()
            for method in methods
        }
        rules = {
            (re.sub(r"<\w+>", "{id}", rule.rule), method)
            for rule in client.application.url_map.iter_rules()
            if rule.rule.startswith("/api/") or rule.rule == "/healthz"
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        }
        assert described == rules - {("/api/openapi.json", "GET"), ("/api/", "GET")}

    def test_what_a_hit_lacks_and_what_it_was_found_by(self, new_app: NewApp) -> None:
        client = new_app("agent").test_client()
        data = client.get("/api/search?q=宽带 发票 断网 彗星").get_json()
        assert data["total"] > 0
        assert data["complete"] == 0
        assert all("彗星" in hit["missing"] and not hit["complete"] for hit in data["hits"])
        found = client.get("/api/search?q=网断了咋办").get_json()["hits"]
        [hit] = [hit for hit in found if hit["id"] == "faq-broadband-fault"]
        assert hit["synonyms"] == [{"typed": "网断了", "found": "宽带断网"}]
        assert (hit["missing"], hit["complete"]) == ([], True)

    def test_what_may_have_been_meant(self, new_app: NewApp) -> None:
        client = new_app("agent").test_client()
        assert client.get("/api/search?q=补咖").get_json()["did_you_mean"] == "补卡"
        assert client.get("/api/search?q=补卡").get_json()["did_you_mean"] is None

    def test_an_explanation_adds_up_to_the_score(self, client: FlaskClient) -> None:
        data = client.get("/api/search?q=欠费停机多久能恢复&explain=1").get_json()
        for hit in data["hits"]:
            how = hit["explanation"]
            total = sum(how["parts"].values()) * math.prod(how["factors"].values())
            assert total == pytest.approx(hit["score"], abs=1e-3)
            assert set(how["parts"]) == {"terms", "likeness", "coverage", "asked"}

    def test_suggestions(self, client: FlaskClient) -> None:
        data = client.get("/api/suggest?q=kuandaiduan").get_json()
        assert data["query"] == "kuandaiduan"
        assert data["suggestions"][0] == {
            "text": "宽带断网了怎么报修？",
            "text_html": "<mark>宽带断</mark>网了怎么报修？",
            "kind": "question",
            "id": "faq-broadband-fault",
            "title": "宽带断网了怎么报修？",
        }
        words = [one for one in data["suggestions"] if one["kind"] == "term"]
        assert words
        assert all(one["id"] is None and one["title"] == "" for one in words)


@pytest.fixture(scope="module")
def uncounted(new_app: NewApp, tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """A client of a service that counts nothing, if all goes well: one for all that try to."""
    choices = tmp_path_factory.mktemp("uncounted") / "choices.sqlite"
    return new_app("dealer", choices=choices).test_client()


class TestChosen:
    PATH = "/api/chosen/faq-broadband-move"

    @pytest.fixture
    def fresh(self, new_app: NewApp, tmp_path: Path) -> FlaskClient:
        return new_app("dealer", choices=tmp_path / "choices.sqlite").test_client()

    def times(self, client: FlaskClient) -> dict[str, int]:
        return dict(service_of(client).choices.times())

    def test_it_is_counted_and_comes_first_from_then_on(self, fresh: FlaskClient) -> None:
        def suggested() -> list[str]:
            data = fresh.get("/api/suggest?q=kd").get_json()
            return [one["id"] for one in data["suggestions"] if one["id"]]

        last = suggested()[-1]
        for _ in range(30):
            response = fresh.post(f"/api/chosen/{last}")
            assert (response.status_code, response.data) == (204, b"")
            check_headers(response)
        assert suggested()[0] == last
        assert self.times(fresh) == {last: 30}

    def test_what_is_hidden_is_not_counted_and_looks_like_what_does_not_exist(
        self, fresh: FlaskClient, library: Library, dealer_view: View
    ) -> None:
        unknown = fresh.post("/api/chosen/faq-does-not-exist")
        check_error(unknown, 404, "没有这个页面，或者您看不到它。")
        for name in library.sources:
            if dealer_view.get(name) is None:
                response = fresh.post(f"/api/chosen/{name}")
                assert (response.status_code, response.data) == (404, unknown.data)
        assert self.times(fresh) == {}

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"Origin": "http://localhost"},
            {"Origin": "http://localhost:8000", "Sec-Fetch-Site": "same-site"},
            {"Origin": "https://127.0.0.1"},
            {"Origin": ORIGIN, "Sec-Fetch-Site": "cross-site"},
            {"Origin": "https://behind-a-proxy.example", "Sec-Fetch-Site": "same-origin"},
            {"Sec-Fetch-Site": "same-origin"},
        ],
    )
    def test_our_pages_and_programs_may_count(
        self, fresh: FlaskClient, headers: dict[str, str]
    ) -> None:
        assert fresh.post(self.PATH, headers=headers).status_code == 204
        assert self.times(fresh) == {"faq-broadband-move": 1}

    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": "https://evil.example"},
            {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
            {"Origin": "https://evil.example:8000", "Sec-Fetch-Site": "same-site"},
            {"Origin": "https://localhost.evil.example"},
            {"Origin": f"{ORIGIN}.evil.example"},
            {"Origin": "null"},
            {"Origin": ""},
            {"Origin": "http://["},
            {"Origin": "localhost"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Sec-Fetch-Site": "none"},
        ],
    )
    @pytest.mark.parametrize(
        "form", [None, "application/x-www-form-urlencoded", "text/plain", "multipart/form-data"]
    )
    def test_other_pages_may_not(
        self, uncounted: FlaskClient, headers: dict[str, str], form: str | None
    ) -> None:
        response = uncounted.post(self.PATH, headers=headers, content_type=form)
        check_error(response, 403, "这个请求是从别的网站发来的，不接受。")
        assert self.times(uncounted) == {}

    def test_reading_does_not_count(self, fresh: FlaskClient) -> None:
        for method in ("get", "put", "delete", "patch"):
            said = f"这个地址不接受 {method.upper()}；用 POST。"
            check_error(getattr(fresh, method)(self.PATH), 405, said)
        assert self.times(fresh) == {}

    def test_a_large_body_is_refused(self, fresh: FlaskClient) -> None:
        response = fresh.post(self.PATH, data=b"x" * 70_000, content_type="text/plain")
        check_error(response, 413, f"请求超过 {MAX_BODY} 字节；缩短内容，或者分几次发。")
        assert self.times(fresh) == {}

    @pytest.mark.parametrize("trouble", ["damaged", "unwritable", "locked"])
    def test_whatever_happens_to_the_file_people_can_search(
        self, new_app: NewApp, tmp_path: Path, trouble: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("search.choices._WAIT_TO_WRITE", 0.2)
        file = tmp_path / "choices.sqlite"
        with ExitStack() as stack:
            if trouble == "damaged":
                file.write_bytes(b"no database" * 1000)
            if trouble == "unwritable":
                tmp_path.joinpath("file").write_text("", encoding="utf-8")
                file = tmp_path / "file" / "choices.sqlite"
            if trouble == "locked":
                other = stack.enter_context(closing(sqlite3.connect(file)))
                other.execute("BEGIN EXCLUSIVE")
            client = new_app("dealer", choices=file).test_client()
            for _ in range(2):
                assert client.get("/api/search?q=宽带").get_json()["total"] > 0
                assert client.get("/api/suggest?q=宽带").get_json()["suggestions"]
                assert client.post(self.PATH).status_code == 204
            assert self.times(client) == {"faq-broadband-move": 2}


ALLOWED = "q、page、size、explain、kind、category、level、customer_type、surface、visit、question"
PARAMETERS = (
    ("q=漫&q=游", "参数 q 只能给一次。"),
    ("q=漫&page=1&page=2", "参数 page 只能给一次。"),
    ("q=漫&size=1&size=1", "参数 size 只能给一次。"),
    ("q=漫&page=-1", "page 要写成整数，收到的是“-1”。"),
    ("q=漫&page=1.5", "page 要写成整数，收到的是“1.5”。"),
    ("q=漫&page=1e3", "page 要写成整数，收到的是“1e3”。"),
    ("q=漫&page=%2B1", "page 要写成整数，收到的是“+1”。"),
    ("q=漫&page=٣", "page 要写成整数，收到的是“٣”。"),
    ("q=漫&page=²", "page 要写成整数，收到的是“²”。"),
    ("q=漫&page=１", "page 要写成整数，收到的是“１”。"),
    ("q=漫&page=%201", "page 要写成整数，收到的是“ 1”。"),
    ("q=漫&page=" + "9" * 5000, "page 要写成整数，收到的是“99999999999999999999”。"),
    ("q=漫&page=999999", "page 是 999999，超出范围；page × size 最多到第 200 条。"),
    ("q=漫&page=0", "page 是 0，超出范围；page × size 最多到第 200 条。"),
    ("q=漫&page=21", "page 是 21，超出范围；page × size 最多到第 200 条。"),
    ("q=漫&size=NaN", "size 要写成整数，收到的是“NaN”。"),
    ("q=漫&size=0x10", "size 要写成整数，收到的是“0x10”。"),
    ("q=漫&size=0", "size 是 0，应当在 1 到 50 之间。"),
    ("q=漫&size=51", "size 是 51，应当在 1 到 50 之间。"),
    ("q=漫&size=true", "size 要写成整数，收到的是“true”。"),
    ("q=漫&explain=yes", "explain 写 0 或 1，收到的是“yes”。"),
    ("q=漫&explain=1&explain=1", "参数 explain 只能给一次。"),
    (
        "q=漫&audience=agent",
        f"没有参数 audience；可用：{ALLOWED}。",
    ),
    (
        "q=漫&Q=漫",
        f"没有参数 Q；可用：{ALLOWED}。",
    ),
    (
        "q=漫&q[]=1",
        f"没有参数 q[]；可用：{ALLOWED}。",
    ),
    ("q=" + "漫" * 201, "问题有 201 个字符，最多 200 个；请缩短。"),
    ("q=" + "a+" * 17, "问题用空格分成了 17 个词，最多 16 个；请减少。"),
)


class TestRefused:
    @pytest.mark.parametrize(("query", "message"), PARAMETERS)
    def test_a_parameter_that_will_not_do(
        self, client: FlaskClient, query: str, message: str
    ) -> None:
        check_error(client.get(f"/api/search?{query}"), 400, message)

    @pytest.mark.parametrize(
        ("query", "message"),
        [
            ("q=漫&q=游", "参数 q 只能给一次。"),
            ("q=漫&page=1", "没有参数 page；可用：q、surface、visit、question。"),
            ("q=漫&kind=case", "没有参数 kind；可用：q、surface、visit、question。"),
            ("q=" + "漫" * 201, "问题有 201 个字符，最多 200 个；请缩短。"),
        ],
    )
    def test_an_answer_is_asked_for_with_a_question_only(
        self, client: FlaskClient, query: str, message: str
    ) -> None:
        check_error(client.get(f"/api/answer?{query}"), 400, message)

    @pytest.mark.parametrize(
        ("query", "message"),
        [
            ("q=漫&q=游", "参数 q 只能给一次。"),
            ("q=漫&limit=1", "没有参数 limit；可用：q。"),
        ],
    )
    def test_suggestions_are_asked_for_with_what_is_typed_only(
        self, client: FlaskClient, query: str, message: str
    ) -> None:
        check_error(client.get(f"/api/suggest?{query}"), 400, message)

    @pytest.mark.parametrize(
        "path", ["/api/", "/api/nothing", "/api/documents/", "/api/documents/a/b", "/api/search/"]
    )
    def test_an_unknown_address(self, client: FlaskClient, path: str) -> None:
        if path == "/api/":
            assert client.get(path).status_code == 200
        else:
            check_error(client.get(path), 404, "没有这个页面，或者您看不到它。")

    def test_what_is_hidden_looks_like_what_does_not_exist(
        self, client: FlaskClient, library: Library, dealer_view: View
    ) -> None:
        unknown = client.get("/api/documents/faq-does-not-exist")
        check_error(unknown, 404)
        hidden = [name for name in library.sources if dealer_view.get(name) is None]
        assert len(hidden) > 20
        for name in hidden:
            response = client.get(f"/api/documents/{name}")
            assert response.status_code == 404
            assert response.data == unknown.data
            differing = set(response.headers) ^ set(unknown.headers)
            assert {name for name, _ in differing} == {"X-Request-ID"}

    @pytest.mark.parametrize(
        "name",
        ["..", "../x", "%2e%2e%2fx", "%00", "'", "漫游", "a" * 5000, "<b>", "FAQ-ARREARS-RESUME"],
    )
    def test_an_odd_id_is_simply_not_there(self, client: FlaskClient, name: str) -> None:
        response = client.get(f"/api/documents/{name}")
        assert response.status_code in {404, 308}
        if response.status_code == 404:
            assert response.mimetype in {"application/json", "text/html"}
        check_headers(response)

    @pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
    @pytest.mark.parametrize(
        "path", ["/api/search", "/api/answer", "/api/suggest", "/api/documents/x", "/healthz"]
    )
    def test_reading_is_all_there_is(self, client: FlaskClient, method: str, path: str) -> None:
        response = getattr(client, method)(path)
        check_error(response, 405, f"这个地址不接受 {method.upper()}；用 GET。")
        assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}

    @pytest.mark.parametrize("path", ["/api/search", "/api/answer", "/healthz"])
    @pytest.mark.parametrize("kind", ["text/plain", "application/json", "multipart/form-data"])
    def test_a_body_that_is_too_large(self, client: FlaskClient, path: str, kind: str) -> None:
        body = b"x" * 70_000
        for method in (client.post, client.get):
            response = method(path, data=body, content_type=kind)
            check_error(response, 413, f"请求超过 {MAX_BODY} 字节；缩短内容，或者分几次发。")

    @pytest.mark.parametrize(
        "host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "", "a b", "[::2]"]
    )
    @pytest.mark.parametrize("path", ["/api/search?q=漫游", "/healthz", "/api/nothing"])
    def test_an_unknown_host(self, client: FlaskClient, host: str, path: str) -> None:
        response = client.get(path, headers={"Host": host})
        check_error(response, 400)
        assert f"“{host}”" in response.get_json()["errors"][0]["message"]

    @pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8000", "localhost"])
    def test_a_known_host(self, client: FlaskClient, host: str) -> None:
        assert client.get("/healthz", headers={"Host": host}).status_code == 200

    @pytest.mark.parametrize("name", ["X-Forwarded-Host", "X-Forwarded-Proto"])
    def test_what_a_caller_says_of_proxies_changes_nothing(
        self, client: FlaskClient, name: str
    ) -> None:
        plain = client.get("/api/documents/faq-arrears-resume")
        forged = client.get("/api/documents/faq-arrears-resume", headers={name: "evil.example"})
        assert forged.data == plain.data
        named = {"X-Request-ID"}  # each request's own
        assert [one for one in forged.headers if one[0] not in named] == [
            one for one in plain.headers if one[0] not in named
        ]


class TestFailures:
    @pytest.mark.parametrize("path", ["/api/search?q=漫游", "/api/answer?q=漫游"])
    @pytest.mark.parametrize("kind", [ValueError, KeyError, MemoryError, RecursionError, OSError])
    def test_the_unexpected_says_nothing_but_a_number(
        self,
        client: FlaskClient,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
        path: str,
        kind: type[Exception],
    ) -> None:
        def fail(*_: object) -> None:
            raise kind("secret of /etc/passwd")

        monkeypatch.setattr(Searcher, "search", fail)
        response = client.get(path)
        message = check_error(response, 500)
        number = re.fullmatch(r"服务出错了，编号 ([0-9a-f]{16})；请把编号告诉管理员。", message)
        assert number is not None
        assert "secret" not in message
        assert number[1] == response.headers["X-Request-ID"]
        assert number[1] in [getattr(record, "request", "") for record in caplog.records]
        assert "secret" in caplog.text

    def test_a_damaged_index_is_no_message_for_callers(
        self, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from casebook.errors import SearchError

        def fail(*_: object) -> None:
            raise SearchError("/secret/path is damaged")

        monkeypatch.setattr(Searcher, "search", fail)
        response = client.get("/api/search?q=漫游")
        check_error(response, 500)
        assert "secret" not in response.text

    def test_an_engine_that_does_not_come_back_is_left(
        self, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stop = threading.Event()
        service = service_of(client)
        monkeypatch.setattr(service, "budget", Budget(0.3))
        with service.live.generation() as generation:
            monkeypatch.setattr(generation.index, "search", lambda _: stop.wait())
        for path in ("/api/search?q=漫游", "/api/answer?q=漫游", "/api/suggest?q=漫游"):
            check_error(client.get(path), 503, "检索超过 0.3 秒")
        assert client.get("/healthz").status_code == 200
        stop.set()
        service.budget.close()

    def test_too_many_at_once_are_refused_at_once(
        self, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        full = Budget(1, threads=1, waiting=0)
        assert full._places.acquire(blocking=False)
        monkeypatch.setattr(service_of(client), "budget", full)
        check_error(client.get("/api/search?q=漫游"), 503, "同时检索的人太多；稍等一秒再试")
        assert client.get("/healthz").status_code == 200
        full.close()

    def test_the_limit_of_a_query_is_a_second(self) -> None:
        from search.searcher import SECONDS

        assert SECONDS == 1.0
        assert budgets._GRACE <= 1.2


class TestHeaders:
    def test_every_response_of_every_address(self, client: FlaskClient) -> None:
        seen = set()
        for rule in client.application.url_map.iter_rules():
            values = dict.fromkeys(rule.arguments, "faq-arrears-resume")
            values |= {name: 1 for name in rule.arguments if f"<int:{name}>" in rule.rule}
            built = rule.build(values)
            path = built[1] if built else rule.rule
            for method in ("GET", "HEAD", "OPTIONS", "POST", "DELETE", "TRACE"):
                for query in ("", "?q=漫游", "?page=x", "?q=" + "漫" * 300):
                    response = client.open(f"{path}{query}", method=method)
                    # Nobody publishes here, so nobody can be asked to.
                    assert response.status_code < 500 or (rule.rule, method) == (
                        "/api/reload",
                        "POST",
                    )
                    # The box for other pages is the only thing that these may frame.
                    framed = rule.endpoint == "embed.frame" and method in {"GET", "HEAD"}
                    check_headers(response, framed=framed)
                    seen.add(response.status_code)
        assert {200, 400, 404, 405} <= seen

    @pytest.mark.parametrize("path", ["/api/search?q=漫游", "/api/search?page=x", "/api/nothing"])
    def test_only_known_origins_may_read(self, client: FlaskClient, path: str) -> None:
        response = client.get(path, headers={"Origin": ORIGIN})
        assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
        assert "Origin" in response.headers["Vary"]
        assert "Access-Control-Allow-Credentials" not in response.headers
        for origin in ("https://evil.example", "null", "", f"{ORIGIN}.evil.example", "*"):
            response = client.get(path, headers={"Origin": origin})
            assert "Access-Control-Allow-Origin" not in response.headers

    def test_cookies_are_neither_read_nor_set(self, client: FlaskClient) -> None:
        client.set_cookie("session", "x")
        for path in ("/", "/api/search?q=漫游", "/healthz", "/nothing"):
            response = client.get(path)
            assert "Set-Cookie" not in response.headers
            assert "Cookie" not in response.headers.get("Vary", "")


NAUGHTY = [
    *("", " ", "\t", "\n", "\r\n", "\0"),
    *("\x01", "\x1b[31m", "\x7f", "\x80", "\ufeff", "\u200b"),
    *("\u202e", "\u2028", "\u2029", "\u00a0", "\u3000", "\ud800", "\udfff\ud800", "\uffff"),
    *("\U0010ffff", "\U000e0001", "🀄️", "👨‍👩‍👧‍👦", "🇨🇳", "Z̸̢͕a̵͍l̶g̴o̸"),
    *("ﷺ", "ß", "İ", "ı", "ŉ", "ﬀ"),
    *("null", "undefined", "None", "true", "NaN", "Infinity", "-1", "1e309", "0x0", "1/0"),
    *("'", '"', "`", "''", '""', "\\", "\\\\", "\\'", "%", "%%", "%s%s%n", "%00", "%c0%ae"),
    *("' OR '1'='1", "'; DROP TABLE documents;--", '" OR ""="'),
    *("1 UNION SELECT 1", "/*", "--"),
    *("*", "**", "*a*", "?", "漫*", "*游", "a*b*c*d*e*f*", "~", "漫~2", "^", "漫^99", "[a TO z]"),
    *("{a TO z}", "[* TO *]", "NOT", "AND", "OR"),
    *("a AND b", "NOT NOT NOT", "a AND", "(", ")", "(" * 200),
    *(")" * 200, "((((a))))", '"a b"~5', '"', "heading:漫游"),
    *("body:*", ":", "::", "a:b:c", "+漫", "-漫"),
    *("!漫", "||", "&&", "/.*/", "/(a+)+$/", "(a+)+$"),
    *("[", "]", "{", "}", "{{7*7}}", "${7*7}", "<%= 1 %>"),
    *("#{1}", "{% raw %}", "<", ">", "&"),
    *("&amp;", "&lt;", "<b>", "</b>", "<mark>", "</mark>"),
    *("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>"),
    *('"><script>alert(1)</script>', "javascript:alert(1)", "<!--"),
    *("-->", "]]>", "<?xml?>", "<mark"),
    *("../../etc/passwd", "..\\..\\", "/etc/passwd", "file:///"),
    *("C:\\", "\\\\host\\share", "|ls", "`ls`"),
    *("$(ls)", ";ls", "\r\nSet-Cookie: a=b", "a" * 200),
    *("漫" * 200, "漫 " * 16, "的" * 200, "1" * 200),
    *("怎么" * 100, "。" * 200, "𠀀" * 200),
    *("e\u0301" * 100, "\u0301" * 200, "(" * 100 + ")" * 100),
]  # fmt: skip


def _random_text(chosen: random.Random) -> str:
    alphabet = "漫游宽带断网欠费停机abcABC012 *?:()[]{}~^\"'\\/<>&%+-|!\u200b\u3000\n\t🀄"
    kind = chosen.randrange(3)
    if kind == 0:
        return "".join(chosen.choices(alphabet, k=chosen.randrange(1, 200)))
    if kind == 1:
        return "".join(chr(chosen.randrange(1, 0x2FFFF)) for _ in range(chosen.randrange(1, 60)))
    return " ".join(chosen.choices(NAUGHTY, k=3))[:200]


class _Markup(HTMLParser):
    """Collects what a browser would make of a snippet."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes = 0
        self.other: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += len(attrs)

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.other.append(data)

    def handle_decl(self, decl: str) -> None:
        self.other.append(decl)

    def handle_pi(self, data: str) -> None:
        self.other.append(data)

    def unknown_decl(self, data: str) -> None:
        self.other.append(data)


def only_marks(text: str) -> str:
    """Asserts that HTML holds text and bare marks only; gives the text."""
    parser = _Markup()
    parser.feed(text)
    parser.close()
    assert parser.tags <= {"mark"}, text
    assert (parser.attributes, parser.other) == (0, []), text
    assert text.count("<mark>") == text.count("</mark>")
    return parser.text


class TestHostileQueries:
    def test_there_are_enough(self) -> None:
        assert len(set(NAUGHTY)) >= 120

    @pytest.mark.parametrize("engine", EMBEDDED)
    def test_no_query_breaks_the_service(self, new_app: NewApp, engine: str) -> None:
        client = new_app("dealer", engine).test_client()
        chosen = random.Random(3)
        texts = [*NAUGHTY, *(_random_text(chosen) for _ in range(200))]
        assert len(texts) >= 300
        for text in texts:
            query = {"q": text.encode("utf-8", "surrogatepass")}
            response = client.get("/api/search", query_string=query)
            assert response.status_code in {200, 400}, repr(text)
            if response.status_code == 400:
                check_error(response, 400)
                continue
            for hit in response.get_json()["hits"]:
                only_marks(hit["title_html"])
                only_marks(hit["snippet_html"])
            response = client.get("/api/suggest", query_string=query)
            assert response.status_code == 200, repr(text)
            for one in response.get_json()["suggestions"]:
                assert only_marks(one["text_html"]) == one["text"]

    @pytest.mark.parametrize("text", NAUGHTY, ids=range(len(NAUGHTY)))
    def test_no_filter_breaks_the_service(self, client: FlaskClient, text: str) -> None:
        value = text.encode("utf-8", "surrogatepass")
        response = client.get("/api/search", query_string={"q": "漫游", "kind": value})
        assert response.status_code == (400 if text else 200)
        is_text = value == text.encode("utf-8", "replace")
        for name in ("category", "level", "customer_type"):
            response = client.get("/api/search", query_string={"q": "漫游", name: value})
            if not is_text:
                check_error(response, 400)
                continue
            assert response.status_code == 200
            assert response.get_json()["total"] == 0 or not text

    @pytest.mark.parametrize(
        "query",
        ["q=%", "q=%ff%fe", "q=%ED%A0%80", "&&&", "=", "q", "q=a;b", "q=" + "%00" * 50, "?q=漫"],
    )
    def test_no_raw_query_string_breaks_the_service(self, client: FlaskClient, query: str) -> None:
        assert client.get(f"/api/search?{query}").status_code in {200, 400}


class TestHostileContent:
    TEXTS = tuple(text for text in NAUGHTY if "<" in text or "&" in text or '"' in text)

    @pytest.fixture(scope="class")
    @staticmethod
    def hostile(dealer_view: View, tmp_path_factory: pytest.TempPathFactory) -> Path:
        """An index of entries whose titles, questions and texts are full of HTML."""
        model = dealer_view.get("faq-arrears-resume")
        assert isinstance(model, Faq)
        documents = tuple(
            model.model_copy(
                update={
                    "id": f"faq-hostile-{number:03}",
                    "title": f"宇宙{text}套餐",
                    "similar": (f"{text}宇宙{text}",),
                    "sections": tuple(
                        section.model_copy(
                            update={
                                "html": f"<p>宇宙 &lt;script&gt;{number}&lt;/script&gt; &amp;lt;"
                            }
                        )
                        for section in model.sections
                    ),
                }
            )
            for number, text in enumerate(TestHostileContent.TEXTS)
        )
        root = tmp_path_factory.mktemp("hostile")
        publish(replace(dealer_view, documents=documents), root, get_engine("memory"), "")
        return root

    @pytest.mark.parametrize(
        "query", ["宇宙", "宇宙套餐", "script", "mark", "lt", "amp 宇宙", "alert"]
    )
    def test_snippets_hold_text_and_marks_only(
        self, new_app: NewApp, hostile: Path, query: str
    ) -> None:
        client = new_app(index=hostile).test_client()
        marked = 0
        for page in range(1, 5):
            asked = {"q": query, "page": str(page), "size": "50"}
            for hit in client.get("/api/search", query_string=asked).get_json()["hits"]:
                title = only_marks(hit["title_html"])
                assert title == " ".join(hit["title"].split())
                only_marks(hit["snippet_html"])
                marked += "<mark>" in hit["title_html"] + hit["snippet_html"]
        assert marked


def test_two_audiences_in_one_process_stay_apart(
    client: FlaskClient, new_app: NewApp, dealer_view: View
) -> None:
    dealers, agents = client, new_app("agent").test_client()
    seen = {document.id for document in dealer_view.documents}
    more = 0
    for text in ("补偿权限", "投诉", "服务禁语", "恶意索赔", "宽带断了", "升级") * 2:
        for asked in (agents, dealers):
            data = asked.get("/api/search", query_string={"q": text, "size": "50"}).get_json()
            names = {hit["id"] for hit in data["hits"]}
            if asked is dealers:
                assert names <= seen
            else:
                more += len(names - seen)
    assert more > 0
