"""The proxy's configuration with the real nginx: TLS, two audiences, what is kept and what not."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from casebook.library import View
from search.app import MAX_BODY
from search.editor.views import MAX_CHECK
from search.engines import get_engine
from search.generations import publish
from tests.deploy.serving import Served, free_port, served, until

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin")
OPENSSL = shutil.which("openssl")
pytestmark = [
    pytest.mark.xdist_group("proxy"),
    pytest.mark.skipif(not NGINX, reason="nginx is not installed (apt install nginx-light)"),
    pytest.mark.skipif(not OPENSSL, reason="openssl is not installed"),
]
HOSTS = {"agent": "agents.example.com", "dealer": "dealers.example.com"}


@dataclass(frozen=True)
class Response:
    status: int
    headers: http.client.HTTPMessage
    body: bytes


@dataclass(frozen=True)
class Proxy:
    """An nginx that runs."""

    port: int
    plain_port: int
    certificate: Path
    log: Path

    def get(
        self, audience: str, path: str, method: str = "GET", body: bytes = b"", **headers: str
    ) -> Response:
        """A response over TLS, by a connection of its own."""
        name = HOSTS[audience]
        context = ssl.create_default_context(cafile=str(self.certificate))
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as raw:
            connection = http.client.HTTPSConnection(name, self.port, context=context)
            connection.sock = context.wrap_socket(raw, server_hostname=name)
            try:
                connection.request(method, path, body=body, headers={"Host": name, **headers})
                response = connection.getresponse()
                return Response(response.status, response.headers, response.read())
            finally:
                connection.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for both hosts, which signs itself."""
    folder = tmp_path_factory.mktemp("certificates")
    names = ",".join(f"DNS:{name}" for name in HOSTS.values())
    subprocess.run(
        [
            *(OPENSSL or "openssl", "req", "-x509", "-newkey", "ec", "-nodes", "-days", "2"),
            *("-pkeyopt", "ec_paramgen_curve:prime256v1", "-subj", "/CN=test"),
            *("-addext", f"subjectAltName={names}"),
            *("-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")),
        ],
        check=True,
        capture_output=True,
    )
    return folder / "certificate.pem"


# What each main file says that a test must say otherwise: folder, log, addresses of services.
MAINS = {
    "nginx.conf": ("/tmp/", "/dev/stdout", "agents:8000", "dealers:8000", "mcp:8000"),
    "nginx-machine.conf": (
        *("/var/lib/nginx/", "/var/log/nginx/casebook.log"),
        *("127.0.0.1:8001", "127.0.0.1:8002", "127.0.0.1:8003"),
    ),
}


def staged(
    root: Path, folder: Path, certificate: Path, upstreams: tuple[int, int, int], main: str
) -> Proxy:
    """The configuration as it is deployed; only addresses and places are the test's."""
    deployed = root / "deploy" / "nginx"
    kept, logged, *services = MAINS[main]
    text = (deployed / main).read_text(encoding="utf-8")
    log = folder / "access.log"
    for old, new in (
        (kept, f"{folder}/"),
        (logged, str(log)),
        *zip(services, (f"127.0.0.1:{port}" for port in upstreams), strict=True),
        ("worker_processes auto", "worker_processes 2"),
    ):
        assert old in text
        text = text.replace(old, new)
    for place in ("/run/nginx.pid", "/var/log/nginx/"):
        text = text.replace(place, f"{folder}/{Path(place).name}")
    if "temp_path " not in text:
        # Where it was compiled to keep them, only root may.
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        paths = "".join(f"    {kind}_temp_path {folder}/{kind};\n" for kind in kinds)
        text = text.replace("http {\n", f"http {{\n{paths}")
    # Whoever may not write to the test's folder cannot keep anything in it.
    text = re.sub(r"^user .*;\n", "", text, flags=re.MULTILINE)
    user = "user root;\n" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(user + text, encoding="utf-8")
    common = (deployed / "casebook.conf").read_text(encoding="utf-8")
    secure, plain = free_port(), free_port()
    for pattern, by in (
        (r"listen 443\b", f"listen 127.0.0.1:{secure}"),
        (r"listen 80\b", f"listen 127.0.0.1:{plain}"),
        (r"\S+\.pem;", f"{certificate};"),
        (r"\S+\.key;", f"{certificate.with_name('key.pem')};"),
    ):
        common, count = re.subn(pattern, by, common)
        assert count, pattern
    (folder / "casebook.conf").write_text(common, encoding="utf-8")
    return Proxy(secure, plain, certificate, log)


@contextmanager
def proxied(
    root: Path, folder: Path, certificate: Path, *upstreams: int, main: str = "nginx.conf"
) -> Iterator[Proxy]:
    """nginx before the services of agents, dealers and assistants."""
    agents, dealers, assistants = upstreams
    proxy = staged(root, folder, certificate, (agents, dealers, assistants), main)
    words = [NGINX or "nginx", "-c", str(folder / "nginx.conf")]
    checked = subprocess.run([*words, "-t"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert "warn" not in checked.stderr
    process = subprocess.Popen([*words, "-g", "daemon off;"], stderr=subprocess.DEVNULL)
    try:
        until(lambda: _listens(proxy.port), "nginx does not listen")
        yield proxy
    finally:
        process.terminate()
        process.wait(60)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def services(
    tmp_path_factory: pytest.TempPathFactory, root: Path, agent_view: View, dealer_view: View
) -> Iterator[dict[str, Served]]:
    """Both audiences' services, each with what the deployment gives it."""
    with ExitStack() as stack:
        started = {}
        for view, name in ((agent_view, "agent"), (dealer_view, "dealer")):
            library = tmp_path_factory.mktemp(f"library-{name}")
            settings = (root / "casebook.toml").read_text(encoding="utf-8")
            settings = re.sub(r"\n\[check\.wording\]\n(?:.+\n)+", "\n", settings)
            settings = settings.replace("[search]\n", f'[search]\nhosts = ["{HOSTS[name]}"]\n', 1)
            settings += f'\n[service]\nproxies = 1\n\n[access.{name}]\nsign_in = "open"\n'
            if name == "agent":
                settings = settings.replace('sign_in = "open"', 'sign_in = "proxy"')
            (library / "casebook.toml").write_text(settings, encoding="utf-8")
            index = library / "build" / "index" / name
            small = replace(view, documents=view.documents[:30])
            publish(small, index, get_engine("tantivy"), "sample")
            log = tmp_path_factory.mktemp(f"log-{name}")
            started[name] = stack.enter_context(served(library, name, log))
        yield started


@pytest.fixture(scope="module")
def proxy(
    root: Path,
    certificate: Path,
    services: dict[str, Served],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Proxy]:
    """nginx before both services."""
    folder = tmp_path_factory.mktemp("proxy")
    ports = services["agent"].port, services["dealer"].port, free_port()
    with proxied(root, folder, certificate, *ports) as running:
        yield running


class TestServices:
    def test_dealers_are_answered_over_tls(self, proxy: Proxy) -> None:
        found = proxy.get("dealer", "/api/search?q=%E6%BC%AB%E6%B8%B8")
        assert found.status == 200
        assert json.loads(found.body)["total"] > 0
        assert found.headers["Strict-Transport-Security"].startswith("max-age=31536000")
        assert "no-store" in found.headers["Cache-Control"]
        assert "default-src 'none'" in found.headers["Content-Security-Policy"]
        assert re.fullmatch("[0-9a-f]{32}", found.headers["X-Request-ID"])
        assert proxy.get("dealer", "/healthz").status == 200

    def test_plain_http_leads_to_tls(self, proxy: Proxy) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", proxy.plain_port, timeout=60)
        connection.request("GET", "/x?q=1", headers={"Host": HOSTS["dealer"]})
        response = connection.getresponse()
        assert response.status == 308
        assert response.headers["Location"] == f"https://{HOSTS['dealer']}/x?q=1"
        connection.close()

    def test_an_unknown_host_gets_no_certificate(self, proxy: Proxy) -> None:
        context = ssl.create_default_context()
        with (
            socket.create_connection(("127.0.0.1", proxy.port), timeout=60) as raw,
            pytest.raises(ssl.SSLError),
        ):
            context.wrap_socket(raw, server_hostname="other.example.com")

    @pytest.mark.parametrize(
        "forged",
        [
            {"Casebookuser": "boss", "Casebookgroups": "everybody"},
            {"X-Forwarded-For": "127.0.0.1"},
            {"Forwarded": "for=127.0.0.1"},
            {"X-Real-IP": "127.0.0.1"},
            {"casebookuser": "boss", "X-Forwarded-For": "127.0.0.1, 127.0.0.1"},
            {"CASEBOOKUSER": "boss", "X_Forwarded_For": "127.0.0.1"},
        ],
    )
    def test_nobody_signs_in_by_forged_headers(self, proxy: Proxy, forged: dict[str, str]) -> None:
        for path in ("/api/search?q=x", "/metrics", "/insights/", "/write/"):
            assert proxy.get("agent", path, **forged).status in {401, 404}

    @pytest.mark.parametrize(
        "forged",
        [
            {"X-Forwarded-Host": "evil.example"},
            {"X-Forwarded-Proto": "http"},
            {"X-Forwarded-Prefix": "/evil"},
            {"X-Forwarded-Port": "666"},
            {"X-Request-ID": "0123456789abcdef0123456789abcdef"},
        ],
    )
    def test_forged_headers_change_nothing(self, proxy: Proxy, forged: dict[str, str]) -> None:
        plain, other = proxy.get("dealer", "/"), proxy.get("dealer", "/", **forged)
        assert other.body == plain.body
        assert set(other.headers.keys()) == set(plain.headers.keys())
        assert other.headers["X-Request-ID"] != "0123456789abcdef0123456789abcdef"

    def test_the_proxys_request_id_is_in_both_logs(
        self, proxy: Proxy, services: dict[str, Served]
    ) -> None:
        sent = proxy.get("dealer", "/api/suggest?q=13812345678").headers["X-Request-ID"]
        until(lambda: sent in proxy.log.read_text("utf-8"), "nginx logs nothing")
        log = services["dealer"].log
        until(lambda: f'"{sent}"' in log.read_text("utf-8"), "the service logs nothing")
        assert sent in {line.get("request") for line in services["dealer"].lines()}
        assert "13812345678" not in proxy.log.read_text("utf-8")
        assert "127.0.0.1" not in proxy.log.read_text("utf-8")
        for line in proxy.log.read_text("utf-8").splitlines():
            assert json.loads(line)["status"]

    def test_compression_passes_through(self, proxy: Proxy) -> None:
        plain = proxy.get("dealer", "/?q=%E6%BC%AB%E6%B8%B8")
        packed = proxy.get("dealer", "/?q=%E6%BC%AB%E6%B8%B8", **{"Accept-Encoding": "gzip"})
        assert packed.headers["Content-Encoding"] == "gzip"
        assert "Accept-Encoding" in packed.headers["Vary"]
        assert len(packed.body) < len(plain.body)
        assert gzip.decompress(packed.body)[:100] == plain.body[:100]

    @pytest.mark.parametrize("size", [MAX_BODY + 1, 1_000_000, 18_000_000])
    def test_what_is_too_large_is_refused_as_such(self, proxy: Proxy, size: int) -> None:
        found = proxy.get("dealer", "/api/chosen/x", method="POST", body=b"x" * size)
        assert found.status == 413
        assert proxy.get("dealer", "/healthz").status == 200

    def test_what_is_not_too_large_comes_to_the_service(self, proxy: Proxy) -> None:
        found = proxy.get("dealer", "/api/chosen/x", method="POST", body=b"x" * MAX_BODY)
        assert found.status not in {413, 503}

    def test_both_refuse_the_same(self, root: Path) -> None:
        text = (root / "deploy" / "nginx" / "casebook.conf").read_text(encoding="utf-8")
        sizes = [int(one) for one in re.findall(r"client_max_body_size (\d+);", text)]
        assert sizes == [MAX_BODY, MAX_CHECK]

    def test_style_is_kept_for_each_audience_apart(self, proxy: Proxy) -> None:
        for audience in HOSTS:
            first = proxy.get(audience, "/static/case-search.css")
            again = proxy.get(audience, "/static/case-search.css")
            assert first.status == again.status == 200
            assert "public" in again.headers["Cache-Control"]
            assert first.body == again.body
            assert again.headers["X-Request-ID"] == first.headers["X-Request-ID"]
        ids = {
            proxy.get(audience, "/static/case-search.css").headers["X-Request-ID"]
            for audience in HOSTS
        }
        assert len(ids) == 2

    def test_metrics_are_not_for_the_outside(self, proxy: Proxy) -> None:
        for audience in HOSTS:
            assert proxy.get(audience, "/metrics").status == 404


@dataclass
class Stub:
    """A service that says whose it is, and what it is told to."""

    audience: str
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200
    seen: Counter[str] = field(default_factory=Counter)
    last: dict[str, str] = field(default_factory=dict)


@pytest.fixture(scope="module")
def stubs() -> Iterator[dict[str, tuple[Stub, int]]]:
    """A stub for each audience's service and for the agents' assistants, and their ports."""
    with ExitStack() as stack:
        started = {}
        for audience in (*HOSTS, "assistants"):
            stub = Stub(audience)

            class Handler(BaseHTTPRequestHandler):
                told = stub

                def do_GET(self) -> None:
                    self.told.seen[self.path] += 1
                    self.told.last = dict(self.headers.items())
                    body = self.told.audience.encode()
                    self.send_response(self.told.status)
                    for name, value in self.told.headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

                def log_message(self, *_: object) -> None:
                    return

            server = stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
            thread = threading.Thread(target=server.serve_forever, args=(0.05,))
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            started[audience] = stub, server.server_port
        yield started


@pytest.fixture(scope="module")
def stubbed(
    root: Path,
    certificate: Path,
    stubs: dict[str, tuple[Stub, int]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Proxy]:
    """nginx before the stubs."""
    ports = stubs["agent"][1], stubs["dealer"][1], stubs["assistants"][1]
    with proxied(root, tmp_path_factory.mktemp("stubbed"), certificate, *ports) as running:
        yield running


PUBLIC = {"Cache-Control": "public, max-age=60"}
# What a service may say, what a client may send, and whether the second one gets what was kept.
KEPT = [
    ("/static/a", PUBLIC, {}, True),
    ("/static/b", {**PUBLIC, "Set-Cookie": "x=1"}, {}, False),
    ("/static/c", {"Cache-Control": "private, max-age=60"}, {}, False),
    ("/static/d", {"Cache-Control": "no-store"}, {}, False),
    ("/static/e", {"Cache-Control": "no-cache"}, {}, False),
    ("/static/f", {}, {}, False),
    ("/static/g", PUBLIC, {"Cookie": "session=1"}, False),
    ("/static/h", PUBLIC, {"Authorization": "Bearer x"}, False),
    ("/static/i", {**PUBLIC, "Vary": "*"}, {}, False),
    ("/api/search?q=a", PUBLIC, {}, False),
    ("/", PUBLIC, {}, False),
    ("/site/a.css", PUBLIC, {}, False),
    ("/healthz", PUBLIC, {}, False),
]


class TestKept:
    @pytest.mark.parametrize(("path", "said", "sent", "kept"), KEPT)
    def test_only_what_is_public_and_static(
        self,
        stubbed: Proxy,
        stubs: dict[str, tuple[Stub, int]],
        path: str,
        said: dict[str, str],
        sent: dict[str, str],
        kept: bool,
    ) -> None:
        for audience in HOSTS:
            stub, _ = stubs[audience]
            stub.headers, stub.status = said, 200
            for _ in range(3):
                assert stubbed.get(audience, path, **sent).body == audience.encode()
            assert stub.seen[path] == (1 if kept else 3)
            if sent:
                # Nor was it kept for those who come without.
                stubbed.get(audience, path)
                assert stub.seen[path] == 4

    def test_neither_audience_gets_what_was_kept_for_the_other(
        self, stubbed: Proxy, stubs: dict[str, tuple[Stub, int]]
    ) -> None:
        for stub, _ in stubs.values():
            stub.headers = PUBLIC
        for number in range(40):
            for audience in ("agent", "dealer", "dealer", "agent"):
                path = f"/static/{number % 5}.js"
                # A connection of one host that asks for the other gets the other's, or nothing.
                found = stubbed.get(audience, path)
                assert found.body == audience.encode()

    def test_assistants_come_to_their_service_and_dealers_to_none(
        self, stubbed: Proxy, stubs: dict[str, tuple[Stub, int]]
    ) -> None:
        stubs["assistants"][0].headers = PUBLIC
        for _ in range(2):
            found = stubbed.get("agent", "/mcp", Authorization="Bearer x")
            assert found.body == b"assistants"
        stub, _ = stubs["assistants"]
        assert stub.seen == {"/mcp": 2}
        assert stub.last["Authorization"] == "Bearer x"
        assert stubbed.get("agent", "/mcp/x").body == b"agent"
        assert stubbed.get("dealer", "/mcp").body == b"dealer"

    def test_what_is_kept_is_not_given_to_who_signed_in(
        self, stubbed: Proxy, stubs: dict[str, tuple[Stub, int]]
    ) -> None:
        stub, _ = stubs["dealer"]
        stub.headers = PUBLIC
        for _ in range(2):
            stubbed.get("dealer", "/static/signed.js")
        assert stub.seen["/static/signed.js"] == 1
        stubbed.get("dealer", "/static/signed.js", Cookie="session=1")
        assert stub.seen["/static/signed.js"] == 2

    def test_what_the_service_is_told(
        self, stubbed: Proxy, stubs: dict[str, tuple[Stub, int]]
    ) -> None:
        forged = {
            "X-Forwarded-For": "192.0.2.1",
            "X-Forwarded-Proto": "http",
            "X-Forwarded-Host": "evil.example",
            "X-Forwarded-Port": "1",
            "X-Forwarded-Prefix": "/evil",
            "Casebookuser": "boss",
            "Casebookgroups": "all",
            "X_Forwarded_For": "192.0.2.1",
            "X_Forwarded_Proto": "http",
            "X_Forwarded_Host": "evil.example",
            "Forwarded": "for=192.0.2.1",
            "X-Real-IP": "192.0.2.1",
            "X-Request-ID": "forged",
        }
        stub, _ = stubs["agent"]
        stubbed.get("agent", "/told", **forged)
        told = {name.lower(): value for name, value in stub.last.items()}
        assert told["host"] == HOSTS["agent"]
        assert told["x-forwarded-for"] == "127.0.0.1"
        assert told["x-forwarded-proto"] == "https"
        assert re.fullmatch("[0-9a-f]{32}", told["x-request-id"])
        assert not {name.lower() for name in forged} & told.keys() - {
            "x-forwarded-for",
            "x-forwarded-proto",
            "x-request-id",
        }

    @pytest.mark.parametrize("status", [400, 404, 413, 429, 500, 503])
    def test_errors_pass_through(
        self, stubbed: Proxy, stubs: dict[str, tuple[Stub, int]], status: int
    ) -> None:
        stub, _ = stubs["dealer"]
        stub.status, stub.headers = status, {"Retry-After": "3", "Cache-Control": "no-store"}
        found = stubbed.get("dealer", f"/error/{status}")
        assert (found.status, found.headers["Retry-After"]) == (status, "3")
        assert found.body == b"dealer"
        assert stub.seen[f"/error/{status}"] == 1


def test_a_service_that_is_away_is_said_to_be(
    root: Path, certificate: Path, tmp_path: Path
) -> None:
    with proxied(root, tmp_path, certificate, free_port(), free_port(), free_port()) as running:
        found = running.get("dealer", "/api/search?q=x")
        assert found.status == 503
        assert found.headers["Retry-After"] == "5"
        assert found.headers["Cache-Control"] == "no-store"
        assert "检索服务暂时连不上" in found.body.decode()


@pytest.fixture
def machine(
    root: Path, certificate: Path, stubs: dict[str, tuple[Stub, int]], tmp_path: Path
) -> Proxy:
    """The machine's configuration before the stubs, staged and not started."""
    ports = stubs["agent"][1], stubs["dealer"][1], stubs["assistants"][1]
    return staged(root, tmp_path, certificate, ports, "nginx-machine.conf")


def test_on_a_machine_it_starts_as_its_unit_starts_it(
    machine: Proxy, stubs: dict[str, tuple[Stub, int]], tmp_path: Path
) -> None:
    """systemd gives it a socket for its output, waits for its pid file, and reloads it by that."""
    words = [NGINX or "nginx", "-c", str(tmp_path / "nginx.conf"), "-g", "daemon on;"]
    near, far = socket.socketpair()
    with near, far:

        def run(*options: str) -> None:
            done = subprocess.run(
                [*words, *options], stdin=subprocess.DEVNULL, stdout=far, stderr=far, check=False
            )
            near.setblocking(False)
            said = near.recv(10_000).decode() if done.returncode else ""
            assert done.returncode == 0, said

        run("-t", "-q")
        run()
        until((tmp_path / "nginx.pid").exists, "there is no pid file")
        try:
            stubs["dealer"][0].headers, stubs["dealer"][0].status = {}, 200
            assert machine.get("dealer", "/").body == b"dealer"
            assert machine.get("agent", "/mcp").body == b"assistants"
            run("-s", "reload")
            until(lambda: machine.get("dealer", "/").status == 200, "it was reloaded")
            until(lambda: machine.log.read_text("utf-8").count("\n") >= 3, "nothing is logged")
        finally:
            run("-s", "quit")
            until(lambda: not _listens(machine.port), "nginx still listens")


def test_each_main_file_is_of_its_place(root: Path) -> None:
    machine, container, common = (
        (root / "deploy" / "nginx" / name).read_text(encoding="utf-8")
        for name in ("nginx-machine.conf", "nginx.conf", "casebook.conf")
    )
    assert "\npid /run/nginx.pid;" in machine and "\npid /tmp/nginx.pid;" in container
    assert "/dev/std" not in re.sub("#.*", "", machine)
    # Readers are led to https://HOST/, without a port: it must be the one that is listened on.
    assert set(re.findall(r"listen (\d+)", common)) == {"80", "443"}
    places = re.findall(r" (/\S+?)[; ]", re.sub("#.*", "", container))
    assert {Path(place).parts[1] for place in places} == {"tmp", "dev", "etc"}
    for upstream in ("agents", "assistants", "dealers"):
        assert f"upstream {upstream} {{" in machine and f"upstream {upstream} {{" in container
    for setting in ("underscores_in_headers off;", "ignore_invalid_headers on;"):
        assert f"\n{setting}\n" in common
