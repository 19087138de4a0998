"""The editor's service: who has it, what the check says, what the forms hold, what is fetched."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import shutil
import tarfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from casebook.cli import main
from casebook.documents import MODELS, Kind, Policy
from casebook.errors import PublishError, SettingsError
from casebook.guide import model_text
from casebook.library import Library
from casebook.settings import EDITOR_BACKENDS, EditorSettings, load_settings
from search.app import MAX_BODY, create_app
from search.editor import forms, package
from search.editor.backends import backend, hosts
from search.editor.checker import WAITING
from search.editor.views import CHECKER, MAX_CHECK
from search.engines import get_engine
from search.generations import publish
from search.service import EXTENSION, ServiceConfig
from tests.search.test_api import check_error, described

ON = date(2026, 11, 22)
ROUTES = (
    "/write/",
    "/write/forms.json",
    "/write/static/editor.js",
    "/api/new-id?kind=case&title=x",
)
NewClient = Callable[..., FlaskClient]


@pytest.fixture
def library_root(small: Path) -> Path:
    """A small library that a service can be started on."""
    for kind in Kind:
        file = small / kind.folder / f"{kind.value}-model.md"
        file.write_text(model_text(kind), encoding="utf-8")
    return small


@pytest.fixture(scope="module")
def few_root(library: Library, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of an audience's index of a few documents: opened in a moment."""

    def root_of(audience: str) -> Path:
        root = tmp_path_factory.mktemp(audience)
        view = library.view(audience, ON)
        publish(replace(view, documents=view.documents[:4]), root, get_engine("memory"), "few")
        return root

    return cache(root_of)


@pytest.fixture
def new_client(library_root: Path, few_root: Callable[[str], Path]) -> Iterator[NewClient]:
    """Clients of services on the small library."""
    apps = []

    def new(audience: str = "agent", *, library: bool = True) -> FlaskClient:
        config = ServiceConfig(
            audience=audience,
            internal=audience == "agent",
            title="测试",
            index=few_root(audience),
            site=None,
            today=lambda: ON,
            library=library_root if library else None,
        )
        apps.append(create_app(config))
        return apps[-1].test_client()

    yield new
    for app in apps:
        app.extensions[EXTENSION].close()


@pytest.fixture
def agents(new_client: NewClient) -> FlaskClient:
    return new_client()


def body(kind: str = "case", text: str | None = None, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "text": model_text(Kind(kind)) if text is None else text, **more}


def status(client: FlaskClient, path: str) -> int:
    with client.get(path) as response:
        return response.status_code


class TestWhoHasIt:
    @pytest.mark.parametrize("route", ROUTES)
    @pytest.mark.parametrize(
        ("audience", "folder"), [("dealer", True), ("dealer", False), ("agent", False)]
    )
    def test_nobody_but_agents_with_a_library(self, new_client, route, audience, folder):
        client = new_client(audience, library=folder)
        unknown = client.get("/write-nothing/")
        missing = client.get(route)
        assert missing.status_code == 404
        if not route.startswith("/api/"):
            assert missing.data == unknown.data
            assert (
                missing.headers["Content-Security-Policy"]
                == (unknown.headers["Content-Security-Policy"])
            )

    @pytest.mark.parametrize("audience", ["dealer", "agent"])
    def test_the_check_is_no_route_elsewhere(self, new_client, audience):
        client = new_client(audience, library=False)
        check_error(client.post("/api/check", json=body()), 404)
        assert "/api/check" not in client.get("/api/openapi.json").text
        assert "/write/" not in client.get("/").text

    def test_agents_have_all_of_it(self, agents, library_root):
        for route in ROUTES[1:]:
            assert status(agents, route) == 200, route
        assert 'href="/write/"' in agents.get("/").text
        assert agents.get("/write").status_code == 308

    def test_what_is_described_is_all_there_is(self, agents):
        paths = agents.get("/api/openapi.json").get_json()["paths"]
        rules = {
            rule.rule
            for rule in agents.application.url_map.iter_rules()
            if rule.endpoint.startswith("editor.") and rule.rule.startswith("/api/")
        }
        assert rules == {path for path in paths if path in ("/api/check", "/api/new-id")}
        page = agents.get("/api/").text
        assert "POST /api/check" in page
        assert "-H &#39;Content-Type" in page or "-H 'Content-Type" in page


class TestPage:
    def test_without_the_cms_it_says_how_to_get_it(self, agents):
        response = agents.get("/write/")
        assert response.status_code == 503
        assert "casebook editor" in response.text
        assert "<script" not in response.text

    def test_with_it_the_policy_allows_our_scripts_and_the_git_server(self, agents, library_root):
        installed(library_root)
        response = agents.get("/write/")
        assert response.status_code == 200
        policy = parts(response.headers["Content-Security-Policy"])
        assert policy["default-src"] == ["'none'"]
        assert policy["script-src"] == ["'self'"]
        assert policy["connect-src"] == ["'self'", "http://127.0.0.1:8081"]
        assert policy["frame-ancestors"] == policy["object-src"] == ["'none'"]
        sources = re.findall(r'<script defer src="([^"]+)"', response.text)
        assert [status(agents, source) for source in sources] == [200] * 7
        assert "unsafe" not in agents.get("/").headers["Content-Security-Policy"]
        assert agents.get("/").headers["Cross-Origin-Opener-Policy"] == "same-origin"

    @pytest.mark.parametrize("backend", ["github", "gitlab", "gitea"])
    def test_the_policy_follows_the_settings(self, agents, library_root, backend):
        add_settings(library_root, **REMOTE[backend])
        policy = parts(agents.get("/write/").headers["Content-Security-Policy"])
        assert policy["connect-src"] == ["'self'", *HOSTS[backend]]

    def test_the_cms_is_kept_under_its_version_and_nothing_else_is_served(
        self, agents, library_root
    ):
        installed(library_root)
        with agents.get(f"/write/cms/{package.VERSION}/{package.SCRIPT}") as script:
            assert script.text == "// the CMS"
            assert "immutable" in script.headers["Cache-Control"]
        for path in ("0.0.1/decap-cms.js", f"{package.VERSION}/other.js", f"{package.VERSION}/.."):
            assert agents.get(f"/write/cms/{path}").status_code == 404, path


def installed(root: Path) -> None:
    folder = package.folder_of(root)
    folder.mkdir(parents=True)
    (folder / package.SCRIPT).write_text("// the CMS", encoding="utf-8")


def parts(policy: str) -> dict[str, list[str]]:
    return {name: values for name, *values in (part.split() for part in policy.split(";"))}


def add_settings(root: Path, **settings: str) -> None:
    lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in settings.items())
    with (root / "casebook.toml").open("a", encoding="utf-8") as file:
        file.write(f"\n[editor]\n{lines}")


REMOTE = {
    "github": {"backend": "github", "repo": "team/kb", "base_url": "https://sign-in.example.com"},
    "gitlab": {
        "backend": "gitlab",
        "repo": "group/team/kb",
        "app_id": "abc",
        "base_url": "https://git.example.com/",
    },
    "gitea": {
        "backend": "gitea",
        "repo": "team/kb",
        "app_id": "abc",
        "base_url": "https://git.example.com:3000",
    },
}
HOSTS = {
    "github": ["https://api.github.com"],
    "gitlab": ["https://git.example.com"],
    "gitea": ["https://git.example.com:3000"],
}


class TestCheck:
    @pytest.mark.parametrize("kind", list(Kind))
    def test_says_what_is_wrong_and_where(self, agents, kind):
        text = model_text(kind).replace("audience:", "audiense:", 1)
        response = agents.post("/api/check", json=body(kind, text))
        data = described(agents, "/api/check", response)
        assert data["ok"] is False
        found = {problem["code"]: problem for problem in data["problems"]}
        assert found["unknown-key"]["line"] == 4
        assert found["unknown-key"]["severity"] == "error"
        assert "audience" in found["unknown-key"]["hint"]

    def test_is_content_with_a_good_document_and_knows_the_library(self, agents, library_root):
        (library_root / "policies" / "policy-handling-norm.md").write_text(
            model_text(Kind.POLICY).replace("policy-plan-outage", "policy-handling-norm"),
            encoding="utf-8",
        )
        text = model_text(Kind.CASE).replace("policy-handling-norm#7", "policy-handling-norm")
        text = text.replace("id: case-", "id: case-new-").replace("faq-broadband-fault", "faq-gone")
        data = agents.post("/api/check", json=body(text=text)).get_json()
        assert [p["code"] for p in data["problems"] if p["severity"] == "error"] == [
            "broken-link"
        ], data
        good = text.replace("faq:\n  - faq-gone\n", "")
        data = agents.post("/api/check", json=body(text=good)).get_json()
        assert data["ok"] is True, data

    def test_names_the_entry_that_asks_the_same(self, agents, library_root):
        text = model_text(Kind.FAQ).replace("faq-arrears-resume", "faq-new")
        data = agents.post("/api/check", json=body(Kind.FAQ, text)).get_json()
        same = [p for p in data["problems"] if p["code"] == "duplicate-question"]
        assert [problem["line"] for problem in same] == [3, 8, 9, 10]
        assert "faq-arrears-resume" in same[0]["message"]
        (library_root / "faq" / "faq-model.md").unlink()
        data = agents.post("/api/check", json=body(Kind.FAQ, text)).get_json()
        assert "duplicate-question" not in {problem["code"] for problem in data["problems"]}

    def test_the_library_is_looked_at_again(self, agents, library_root):
        text = model_text(Kind.FAQ)
        codes = lambda: {  # noqa: E731
            p["code"]
            for p in agents.post("/api/check", json=body("faq", text)).get_json()["problems"]
        }
        assert "unknown-citation" in codes()
        (library_root / "policies" / "policy-service-spec.md").write_text(
            model_text(Kind.POLICY)
            .replace("policy-plan-outage", "policy-service-spec")
            .replace("rank: 预案", "rank: 公司规定")
            .partition("## ")[0]
            + "## 要点四 复机\n\n半小时。\n",
            encoding="utf-8",
        )
        assert "unknown-citation" not in codes()

    @pytest.mark.parametrize(
        ("sent", "message"),
        [
            ("{", "请求要是 JSON"),
            ("[]", "请求要是 JSON"),
            ("null", "请求要是 JSON"),
            ('{"kind": "case"}', "text 写整个文件的文字"),
            ('{"kind": "case", "text": 1}', "text 写整个文件的文字"),
            ('{"kind": "case", "text": "\\ud800"}', "text 写整个文件的文字"),
            ('{"kind": "letter", "text": ""}', "收到的是“letter”"),
            ('{"kind": ["case"], "text": ""}', "kind 写 case、faq、policy"),
            ('{"kind": "case", "text": "", "more": 1}', "没有参数 more"),
            ('{"kind": "case", "text": "", "path": "../x.md"}', "path 写文件在知识库里的位置"),
            ('{"kind": "case", "text": "", "path": "cases/../x.md"}', "path 写"),
            ('{"kind": "case", "text": "", "path": "cases/x.txt"}', "path 写"),
            ('{"kind": "case", "text": "", "path": 3}', "path 写"),
            ('{"kind": "case", "text": "", "path": "faq/faq-x.md"}', "如 cases/case-x.md"),
            ('{"kind": "faq", "text": "", "path": "cases/case-x.md"}', "如 faq/faq-x.md"),
            ("[" * 100_000, "请求要是 JSON"),
            ('{"kind": ' * 100_000, "请求要是 JSON"),
        ],
    )
    def test_refuses_what_is_not_described(self, agents, sent, message):
        response = agents.post("/api/check", data=sent, content_type="application/json")
        assert message in check_error(response, 400)

    def test_refuses_what_is_not_sent_as_json(self, agents):
        response = agents.post("/api/check", data=json.dumps(body()), content_type="text/plain")
        check_error(response, 400)

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({}, 200),
            ({"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}, 200),
            ({"Origin": "https://elsewhere.example"}, 403),
            ({"Origin": "null"}, 403),
            ({"Origin": "http://localhost:8001"}, 403),
            ({"Origin": "http://localhost:8001", "Sec-Fetch-Site": "same-site"}, 403),
            ({"Origin": "http://127.0.0.1"}, 403),
            ({"Sec-Fetch-Site": "cross-site"}, 403),
            ({"Sec-Fetch-Site": "same-site"}, 403),
        ],
    )
    def test_only_our_own_pages_may_ask(self, agents, headers, status):
        assert agents.post("/api/check", json=body(), headers=headers).status_code == status
        asked = agents.get("/api/new-id?kind=case&title=x", headers=headers)
        assert asked.status_code == status

    def test_letters_written_as_numbers_take_more_room(self, agents):
        text = model_text(Kind.CASE).replace("## 主题", "## 主题\n\n" + "一句话。" * 15_000)
        sent = json.dumps(body(text=text))
        assert len(sent) > 6 * 60_000
        response = agents.post("/api/check", data=sent, content_type="application/json")
        assert response.status_code == 200

    @pytest.mark.parametrize(("more", "status"), [(0, 200), (1, 413)])
    def test_the_greatest_body(self, agents, more, status):
        frame = json.dumps(body(text=""))
        sent = json.dumps(body(text="a" * (MAX_CHECK - len(frame) + more)))
        assert len(sent) == MAX_CHECK + more
        response = agents.post("/api/check", data=sent, content_type="application/json")
        assert response.status_code == status
        if status == 200:
            assert response.get_json()["problems"][0]["code"] == "file-too-large"
        else:
            assert str(MAX_CHECK) in check_error(response, 413)

    def test_other_requests_keep_their_limit(self, agents):
        response = agents.post("/api/chosen/faq-x", data=b"a" * (MAX_BODY + 1))
        assert str(MAX_BODY) in check_error(response, 413)

    def test_a_check_that_takes_too_long_is_ended(self, agents, monkeypatch):
        checker = agents.application.extensions[CHECKER]
        monkeypatch.setattr(checker, "_seconds", 0)
        message = check_error(agents.post("/api/check", json=body()), 503)
        assert message == "知识库还在读，稍等再试；可以先存草稿。"
        monkeypatch.setattr(checker, "_seconds", 60)
        assert agents.post("/api/check", json=body()).status_code == 200
        process = checker._process
        monkeypatch.setattr(checker, "_seconds", 0)
        hard = model_text(Kind.CASE).replace("## 主题", "## 主题\n\n" + "[" * 80_000)
        response = agents.post("/api/check", json=body(text=hard))
        assert check_error(response, 503) == "检查超过 0 秒，稍等再试；可以先存草稿。"
        assert response.headers["Retry-After"]
        assert process.poll() is not None
        monkeypatch.setattr(checker, "_seconds", 60)
        assert agents.post("/api/check", json=body()).status_code == 200

    def test_few_wait_and_the_others_are_told_at_once(self, agents):
        places = agents.application.extensions[CHECKER]._places
        for _ in range(1 + WAITING):
            places.acquire(blocking=False)
        response = agents.post("/api/check", json=body())
        assert "同时检查的人太多" in check_error(response, 503)
        assert response.headers["Retry-After"]

    def test_a_check_that_breaks_says_a_number_and_works_again(self, agents, library_root, caplog):
        settings = library_root / "casebook.toml"
        good = settings.read_text(encoding="utf-8")
        settings.write_text("坏的", encoding="utf-8")
        assert "编号" in check_error(agents.post("/api/check", json=body()), 500)
        assert "SettingsError" in caplog.text
        settings.write_text(good, encoding="utf-8")
        assert agents.post("/api/check", json=body()).status_code == 200

    def test_the_process_ends_with_the_service(self, agents):
        assert agents.post("/api/check", json=body()).status_code == 200
        process = agents.application.extensions[CHECKER]._process
        assert process.poll() is None
        agents.application.extensions[EXTENSION].close()
        assert process.poll() is not None

    def test_nothing_is_kept_and_nothing_is_logged(self, agents, library_root, caplog):
        secret = "客户甲的一句话只在这里"
        before = files(library_root)
        with caplog.at_level("DEBUG"):
            for text in (secret, model_text(Kind.CASE).replace("## 主题", f"## 主题\n\n{secret}")):
                assert agents.post("/api/check", json=body(text=text)).status_code == 200
        assert files(library_root) == before
        assert secret not in caplog.text
        kept = [file.read_bytes() for file in library_root.rglob("*") if file.is_file()]
        assert not any(secret.encode() in content for content in kept)


def files(root: Path) -> dict[str, bytes]:
    """Every file that people wrote."""
    return {
        str(file.relative_to(root)): file.read_bytes()
        for file in sorted(root.rglob("*"))
        if file.is_file() and "build" not in file.relative_to(root).parts
    }


class TestNewId:
    def test_is_the_title_s_sound_and_free(self, agents, library_root):
        response = agents.get("/api/new-id?kind=case&title=师傅没来")
        assert described(agents, "/api/new-id", response) == {"id": "case-shi-fu-mei-lai"}
        (library_root / "cases" / "case-shi-fu-mei-lai.md").write_text("坏的", encoding="utf-8")
        again = agents.get("/api/new-id?kind=case&title=师傅没来").get_json()
        assert again == {"id": "case-shi-fu-mei-lai-2"}
        assert agents.get("/api/new-id?kind=faq&title=").get_json() == {"id": "faq-new"}

    def test_refuses_an_unknown_kind(self, agents):
        check_error(agents.get("/api/new-id?kind=plan&title=x"), 400)


@pytest.fixture(scope="module")
def configuration(library: Library) -> dict[str, Any]:
    return forms.configuration(library.view("agent", ON), EditorSettings(), ON)


class TestForms:
    def collections(self, configuration: dict[str, Any]) -> dict[str, dict[str, Any]]:
        return {one["name"]: one for one in configuration["cms"]["collections"]}

    @pytest.mark.parametrize("kind", list(Kind))
    def test_hold_every_key_of_every_model(self, configuration, kind):
        names = [kind.value, "plan"] if kind is Kind.POLICY else [kind.value]
        for name in names:
            fields = [one["name"] for one in self.collections(configuration)[name]["fields"]]
            assert len(fields) == len(set(fields)), "a section is called like a key"
            assert set(forms.written_keys(kind)) <= set(fields)
            assert set(forms.written_keys(kind)) <= set(forms.ORDER)
            specs = Policy.plan_spec if name == "plan" else MODELS[kind].spec
            assert {spec.key for spec in specs} <= set(fields)

    def test_every_field_explains_itself_in_chinese(self, configuration):
        for collection in self.collections(configuration).values():
            for field in collection["fields"]:
                assert re.search(r"[\u4e00-\u9fff]|5W1H", field["label"]), field["name"]
                if field["widget"] == "section":
                    assert field["hint"]
                    assert field["example"]

    def test_offer_every_term_of_the_taxonomy(self, configuration, settings):
        offered = {
            option["value"]
            for collection in self.collections(configuration).values()
            for field in collection["fields"]
            for option in field.get("options", [{"value": field.get("default")}])
        }
        taxonomy = settings.taxonomy
        for name in type(taxonomy).model_fields:
            terms = taxonomy.subject_paths if name == "subjects" else getattr(taxonomy, name)
            assert set(terms) <= offered, name
        assert {audience.id for audience in settings.audiences} <= offered

    def test_offer_every_document_and_article_with_its_title(self, configuration, library):
        (field,) = [
            one
            for one in self.collections(configuration)["case"]["fields"]
            if one["name"] == "policies"
        ]
        labels = {option["value"]: option["label"] for option in field["options"]}
        for source in library.sources.values():
            document = source.document
            if document.kind is Kind.POLICY:
                assert document.title in labels[document.id]
                for section in document.sections:
                    assert section.heading in labels[f"{document.id}#{section.key}"]

    def test_begin_with_today_and_leave_open_what_must_be_judged(self, configuration):
        case, faq = (self.collections(configuration)[name] for name in ("case", "faq"))
        defaults = {one["name"]: one["default"] for one in case["fields"] if "default" in one}
        assert defaults == {
            "audience": "agent",
            "written": "2026-11-22",
            "review_by": "2027-11-22",
        }
        assert next(f for f in faq["fields"] if f["name"] == "audience")["default"] == "dealer"

    def test_the_audience_is_asked_for_at_once_and_says_who_will_read_it(self, configuration):
        for collection in self.collections(configuration).values():
            title, audience, *_ = collection["fields"]
            assert (title["name"], audience["name"]) == ("title", "audience")
            assert "选“代理商”，代理商、坐席都看得到" in audience["hint"]
            assert "选“坐席”，只有坐席看得到" in audience["hint"]

    def test_every_document_has_its_form(self, configuration):
        forms = {one["value"]: one["form"] for one in configuration["documents"]}
        assert forms["policy-plan-outage"] == "plan"
        assert forms["policy-handling-norm"] == "policy"
        assert forms["faq-arrears-resume"] == "faq"

    def test_demand_nothing_but_the_title(self, configuration):
        for collection in self.collections(configuration).values():
            demanded = [one["name"] for one in collection["fields"] if one.get("required", 0)]
            assert demanded == ["title"]

    def test_drafts_are_branches_and_documents_are_not_deleted(self, configuration):
        assert configuration["cms"]["publish_mode"] == "editorial_workflow"
        assert not any(one["delete"] for one in self.collections(configuration).values())


class TestSettings:
    def test_each_backend_in_the_cms_s_words(self):
        assert backend(EditorSettings())["proxy_url"] == "http://127.0.0.1:8081/api/v1"
        github = backend(EditorSettings(**REMOTE["github"]))
        assert (github["name"], github["repo"], github["branch"]) == ("github", "team/kb", "main")
        gitlab = backend(EditorSettings(**REMOTE["gitlab"]))
        assert gitlab["api_root"] == "https://git.example.com/api/v4"
        assert gitlab["auth_type"] == "pkce"
        gitea = backend(EditorSettings(**REMOTE["gitea"]))
        assert (gitea["name"], gitea["app_id"]) == ("forgejo", "abc")
        assert gitea["api_root"] == "https://git.example.com:3000/api/v1"
        own = EditorSettings(backend="gitlab", repo="a/b", app_id="x")
        assert hosts(own) == ("https://gitlab.com",)

    @pytest.mark.parametrize("name", sorted(EDITOR_BACKENDS))
    def test_what_a_backend_needs(self, small, name):
        add_settings(small, backend=name)
        if not EDITOR_BACKENDS[name]:
            assert load_settings(small).editor.backend == name
            return
        with pytest.raises(SettingsError) as caught:
            load_settings(small)
        (problem,) = caught.value.problems
        assert f"backend 是 {name}，还缺 {'、'.join(EDITOR_BACKENDS[name])}" in problem.message
        assert "docs/editor.zh-CN.md" in problem.hint

    @pytest.mark.parametrize(
        ("key", "value", "message"),
        [
            ("backend", "svn", "没有 backend “svn”"),
            ("api_root", "git.example.com", "“git.example.com”不是网址"),
            ("api_root", "https://a.example; script-src *", "不是网址"),
            ("base_url", "javascript:alert(1)", "不是网址"),
        ],
    )
    def test_what_is_refused(self, small, key, value, message):
        add_settings(small, **{key: value})
        with pytest.raises(SettingsError) as caught:
            load_settings(small)
        assert message in str(caught.value)


@pytest.fixture
def archive() -> bytes:
    """A package like the CMS's, with things that are not served."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as file:
        for name in (
            "package/dist/decap-cms.js",
            "package/dist/12.decap-cms.js",
            "package/dist/decap-cms.js.LICENSE.txt",
            "package/dist/decap-cms.js.map",
            "package/dist/cms.js",
            "package/dist/../../../decap-cms.js",
            "package/package.json",
        ):
            content = f"// {name}".encode()
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            file.addfile(entry, io.BytesIO(content))
        link = tarfile.TarInfo("package/dist/13.decap-cms.js")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        file.addfile(link)
    return held.getvalue()


@pytest.fixture
def pinned(archive: bytes, monkeypatch: pytest.MonkeyPatch) -> bytes:
    digest = base64.b64encode(hashlib.sha512(archive).digest()).decode()
    monkeypatch.setattr(package, "INTEGRITY", f"sha512-{digest}")
    return archive


@pytest.fixture
def registry(archive: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A registry that has the package; gives the paths that it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(archive)

        def log_message(self, *_arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("npm_config_registry", f"http://127.0.0.1:{server.server_port}/npm/")
        yield asked
        server.shutdown()
        thread.join()


class TestFetching:
    def run(self, root: Path, *more: str) -> Any:
        return CliRunner().invoke(main, ["editor", "--library", str(root), *more])

    def test_from_the_registry_that_npm_would_ask(self, small, pinned, registry):
        done = self.run(small)
        assert done.exit_code == 0, done.output
        assert registry == [f"/npm/decap-cms/-/decap-cms-{package.VERSION}.tgz"]
        folder = package.folder_of(small)
        assert sorted(file.name for file in folder.iterdir()) == [
            "12.decap-cms.js",
            "decap-cms.js",
            "decap-cms.js.LICENSE.txt",
        ]
        assert [file.name for file in folder.parent.iterdir()] == [package.VERSION]
        again = self.run(small)
        assert again.exit_code == 0
        assert "已经在" in again.output
        assert len(registry) == 1

    def test_from_a_file_without_a_network(self, small, pinned, tmp_path, monkeypatch):
        monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")
        file = tmp_path / "cms.tgz"
        file.write_bytes(pinned)
        assert self.run(small, "--from", str(file)).exit_code == 0
        assert package.is_installed(package.folder_of(small))
        shutil.rmtree(small / "build")
        gone = self.run(small, "--from", str(tmp_path / "gone.tgz"))
        assert (gone.exit_code, "读不了" in gone.output) == (2, True)

    def test_another_package_is_refused_and_nothing_is_left(self, small, registry):
        done = self.run(small)
        assert done.exit_code == 2
        assert "没有安装" in done.output
        assert package.INTEGRITY in done.output
        assert not package.folder_of(small).exists()

    def test_without_a_network_it_says_what_to_do(self, small, monkeypatch):
        monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")
        done = self.run(small)
        assert done.exit_code == 2
        assert "取不到编辑器" in done.output
        assert f"npm pack decap-cms@{package.VERSION}" in done.output
        assert "检索和站点不受影响" in done.output
        assert "Traceback" not in done.output

    def test_a_registry_that_is_no_address(self, monkeypatch):
        monkeypatch.setenv("npm_config_registry", "file:///etc")
        with pytest.raises(PublishError, match="要写成网址"):
            package.download(package.package_address())

    def test_a_folder_that_cannot_be_written(self, small, pinned):
        (small / "build").write_text("a file", encoding="utf-8")
        with pytest.raises(PublishError, match="写不了"):
            package.install(pinned, package.folder_of(small))

    def test_a_package_that_is_too_large(self, registry, monkeypatch):
        monkeypatch.setattr(package, "_MAX_BYTES", 10)
        with pytest.raises(PublishError, match="超过 10 字节"):
            package.download(package.package_address())
