"""``casebook import`` as its user sees it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from casebook.cli import main
from casebook.cli.common import columns
from casebook.documents import Kind
from casebook.reading import read_document
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
        "      待填：负责人、业务分类、相似问、依据、办理方式、设计思路、禁用说法",
        "      对应：答复→统一答复",
        "      个人信息：手机号码 139****1234（统一答复）",
        "",
    ]
    assert done.stderr == "可以写入 1 篇。这次没有写任何文件；看过以后加 --write 写入。\n"
    assert list(small.rglob("*.md")) == []


def test_write_writes_and_a_second_time_changes_nothing(
    small: Path, files: dict[str, Path]
) -> None:
    done = run(small, files["问.txt"], "--write")
    file = small / "faq" / "faq-ting-ji-bao-hao-zen-me-ban.md"
    assert done.stderr == (
        "写入了 1 篇。\n接下来：\n  1. 1 篇有个人信息：先换成掩码。先看 casebook check"
        f" --library {small} faq/{file.name}\n"
    )
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
        "  每一篇待填：依据、办理方式、设计思路、禁用说法",
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
    assert "待填：依据\n" in done.stdout
    (written,) = small.rglob("*.md")
    text = written.read_text(encoding="utf-8")
    written.write_text(
        text.replace("policy-faq-rests-on  # （待填）依据的政策，如 policy-x#3", "policy-x"),
        encoding="utf-8",
    )
    reading = read_document(written.read_bytes(), "faq/x.md", Kind.FAQ, load_settings(small))
    assert reading.problems == ()
    assert reading.document
    assert reading.document.audience == "agent"


def test_what_has_no_place_is_said_once_a_file(small: Path, tmp_path: Path) -> None:
    file = tmp_path / "表.csv"
    rows = "".join(f"问题{n}怎么办,答案{n}。,{n}\n" for n in range(40))
    file.write_text(f"标准问,答案,点击量\n{rows}", encoding="utf-8")
    lines = run(small, file).stdout.splitlines()
    assert [line for line in lines if "点击量" in line] == ["  列“点击量”没有位置，40 行都放进附注"]


@pytest.mark.parametrize(("count", "more"), [(12, ""), (13, " 等 13 处，加 --json 看全部")])
def test_few_things_without_a_place_are_all_listed(
    count: int, more: str, small: Path, tmp_path: Path
) -> None:
    file = tmp_path / "问.txt"
    notes = [f"甲{number}" for number in range(count)]
    file.write_text("\n".join(["题", *notes, "答复：乙。"]), encoding="utf-8")
    line = next(line for line in run(small, file).stdout.splitlines() if "没有位置" in line)
    listed = "、".join(f"“{note}”" for note in notes[:12])
    assert line == f"      没有位置，放进附注：{listed}{more}"


PEOPLE = {
    "an answer": ("标准问,答案\n题,电话 13900001234。\n", "统一答复"),
    "a title": ("标准问,答案\n13900001234 为什么停机,欠费。\n", "标题"),
    "a similar question": ("标准问,相似问,答案\n题,甲|13900001234 停机了,欠费。\n", "相似问"),
    "the appendix": ("标准问,答案,备注\n题,欠费。,13900001234\n", "附注"),
}


@pytest.mark.parametrize("name", PEOPLE)
def test_personal_data_is_found_again(name: str, small: Path, tmp_path: Path) -> None:
    text, where = PEOPLE[name]
    file = tmp_path / "表.csv"
    file.write_text(text, encoding="utf-8")
    assert f"      个人信息：手机号码 139****1234（{where}）\n" in run(small, file).stdout


def test_a_changed_answer_is_named_and_not_written(small: Path, tmp_path: Path) -> None:
    file = tmp_path / "表.csv"
    file.write_text("标准问,答案\n怎么销户,去营业厅办。\n", encoding="utf-8")
    run(small, file, "--write")
    file.write_text("标准问,答案\n怎么销户,新规：线上也能办\n", encoding="utf-8")
    done = run(small, file, "--write")
    assert done.exit_code == 1
    assert done.stdout.splitlines()[1:4] == [
        "  第 2 行  内容不同  统一口径  faq/faq-zen-me-xiao-hu.md  怎么销户",
        "      统一答复不同：文档里“去营业厅办。”，来源里“新规：线上也能办”",
        "      文档没有改；来源是对的，就照它改 faq/faq-zen-me-xiao-hu.md",
    ]
    assert done.stderr == "写入了 0 篇，1 篇内容不同，没有改。\n"
    (there,) = small.rglob("*.md")
    assert "去营业厅办。" in there.read_text(encoding="utf-8")
    (document,) = json.loads(run(small, file, "--json").stdout)["documents"]
    assert document["differences"] == [
        {"where": "统一答复", "there": "去营业厅办。", "here": "新规：线上也能办"}
    ]


def test_after_writing_the_first_things_to_do_are_listed(small: Path, tmp_path: Path) -> None:
    file = tmp_path / "表.csv"
    file.write_text(
        "分类,标准问,相似问,答案,办理方式,设计思路,禁用说法\n"
        "资费/流量,没有答案的,甲|乙|丙,,打热线,先说,别说\n"
        "资费/流量,差一点的,甲|乙|丙,好。,打热线,先说,别说\n"
        "资费/流量,差几项的,甲|乙|丙,好。,,先说,别说\n"
        "资费/流量,也差几项的,甲|乙|丙,好。,打热线,,\n"
        "资费/流量,有人的,甲|乙|丙,打 13900001234。,打热线,先说,别说\n",
        encoding="utf-8",
    )
    steps = run(small, file, "--write").stderr.splitlines()[2:]
    check = f"先看 casebook check --library {small} faq/"
    assert steps == [
        f"  1. 1 篇有个人信息：先换成掩码。{check}faq-you-ren-de.md",
        f"  2. 1 篇只差负责人和依据：填上就能发布。{check}faq-cha-yi-dian-de.md",
        f"  3. 2 篇有正文，还差几项：逐项填好。{check}faq-cha-ji-xiang-de.md",
        f"  4. 1 篇没有正文：找到答复或经过再写，没有就删掉。{check}faq-mei-you-da-an-de.md",
    ]


REFUSED = {
    ("问.txt", "--subject", "x"): "casebook: --subject：分类里没有“x”；可选：资费、",
    (
        "问.txt",
        "--kind",
        "x",
    ): "casebook: --kind：没有种类“x”；可选：case（案例）、faq（统一口径）、",
    (): "casebook: 没有写要导入的文件；例：casebook import ",
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_was_asked_for_wrongly_is_said_in_chinese(
    words: tuple[str, ...], small: Path, files: dict[str, Path]
) -> None:
    done = run(small, *(files.get(word, word) for word in words))
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(REFUSED[words])
    assert "Invalid" not in done.stderr


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
