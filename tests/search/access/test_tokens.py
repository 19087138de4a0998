"""Tokens on the command line and in their file; and what the audit log says of them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from casebook.cli import main
from casebook.errors import SearchError, SettingsError
from casebook.settings import load_settings
from search.access import audit as audits
from search.access.audit import EVENTS, Audit
from search.access.listening import check_listening, described
from search.access.private import key_of
from search.access.rights import Right
from search.access.tokens import FILE, TokenRefused, Tokens
from search.server import serve
from tests.search.access.conftest import (
    OIDC,
    NewApp,
    NewConfig,
    audited,
    bearer,
    new_token,
    state_of,
)

TOKEN = re.compile(r"cb\.(\w+)\.([a-z-]+)\.([0-9a-f]{12})\.([A-Za-z0-9_-]{43})")


def casebook(library: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["token", *words, "--library", str(library)])


def state(library: Path, audience: str = "dealer") -> Path:
    return library / "build" / "state" / audience


class TestCommands:
    def test_a_token_is_shown_once_and_kept_only_as_a_hash(self, small: Path) -> None:
        words = (
            "--audience",
            "agent",
            "--name",
            "座席桌面",
            "--rights",
            "metrics,read",
            "--days",
            "7",
        )
        done = casebook(small, "create", *words)
        assert done.exit_code == 0
        match = TOKEN.fullmatch(done.stdout.strip())
        assert match
        assert (match[1], match[2]) == ("agent", "read-metrics")
        assert "只显示这一次" in done.stderr
        kept = b"".join(file.read_bytes() for file in state(small, "agent").iterdir())
        assert match[4].encode() not in kept
        assert match[3].encode() in kept
        modes = {file.stat().st_mode & 0o777 for file in state(small, "agent").iterdir()}
        assert modes == {0o600}
        listed = casebook(small, "list", "--audience", "agent")
        assert [word for word in listed.stdout.splitlines()[1].split() if word] == [
            *(match[3], "座席桌面", "metrics,read"),
            *re.findall(r"\d{4}-\d\d-\d\d", listed.stdout),
            *("没有用过", "有效"),
        ]
        assert match[4] not in listed.output

    def test_looking_for_tokens_makes_nothing(self, small: Path) -> None:
        assert casebook(small, "list").stderr == "代理商的服务没有令牌。\n"
        assert casebook(small, "revoke", "0123456789ab").exit_code == 2
        assert not (small / "build").exists()

    def test_every_right_of_the_widest_audience_s_service(self, small: Path) -> None:
        words = ("create", "--audience", "agent", "--name", "x", "--rights", ",".join(Right))
        assert casebook(small, *words).exit_code == 0

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (("--name", "x", "--rights", "write"), "没有权限“write”；--rights 写 read、edit"),
            (("--name", "x", "--rights", ""), "没有写权限"),
            (("--name", "x", "--rights", "read,,x"), "没有权限“x”"),
            (("--name", ""), "--name 写这个令牌用在哪里"),
            (("--name", "a\nb"), "--name 写这个令牌用在哪里"),
            (("--name", "长" * 61), "--name 写这个令牌用在哪里"),
            (("--name", "x", "--audience", "boss"), "没有受众“boss”"),
            (("--name", "x", "--days", "0"), "0"),
            (("--name", "x", "--days", "731"), "731"),
            (("--name", "x", "--rights", "read,edit"), "代理商的服务不给权限“edit”"),
            (("--name", "x", "--rights", "analyse"), "或者写 --audience agent"),
            ((), "--name"),
        ],
    )
    def test_what_cannot_be_made(self, small: Path, words: tuple[str, ...], message: str) -> None:
        done = casebook(small, "create", *words)
        assert done.exit_code == 2
        assert message in done.stderr
        assert not (state(small) / FILE).exists()

    def test_revoking(self, small: Path) -> None:
        token = casebook(small, "create", "--name", "x").stdout.strip()
        token_id = token.split(".")[3]
        for _ in range(2):
            assert casebook(small, "revoke", token_id).exit_code == 0
        assert "作废" in casebook(small, "list").stdout
        unknown = casebook(small, "revoke", "0123456789ab")
        assert unknown.exit_code == 2
        assert "没有编号是“0123456789ab”的令牌" in unknown.stderr
        lines = (state(small) / "audit.log").read_text(encoding="utf-8").splitlines()
        events = [json.loads(line)["event"] for line in lines]
        assert events == ["token_created", "token_revoked", "token_revoked"]
        assert token.split(".")[4] not in "".join(lines)

    def test_a_file_that_cannot_be_used_is_named(self, small: Path) -> None:
        state(small).mkdir(parents=True)
        (state(small) / FILE).write_bytes(b"no database" * 1000)
        done = casebook(small, "list")
        assert done.exit_code == 2
        assert "用不了" in done.stderr


class TestRunning:
    def test_a_running_service_knows_at_once(self, new_app: NewApp) -> None:
        app = new_app("token")
        client = app.test_client()
        path = "/api/openapi.json"
        token = new_token(app, Right.READ)
        assert client.get(path, headers=bearer(token)).status_code == 200
        tokens = Tokens(state_of(app) / FILE, "dealer")
        tokens.revoke(token.split(".")[3])
        tokens.close()
        assert client.get(path, headers=bearer(token)).status_code == 401
        [line] = audited(app)
        assert (line["event"], line["detail"], line["way"]) == ("token_refused", "revoked", "token")
        assert line["who"].startswith("test (")
        assert line["address"] == "127.0.0.1"
        # A backup that is put back takes the place of the file.
        (state_of(app) / FILE).unlink()
        fresh = new_token(app, Right.READ)
        assert client.get(path, headers=bearer(fresh)).status_code == 200

    def test_whose_it_is_is_said_to_who_brings_it_to_another(self, new_app: NewApp) -> None:
        token = new_token(new_app("token", "agent"), Right.READ)
        dealers = new_app("token", "dealer")
        response = dealers.test_client().get("/api/openapi.json", headers=bearer(token))
        assert response.status_code == 401
        assert "别的受众" in response.get_json()["errors"][0]["message"]
        assert response.headers["WWW-Authenticate"] == "Bearer realm=casebook, error=invalid_token"
        assert audited(dealers)[-1]["detail"] == "audience"

    def test_the_day_of_the_last_use_is_kept_and_no_more(self, new_app: NewApp) -> None:
        app = new_app("token")
        token = new_token(app, Right.READ)
        for _ in range(3):
            app.test_client().get("/api/openapi.json", headers=bearer(token))
        tokens = Tokens(state_of(app) / FILE, "dealer")
        [found] = tokens.all()
        tokens.close()
        assert found.used is not None
        assert found.used.time().isoformat() == "00:00:00"
        assert found.used.date() <= datetime.now(UTC).date()

    def test_when_tokens_cannot_be_read_nobody_is_let_in(self, new_app: NewApp) -> None:
        app = new_app("token")
        token = new_token(app, Right.READ)
        (state_of(app) / FILE).write_bytes(b"no database" * 1000)
        response = app.test_client().get("/api/openapi.json", headers=bearer(token))
        assert response.status_code == 503
        assert response.headers["Retry-After"] == "3"
        assert "查不了令牌" in response.get_json()["errors"][0]["message"]

    def test_a_service_that_keeps_nothing_has_no_tokens(self, tmp_path: Path) -> None:
        tokens = Tokens(tmp_path / FILE, "dealer")
        with pytest.raises(TokenRefused) as refused:
            tokens.check("x")
        assert refused.value.reason == "unknown"
        tokens.close()

    def test_many_threads_use_one_file(self, tmp_path: Path) -> None:
        with closing(Tokens(tmp_path / FILE, "dealer")) as tokens:
            text, _ = tokens.create("x", [Right.READ], 1)
            won: list[bool] = []

            def work() -> None:
                for number in range(20):
                    tokens.check(text)
                    won.append(tokens.spend(f"state:{number}", 60))

            threads = [threading.Thread(target=work) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert sum(won) == 20
            assert len(won) == 160


class TestAudit:
    @pytest.mark.parametrize(
        "name",
        [
            "a\nb",
            "a\r\nb",
            '"}\n{"event": "sign_in"}',
            "\x1b[31m",
            "\u202eevil",
            "\u2028",
            "名" * 500,
            "\x00",
            "\ud800",
            "\U000e0001",
        ],
        ids=ascii,
    )
    def test_a_name_is_never_more_than_a_name(self, tmp_path: Path, name: str) -> None:
        log = Audit(tmp_path / "audit.log", "dealer")
        log.note("sign_in", name, "oidc", "192.0.2.7", name)
        text = (tmp_path / "audit.log").read_text(encoding="utf-8")
        assert text.count("\n") == 1
        assert text.rstrip("\n").isprintable()
        entry = json.loads(text)
        assert entry["who"] == entry["detail"] == name[:200]
        assert ("名名" in text) == ("名名" in name)
        assert entry["event"] in EVENTS
        assert datetime.fromisoformat(entry["at"]).utcoffset() is not None

    def test_it_may_be_moved_away_and_is_for_its_owner_only(self, tmp_path: Path) -> None:
        file = tmp_path / "state" / "audit.log"
        log = Audit(file, "dealer")
        log.note("sign_in", "ying", "oidc")
        file.rename(tmp_path / "audit.log.1")
        log.note("sign_out", "ying", "oidc")
        assert file.read_text(encoding="utf-8").count("\n") == 1
        assert file.stat().st_mode & 0o777 == 0o600
        assert file.parent.stat().st_mode & 0o777 == 0o700

    def test_what_anybody_can_cause_does_not_fill_the_disk(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        clock = 1000.0
        monkeypatch.setattr(audits.time, "monotonic", lambda: clock)
        log = Audit(tmp_path / "audit.log", "dealer")
        for _ in range(1000):
            log.note("token_refused", "", "token")
        log.note("sign_in", "ying", "oidc")
        assert (tmp_path / "audit.log").read_text(encoding="utf-8").count("\n") == 301
        clock += 61
        log.note("token_refused", "", "token")
        assert (tmp_path / "audit.log").read_text(encoding="utf-8").count("\n") == 302

    def test_a_log_that_cannot_be_written_stops_nobody(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        (tmp_path / "file").touch()
        Audit(tmp_path / "file" / "audit.log", "dealer").note("sign_in", "ying", "oidc")
        assert "审计日志写不进" in caplog.text


class TestKey:
    def test_it_is_made_once_for_all(self, tmp_path: Path) -> None:
        file = tmp_path / "state" / "access.key"
        keys: set[bytes] = set()
        threads = [threading.Thread(target=lambda: keys.add(key_of(file))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(keys) == 1
        assert file.stat().st_mode & 0o777 == 0o600
        assert list(file.parent.iterdir()) == [file]

    def test_one_that_others_may_read_or_that_is_cut_is_refused(self, tmp_path: Path) -> None:
        file = tmp_path / "access.key"
        key_of(file)
        file.chmod(0o640)
        with pytest.raises(SearchError, match="别人也能读"):
            key_of(file)
        file.chmod(0o600)
        file.write_bytes(b"short")
        with pytest.raises(SearchError, match="不完整"):
            key_of(file)


class TestServe:
    """Where others would reach it, a service that asks nobody who they are does not start."""

    def test_it_says_so_in_a_fresh_process(self, small: Path, root: Path) -> None:
        words = ("--library", str(small), "--audience", "agent", "--host", "0.0.0.0")
        done = subprocess.run(
            [sys.executable, "-m", "casebook", "serve", *words],
            cwd=root,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 2
        assert "不在 0.0.0.0 上监听" in done.stderr
        assert '[access.agent]\nsign_in = "oidc"' in done.stderr
        assert "Traceback" not in done.stderr

    @pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "casebook.example", ""])
    def test_wherever_others_reach_it(self, new_config: NewConfig, host: str) -> None:
        with pytest.raises(SearchError, match="不在"):
            check_listening(new_config(), host)
        with pytest.raises(SearchError, match="不在"):
            serve(new_config(), host, 0)
        for way in ("open", "token", "proxy", "oidc"):
            check_listening(new_config(way), host)

    @pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "localhost", "::1", "[::1]"])
    def test_on_this_machine(self, new_config: NewConfig, host: str) -> None:
        check_listening(new_config(), host)

    @pytest.mark.parametrize(
        ("table", "message"),
        [
            ('[access.agent]\nsign_in = "open"\n', "不能是 open"),
            ('[access.agent]\nsign_in = "oidc"\n', "还缺 issuer 或 client_id"),
            ('[access.agent]\nsign_in = "proxy"\n', "proxies 是 0"),
            ('[access.agent]\nsign_in = "everybody"\n', "没有“everybody”"),
            ('[access.boss]\nsign_in = "token"\n', "没有受众“boss”"),
            ('[service]\nproxy_hosts = ["proxy.example"]\n', "“proxy.example”不是地址"),
            ('[access.agent.proxy]\nuser_header = "X-Forwarded-User"\n', "不能做认人的请求头"),
            ('[access.agent.proxy]\ngroups_header = "Remote_Groups"\n', "不能做认人的请求头"),
            ("[access.agent.oidc]\nclient_secret_env = 'a secret'\n", "不是环境变量的名字"),
        ],
    )
    def test_settings_that_do_not_hold_are_named(
        self, small: Path, table: str, message: str
    ) -> None:
        with (small / "casebook.toml").open("a", encoding="utf-8") as file:
            file.write(f"\n{table}")
        with pytest.raises(SettingsError, match=message):
            load_settings(small)

    @pytest.mark.parametrize(
        ("key", "message"),
        [
            ("client_secret_env", "环境变量 NOT_SET 是空的"),
            ("key_env", "环境变量 NOT_SET 里的密钥不到 32 个字节"),
        ],
    )
    def test_secrets_that_are_not_there_are_named(
        self, new_config: NewConfig, key: str, message: str
    ) -> None:
        config = new_config("oidc", oidc={**OIDC, key: "NOT_SET"})
        with pytest.raises(SearchError, match=message):
            check_listening(config, "127.0.0.1")

    @pytest.mark.parametrize(
        ("issuer", "refused"),
        [
            ("http://sso.example", True),
            ("https://sso.example", False),
            ("http://127.0.0.1:9", False),
        ],
    )
    def test_people_sign_in_by_https(
        self, new_config: NewConfig, issuer: str, refused: bool
    ) -> None:
        config = new_config("oidc", oidc={**OIDC, "issuer": issuer})
        if refused:
            with pytest.raises(SearchError, match="不是 https"):
                check_listening(config, "127.0.0.1")
        else:
            check_listening(config, "127.0.0.1")

    @pytest.mark.parametrize(
        ("way", "said"),
        [
            ("loopback", "只有这台机器上的人能用，不登录。"),
            ("open", "任何人都能读，不登录。一分钟最多 60 次。"),
            ("token", "凭令牌使用；casebook token create --audience agent 建令牌。"),
            ("oidc", "先在 http://127.0.0.1:9 登录。登录的人都能读；writers 组能写。"),
            (
                "proxy",
                "由 127.0.0.1、::1 上的代理登录，认它写的 Casebookuser。"
                "登录的人都能读；writers 组能写。",
            ),
        ],
    )
    def test_whoever_starts_it_is_told_who_may_in(
        self, new_config: NewConfig, way: str, said: str
    ) -> None:
        rate = 60 if way == "open" else 0
        config = new_config(way, "agent", editors=["writers"], rate=rate)
        assert described(config) == f"谁能用：{said}"
        narrow = new_config(way, editors=["writers"], rate=rate)
        assert "能写" not in described(narrow)


def test_where_nobody_signs_in_nothing_is_kept(new_app: NewApp) -> None:
    app: Flask = new_app("loopback")
    app.test_client().get("/api/openapi.json")
    kept = {file.name for file in state_of(app).iterdir()} if state_of(app).exists() else set()
    assert not kept & {"access.sqlite", "access.key", "audit.log", "rates.sqlite"}
