"""Markdown becomes clean HTML, in time, or is refused; hostile text harms nobody."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest

from casebook.errors import RenderError
from casebook.markup import Renderer, link_documents, plain_text

TAGS = set(
    "a blockquote br code del em h3 h4 h5 h6 hr li ol p pre strong table tbody td th thead tr ul"
    .split()
)  # fmt: skip
ATTRIBUTES = {("a", "href"), ("a", "rel"), ("th", "align"), ("td", "align"), ("ol", "start")}
ADDRESS = re.compile(r"(https?|mailto|tel):|(case|faq|policy)(-[a-z0-9]+)+(#[a-z0-9]+)?$", re.I)


class _Parsed(HTMLParser):
    """What a browser would find in a piece of HTML."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()
        self.addresses: list[str] = []
        self.others: list[str] = []
        self.words = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {(tag, name) for name, _ in attrs}
        self.addresses += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.words += data

    def handle_comment(self, data: str) -> None:
        self.others.append(data)

    handle_decl = unknown_decl = handle_pi = handle_comment


def _assert_clean(rendered: str) -> _Parsed:
    parsed = _Parsed(rendered)
    assert parsed.tags <= TAGS
    assert parsed.attributes <= ATTRIBUTES
    assert parsed.others == []
    for address in parsed.addresses:
        assert ADDRESS.match(address), address
        assert not re.search(r"[\x00-\x20]", address)
    return parsed


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    with Renderer() as running:
        yield running


# cmark's own list of inputs that keep careless parsers busy (test/pathological_tests.py).
PATHOLOGICAL = {
    "nested strong emphasis": "*a **a " * 20_000 + "b" + " a** a*" * 20_000,
    "emphasis closers": "a_ " * 50_000,
    "emphasis openers": "_a " * 50_000,
    "link closers": "a]" * 50_000,
    "link openers": "[a" * 50_000,
    "mismatched openers and closers": "*a_ " * 50_000,
    "openers and closers of several lengths": "*a " * 20_000 + "_a*_ " * 20_000,
    "closers of a multiple of three": "a**b" + "c* " * 50_000,
    "link openers and emphasis closers": "[ a_" * 50_000,
    "half links": "[ (](" * 50_000,
    "images in brackets": "![[]()" * 50_000,
    "hard links and emphasis": "**x [a*b**c*](d)" * 10_000,
    "nested brackets": "[" * 50_000 + "a" + "]" * 50_000,
    "nested block quotes": "> " * 50_000 + "a",
    "deep lists": "".join("  " * depth + "* a\n" for depth in range(500)),
    "nul": "abc\0de\0" * 20_000,
    "backticks": "".join("e" + "`" * length for length in range(1, 1000)),
    "links": "[t](/u) " * 30_000,
    "unclosed links in angles": "[a](<b" * 30_000,
    "unclosed links": "[a](b" * 30_000,
    "unclosed comment": "</" + "<!--" * 50_000,
    "empty lines in deep lists": "- " * 20_000 + "x" + "\n" * 20_000,
    "empty lines in deep lists in a quote": "> " + "- " * 20_000 + "x\n" + ">\n" * 20_000,
    "emphasis in deep quotes": ">" * 50_000 + "a*" * 50_000,
    "references": "".join(f"[{n}]: u\n" for n in range(20_000)) + "[0]" * 20_000,
    "unclosed declarations": "<![" * 50_000,
    "tables": "|" * 20_000 + "\n" + "|-" * 20_000 + "|\n" + "|" * 20_000,
    "hashes": "#" * 50_000,
    "underlines": "a\n---\n" * 20_000,
    "entities": "&" * 50_000 + "amp;" * 20_000,
    "fences": "```\n" * 30_001,
}


def test_list_of_hard_inputs_is_whole() -> None:
    assert len(PATHOLOGICAL) >= 24
    assert min(len(text) for text in PATHOLOGICAL.values()) >= 20_000


@pytest.mark.parametrize("name", PATHOLOGICAL)
def test_hard_input_is_rendered_or_refused_in_time(name: str, renderer: Renderer) -> None:
    renderer.render("")
    start = time.monotonic()
    try:
        rendered = renderer.render(PATHOLOGICAL[name])
    except RenderError as error:
        assert re.match(r"排版(超过 2 秒|失败（\w+）|进程中断（.+）)$", str(error))
    else:
        _assert_clean(rendered)
    # The limit of two seconds; without it each would take minutes.
    assert time.monotonic() - start < 20
    assert renderer.render("**好**") == "<p><strong>好</strong></p>"


def _gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def _pid(renderer: Renderer) -> int:
    child = renderer._child
    assert child
    return child.pid


def test_child_is_killed_on_time_out_and_replaced() -> None:
    with Renderer(seconds=0.2) as renderer:
        renderer.render("一")
        first = _pid(renderer)
        with pytest.raises(RenderError, match=r"^排版超过 0\.2 秒$"):
            renderer.render("[" * 100_000)
        assert _gone(first)
        assert renderer.render("二") == "<p>二</p>"
        second = _pid(renderer)
        assert second != first
    assert _gone(second)


def test_child_is_used_again_and_ends_with_the_renderer() -> None:
    with Renderer() as renderer:
        renderer.render("一")
        first = _pid(renderer)
        renderer.render("二")
        assert _pid(renderer) == first
    assert _gone(first)


def test_child_that_dies_is_replaced() -> None:
    with Renderer() as renderer:
        renderer.render("一")
        os.kill(_pid(renderer), 9)
        with pytest.raises(RenderError, match=r"^排版进程中断"):
            renderer.render("二")
        assert renderer.render("三") == "<p>三</p>"


def test_memory_of_the_child_is_limited() -> None:
    with Renderer(seconds=20, memory=96 * 1024 * 1024) as renderer:
        with pytest.raises(RenderError, match=r"^排版(失败（MemoryError）|进程中断)"):
            renderer.render("**甲** " * 1_000_000)
        assert renderer.render("一") == "<p>一</p>"


def test_answers_belong_to_their_questions(renderer: Renderer) -> None:
    texts = [f"第{number}段" * 1000 for number in range(50)]
    assert [renderer.render(text) for text in texts] == [f"<p>{text}</p>" for text in texts]


def test_one_text_leaves_nothing_for_the_next(renderer: Renderer) -> None:
    renderer.render("[甲]: https://example.com/\n\n[甲]")
    assert renderer.render("[甲]") == "<p>[甲]</p>"


XSS = [
    "<script>alert(1)</script>",
    "<ScRiPt>alert(1)</sCrIpT>",
    "<script src=//evil.example></script>",
    "<script\x0ctype=text/javascript>alert(1)</script>",
    "<<script>alert(1);//<</script>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    "<img src=x:x onerror=alert(1)//",
    "<img src=`javascript:alert(1)`>",
    "<img/src/onerror=alert(1)>",
    "![x](javascript:alert(1))",
    "![x](x\"onerror=alert(1))",
    "![x](https://evil.example/pixel.gif)",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><a xlink:href=javascript:alert(1)>x</a></svg>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<svg></p><style><a id=\"</style><img src=1 onerror=alert(1)>\">",
    "<svg><animate attributeName=href values=javascript:alert(1) />",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<math><mi//xlink:href=\"data:x,<script>alert(4)</script>\">",
    "<math><annotation-xml encoding=\"text/html\"><img src=x onerror=alert(1)>",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
    "<template><img src=x onerror=alert(1)></template>",
    "<textarea><img title=\"</textarea><img src onerror=alert(1)>\"></textarea>",
    "<title><a href=\"</title><img src onerror=alert(1)>\">",
    "<xmp><p title=\"</xmp><svg/onload=alert(1)>\">",
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<object data=javascript:alert(1)>",
    "<embed src=javascript:alert(1)>",
    "<form action=javascript:alert(1)><input type=submit>",
    "<form id=x><input name=attributes></form>",
    "<button formaction=javascript:alert(1)>x</button>",
    "<input autofocus onfocus=alert(1)>",
    "<body onload=alert(1)>",
    "<base href=javascript:alert(1)//>",
    "<link rel=stylesheet href=data:,*%7bx:expression(alert(1))%7d>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<style>@import 'javascript:alert(1)';</style>",
    "<div style=\"background:url(javascript:alert(1))\">x</div>",
    "<p style=color:red onclick=alert(1)>x</p>",
    "<a href=javascript:alert(1)>x</a>",
    "<a href=\"java\tscript:alert(1)\">x</a>",
    "<video><source onerror=alert(1)></video>",
    "<details open ontoggle=alert(1)>",
    "<marquee onstart=alert(1)>",
    "<isindex type=image src=1 onerror=alert(1)>",
    "<!--<img src=\"--><img src=x onerror=alert(1)//\">",
    "<!--[if gte IE 4]><script>alert(1)</script><![endif]-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?xml version=\"1.0\"?><script>alert(1)</script>",
    "<!DOCTYPE x [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "&#x3C;img src=x onerror=alert(1)&#x3E;",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](java&#x0A;script:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](\x01javascript:alert(1))",
    "[x]( javascript:alert(1))",
    "[x](<javascript:alert(1)>)",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](data:image/svg+xml,<svg onload=alert(1)>)",
    "[x](file:///etc/passwd)",
    "[x](blob:https://example.com/1)",
    "[x](//evil.example/)",
    "[x](\\\\evil.example)",
    "[x](https:alert(1)\" onclick=\"alert(1))",
    "[x](https://a.example 'a\" onmouseover=\"alert(1)')",
    "[x](faq-a\" onclick=\"alert(1))",
    "[x](../../admin)",
    "[x](#top)",
    "[x]: javascript:alert(1)\n\n[x]",
    "<javascript:alert(1)>",
    "<https://a.example/\"onclick=alert(1)>",
    "[<img src=x onerror=alert(1)>](https://a.example)",
    "`<script>alert(1)</script>`",
    "```html\n<script>alert(1)</script>\n```",
    "```\" onclick=alert(1)\nx\n```",
    "| <script>alert(1)</script> | x |\n|---|---|\n| <svg onload=alert(1)> | x |",
    "> <script>alert(1)</script>",
    "- <img src=x onerror=alert(1)>",
    "### <script>alert(1)</script>",
    "\u0002script\u0003alert(1)",
    "\u0002wzxhzdk:0\u0003<script>alert(1)</script>",
]  # fmt: skip


@pytest.mark.parametrize("text", XSS, ids=[f"{n}-{text[:24]!a}" for n, text in enumerate(XSS)])
def test_hostile_text_becomes_harmless(text: str, renderer: Renderer) -> None:
    _assert_clean(renderer.render(text))
    _assert_clean(renderer.render(f"甲 {text} 乙"))


@pytest.mark.parametrize("text", ["<b>粗</b>", "a < b > c", "<!-- 注 -->", "&lt;b&gt;"])
def test_angle_brackets_are_text(text: str, renderer: Renderer) -> None:
    words = _assert_clean(renderer.render(text)).words
    assert words == text.replace("&lt;", "<").replace("&gt;", ">")


def test_allowed_html_written_by_hand_is_text_too(renderer: Renderer) -> None:
    parsed = _assert_clean(
        renderer.render('<strong>粗</strong> <a href="https://a.example">甲</a>')
    )
    assert parsed.tags == {"p"}


RENDERED = {
    "emphasis": ("**粗** *斜*", "<p><strong>粗</strong> <em>斜</em></p>"),
    "link": (
        "[甲](https://a.example/?b=1&c=2)",
        '<p><a href="https://a.example/?b=1&amp;c=2" rel="noopener noreferrer">甲</a></p>',
    ),
    "telephone": ("[甲](tel:10000)", '<p><a href="tel:10000" rel="noopener noreferrer">甲</a></p>'),
    "document": (
        "[甲](faq-a-b1)",
        '<p><a href="faq-a-b1" rel="noopener noreferrer">甲</a></p>',
    ),
    "article": (
        "[甲](policy-a#p3)",
        '<p><a href="policy-a#p3" rel="noopener noreferrer">甲</a></p>',
    ),
    "unknown address": ("[甲](a.html)", '<p><a rel="noopener noreferrer">甲</a></p>'),
    "small heading": ("### 甲", "<h3>甲</h3>"),
    "numbered from three": ("3. 甲\n4. 乙", '<ol start="3">\n<li>甲</li>\n<li>乙</li>\n</ol>'),
    "nested by two": (
        "- 甲\n  - 乙\n- 丙",
        "<ul>\n<li>甲<ul>\n<li>乙</li>\n</ul>\n</li>\n<li>丙</li>\n</ul>",
    ),
    "nested by three": (
        "1. 甲\n   - 乙\n2. 丙",
        "<ol>\n<li>甲<ul>\n<li>乙</li>\n</ul>\n</li>\n<li>丙</li>\n</ol>",
    ),
    "nested by four": (
        "- 甲\n    - 乙\n- 丙",
        "<ul>\n<li>甲<ul>\n<li>乙</li>\n</ul>\n</li>\n<li>丙</li>\n</ul>",
    ),
    "list goes on after a line at the margin": (
        "- 甲\n乙\n    - 丙",
        "<ul>\n<li>甲\n乙<ul>\n<li>丙</li>\n</ul>\n</li>\n</ul>",
    ),
    "list after text begins anew": (
        "- 甲\n    - 乙\n\n丙\n\n- 丁",
        "<ul>\n<li>甲<ul>\n<li>乙</li>\n</ul>\n</li>\n</ul>\n<p>丙</p>\n<ul>\n<li>丁</li>\n</ul>",
    ),
    "paragraph in a list": (
        "1. 甲\n\n    乙\n\n2. 丙",
        "<ol>\n<li>\n<p>甲</p>\n<p>乙</p>\n</li>\n<li>\n<p>丙</p>\n</li>\n</ol>",
    ),
    "fence keeps its spaces": (
        "```\n- 甲\n    - 乙\n```",
        "<pre><code>- 甲\n    - 乙\n</code></pre>",
    ),
    "tasks": (
        "- [ ] 甲\n- [x] 乙\n- [X] 丙",
        "<ul>\n<li>☐ 甲</li>\n<li>☑ 乙</li>\n<li>☑ 丙</li>\n</ul>",
    ),
    "tasks apart": (
        "- [ ] 甲\n\n- [x] 乙",
        "<ul>\n<li>\n<p>☐ 甲</p>\n</li>\n<li>\n<p>☑ 乙</p>\n</li>\n</ul>",
    ),
    "no task": ("甲 [ ] 乙", "<p>甲 [ ] 乙</p>"),
    "table": (
        "| 甲 | 乙 |\n|---|--:|\n| 一 | 二 |",
        "<table>\n<thead>\n<tr>\n<th>甲</th>\n<th>乙</th>\n</tr>\n</thead>\n<tbody>\n"
        "<tr>\n<td>一</td>\n<td>二</td>\n</tr>\n</tbody>\n</table>",
    ),
    "quote": ("> 甲\n>\n> 乙", "<blockquote>\n<p>甲</p>\n<p>乙</p>\n</blockquote>"),
    "fence": ("```\n甲 <b>\n```", "<pre><code>甲 &lt;b&gt;\n</code></pre>"),
    "indented is no code": ("    甲", "<p>甲</p>"),
    "hard break": ("甲  \n乙", "<p>甲<br>\n乙</p>"),
}


@pytest.mark.parametrize(("text", "html"), RENDERED.values(), ids=RENDERED)
def test_rendered(text: str, html: str, renderer: Renderer) -> None:
    assert renderer.render(text) == html


@pytest.mark.parametrize("indent", [2, 3, 4])
def test_lists_nest_by_two_to_four_spaces(indent: int, renderer: Renderer) -> None:
    space = " " * indent
    parsed = renderer.render(f"- 甲\n{space}- 乙\n{space * 2}- 丙\n- 丁")
    assert parsed.count("<ul>") == 3
    assert plain_text(parsed) == "甲\n乙\n丙\n丁"


def test_links_to_documents_are_given_addresses(renderer: Renderer) -> None:
    rendered = renderer.render(
        "[甲](faq-a) [**乙**](policy-b#3) [丙](https://c.example) [丁](case-d)"
    )

    def address(name: str, article: str | None) -> str | None:
        return None if name == "case-d" else f"/{name}/{article or ''}"

    assert link_documents(rendered, address) == (
        '<p><a href="/faq-a/">甲</a> <a href="/policy-b/3"><strong>乙</strong></a> '
        '<a href="https://c.example" rel="noopener noreferrer">丙</a> 丁</p>'
    )


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("**甲** 乙\n丙", "甲 乙\n丙"),
        ("甲\n\n乙", "甲\n乙"),
        ("- 甲\n- 乙", "甲\n乙"),
        ("| 甲 | 乙 |\n|---|---|\n| 一 | 二 |", "甲\n乙\n一\n二"),
        ("a < b & c", "a < b & c"),
        ("<script>x</script>", "<script>x</script>"),
        ("[甲](faq-a)乙", "甲乙"),
        ("", ""),
    ],
)
def test_plain_text(text: str, plain: str, renderer: Renderer) -> None:
    assert plain_text(renderer.render(text)) == plain
