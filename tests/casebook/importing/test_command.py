"""``casebook import`` as its user sees it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from casebook.cli import main
from casebook.cli.common import columns
from casebook.documents import Kind
from casebook.reading import read_file
from casebook.settings import load_settings

TEXT = "停机保号怎么办\n答复：本人来办，联系电话 13900001234。\n"
SHEET = "分类,标准问,相似问,答案\n" + "".join(
    f"资费/流量,问题{n}怎么办,甲{n}|乙{n}|丙{n},答案{n}。\n" for n in range(3)
)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    texts = {"问.txt": TEXT, "表.csv": SHEET, "坏.pdf": "x", "说明.txt": "只有几句话。\n"}
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return {name: tmp_path / name for name in texts}


def run(library: Path, *words: object) -> Result:
    return CliRunner().invoke(main, ["import", "--library", str(library), *map(str, words)])


def test_without_write_nothing_is_written(small: Path, files: dict[str, Path]) -> None:
    done = run(small, files["问.txt"])
    assert done.exit_code == 1
    assert done.stdout.splitlines() == [
        "问.txt：",
        "    新  统一口径  faq/faq-ting-ji-bao-hao-zen-me-ban.md  停机保号怎么办",
        "      待填：owner、subject、similar、policies、办理方式、设计思路、禁用说法",
        "      个人信息：手机号码 139****1234（第 20 行）",
        "      对应：答复→统一答复",
        "",
    ]
    assert done.stderr == "可以写入 1 篇。这次没有写任何文件；看过以后加 --write 写入。\n"
    assert list(small.rglob("*.md")) == []


def test_write_writes_and_a_second_time_changes_nothing(
    small: Path, files: dict[str, Path]
) -> None:
    done = run(small, files["问.txt"], "--write")
    file = small / "faq" / "faq-ting-ji-bao-hao-zen-me-ban.md"
    assert done.stderr == "写入了 1 篇。填好“（待填）”的地方，再运行 casebook check。\n"
    assert "13900001234" in file.read_text(encoding="utf-8")
    file.write_text(file.read_text(encoding="utf-8") + "改过\n", encoding="utf-8")
    again = run(small, files["问.txt"], "--write", "--mask")
    assert (again.exit_code, again.stderr) == (0, "写入了 0 篇，1 篇已经有了。\n")
    assert file.read_text(encoding="utf-8").endswith("改过\n")
    assert [one.name for one in small.rglob("*.md")] == [file.name]


def test_an_id_that_is_taken_stays_with_its_owner(small: Path, files: dict[str, Path]) -> None:
    there = small / "faq" / "deep" / "faq-ting-ji-bao-hao-zen-me-ban.md"
    there.parent.mkdir()
    there.write_text("---\nid: faq-other\ntitle: 别的\n---\n", encoding="utf-8")
    run(small, files["问.txt"], "--write")
    assert (small / "faq" / "faq-ting-ji-bao-hao-zen-me-ban-2.md").exists()
    assert there.read_text(encoding="utf-8") == "---\nid: faq-other\ntitle: 别的\n---\n"


def test_mask_leaves_no_personal_data(small: Path, files: dict[str, Path]) -> None:
    run(small, files["问.txt"], "--write", "--mask")
    (file,) = small.rglob("*.md")
    assert "139****1234" in file.read_text(encoding="utf-8")
    assert "13900001234" not in file.read_text(encoding="utf-8")


def test_no_report_tells_a_number_in_full(small: Path, tmp_path: Path) -> None:
    file = tmp_path / "13900001234的投诉.txt"
    file.write_text("13900001234 为什么停机？\n答：欠费。\n备注 13900001234\n", encoding="utf-8")
    for options in ((), ("--json",)):
        done = run(small, file, "--kind", "faq", *options)
        assert "139****1234" in done.stdout
        assert "13900001234" not in done.stdout.replace(file.name, "")
    assert "1234" not in json.loads(done.stdout)["documents"][0]["id"].replace("1391234", "")


def test_what_all_have_in_common_is_said_once(small: Path, files: dict[str, Path]) -> None:
    lines = run(small, files["表.csv"], "--owner", "资费产品组").stdout.splitlines()
    assert lines[4:] == [
        "  每一篇待填：policies、办理方式、设计思路、禁用说法",
        "  每一篇对应：答案→统一答复",
        "",
    ]
    assert len({columns(line.split("  问题")[0]) for line in lines[1:4]}) == 1


def test_a_complete_source_needs_only_what_it_rests_on(small: Path, tmp_path: Path) -> None:
    file = tmp_path / "表.csv"
    file.write_text(
        "分类,标准问,相似问,答案,办理方式,设计思路,禁用说法,生效时间\n"
        "资费/流量,流量怎么查,查流量|流量查询|还有多少,发短信。,"
        "1. 发短信,先说办法。,别说“不知道”。,2026/1/1\n",
        encoding="utf-8",
    )
    done = run(small, file, "--owner", "资费产品组", "--write")
    assert "待填：policies\n" in done.stdout
    (written,) = small.rglob("*.md")
    text = written.read_text(encoding="utf-8")
    written.write_text(
        text.replace("policy-faq-rests-on  # （待填）依据的政策，如 policy-x#3", "policy-x"),
        encoding="utf-8",
    )
    reading = read_file(written, "faq/x.md", Kind.FAQ, load_settings(small))
    assert reading.problems == ()
    assert reading.document
    assert reading.document.audience == "agent"


CODES = {
    "something is missing": (("表.csv",), ("--write",), 1),
    "one of two cannot be read": (("坏.pdf", "问.txt"), (), 1),
    "none can be read": (("坏.pdf",), (), 2),
    "a kind that cannot be told": (("说明.txt",), (), 1),
    "no such audience": (("问.txt",), ("--audience", "x"), 2),
    "no such subject": (("问.txt",), ("--subject", "x"), 2),
    "no such kind": (("问.txt",), ("--kind", "x"), 2),
}


@pytest.mark.parametrize("name", CODES)
def test_exit_codes(name: str, small: Path, files: dict[str, Path]) -> None:
    names, options, code = CODES[name]
    assert run(small, *(files[one] for one in names), *options).exit_code == code


def test_a_file_that_is_not_there_stops_all(small: Path, files: dict[str, Path]) -> None:
    done = run(small, files["问.txt"], files["问.txt"].with_name("无.docx"), "--write")
    assert (done.exit_code, list(small.rglob("*.md"))) == (2, [])
    assert "没有文件“" in done.stderr


def test_the_report_for_programs(small: Path, files: dict[str, Path]) -> None:
    done = run(small, *files.values(), "--json")
    report = json.loads(done.stdout)
    assert [one["status"] for one in report["documents"]] == ["new"] * 4 + ["unknown"]
    assert report["documents"][1]["placed"][-1] == {
        "source": "分类：资费/流量",
        "became": "subject: 资费/流量",
    }
    assert report["unreadable"] == {"坏.pdf": "不是完好的 PDF；重新下载或另存一份，再导入。"}
    assert report["written"] is False
