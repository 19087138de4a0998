"""The command line, each time in a fresh process."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from casebook.cli import searching
from casebook.documents import Kind
from casebook.guide import model_text
from casebook.settings import load_settings

CASEBOOK = [sys.executable, "-c", "from casebook.cli import main; main()"]
COMMANDS = (
    "backup",
    "changed",
    "check",
    "codeowners",
    "due",
    "editor",
    "export jsonl",
    "export pdf",
    "export sheet",
    "history",
    "impact",
    "import",
    "index",
    "insights",
    "journal export",
    "journal prune",
    "journal status",
    "new",
    "notice add",
    "notice end",
    "notice extend",
    "notice list",
    "notify",
    "preview",
    "restore",
    "schema",
    "search",
    "serve",
    "site",
    "task close",
    "task list",
    "task open",
    "task patch",
    "task rerun",
    "token create",
    "token list",
    "token revoke",
    "watch",
)


def casebook(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*CASEBOOK, *words], cwd=cwd, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture
def good(small: Path) -> Path:
    """A small library without problems."""
    rule = model_text(Kind.POLICY).replace("id: policy-plan-outage", "id: policy-service-spec")
    rule = rule.replace("audience: agent", "audience: dealer").replace(
        "rank: 预案", "rank: 部门规章"
    )
    rule = rule[: rule.index("## 5W1H")] + "## 要点四 停机与恢复\n\n缴清以后恢复服务。\n"
    (small / "policies" / "policy-service-spec.md").write_text(rule, encoding="utf-8")
    (small / "faq" / "faq-arrears-resume.md").write_text(model_text(Kind.FAQ), encoding="utf-8")
    return small


@pytest.fixture
def bad(good: Path) -> Path:
    """The same library with one more file, which is bad."""
    text = model_text(Kind.FAQ).replace("id: faq-arrears-resume", "id: faq-bad")
    (good / "faq" / "faq-bad.md").write_text(
        text.replace("audience: dealer", "audience: everyone"), encoding="utf-8"
    )
    return good


# What ends with which code; the same table stands in the README.
EXIT_CODES = [
    pytest.param(["check"], "good", 0, id="check a clean library"),
    pytest.param(["check"], "bad", 1, id="check a library with a problem"),
    pytest.param(["check", "policies"], "bad", 0, id="check a clean part"),
    pytest.param(["check", "faq/faq-bad.md"], "bad", 1, id="check a bad file"),
    pytest.param(["check", "faq", "nowhere.md"], "good", 2, id="check a file that is not there"),
    pytest.param(["check", "/"], "good", 2, id="check outside of the library"),
    pytest.param(["check", "--format", "xml"], "good", 2, id="check with an unknown format"),
    pytest.param(["check"], "small_without_settings", 2, id="check without settings"),
    pytest.param(["index"], "good", 0, id="index a clean library"),
    pytest.param(["index"], "bad", 1, id="index a library with a bad file"),
    pytest.param(["index", "--audience", "bob"], "good", 2, id="index for nobody"),
    pytest.param(["index", "--engine", "lucene"], "good", 2, id="index with an unknown engine"),
    pytest.param(["site", "--audience", "dealer"], "good", 0, id="site of a clean library"),
    pytest.param(["site", "--audience", "dealer"], "bad", 1, id="site with a bad file"),
    pytest.param(["site", "--audience", "bob"], "good", 2, id="site for nobody"),
    pytest.param(["search", "欠费"], "good", 2, id="search without an index"),
    pytest.param(["search", "欠" * 201], "indexed", 2, id="search for too much"),
    pytest.param(["search", "欠费"], "indexed", 0, id="search"),
    pytest.param(["search", "完全没有的东西"], "indexed", 0, id="search in vain"),
    pytest.param(["serve"], "good", 2, id="serve without an index"),
    pytest.param(["new", "faq", "  "], "good", 2, id="new without a title"),
    pytest.param(["new", "poem", "题目"], "good", 2, id="new of an unknown kind"),
    pytest.param(["nonsense"], "good", 2, id="an unknown command"),
]


@pytest.fixture
def small_without_settings(small: Path) -> Path:
    (small / "casebook.toml").unlink()
    return small


@pytest.fixture
def indexed(good: Path) -> Path:
    assert casebook("index", cwd=good).returncode == 0
    return good


@pytest.mark.parametrize(("words", "library", "code"), EXIT_CODES)
def test_exit_codes(
    words: list[str], library: str, code: int, request: pytest.FixtureRequest
) -> None:
    done = casebook(*words, cwd=request.getfixturevalue(library))
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    if code:
        assert re.search(r"[\u4e00-\u9fff]", done.stdout + done.stderr)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_explains_with_an_example(command: str, small: Path) -> None:
    done = casebook(*command.split(), "--help", cwd=small)
    assert done.returncode == 0
    assert "例：" in done.stdout
    assert f"casebook {command}" in done.stdout.split("例：")[1]
    assert "--library" in done.stdout


def test_a_bad_file_is_named_and_the_rest_is_published(bad: Path) -> None:
    done = casebook("index", "--audience", "dealer", cwd=bad)
    assert done.returncode == 1
    assert "faq/faq-bad.md:4" in done.stderr
    assert "invalid-audience" in done.stderr
    found = casebook("search", "欠费停机后多久能恢复", "--json", cwd=bad)
    hits = [hit["id"] for hit in json.loads(found.stdout)["hits"]]
    assert hits[0] == "faq-arrears-resume"
    assert "faq-bad" not in hits


def test_a_bad_file_is_named_again_at_the_next_run(bad: Path) -> None:
    for _ in range(2):
        done = casebook("index", "--audience", "dealer", cwd=bad)
        assert done.returncode == 1
        assert "faq/faq-bad.md" in done.stderr


def test_check_prints_json_and_annotations(bad: Path) -> None:
    (problem,) = json.loads(casebook("check", "--format", "json", cwd=bad).stdout)
    assert (problem["path"], problem["line"], problem["code"]) == (
        "faq/faq-bad.md",
        4,
        "invalid-audience",
    )
    annotation = casebook("check", "--format", "github", cwd=bad).stdout
    assert annotation.startswith(
        "::error file=faq/faq-bad.md,line=4,col=1,title=invalid-audience::"
    )


def test_the_second_index_and_site_do_nothing_until_something_changes(good: Path) -> None:
    for command in ("index", "site"):
        assert "正在生成" in casebook(command, "--audience", "dealer", cwd=good).stderr
        again = casebook(command, "--audience", "dealer", cwd=good)
        assert again.returncode == 0
        assert "没有变化" in again.stderr
    file = good / "faq" / "faq-arrears-resume.md"
    file.write_text(file.read_text(encoding="utf-8").replace("半小时", "一小时"), encoding="utf-8")
    for command in ("index", "site"):
        assert "正在生成" in casebook(command, "--audience", "dealer", cwd=good).stderr
    assert "一小时" in casebook("search", "欠费停机多久恢复", cwd=good).stdout


def test_a_new_document_is_complete_but_for_what_must_be_filled_in(good: Path) -> None:
    for kind in Kind:
        made = casebook("new", kind.value, "副卡可以单独停机吗？", cwd=good)
        assert made.returncode == 0, made.stderr
        assert (good / made.stdout.strip()).is_file()
    problems = json.loads(casebook("check", "--format", "json", cwd=good).stdout)
    assert {problem["code"] for problem in problems} <= {"placeholder", "unknown-term"}
    assert casebook("index", cwd=good).returncode == 1


def test_new_never_overwrites(good: Path) -> None:
    names = {casebook("new", "faq", "副卡可以单独停机吗？", cwd=good).stdout for _ in range(3)}
    assert len(names) == 3


def test_the_library_option_works_from_elsewhere(good: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert casebook("check", "--library", str(good), cwd=elsewhere).returncode == 0
    assert casebook("index", "--library", str(good), cwd=elsewhere).returncode == 0
    assert casebook("site", "--library", str(good), cwd=elsewhere).returncode == 0
    assert list(elsewhere.iterdir()) == []
    assert (good / "build" / "site" / "dealer" / "index.html").is_file()
    assert (good / "build" / "site" / "agent" / "guide" / "rules" / "index.html").is_file()


def test_the_site_refuses_a_folder_that_git_tracks(good: Path) -> None:
    git = shutil.which("git")
    assert git
    tracked = good / "public" / "dealer"
    tracked.mkdir(parents=True)
    (tracked / "keep.txt").write_text("mine", encoding="utf-8")
    for words in (["init", "-q"], ["add", "public"]):
        subprocess.run([git, *words], cwd=good, check=True)
    done = casebook("site", "--out", "public", "--audience", "dealer", cwd=good)
    assert done.returncode == 2
    assert "git" in done.stderr
    assert (tracked / "keep.txt").read_text(encoding="utf-8") == "mine"


def test_the_sample_question_finds_its_answer(root: Path, tmp_path: Path) -> None:
    library = tmp_path / "sample"
    library.mkdir()
    for name in ("casebook.toml", "glossary.toml"):
        shutil.copy(root / name, library)
    for kind in Kind:
        shutil.copytree(root / kind.folder, library / kind.folder)
    assert casebook("index", cwd=library).returncode == 0
    for audience in ("dealer", "agent"):
        words = ["search", "欠费停机多久能恢复", "--json", "--audience", audience]
        found = json.loads(casebook(*words, cwd=library).stdout)
        assert found["hits"][0]["id"] == "faq-arrears-resume"
        assert found["answer"]["id"] == "faq-arrears-resume"
    assert "您是不是要找：宽带断网" in casebook("search", "宽代断网", cwd=library).stdout
    assert "您是不是要找" not in casebook("search", "宽带断网", cwd=library).stdout


def test_search_says_that_no_document_holds_every_word(indexed: Path) -> None:
    assert "没有一篇同时含有所有词" in casebook("search", "停机 火星", cwd=indexed).stdout
    assert "没有一篇同时含有所有词" not in casebook("search", "停机", cwd=indexed).stdout


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _get(url: str, seconds: float = 30) -> str:
    until = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return str(answer.read().decode())
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def _stop(process: subprocess.Popen[str]) -> None:
    os.killpg(process.pid, signal.SIGTERM)
    process.communicate(timeout=20)


def test_serve_answers_on_loopback_only_and_says_where(indexed: Path) -> None:
    port = _free_port()
    process = subprocess.Popen(
        [*CASEBOOK, "serve", "--port", str(port)],
        cwd=indexed,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stderr is not None
        assert process.stderr.readline() == (
            f"代理商的检索页在 http://127.0.0.1:{port}/ ，按 Ctrl+C 停止。\n"
        )
        assert "casebook site --audience dealer" in process.stderr.readline()
        # It listens by then.
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=20) as answer:
            assert json.loads(answer.read())["audience"] == "dealer"
        listening = Path(f"/proc/{process.pid}/net/tcp")
        if listening.exists():
            wildcard = f"00000000:{port:04X}"
            assert wildcard not in listening.read_text(encoding="ascii")
        second = casebook("serve", "--port", str(port), cwd=indexed)
        assert second.returncode == 2
        assert f"不能监听 127.0.0.1:{port}" in second.stderr
        assert "的检索页" not in second.stderr
    finally:
        _stop(process)


def test_a_site_is_promised_only_where_there_is_one(small: Path) -> None:
    settings = load_settings(small)
    config = searching.service_config(small, settings, settings.widest, "127.0.0.1")
    said = searching._began(config, settings.widest, "127.0.0.1", 8000)
    assert "的检索页在 http://127.0.0.1:8000/ " in said
    assert "站点还没有生成；casebook site --audience agent 生成它" in said
    (small / "build" / "site" / "agent").mkdir(parents=True)
    said = searching._began(config, settings.widest, "127.0.0.1", 8000)
    assert "的检索页和站点在 http://127.0.0.1:8000/ " in said
    assert "还没有生成" not in said


def _children(process: subprocess.Popen[str]) -> list[int]:
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return [int(child) for child in listed.read_text(encoding="ascii").split()]


def _wait_until(true: Callable[[], bool], seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.1)


def _runs(process: int) -> bool:
    """Whether a process is there and is no zombie."""
    state = Path(f"/proc/{process}/stat")
    return state.exists() and state.read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"


@pytest.mark.parametrize("ended_by", [signal.SIGTERM, signal.SIGKILL])
def test_workers_share_the_port_are_replaced_and_end_together(
    indexed: Path, ended_by: signal.Signals
) -> None:
    port = _free_port()
    url = f"http://127.0.0.1:{port}/healthz"
    process = subprocess.Popen(
        [*CASEBOOK, "serve", "--port", str(port), "--workers", "2"],
        cwd=indexed,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        _get(url)
        first = _children(process)
        assert len(first) == 2
        os.kill(first[0], signal.SIGKILL)
        _wait_until(lambda: len(set(_children(process)) - {first[0]}) == 2)
        _get(url)
        workers = _children(process)
        process.send_signal(ended_by)
        process.wait(timeout=20)
        _wait_until(lambda: not any(_runs(worker) for worker in workers))
    finally:
        if process.poll() is None:
            _stop(process)


def test_index_says_which_engine_it_takes_and_why(good: Path) -> None:
    said = casebook("index", "--audience", "dealer", cwd=good).stderr
    assert "引擎 whoosh（自动：不超过 8000 段）" in said
    said = casebook("index", "--audience", "dealer", "--engine", "tantivy", cwd=good).stderr
    assert "引擎 tantivy（按设置）" in said


def test_each_audience_may_have_an_engine_of_its_own(good: Path) -> None:
    file = good / "casebook.toml"
    text = file.read_text(encoding="utf-8")
    assert text.count('id = "dealer"\n') == 1
    text = text.replace('id = "dealer"\n', 'id = "dealer"\nengine = "tantivy"\n')
    file.write_text(text, encoding="utf-8")
    said = casebook("index", cwd=good).stderr
    assert re.findall(r"索引 (\w+)：.*引擎 (\w+)（", said) == [
        ("dealer", "tantivy"),
        ("agent", "whoosh"),
    ]
    again = casebook("index", cwd=good).stderr
    assert again.count("没有变化") == 2


def test_preview_shows_a_change_after_saving(good: Path) -> None:
    port = _free_port()
    process = subprocess.Popen(
        [*CASEBOOK, "preview", "--port", str(port)],
        cwd=good,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        url = f"http://127.0.0.1:{port}/faq/faq-arrears-resume/"
        assert "设计思路" in _get(url, 60)
        file = good / "faq" / "faq-arrears-resume.md"
        text = file.read_text(encoding="utf-8").replace("一般半小时内恢复", "一般四十分钟恢复")
        file.write_text(text, encoding="utf-8")
        until = time.monotonic() + 60
        while "一般四十分钟恢复" not in _get(url):
            assert time.monotonic() < until
            time.sleep(0.3)
    finally:
        _stop(process)
