"""Alerts and the dashboard name what is really counted, and ring when they should."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from search.app import create_app
from search.service import EXTENSION, ServiceConfig
from tests.search.conftest import ON, index_root

PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(not PROMTOOL, reason="promtool is missing (apt: prometheus)")
# What other programs count, by their documentation.
OTHERS = {
    "node_systemd_unit_state",
    "node_systemd_timer_last_trigger_seconds",
    "node_filesystem_avail_bytes",
    "node_filesystem_size_bytes",
    "probe_ssl_earliest_cert_expiry",
}
WORDS = {"by", "and", "or", "offset", "le", "audience", "instance", "quantile"}
__all__ = ["index_root"]


@pytest.fixture(scope="module")
def folder(root: Path) -> Path:
    return root / "deploy" / "prometheus"


@pytest.fixture(scope="module")
def told(index_root: Any) -> Iterator[dict[str, set[str]]]:
    """What a service that has been asked tells: the names of samples and of their labels."""
    app = create_app(
        ServiceConfig("dealer", False, "x", index_root("dealer", "memory"), None, lambda: ON)
    )
    with closing(app.extensions[EXTENSION]):
        client = app.test_client()
        client.get("/api/search?q=%E6%BC%AB%E6%B8%B8")
        text = client.get("/metrics").get_data(as_text=True)
    yield {
        sample.name: set(sample.labels)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def rules(file: Path) -> list[dict[str, Any]]:
    read = yaml.safe_load(file.read_text(encoding="utf-8"))
    return [rule for group in read["groups"] for rule in group["rules"]]


def names(expression: str) -> set[str]:
    """The names of series in an expression."""
    bare = re.sub(r'"[^"]*"', "", expression)
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\bby \([^)]*\)", " ", bare)
    return {
        name
        for name in re.findall(r"[a-z][a-z0-9_:]*(?!\w*\s*\()\b", bare)
        if name not in WORDS and ("_" in name or ":" in name) and f"{name}(" not in bare
    }


def used(folder: Path) -> dict[str, str]:
    """Every expression on what we count, by where it stands."""
    found = {
        f"{rule.get('alert', rule.get('record'))} {number}": rule["expr"]
        for number, rule in enumerate(rules(folder / "casebook.rules.yml"))
    }
    board = json.loads((folder.parent / "grafana" / "casebook.json").read_text(encoding="utf-8"))
    for panel in board["panels"]:
        for target in panel["targets"]:
            found[f"{panel['title']} {target['refId']}"] = target["expr"]
    return found


def test_each_name_is_one_that_is_told(folder: Path, told: dict[str, set[str]]) -> None:
    recorded = {rule["record"] for rule in rules(folder / "casebook.rules.yml") if "record" in rule}
    seen: set[str] = set()
    for where, expression in used(folder).items():
        found = names(expression)
        assert found or expression.startswith("up{"), where
        assert found <= set(told) | recorded, where
        seen |= found
    # And what is told is on the dashboard or in a rule.
    series = {name for name in told if not name.endswith(("_created", "_sum"))}
    assert series <= seen | {"casebook_request_seconds_count"}


def test_each_label_is_one_that_is_told(folder: Path, told: dict[str, set[str]]) -> None:
    labels = set().union(*told.values()) | {"audience", "instance", "job"}
    for where, expression in used(folder).items():
        for selector in re.findall(r"\{([^}]*)\}", expression):
            assert set(re.findall(r"(\w+)(?:=~|!~|!=|=)", selector)) <= labels, where
        for listed in re.findall(r"\bby \(([^)]*)\)", expression):
            assert set(listed.split(", ")) <= labels, where


def test_what_others_count_is_named_apart(folder: Path) -> None:
    found = set().union(*(names(rule["expr"]) for rule in rules(folder / "machine.rules.yml")))
    assert found == OTHERS


def test_each_alert_has_a_place_in_the_runbook(folder: Path, root: Path) -> None:
    alerts = [
        rule
        for file in ("casebook.rules.yml", "machine.rules.yml")
        for rule in rules(folder / file)
        if "alert" in rule
    ]
    assert len(alerts) >= 12
    for page in ("operating.md", "operating.zh-CN.md"):
        text = (root / "docs" / page).read_text(encoding="utf-8")
        for rule in alerts:
            assert f"\n### {rule['alert']}\n" in text, page
    for rule in alerts:
        assert rule["annotations"]["runbook"] == f"docs/operating.md#{rule['alert'].lower()}"
        assert rule["labels"]["severity"] in ("page", "ticket")


@needs_promtool
@pytest.mark.parametrize("name", ["prometheus.yml", "kubernetes.yml"])
def test_prometheus_understands_them(folder: Path, tmp_path: Path, name: str) -> None:
    config = (folder / name).read_text(encoding="utf-8")
    (tmp_path / "token").write_text("x", encoding="utf-8")
    config = re.sub(r"credentials_file: \S+\}", f"credentials_file: {tmp_path / 'token'}}}", config)
    (tmp_path / "prometheus.yml").write_text(config, encoding="utf-8")
    for file in folder.glob("*.rules.yml"):
        shutil.copy(file, tmp_path)
    done = subprocess.run(
        [PROMTOOL or "", "check", "config", str(tmp_path / "prometheus.yml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _series(name: str, labels: str, values: str) -> dict[str, str]:
    return {"series": f"{name}{{{labels}}}", "values": values}


OK = 'job="casebook-agent",audience="agent",endpoint="/api/search",method="GET",status="200"'
BAD = OK.replace('"200"', '"503"')
PROBE = OK.replace("/api/search", "/healthz").replace('"200"', '"503"')
WHO = 'job="casebook-agent",audience="agent",instance="a:8000"'
OTHER = WHO.replace("a:8000", "b:8000")
HISTOGRAM = 'job="casebook-agent",audience="agent",endpoint="/api/search"'
# What is told, minute by minute, and the alerts that ring at a moment, and no others.
RINGS: list[tuple[str, list[dict[str, str]], str, set[str]]] = [
    ("all is well", [_series("casebook_requests_total", OK, "0+1000x240")], "3h", set()),
    (
        "a hundredth fails",
        [
            _series("casebook_requests_total", OK, "0+990x240"),
            _series("casebook_requests_total", BAD, "0+10x240"),
        ],
        "30m",
        {"CasebookErrorBudgetFast"},
    ),
    (
        "a twentieth fails, for minutes",
        [
            _series("casebook_requests_total", OK, "0+950x240"),
            _series("casebook_requests_total", BAD, "0+50x240"),
        ],
        "8m",
        {"CasebookErrorBudgetFast"},
    ),
    (
        "one in five hundred fails for hours",
        [
            _series("casebook_requests_total", OK, "0+998x300"),
            _series("casebook_requests_total", BAD, "0+2x300"),
        ],
        "8h",
        {"CasebookErrorBudgetSlow"},
    ),
    (
        "one in two thousand fails",
        [
            _series("casebook_requests_total", OK, "0+1999x300"),
            _series("casebook_requests_total", BAD, "0+1x300"),
        ],
        "8h",
        set(),
    ),
    (
        "only probes fail",
        [
            _series("casebook_requests_total", OK, "0+100x240"),
            _series("casebook_requests_total", PROBE, "0+100x240"),
        ],
        "1h",
        set(),
    ),
    ("a machine is away", [_series("up", WHO, "1x10 0x20")], "20m", {"CasebookDown"}),
    (
        "a fiftieth is slow",
        [
            _series("casebook_request_seconds_bucket", f'{HISTOGRAM},le="0.25"', "0+98x240"),
            _series("casebook_request_seconds_count", HISTOGRAM, "0+100x240"),
        ],
        "2h",
        {"CasebookSlow"},
    ),
    (
        "searches are turned away",
        [_series("casebook_searches_total", f'{WHO},outcome="busy"', "0+5x60")],
        "30m",
        {"CasebookBusy"},
    ),
    (
        "searches are refused, which is nobody's fault",
        [_series("casebook_searches_total", f'{WHO},outcome="refused"', "0+5x60")],
        "30m",
        set(),
    ),
    (
        "the cluster is away",
        [_series("casebook_searches_degraded_total", WHO, "0+5x60")],
        "30m",
        {"CasebookDegraded"},
    ),
    (
        "the journal loses records",
        [_series("casebook_journal_dropped_total", WHO, "0x10 5x20")],
        "15m",
        {"CasebookJournalDropped"},
    ),
    (
        "the journal cannot keep up",
        [
            _series("casebook_journal_waiting", WHO, "600x60"),
            _series("casebook_journal_waiting", OTHER, "600x60"),
        ],
        "30m",
        {"CasebookJournalWaiting"},
    ),
    (
        "nothing is published",
        [_series("casebook_index_built_timestamp_seconds", WHO, "-130000x60")],
        "30m",
        {"CasebookIndexOld"},
    ),
    (
        "one machine keeps the old index",
        [
            _series("casebook_index_built_timestamp_seconds", WHO, "3600x120"),
            _series("casebook_index_built_timestamp_seconds", OTHER, "0x120"),
        ],
        "1h",
        {"CasebookIndexesDiffer"},
    ),
    (
        "half of the library is gone",
        [_series("casebook_index_documents", WHO, "1000x750 500x100")],
        "26h",
        {"CasebookIndexShrank"},
    ),
]

# These take long; they are looked at less often.
LONG = ("8h", "26h")
FIRING = 'ALERTS{alertname="%s",alertstate="firing"}'


@needs_promtool
def test_alerts_ring_when_they_should_and_only_then(folder: Path, tmp_path: Path) -> None:
    alerts = {r["alert"] for r in rules(folder / "casebook.rules.yml") if "alert" in r}
    assert alerts == set().union(*(ringing for *_, ringing in RINGS))
    shutil.copy(folder / "casebook.rules.yml", tmp_path)
    files = []
    for evaluated in ("1m", "10m"):
        tests = [
            {
                "interval": "1m" if evaluated == "1m" else "2m",
                "input_series": series,
                "promql_expr_test": [
                    {
                        # Whether it rings, without what it says.
                        "expr": f"count({FIRING % alert}) > bool 0",
                        "eval_time": moment,
                        "exp_samples": [{"value": 1}] if alert in expected else [],
                    }
                    for alert in sorted(alerts)
                ],
            }
            for _, series, moment, expected in RINGS
            if (moment in LONG) == (evaluated == "10m")
        ]
        told = {
            "rule_files": ["casebook.rules.yml"],
            "evaluation_interval": evaluated,
            "tests": tests,
        }
        files.append(tmp_path / f"{evaluated}.yml")
        files[-1].write_text(yaml.safe_dump(told), encoding="utf-8")
    for file in files:
        # On a busy machine it now and then loses a result; a rule that is wrong fails each time.
        for _ in range(4):
            done = subprocess.run(
                [PROMTOOL or "", "test", "rules", str(file)],
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode == 0:
                break
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_dashboard_is_whole(folder: Path) -> None:
    board = json.loads((folder.parent / "grafana" / "casebook.json").read_text(encoding="utf-8"))
    numbers = [panel["id"] for panel in board["panels"]]
    assert len(set(numbers)) == len(numbers) > 10
    places = {(p["gridPos"]["x"], p["gridPos"]["y"]) for p in board["panels"]}
    assert len(places) == len(numbers)
    assert all(panel["datasource"]["uid"] == "${datasource}" for panel in board["panels"])
