"""What is deployed is closed by default, and keeps audiences apart: image, compose, units."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from casebook.cli import main
from casebook.settings import load_settings
from search.access.audit import FILE as AUDIT

ANALYZE = shutil.which("systemd-analyze")
SERVES = {"agents": "agent", "dealers": "dealer"}


@pytest.fixture(scope="module")
def deploy(root: Path) -> Path:
    return root / "deploy"


def check_command(words: list[str]) -> None:
    """A command line names a command that there is, with options that it has."""
    command = main.commands[words[0]]
    known = {name for one in command.params for name in one.opts}
    for word in words[1:]:
        if word.startswith("-"):
            assert word in known, words


class TestImage:
    @pytest.fixture
    def lines(self, deploy: Path) -> list[str]:
        text = (deploy / "Containerfile").read_text(encoding="utf-8")
        joined = re.sub(r"\\\n\s*", "", text)
        return [line for line in joined.splitlines() if line and not line.startswith("#")]

    def test_it_runs_as_nobody_special(self, lines: list[str]) -> None:
        last = max(n for n, line in enumerate(lines) if line.startswith("FROM "))
        users = [line for line in lines[last:] if line.startswith("USER ")]
        assert users == ["USER 10001:10001"]
        for name in ("RUN ", "COPY "):
            after = lines[lines.index(users[0]) :]
            assert not any(line.startswith(name) for line in after)

    def test_its_base_has_a_tag_and_everything_fetched_a_hash(self, lines: list[str]) -> None:
        (base,) = [line for line in lines if line.startswith("ARG BASE=")]
        assert re.fullmatch(r"ARG BASE=[\w./-]+:\d+\.\d+-[a-z-]+", base)
        assert [line for line in lines if line.startswith("FROM ")] == [
            "FROM ${BASE} AS build",
            "FROM ${BASE}",
        ]
        fetches = [line for line in lines if re.search(r"\bpip (wheel|install|download)\b", line)]
        assert len(fetches) == 2
        for line in fetches:
            assert ("--require-hashes" in line) != ("--no-index" in line)
        assert not any(line.startswith("ADD ") or "curl" in line for line in lines)

    def test_what_it_copies_is_there_and_not_ignored(
        self, lines: list[str], deploy: Path, root: Path
    ) -> None:
        ignored = (deploy / "Containerfile.dockerignore").read_text(encoding="utf-8").split()
        assert ignored[0] == "*"
        for line in lines:
            if line.startswith("COPY ") and "--from" not in line:
                *sources, _ = line.split()[1:]
                for source in sources:
                    assert (root / source).exists()
                    assert f"!{source}" in ignored

    def test_it_starts_a_service_and_asks_after_its_health(self, lines: list[str]) -> None:
        (command,) = [line for line in lines if line.startswith("CMD ")]
        check_command(yaml.safe_load(command.removeprefix("CMD ")))
        assert any(line.startswith("HEALTHCHECK ") and "/healthz" in line for line in lines)


class TestCompose:
    @pytest.fixture
    def services(self, deploy: Path) -> dict[str, Any]:
        read = yaml.safe_load((deploy / "compose.yaml").read_text(encoding="utf-8"))
        found: dict[str, Any] = read["services"]
        return found

    def test_each_is_locked_and_bounded(self, services: dict[str, Any]) -> None:
        for name, one in services.items():
            assert one["mem_limit"], name
            if not name.startswith("opensearch"):
                assert one["read_only"] is True, name
                assert one["cap_drop"] == ["ALL"], name
                assert one["security_opt"] == ["no-new-privileges:true"], name
            assert re.search(r":\$?\{?[\w.:-]*\d", one["image"]), name
            assert "latest" not in one["image"]

    def test_only_the_proxy_is_reached_from_outside(self, services: dict[str, Any]) -> None:
        assert [name for name, one in services.items() if one.get("ports")] == ["proxy"]

    def test_commands_are_ours(self, services: dict[str, Any]) -> None:
        for name in ("agents", "dealers", "watch", "mcp"):
            check_command(services[name]["command"])

    def test_whoever_reaches_the_cluster_has_its_login_and_certificate(
        self, services: dict[str, Any]
    ) -> None:
        found = {name for name, one in services.items() if "cluster" in one.get("networks", [])}
        ours = {name for name in found if not name.startswith("opensearch")}
        assert ours == {"agents", "mcp", "watch"}
        for name in ours:
            one = services[name]
            assert {"OPENSEARCH_USER", "OPENSEARCH_PASSWORD"} <= one["environment"].keys()
            inside = {mount.removesuffix(":ro").rsplit(":", 1)[1] for mount in one["volumes"]}
            assert "/etc/casebook/opensearch-ca.pem" in inside

    def test_the_cluster_is_the_release_that_was_tested(
        self, services: dict[str, Any], root: Path
    ) -> None:
        tested = (root / "benchmarks" / "cluster" / "pom.xml").read_text(encoding="utf-8")
        (release,) = re.findall(r"<opensearch>(.+)</opensearch>", tested)
        for number in (1, 2, 3):
            assert services[f"opensearch-{number}"]["image"].endswith(f":{release}")

    def test_the_proxy_starts_again_with_what_it_found_the_address_of(
        self, services: dict[str, Any]
    ) -> None:
        # nginx resolves the names of its upstreams once.
        needed = services["proxy"]["depends_on"]
        assert set(needed) == {"agents", "dealers", "mcp"}
        assert all(
            one == {"condition": "service_healthy", "restart": True} for one in needed.values()
        )

    def test_the_proxys_files_are_mounted_and_its_ports_open(
        self, services: dict[str, Any], deploy: Path
    ) -> None:
        proxy = services["proxy"]
        files = [mount.split(":") for mount in proxy["volumes"] if mount.startswith("./")]
        assert [inside for _, inside, _ in files] == [
            "/etc/nginx/nginx.conf",
            "/etc/nginx/casebook.conf",
        ]
        assert all((deploy / outside).is_file() for outside, _, _ in files)
        assert proxy["ports"] == ["80:80", "443:443"]
        assert proxy["sysctls"] == {"net.ipv4.ip_unprivileged_port_start": "0"}

    def test_each_variable_is_in_the_example(self, deploy: Path) -> None:
        text = (deploy / "compose.yaml").read_text(encoding="utf-8")
        example = (deploy / "example.env").read_text(encoding="utf-8")
        named = set(re.findall(r"^(\w+)=", example, re.MULTILINE))
        assert set(re.findall(r"(?<!\$)\$\{(\w+)", text)) == named

    def test_the_sign_in_has_what_its_settings_name(self, services: dict[str, Any]) -> None:
        assert {"OIDC_CLIENT_SECRET", "CASEBOOK_SESSION_KEY"} <= services["agents"][
            "environment"
        ].keys()
        # Assistants show tokens: they have no session, and no part in the sign-in.
        assert (
            not {"OIDC_CLIENT_SECRET", "CASEBOOK_SESSION_KEY"}
            & services["mcp"]["environment"].keys()
        )

    def test_each_service_is_asked_after(self, services: dict[str, Any]) -> None:
        for name in ("watch", "mcp", "backup"):
            assert services[name]["healthcheck"]["test"], name
        for name in ("agents", "dealers"):
            assert "healthcheck" not in services[name], "the image's own"

    def test_backups_are_whole_and_reach_nobody(self, services: dict[str, Any]) -> None:
        backup = services["backup"]
        (script,) = backup["command"]
        (line,) = re.findall(r"casebook (backup .*?);", script)
        check_command(shlex.split(line))
        assert backup["network_mode"] == "none"
        assert "${LIBRARY}/build/state:/library/build/state" in backup["volumes"]

    def test_dealers_are_given_nothing_of_the_agents(
        self, services: dict[str, Any], deploy: Path
    ) -> None:
        dealers = services["dealers"]
        inside = {
            mount.removesuffix(":ro").rsplit(":", 1)[1]: mount.endswith(":ro")
            for mount in dealers["volumes"]
        }
        assert inside == {
            "/library/casebook.toml": True,
            "/library/build/index/dealer": True,
            "/library/build/site": True,
            "/library/build/state/dealer": False,
            "/library/build/choices": False,
        }
        assert not any("agent" in mount for mount in dealers["volumes"])
        assert "environment" not in dealers
        assert dealers["networks"] == ["dealers"]
        others = {net for name in ("agents", "mcp") for net in services[name]["networks"]}
        assert "dealers" not in others
        read = yaml.safe_load((deploy / "compose.yaml").read_text(encoding="utf-8"))
        assert read["networks"]["dealers"]["internal"] is True

    def test_the_settings_believe_the_networks_of_compose(self, deploy: Path) -> None:
        read = yaml.safe_load((deploy / "compose.yaml").read_text(encoding="utf-8"))
        (subnet,) = read["networks"]["dealers"]["ipam"]["config"]
        text = (deploy / "dealers.toml").read_text(encoding="utf-8")
        assert f'proxy_hosts = ["{subnet["subnet"]}"]' in text


@pytest.mark.parametrize("place", [".", "kubernetes"])
def test_the_dealers_settings_are_whole_and_narrow(
    deploy: Path, tmp_path: Path, place: str
) -> None:
    text = (deploy / place / "dealers.toml").read_text(encoding="utf-8")
    (tmp_path / "casebook.toml").write_text(text, encoding="utf-8")
    settings = load_settings(tmp_path)
    dealers = settings.audience("dealer")
    assert settings.audience(None) == dealers
    # The widest audience's service has the editor and shows what does not hold.
    assert settings.widest != dealers
    assert settings.access_of("dealer").sign_in == "open"
    assert settings.access_of("agent").sign_in == "loopback"
    # What the library's own file says of these does not reach this service: it must be said here.
    told = tomllib.loads(text)
    assert "days" in told["journal"] and "origins" in told["access"]["dealer"]


def units(deploy: Path, kind: str) -> list[Path]:
    return sorted((deploy / "systemd").glob(f"*.{kind}"))


ROOT = Path(__file__).parents[2] / "deploy"


@pytest.mark.skipif(not ANALYZE, reason="systemd-analyze is not installed (apt install systemd)")
class TestUnits:
    @pytest.mark.parametrize(
        "unit", units(ROOT, "service") + units(ROOT, "timer"), ids=lambda unit: unit.name
    )
    def test_it_is_understood(self, unit: Path, tmp_path: Path) -> None:
        # The program is where an installation puts it; here another stands in its place.
        for other in [*units(ROOT, "service"), *units(ROOT, "timer")]:
            text = other.read_text(encoding="utf-8")
            text = text.replace("/opt/casebook/bin/casebook", "/bin/true")
            (tmp_path / other.name).write_text(text, encoding="utf-8")
        name = unit.name.replace("@.", "@dealer.")
        if name != unit.name:
            (tmp_path / name).symlink_to(tmp_path / unit.name)
        done = subprocess.run(
            [ANALYZE or "", "verify", "--man=no", str(tmp_path / name)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")

    @pytest.mark.parametrize("unit", units(ROOT, "service"), ids=lambda unit: unit.name)
    def test_it_is_hardened(self, unit: Path) -> None:
        done = subprocess.run(
            [ANALYZE or "", "security", "--offline=yes", "--threshold=20", str(unit)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-300:]


class TestUnitFiles:
    @pytest.mark.parametrize("unit", units(ROOT, "service"), ids=lambda unit: unit.name)
    def test_its_commands_are_ours(self, unit: Path) -> None:
        text = unit.read_text(encoding="utf-8")
        found = re.findall(r"/opt/casebook/bin/casebook (.*?)(?:'|$)", text, re.MULTILINE)
        assert found
        for line in found:
            check_command(shlex.split(line))
        assert "\nUser=casebook\n" in text
        assert "NoNewPrivileges=yes" in text and "ProtectSystem=strict" in text

    def test_dealers_see_their_own_and_nothing_else(self, deploy: Path) -> None:
        text = (deploy / "systemd" / "casebook-serve@.service").read_text(encoding="utf-8")
        assert "TemporaryFileSystem=/srv/library:ro" in text
        paths = re.findall(r"^(Bind(?:ReadOnly)?Paths)=(\S+)$", text, re.MULTILINE)
        assert paths == [
            ("BindReadOnlyPaths", "/srv/library/casebook.toml"),
            ("BindReadOnlyPaths", "/srv/library/build/index/%i"),
            ("BindReadOnlyPaths", "/srv/library/build/published/%i:/srv/library/build/site"),
            ("BindPaths", "/srv/library/build/state/%i"),
            ("BindPaths", "/srv/library/build/choices-of/%i:/srv/library/build/choices"),
        ]
        assert "ReadWritePaths" not in text

    def test_assistants_see_no_more_than_the_service_of_their_audience(self, deploy: Path) -> None:
        serve, mcp = (
            set(
                re.findall(
                    r"^(?:Bind|Temp|Read)\w+=\S+$",
                    (deploy / "systemd" / f"casebook-{name}@.service").read_text(encoding="utf-8"),
                    re.MULTILINE,
                )
            )
            for name in ("serve", "mcp")
        )
        assert mcp < serve

    def test_audit_logs_are_rotated_where_they_are(self, deploy: Path) -> None:
        text = (deploy / "systemd" / "casebook.logrotate").read_text(encoding="utf-8")
        (place,) = re.findall(r"^(/\S+) \{$", text, re.MULTILINE)
        folders = (deploy / "systemd" / "casebook.tmpfiles").read_text(encoding="utf-8")
        states = re.findall(r"^d (\S+/state/\S+)", folders, re.MULTILINE)
        assert {f"{state.rpartition('/')[0]}/*/{AUDIT}" for state in states} == {place}
        assert re.findall(r"^    (.+)$", text, re.MULTILINE)[-1] == "nocreate"

    def test_agents_read_the_dealers_state_and_cannot_write_it(self, deploy: Path) -> None:
        file = deploy / "systemd" / "casebook-serve@agent.service.d" / "library.conf"
        text = file.read_text(encoding="utf-8")
        assert "ReadOnlyPaths=/srv/library\n" in text
        assert re.findall(r"^ReadWritePaths=(\S+)", text, re.MULTILINE) == [
            "/srv/library/build/state/agent"
        ]
        assert "InaccessiblePaths" not in text

    def test_each_folder_that_is_mounted_is_made_before(self, deploy: Path) -> None:
        made = (deploy / "systemd" / "casebook.tmpfiles").read_text(encoding="utf-8")
        for unit in units(deploy, "service"):
            text = unit.read_text(encoding="utf-8")
            for source, target in re.findall(r"Bind\w*Paths=([^\s:]+)(?::(\S+))?", text):
                for path in (source, target):
                    for audience in SERVES.values():
                        wanted = path.replace("%i", audience)
                        assert not wanted or wanted.endswith(".toml") or f"d {wanted} " in made
