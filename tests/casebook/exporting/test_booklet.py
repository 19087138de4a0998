"""The booklet, read with another program than the one that made it."""

from __future__ import annotations

import importlib
import os
import re
import shutil
import subprocess
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pytest

from casebook.documents import Case, Faq, Kind
from casebook.errors import PublishError
from casebook.exporting.booklet import booklet
from casebook.exporting.printing import print_pdf
from casebook.library import View
from casebook.markup import plain_text

SUBJECT = "资费/充值与欠费"
PARENT = "资费"


@dataclass(frozen=True)
class Printed:
    """A printed booklet."""

    file: Path
    pages: list[str]

    @property
    def text(self) -> str:
        return "\n".join(self.pages)


Print = Callable[[View, str], Printed]


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory, pdf_text: Callable[..., str]) -> Print:
    """Prints a booklet, each only once."""
    folder = tmp_path_factory.mktemp("booklets")
    known: dict[tuple[str, str], Printed] = {}

    def make(view: View, subject: str) -> Printed:
        key = view.audience.id, subject
        if key not in known:
            file = folder / f"{len(known)}.pdf"
            file.write_bytes(print_pdf(booklet(view, subject).html))
            known[key] = Printed(file, pdf_text(file).split("\f")[:-1])
        return known[key]

    return make


def _words(text: str) -> str:
    return re.sub(r"\s+", "", text)


def _entries(view: View, subject: str) -> list[Faq | Case]:
    return [
        one
        for one in view.documents
        if isinstance(one, Faq | Case)
        and (one.subject == subject or one.subject.startswith(f"{subject}/"))
    ]


def test_each_part_comes_out_in_the_order_of_reading(dealer_view: View, printed: Print) -> None:
    text = _words(printed(dealer_view, SUBJECT).text)
    entry = dealer_view.get("faq-topup-wrong")
    parts = [
        "远汐通信服务问答",
        "资费/充值与欠费",
        "代理商适用",
        "截至2026-11-22有效",
        "2026-11-22生成，之后以知识库为准",
        "目录",
        *("话费充错号码怎么办？", "话费充错号码怎么办？"),  # in the contents and above the entry
        "能帮您追，不过要对方点头。",
        "办理方式",
        "先分清充到了哪里：",
        "依据与口径",
        "《中华人民共和国民法典》第一千零三十四条",
        "编号faq-topup-wrong",
    ]
    assert entry is not None
    place = 0
    for part in parts:
        place = text.find(_words(part), place) + len(_words(part))
        assert place >= len(_words(part)), part


@pytest.mark.parametrize("subject", [SUBJECT, PARENT])
def test_every_valid_document_is_in_it_word_for_word(
    subject: str, agent_view: View, printed: Print
) -> None:
    pages = printed(agent_view, subject).pages
    # Running heads, feet and page references stand between the words of what crosses a page.
    inner = [re.sub(r"（第 \d+ 页）", "", page) for page in pages]
    text = _words("".join(inner))
    found = _entries(agent_view, subject)
    assert booklet(agent_view, subject).documents == len(found)
    for document in found:
        assert _words(document.title) in text
        for section in document.sections:
            for line in plain_text(section.html).splitlines()[:2]:
                assert _words(line)[:12] in text, (document.id, section.key)


def test_the_contents_name_the_page_of_each_document(agent_view: View, printed: Print) -> None:
    made = printed(agent_view, PARENT)
    contents = next(page for page in made.pages if page.count(". . .") > 5)
    numbers = re.findall(r"^(\S.*?)(?: \.)+ (\d+)$", contents, re.MULTILINE)
    assert len(numbers) == len(_entries(agent_view, PARENT)) > 20
    for title, number in numbers:
        assert _words(title) in _words(made.pages[int(number) - 1])


def test_every_page_but_the_cover_has_its_number_and_date(agent_view: View, printed: Print) -> None:
    pages = printed(agent_view, PARENT).pages
    assert "/ 4" not in pages[0]
    for number, page in enumerate(pages[1:], 2):
        assert f"{number} / {len(pages)}" in page
        assert "2026-11-22 生成，之后以知识库为准" in page
        assert page.startswith("远汐通信 客服知识与案例库")


@pytest.mark.parametrize(
    "heading", ["<h4>标题</h4>", "<h5>标题</h5>", "<p><strong>标题</strong></p>"]
)
def test_no_page_ends_with_a_heading(
    heading: str, agent_view: View, tmp_path: Path, pdf_text: Callable[..., str]
) -> None:
    """Wherever on a page a heading comes, a line of text follows it."""
    page = booklet(agent_view, SUBJECT).html
    # The page's text is 249 mm high.
    columns = "".join(
        '<div class="part" style="break-before: page">'
        f'<div style="height: {height}mm"></div>{heading}<p>文</p></div>'
        for height in range(228, 248)
    )
    file = tmp_path / "headings.pdf"
    file.write_bytes(print_pdf(f"{page[: page.index('<body>')]}<body>{columns}"))
    pages = [_words(one) for one in pdf_text(file).split("\f")]
    assert len(pages) > 22  # some columns needed a second page
    assert not [text for text in pages if "标题" in text and "标题文" not in text]


def test_fonts_are_embedded_and_give_text(agent_view: View, printed: Print) -> None:
    program = shutil.which("pdffonts")
    if program is None:
        pytest.skip("pdffonts (poppler-utils) is not installed")
    done = subprocess.run(
        [program, printed(agent_view, PARENT).file], capture_output=True, text=True, check=True
    )
    rows = done.stdout.splitlines()[2:]
    assert len(rows) >= 2
    for row in rows:
        assert re.search(r"Identity-H\s+yes yes yes", row), row


def test_it_says_nothing_of_the_machine(agent_view: View, printed: Print, root: Path) -> None:
    raw = printed(agent_view, PARENT).file.read_bytes()
    parts = [raw]
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", raw, re.DOTALL):
        try:
            parts.append(zlib.decompress(stream))
        except zlib.error:
            continue
    assert len(parts) > 40
    for word in (str(root), str(Path.home()), sys.prefix, "file:", Path.home().name):
        for part in parts:
            assert word.encode() not in part
            assert word.encode("utf-16-be") not in part
    info = re.findall(rb"/(Title|Author|Producer|CreationDate|Creator|ModDate) ?\(", raw)
    assert set(info) <= {b"Title", b"Author", b"Producer", b"CreationDate"}


def test_the_same_view_gives_the_same_booklet(dealer_view: View) -> None:
    page = booklet(dealer_view, SUBJECT)
    assert page == booklet(dealer_view, SUBJECT)
    assert print_pdf(page.html) == print_pdf(page.html)


def test_dealers_get_nothing_that_is_for_agents(
    dealer_view: View, agent_view: View, printed: Print
) -> None:
    dealer, agent = (printed(view, SUBJECT).text for view in (dealer_view, agent_view))
    for words in ("禁用说法", "设计思路", "内部资料", "仅坐席", "坐席适用", "案例库"):
        assert words not in dealer
        assert words in agent


def test_what_agents_must_not_say_aloud_is_marked(agent_view: View) -> None:
    page = booklet(agent_view, SUBJECT).html
    marked = page.count('<div class="part inner-part">')
    assert page.count("<small>仅坐席，不对客户说</small>") == marked > 10
    assert '<span class="only">案例</span> <span class="only">仅坐席</span></h3>' in page


@pytest.mark.parametrize(
    "dates",
    [
        {"effective_until": date(2026, 11, 21)},
        {"effective_from": date(2026, 11, 23), "effective_until": None},
    ],
    ids=["ended", "upcoming"],
)
def test_what_does_not_hold_is_not_in_it(dates: dict[str, date], agent_view: View) -> None:
    documents = tuple(
        one.model_copy(update=dates) if one.id == "faq-topup-wrong" else one
        for one in agent_view.documents
    )
    before = booklet(agent_view, SUBJECT)
    after = booklet(replace(agent_view, documents=documents), SUBJECT)
    assert after.documents == before.documents - 1
    assert "能帮您追，不过要对方点头" in before.html
    assert "能帮您追，不过要对方点头" not in after.html


def test_titles_are_text(dealer_view: View) -> None:
    entry = _entries(dealer_view, SUBJECT)[0].model_copy(update={"title": '<img src="x"> & 好'})
    page = booklet(replace(dealer_view, documents=(entry,)), SUBJECT).html
    assert "<img" not in page
    assert "&lt;img src=&quot;x&quot;&gt; &amp; 好" in page


@pytest.mark.parametrize(
    ("subject", "message"),
    [
        ("资费/流", "是不是“资费/流量”？可选：资费、"),
        ("渠道", "可选：资费、"),
        ("火星", "可选：资费、"),
    ],
)
def test_a_subject_without_entries_is_refused_in_the_same_words(
    subject: str, message: str, dealer_view: View
) -> None:
    kept = tuple(one for one in dealer_view.documents if one.subject != "渠道/代理商")
    with pytest.raises(PublishError) as refused:
        booklet(replace(dealer_view, documents=kept), subject)
    said = str(refused.value)
    assert said.startswith(f"业务分类“{subject}”下面没有代理商能看的有效内容。{message}")


def test_an_empty_library_says_what_comes_first(dealer_view: View) -> None:
    with pytest.raises(PublishError) as refused:
        booklet(replace(dealer_view, documents=()), PARENT)
    assert str(refused.value).endswith("先写统一口径，再导出。")


# ---- printing -------------------------------------------------------------------------------


def test_nothing_is_fetched(tmp_path: Path, pdf_text: Callable[..., str]) -> None:
    weasyprint = pytest.importorskip("weasyprint")
    (tmp_path / "style.css").write_text("p::after { content: '外来的字' }", encoding="utf-8")
    page = (
        f'<link rel="stylesheet" href="{(tmp_path / "style.css").as_uri()}">'
        f'<link rel="attachment" href="{(tmp_path / "style.css").as_uri()}"><p>正文</p>'
    )
    for name, made in (
        ("fetched", weasyprint.HTML(string=page).write_pdf()),
        ("refused", print_pdf(page)),
    ):
        (tmp_path / f"{name}.pdf").write_bytes(made)
    assert "外来的字" in pdf_text(tmp_path / "fetched.pdf")
    assert pdf_text(tmp_path / "refused.pdf").split() == ["正文"]
    assert b"EmbeddedFile" in (tmp_path / "fetched.pdf").read_bytes()
    assert b"EmbeddedFile" not in (tmp_path / "refused.pdf").read_bytes()


def test_a_character_that_no_font_has_is_named() -> None:
    nobodys = "\U000f1234"
    with pytest.raises(
        PublishError, match=f"^这台电脑的字体里没有这些字：{nobodys}。没有生成 PDF。先装"
    ):
        print_pdf(f"<p>好{nobodys}好{nobodys}</p>")


@pytest.mark.parametrize("failure", [ImportError("no weasyprint"), OSError("no libpango")])
def test_a_missing_library_is_named(
    failure: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def find_spec(name: str, *_: object) -> None:
        if name == "weasyprint":
            sys.stdout.write("advice in English")
            raise failure

    finder = type("Finder", (), {"find_spec": staticmethod(find_spec)})
    for name in [name for name in sys.modules if name.partition(".")[0] == "weasyprint"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [finder, *sys.meta_path])
    importlib.invalidate_caches()
    with pytest.raises(PublishError) as refused:
        print_pdf("<p>好</p>")
    assert str(refused.value) == (
        f"生成 PDF 要用的系统库 Pango 没有装好（{failure}）。没有生成 PDF。Debian 或 Ubuntu 用 "
        "apt install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0，"
        "Fedora 用 dnf install pango，macOS 用 brew install pango；装好再运行一次。"
    )
    assert capsys.readouterr() == ("", "")


def test_a_machine_without_fonts_is_told_what_to_install(
    good: Path, export: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    empty = tmp_path / "fonts.conf"
    empty.write_text(
        '<?xml version="1.0"?><fontconfig>'
        f"<dir>{tmp_path / 'none'}</dir><cachedir>{tmp_path / 'cache'}</cachedir></fontconfig>",
        encoding="utf-8",
    )
    env = {**os.environ, "FONTCONFIG_FILE": str(empty)}
    done = export("pdf", "--subject", SUBJECT, cwd=good, env=env)
    assert done.returncode == 2
    assert "casebook: 这台电脑没有字体。没有生成 PDF。先装一款中文字体" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (good / "build" / "export").exists()


def test_the_command_writes_where_it_says(
    good: Path,
    export: Callable[..., subprocess.CompletedProcess[str]],
    pdf_text: Callable[..., str],
) -> None:
    done = export("pdf", "--subject", PARENT, cwd=good)
    assert (done.returncode, done.stdout) == (0, "")
    target = "build/export/dealer/资费.pdf"
    assert done.stderr == (f"小册子 dealer：1 篇，正在排版 …\n导出 dealer：1 篇文档，{target}\n")
    assert "系统会自动为您复机" in _words(pdf_text(good / target))
    assert [one.name for one in (good / target).parent.iterdir()] == ["资费.pdf"]
    done = export("pdf", "--subject", "宽带", "--audience", "agent", "--out", "宽.pdf", cwd=good)
    assert done.returncode == 0
    assert "师傅来了三趟" in pdf_text(good / "宽.pdf")


def test_kinds_come_in_the_order_of_use(agent_view: View) -> None:
    page = booklet(agent_view, SUBJECT).html
    ids = re.findall(r'<article class="entry" id="([a-z0-9-]+)"', page)
    kinds = [name.partition("-")[0] for name in ids]
    assert kinds == sorted(kinds, key=[Kind.FAQ.value, Kind.CASE.value].index)
    assert set(kinds) == {"faq", "case"}
