"""The limit of requests a minute: exact for all workers together, never in the way of search."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from casebook.service_settings import AccessSettings
from search.access import rates
from search.access.rates import Rates, address_key
from search.access.rights import Right
from tests.search.access.conftest import NewApp, bearer, new_token, signed_in, state_of

KEY = b"k" * 32


COUNT = """
import sys, time
from pathlib import Path
from search.access.rates import Rates

folder = Path(sys.argv[1])
counted = Rates(folder / "rates.sqlite", b"k" * 32, 500)
(folder / f"ready-{sys.argv[2]}").touch()
while not (folder / "go").exists():
    time.sleep(0.001)
waits = [counted.wait("address:192.0.2.1") for _ in range(100)]
counted.close()
print(waits.count(0), max(waits))
"""


@pytest.mark.parametrize(
    ("settings", "limit"),
    [
        ({"sign_in": "open"}, 300),
        ({"sign_in": "open", "rate": 5}, 5),
        ({"sign_in": "open", "rate": 0}, 0),
        ({"sign_in": "token"}, 0),
        ({"sign_in": "oidc", "rate": 5}, 5),
        ({}, 0),
    ],
)
def test_where_anybody_may_ask_there_is_a_limit_unless_it_is_switched_off(
    settings: dict[str, Any], limit: int
) -> None:
    assert AccessSettings.model_validate(settings).limit == limit


class TestCounting:
    def test_eight_processes_at_once_get_exactly_as_many_as_are_allowed(
        self, tmp_path: Path
    ) -> None:
        arguments = [sys.executable, "-c", COUNT, str(tmp_path)]
        with ExitStack() as stack:
            workers = [
                stack.enter_context(
                    subprocess.Popen([*arguments, str(number)], stdout=subprocess.PIPE, text=True)
                )
                for number in range(8)
            ]
            while len(list(tmp_path.glob("ready-*"))) < len(workers):
                assert all(worker.poll() is None for worker in workers)
                time.sleep(0.01)
            (tmp_path / "go").touch()
            said = [worker.communicate(timeout=120)[0] for worker in workers]
        found = [tuple(map(int, text.split())) for text in said]
        assert sum(allowed for allowed, _ in found) == 500
        assert all(0 < wait <= 60 for _, wait in found if wait)

    def test_a_minute_after_the_first_request_another_begins(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        now = 1_000_000.0
        monkeypatch.setattr(rates.time, "time", lambda: now)
        with closing(Rates(tmp_path / "rates.sqlite", KEY, 2)) as counted:
            assert [counted.wait("a") for _ in range(3)] == [0, 0, 60]
            now += 59.5
            assert counted.wait("a") == 1
            assert counted.wait("b") == 0
            now += 0.5
            assert [counted.wait("a") for _ in range(3)] == [0, 0, 60]
            now -= 30
            assert counted.wait("a") == 90
            now -= 3600
            assert counted.wait("a") == 0

    def test_without_a_limit_nothing_is_kept(self, tmp_path: Path) -> None:
        with closing(Rates(tmp_path / "rates.sqlite", b"", 0)) as counted:
            assert {counted.wait("a") for _ in range(100)} == {0}
        assert list(tmp_path.iterdir()) == []

    def test_who_is_gone_is_forgotten_and_no_address_is_ever_kept(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file = tmp_path / "rates.sqlite"
        clock = time.monotonic()
        monkeypatch.setattr(rates.time, "monotonic", lambda: clock)
        now = 1_000_000.0
        monkeypatch.setattr(rates.time, "time", lambda: now)
        with closing(Rates(file, KEY, 2)) as counted:
            for number in range(50):
                counted.wait(address_key(f"192.0.2.{number}"))
            clock, now = clock + 61, now + 61
            counted.wait("address:198.51.100.1")
            with closing(sqlite3.connect(file)) as database:
                assert database.execute("SELECT count(*) FROM rates").fetchone() == (1,)
            kept = b"".join(one.read_bytes() for one in tmp_path.iterdir())
        assert b"192.0.2." not in kept
        assert b"198.51" not in kept
        assert {one.stat().st_mode & 0o077 for one in tmp_path.iterdir()} <= {0}

    @pytest.mark.parametrize("trouble", ["damaged", "a folder", "locked", "no room for it"])
    def test_a_file_that_fails_stops_no_search_and_does_not_lift_the_limit(
        self,
        tmp_path: Path,
        trouble: str,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        monkeypatch.setattr(rates, "_WAIT", 0.1)
        file = tmp_path / "rates.sqlite"
        holder = None
        if trouble == "damaged":
            file.write_bytes(b"no database" * 1000)
        if trouble == "a folder":
            file.mkdir()
        if trouble == "locked":
            holder = sqlite3.connect(file)
            holder.execute("BEGIN EXCLUSIVE")
        if trouble == "no room for it":
            (tmp_path / "file").touch()
            file = tmp_path / "file" / "rates.sqlite"
        with closing(Rates(file, KEY, 3)) as counted:
            assert [bool(counted.wait("a")) for _ in range(5)] == [False] * 3 + [True] * 2
        assert len(caplog.records) == 1
        if holder:
            holder.close()

    @pytest.mark.parametrize(
        ("one", "other", "same"),
        [
            ("192.0.2.1", "192.0.2.1", True),
            ("192.0.2.1", "192.0.2.2", False),
            ("192.0.2.1", "::ffff:192.0.2.1", True),
            ("2001:db8::1", "2001:db8::ffff:1", True),
            ("2001:db8::1", "2001:0db8:0:0:1::1", True),
            ("2001:db8::1", "2001:db8:0:1::1", False),
            ("192.0.2.1", "192.0.2.1:4000", True),
            ("192.0.2.1:4001", '"192.0.2.1:4000"', True),
            ("192.0.2.1:80", "192.0.2.2:80", False),
            ("2001:db8::1", "[2001:db8::2]", True),
            ("2001:db8::1", '"[2001:db8::2]:80"', True),
            ("2001:db8::1", "[2001:db8:0:1::1]:80", False),
            ("unknown", "_hidden", True),
            ("", "unknown", True),
            ("unknown", "192.0.2.1", False),
        ],
    )
    def test_which_addresses_are_one_reader(self, one: str, other: str, same: bool) -> None:
        assert (address_key(one) == address_key(other)) == same


class TestService:
    def test_so_many_and_not_one_more(self, new_app: NewApp) -> None:
        app = new_app("open", rate=5)
        client = app.test_client()
        assert [client.get("/api/search?q=漫游").status_code for _ in range(5)] == [200] * 5
        refused = client.get("/api/search?q=漫游")
        assert refused.status_code == 429
        assert 0 < int(refused.headers["Retry-After"]) <= 60
        message = json.loads(refused.text)["errors"][0]["message"]
        assert message == f"一分钟最多 5 次请求；{refused.headers['Retry-After']} 秒后再试。"
        assert client.get("/").status_code == 429
        assert client.get("/there/is/none").status_code == 429
        other = {"REMOTE_ADDR": "192.0.2.9"}
        assert client.get("/api/search?q=漫游", environ_overrides=other).status_code == 200

    def test_health_and_the_files_of_pages_are_not_counted(self, new_app: NewApp) -> None:
        client = new_app("open", rate=1).test_client()
        assert client.get("/").status_code == 200
        assert client.get("/").status_code == 429
        for path in ("/healthz", "/static/style.css"):
            with client.get(path) as response:
                assert response.status_code == 200

    def test_two_applications_of_one_service_count_together(self, new_app: NewApp) -> None:
        one = new_app("open", rate=4)
        two = new_app("open", rate=4, state=state_of(one))
        clients = one.test_client(), two.test_client()
        found = Counter(clients[n % 2].get("/api/openapi.json").status_code for n in range(10))
        assert found == {200: 4, 429: 6}

    def test_a_token_and_a_person_are_counted_for_themselves(self, new_app: NewApp) -> None:
        app = new_app("oidc", rate=3)
        tokens = [new_token(app, Right.READ) for _ in range(2)]
        people = [signed_in(app, name=name) for name in ("ying", "lan")]
        for token in tokens:
            client = app.test_client()
            asked = [client.get("/api/openapi.json", headers=bearer(token)) for _ in range(4)]
            assert [one.status_code for one in asked] == [200, 200, 200, 429]
        for person in people:
            asked = [person.get("/api/openapi.json") for _ in range(4)]
            assert [one.status_code for one in asked] == [200, 200, 200, 429]

    def test_whoever_tries_tokens_is_stopped(self, new_app: NewApp) -> None:
        app = new_app("token", rate=3)
        client = app.test_client()
        guess = bearer(f"cb.dealer.read.0123456789ab.{'A' * 43}")
        asked = [client.get("/healthz", headers=guess).status_code for _ in range(5)]
        assert asked == [401, 401, 401, 429, 429]
