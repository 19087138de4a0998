"""Behind a real cache that keeps whatever it may, nobody gets what another was given."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from search.access.rights import Right
from tests.browser.conftest import free_port
from tests.conftest import answering
from tests.search.access.conftest import NewApp, bearer, new_token, signed_in

pytestmark = pytest.mark.xdist_group("nginx")
HANG = 60
# Keeps every kind of answer for ten minutes unless the answer forbids it; the second server keeps
# even those, which shows that a leak would be seen.
CONFIG = """
{user}daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/temp;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  proxy_cache_path {folder}/cache keys_zone=all:1m;
  proxy_cache_path {folder}/careless keys_zone=careless:1m;
  proxy_cache_key $request_uri;
  proxy_cache_valid any 10m;
  proxy_cache_methods GET HEAD;
  proxy_set_header X-Forwarded-For $remote_addr;
  proxy_set_header Casebookuser $http_x_test_user;
  proxy_set_header Host 127.0.0.1;
  add_header X-Cache $upstream_cache_status always;
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass {upstream}; proxy_cache all; }}
  }}
  server {{
    listen 127.0.0.1:{careless};
    location / {{
      proxy_pass {upstream}; proxy_cache careless;
      proxy_ignore_headers Cache-Control Expires Set-Cookie Vary X-Accel-Expires;
    }}
  }}
}}
"""
PATHS = (
    "/",
    "/?q=怎么",
    "/results?q=怎么",
    "/api/search?q=怎么",
    "/api/openapi.json",
    "/api/documents/none",
    "/site/",
    "/site/style.css",
    "/site/none",
    "/healthz",
    "/there/is/none",
)


@dataclass(frozen=True)
class Cache:
    """A running cache before a service.

    Attributes:
        address: of the one that keeps what it may.
        careless: of the one that keeps everything.
    """

    address: str
    careless: str


@contextmanager
def cached(upstream: str, folder: Path) -> Iterator[Cache]:
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if not program:
        pytest.skip("no nginx: install it (apt-get install nginx) to run these tests")
    ports = free_port(), free_port()
    # Started by root it would work as somebody who may not enter the folder.
    user = "user root; " if os.geteuid() == 0 else ""
    text = CONFIG.format(
        user=user, folder=folder, port=ports[0], careless=ports[1], upstream=upstream
    )
    (folder / "nginx.conf").write_text(text, encoding="utf-8")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, "-p", str(folder), "-c", str(folder / "nginx.conf")], stderr=log
        )
    try:
        cache = Cache(*(f"http://127.0.0.1:{port}" for port in ports))
        ends = time.monotonic() + HANG
        while True:
            assert process.poll() is None, (folder / "log").read_text(encoding="utf-8")
            assert time.monotonic() < ends
            try:
                requests.get(f"{cache.address}/static/icon.svg", timeout=HANG)
                break
            except requests.ConnectionError:
                time.sleep(0.02)
        yield cache
    finally:
        process.terminate()
        process.wait(HANG)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    for name in ("index.html", "style.css", "404.html"):
        (folder / name).write_text("只给登录的人看", encoding="utf-8")
    return folder


@pytest.mark.parametrize("way", ["token", "oidc", "proxy", "open"])
def test_nobody_is_given_what_was_another_s(
    new_app: NewApp, site: Path, tmp_path: Path, way: str
) -> None:
    app = new_app(way, "dealer", site=site, readers=["*"], running={"proxy_hosts": ["127.0.0.1"]})
    if way == "oidc":
        cookie = signed_in(app, "seats").get_cookie("casebook-dealer-session")
        assert cookie is not None
        known = {"Cookie": f"casebook-dealer-session={cookie.value}"}
    elif way == "proxy":
        known = {"X-Test-User": "ying"}
    else:
        known = bearer(new_token(app, Right.READ, Right.METRICS))
    nobody = {"Accept": "application/json"}
    with (
        answering(app) as upstream,
        cached(upstream, tmp_path) as cache,
        requests.Session() as session,
    ):

        def ask(
            path: str, headers: dict[str, str], address: str = cache.address
        ) -> tuple[int, str]:
            url = f"{address}{path}"
            answer = session.get(url, headers=headers, timeout=HANG, allow_redirects=False)
            assert "Set-Cookie" not in answer.headers
            if address == cache.address:
                assert answer.headers.get("X-Cache") == "MISS"
            return answer.status_code, answer.text if answer.status_code == 200 else ""

        for path in PATHS:
            theirs = ask(path, known)
            assert theirs[0] in (200, 404)
            refused = ask(path, nobody)
            # What comes back after somebody was refused is no refusal that was kept.
            assert ask(path, known)[0] == theirs[0]
            if way != "open":
                assert refused[0] == (200 if path == "/healthz" else 401), path
            if path == "/healthz" and way in ("token", "open"):
                assert refused[1] != theirs[1]
        if way != "open":
            path = "/api/openapi.json"
            assert ask(path, known, cache.careless)[0] == 200
            assert ask(path, nobody, cache.careless)[0] == 200
