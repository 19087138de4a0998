"""Whoever is refused learns why, and what to do next."""

from __future__ import annotations

import pytest

from search.access.rights import Right
from tests.search.access.conftest import NewApp, bearer, new_token


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("kb.example.com", "“kb.example.com”"),
        ("kb.example.com:8443", "“kb.example.com:8443”"),
        ("a\x1b[31m\nb", r"“a\x1b[31m\nb”"),
        ("é<script>", r"“\xe9"),
        ("x" * 5000, f"“{'x' * 100}”"),
    ],
)
def test_a_name_that_the_service_does_not_know(
    new_app: NewApp, host: str, shown: str, caplog: pytest.LogCaptureFixture
) -> None:
    client = new_app("open").test_client()
    for path in ("/", "/api/search?q=漫游", "/api/none"):
        caplog.clear()
        response = client.get(path, environ_overrides={"HTTP_HOST": host})
        assert response.status_code == 400
        page = path == "/"
        said = response.text if page else response.get_json()["errors"][0]["message"]
        assert shown in said
        assert "[search] 的 hosts" in said
        assert "<script>" not in response.text or not page
        [line] = [one for one in caplog.records if "不认域名" in one.getMessage()]
        assert shown in line.getMessage()
        assert "\n" not in line.getMessage()


@pytest.mark.parametrize(
    ("sign_in", "healthy", "counted"),
    [("open", 200, 200), ("token", 200, 200), ("loopback", 400, 400)],
)
def test_whoever_watches_need_not_know_its_name_unless_it_is_for_this_machine_only(
    new_app: NewApp, sign_in: str, healthy: int, counted: int
) -> None:
    app = new_app(sign_in)
    known = bearer(new_token(app, Right.METRICS))
    client = app.test_client()
    for host in ("10.0.0.7:8000", "agents:8000", "evil.example"):
        given = {"HTTP_HOST": host}
        assert client.get("/healthz", environ_overrides=given).status_code == healthy
        found = client.get("/metrics", headers=known, environ_overrides=given)
        assert found.status_code == counted
        assert client.get("/metrics", environ_overrides=given).status_code != 200
        assert client.get("/", environ_overrides=given).status_code == 400


@pytest.mark.parametrize(
    ("method", "path", "said"),
    [
        ("DELETE", "/api/search", "这个地址不接受 DELETE；用 GET。"),
        ("GET", "/api/events", "这个地址不接受 GET；用 POST。"),
        ("PUT", "/api/notices", "这个地址不接受 PUT；用 GET、POST。"),
    ],
)
def test_a_method_that_an_address_does_not_take(
    new_app: NewApp, method: str, path: str, said: str
) -> None:
    response = new_app().test_client().open(path, method=method)
    assert response.status_code == 405
    assert response.get_json()["errors"][0]["message"] == said


def test_a_body_that_is_too_large(new_app: NewApp) -> None:
    response = new_app().test_client().post("/api/chosen/x", data=b"x" * 70_000)
    assert response.status_code == 413
    message = response.get_json()["errors"][0]["message"]
    assert message == "请求超过 65536 字节；缩短内容，或者分几次发。"
