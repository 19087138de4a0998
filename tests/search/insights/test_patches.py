"""Proposals: git applies them, nothing else changes, and what the check refuses is not offered."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from casebook.checks import check_text
from casebook.cli import main
from casebook.documents import Kind
from casebook.frontmatter import read_front_matter
from casebook.library import Library, load_library
from casebook.problems import Problem, Severity
from casebook.settings import load_settings
from search.alike import Finder
from search.insights.patches import Patch, PatchRefused, similar_patch, synonym_patch

PATH = "faq/faq-x.md"
WORDING = "光猫红灯一直闪是怎么了"
LISTS = {
    "block": "similar:\n  - 一个问法\n  - 另一个问法\n",
    "not indented": "similar:\n- 一个问法\n- 另一个问法\n",
    "wide": "similar:\n    -   一个问法\n    -   另一个问法\n",
    "comments": "similar:  # 客户怎么问\n  - 一个问法  # 常见\n  # 还要补\n",
    "quoted": "similar:\n  - \"一个：问法\"\n  - '另一个'\n",
    "long": "similar:\n  - 一个很长的\n    问法\n",
    "inline": "similar: [一个问法, 另一个问法]\n",
    "inline with comma": "similar: [一个问法, ]\n",
    "empty": "similar: []\n",
    "none": "",
}


def quiet(kind: Kind, text: str, path: str) -> Sequence[Problem]:
    """A check that finds nothing."""
    return ()


def file_of(listed: str) -> str:
    return (
        f"---\nid: faq-x\ntitle: 标题？\n{listed}# 下面是日期\neffective_from: 2026-01-01\n---\n\n"
        "## 统一答复\n好。\n"
    )


def written(root: Path, raw: bytes, path: str = PATH) -> Path:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(raw)
    return file


def applied(root: Path, patch: Patch) -> None:
    """Applies a patch as a reviewer does."""
    git = shutil.which("git")
    if git is None:
        pytest.skip("git is not installed")
    done = subprocess.run(
        [git, "-c", "core.autocrlf=false", "apply", "--whitespace=nowarn", "-"],
        cwd=root,
        input=patch.text.encode(),
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr.decode() + patch.text


def front(raw: bytes) -> dict[str, object]:
    return read_front_matter(raw.decode("utf-8-sig").replace("\r\n", "\n")).values


@pytest.mark.parametrize("ends", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "BOM"])
@pytest.mark.parametrize("listed", LISTS.values(), ids=LISTS.keys())
def test_one_line_is_added_and_nothing_else_changes(
    tmp_path: Path, listed: str, mark: bytes, ends: str
):
    raw = mark + file_of(listed).replace("\n", ends).encode()
    file = written(tmp_path, raw)
    patch = similar_patch(tmp_path, PATH, WORDING, quiet)
    assert file.read_bytes() == raw
    applied(tmp_path, patch)
    new = file.read_bytes()
    before, after = front(raw), front(new)
    assert after == {**before, "similar": [*before.get("similar", ()), WORDING]}  # type: ignore[misc]
    old_lines, new_lines = raw.split(b"\n"), new.split(b"\n")
    kept = [line for line in new_lines if WORDING.encode() not in line and line != b"similar:\r"]
    changed = [line for line in old_lines if line not in new_lines]
    assert len(changed) <= 1
    assert len(kept) <= len(old_lines) + 1
    assert new.count(b"\r\n") == (new.count(b"\n") if ends == "\r\n" else 0)
    assert new.startswith(mark)


def test_a_file_without_a_last_line_end_keeps_it_so(tmp_path: Path):
    raw = b"---\nid: faq-x\nsimilar:\n  - a\n---\nx"
    file = written(tmp_path, raw)
    applied(tmp_path, similar_patch(tmp_path, PATH, WORDING, quiet))
    assert file.read_bytes() == raw.replace(b"  - a\n", f"  - a\n  - {WORDING}\n".encode())


# Not at random places of a library, for each example writes files: few are enough.
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    wording=st.text(
        st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=60
    )
)
def test_any_wording_is_read_back_as_it_was_written(tmp_path: Path, wording: str):
    flat = " ".join(wording.split())
    for listed in (LISTS["block"], LISTS["inline"], LISTS["none"]):
        file = written(tmp_path, file_of(listed).encode())
        try:
            patch = similar_patch(tmp_path, PATH, wording, quiet)
        except PatchRefused:
            continue
        applied(tmp_path, patch)
        assert front(file.read_bytes())["similar"][-1] == flat  # type: ignore[index]


def test_the_patch_is_for_the_repository_that_holds_the_library(tmp_path: Path):
    root = tmp_path / "知识 库"
    file = written(root, file_of(LISTS["block"]).encode())
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True, timeout=60)
    patch = similar_patch(root, PATH, WORDING, quiet)
    assert f"+++ b/知识 库/{PATH}" in patch.text
    applied(tmp_path, patch)
    assert WORDING in file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("raw", "wording", "said"),
    [
        (file_of(LISTS["block"]), "一个问法", "已经有“一个问法”"),
        (file_of(LISTS["block"]), "标题？", "已经有“标题？”"),
        (file_of(LISTS["block"]), " ", "写一句话"),
        (file_of(LISTS["block"]), "问" * 101, "写一句话"),
        (file_of(LISTS["block"]), "打 13812345678 没人接", "里面有手机号码：138****5678"),
        (file_of("similar: [\n  一个问法,\n]\n"), WORDING, "要人来加"),
        (file_of("similar:\n  - |\n    一个问法\n"), WORDING, ""),
        ("没有信息块", WORDING, "信息块读不了"),
    ],
)
def test_what_only_people_can_change_is_refused(tmp_path: Path, raw: str, wording: str, said: str):
    file = written(tmp_path, raw.encode())
    try:
        patch = similar_patch(tmp_path, PATH, wording, quiet)
    except PatchRefused as error:
        assert said, error
        assert said in str(error)
    else:
        assert not said
        applied(tmp_path, patch)
        assert front(file.read_bytes())["similar"][-1] == wording  # type: ignore[index]


def test_a_file_that_is_gone_is_said(tmp_path: Path):
    with pytest.raises(PatchRefused, match="读不了 faq-x"):
        similar_patch(tmp_path, PATH, WORDING, quiet)


def test_only_what_the_change_brings_is_refused(tmp_path: Path):
    written(tmp_path, file_of(LISTS["block"]).encode())
    old = Problem(PATH, 1, 1, "old-fault", "本来就有。", "改。")
    note = Problem(PATH, 1, 1, "a-note", "备注。", "看。", Severity.NOTE)
    new = Problem(PATH, 9, 1, "duplicate-question", "两条一样。", "合并。", Severity.WARNING)

    def check(kind: Kind, text: str, path: str) -> Sequence[Problem]:
        return (old, note, new) if WORDING in text else (old,)

    with pytest.raises(
        PatchRefused, match=re.escape("检查不让加：两条一样。合并。（duplicate-question）")
    ):
        similar_patch(tmp_path, PATH, WORDING, check)
    harmless = lambda kind, text, path: (old, note) if WORDING in text else (old,)  # noqa: E731
    assert similar_patch(tmp_path, PATH, WORDING, harmless).line == f"- {WORDING}"


# ---- the project's own check, on the sample library ------------------------------------------


@pytest.fixture(scope="module")
def checked(library: Library) -> Callable[[Kind, str, str], Sequence[Problem]]:
    finder = Finder(library)
    return lambda kind, text, path: check_text(library, kind, text, path, alike=finder)


def test_a_question_of_another_entry_is_refused(
    root: Path, library: Library, checked: Callable[[Kind, str, str], Sequence[Problem]]
):
    entry = library.sources["faq-arrears-resume"]
    other = library.sources["faq-bill-check"].document
    with pytest.raises(PatchRefused, match=r"检查不让加：.*question"):
        similar_patch(root, entry.path, other.title, checked)


def test_a_new_question_is_offered(
    root: Path, library: Library, checked: Callable[[Kind, str, str], Sequence[Problem]]
):
    entry = library.sources["faq-arrears-resume"]
    patch = similar_patch(root, entry.path, "昨儿交的钱咋今儿还打不出去", checked)
    assert "+  - 昨儿交的钱咋今儿还打不出去\n" in patch.text
    assert patch.text.count("\n+") == 2


# ---- synonyms --------------------------------------------------------------------------------

GLOSSARY = """# 词汇表，按业务排
[[terms]]
term = "光猫"   # 家里的
audience = "dealer"
definition = "把光变成网的盒子。"
synonyms = ["猫", "调制解调器"]

[[terms]]
term = "断网"
audience = "dealer"
definition = "上不了网。"
finds = ["红灯"]

# 内部的
[[terms]]
term = "工单"
audience = "agent"
"""


@pytest.fixture
def with_glossary(small: Path) -> Path:
    (small / "glossary.toml").write_bytes(GLOSSARY.encode())
    return small


@pytest.mark.parametrize("ends", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("term", ["光猫", "断网", "工单"])
def test_a_synonym_is_added_where_it_belongs(with_glossary: Path, term: str, ends: str):
    file = with_glossary / "glossary.toml"
    file.write_bytes(GLOSSARY.replace("\n", ends).encode())
    applied(with_glossary, synonym_patch(with_glossary, term, '叫"法'))
    found = {one.term: one for one in load_settings(with_glossary).glossary.terms}
    assert found[term].synonyms[-1] == '叫"法'
    text = file.read_bytes().decode()
    for line in GLOSSARY.splitlines():
        if not line.startswith("synonyms"):
            assert line + ends in text


@pytest.mark.parametrize(
    ("term", "word", "said"),
    [
        ("光猫", "猫", "词汇表里已经有“猫”，在“光猫”那一条。"),
        ("断网", "红灯", "词汇表里已经有“红灯”，在“断网”那一条。"),
        ("断网", "光猫", "词汇表里已经有“光猫”，在“光猫”那一条。"),
        ("路由器", "猫咪", "词汇表里没有“路由器”；"),
        ("断网", "13812345678", "里面有手机号码"),
    ],
)
def test_a_synonym_that_is_there_or_has_no_term_is_refused(
    with_glossary: Path, term: str, word: str, said: str
):
    with pytest.raises(PatchRefused, match=re.escape(said)):
        synonym_patch(with_glossary, term, word)


def test_only_entries_get_similar_questions(root: Path):
    done = CliRunner().invoke(
        main,
        ["task", "patch", "--question", "x", "--entry", "policy-words", "--library", str(root)],
    )
    assert done.exit_code == 2
    assert "policy-words 是政策依据，不是统一口径；只有统一口径有相似问。" in done.output


def test_the_sample_glossary_takes_one(root: Path):
    patch = synonym_patch(root, "月费", "月钱")
    assert '+synonyms = ["月租", "月租费", "月钱"]' in patch.text


def test_the_command_prints_what_git_applies(with_glossary: Path):
    run = CliRunner().invoke
    done = run(
        main,
        ["task", "patch", "--synonym", "盒子", "--term", "光猫", "--library", str(with_glossary)],
    )
    assert done.exit_code == 0, done.output
    applied(with_glossary, Patch("", "", done.stdout, ""))
    assert "盒子" in load_settings(with_glossary).glossary.terms[0].synonyms
    missing = run(
        main,
        ["task", "patch", "--question", "x", "--entry", "faq-x", "--library", str(with_glossary)],
    )
    assert (missing.exit_code, "知识库里没有 faq-x" in missing.output) == (2, True)
    assert load_library(with_glossary).problems == ()
