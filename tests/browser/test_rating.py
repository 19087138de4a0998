"""What agents do with what they found reaches the journal: opened, copied, rated, missing."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from casebook.library import Library
from search.engines import get_engine
from search.generations import publish
from search.journal.journal import Journal
from search.journal.records import Question
from search.store import page_url
from tests.browser.conftest import ON, SITE_PAGE, OpenPage, free_port, wait_for
from tests.browser.test_accessibility import faults
from tests.conftest import ROOT

# One browser and one service for all of these, whatever the number of workers.
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

SERVER = """
import sys
from datetime import date
from pathlib import Path
from casebook.service_settings import AccessSettings
from search.server import serve
from search.service import ServiceConfig

root, port, origin = sys.argv[1:]
serve(ServiceConfig(
    audience="agent", internal=True, title="测试知识库", index=Path(root) / "index",
    site=Path(root) / "site", today=lambda: date(2026, 11, 22),
    access=AccessSettings(origins=(origin,)), state=Path(root) / "state",
), "127.0.0.1", int(port), 2)
"""
QUESTION = "欠费停机多久能恢复"
ENTRY = "faq-arrears-resume"
NONSENSE = "红烧肉怎么做"
PARTLY = "宽带 宇宙飞船"


@dataclass
class Desk:
    """A running service with a journal, and a site elsewhere whose box asks it.

    Attributes:
        address: the service's.
        elsewhere: the site's.
        journal: what the service writes.
        since: when the test began.
    """

    address: str
    elsewhere: str
    journal: Journal
    since: datetime

    def questions(self) -> list[Question]:
        """What has been asked since the test began."""
        return list(self.journal.questions(self.since))

    def until(self, holds: Callable[[list[Question]], bool]) -> list[Question]:
        """What has been asked, as soon as something holds of it."""
        deadline = time.monotonic() + 30
        while not holds(found := self.questions()):
            if time.monotonic() > deadline:
                pytest.fail(f"the journal holds {found}")
            time.sleep(0.05)
        return found

    def until_event(self, *wanted: object) -> Question:
        """The one question, as soon as its last event is the one that is wanted."""

        def holds(found: list[Question]) -> bool:
            events = [
                tuple(part for part in (e.kind, e.document, e.helpful, e.reason) if part != "")
                for question in found
                for event in question.events[-1:]
                for e in [event]
            ]
            return [tuple(p for p in event if p is not None) for event in events] == [wanted]

        (question,) = self.until(holds)
        return question


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Says nothing."""


@contextmanager
def static_site(folder: Path) -> Iterator[str]:
    """Files on a port of their own: another origin."""
    handler = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def running(library: Library, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    root = tmp_path_factory.mktemp("journalled")
    view = library.view("agent", on=ON)
    publish(view, root / "index", get_engine("whoosh"), "test")
    for document in view.documents:
        folder = root / "site" / page_url(document)
        folder.mkdir(parents=True)
        (folder / "index.html").write_text(SITE_PAGE.replace("{title}", document.title), "utf-8")
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    (root / "elsewhere" / "static").mkdir(parents=True)
    page = SITE_PAGE.replace('service="/"', f'service="{address}/"')
    (root / "elsewhere" / "index.html").write_text(page, encoding="utf-8")
    for file in (ROOT / "search" / "static").iterdir():
        (root / "elsewhere" / "static" / file.name).write_bytes(file.read_bytes())
    with static_site(root / "elsewhere") as elsewhere:
        with (root / "log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-c", SERVER, str(root), str(port), elsewhere],
                stdout=log,
                stderr=log,
            )
        try:
            wait_for(address, process, root / "log")
            journal = Journal(root / "state" / "journal.sqlite")
            yield Desk(address, elsewhere, journal, datetime.now(UTC))
        finally:
            process.terminate()
            process.wait(30)


@pytest.fixture
def desk(running: Desk) -> Desk:
    running.since = datetime.now(UTC)
    return running


def ask(page: Page, desk: Desk, text: str = QUESTION) -> None:
    page.goto(f"{desk.address}/?q={text}")
    expect(page.locator(".cs-rating, .cs-report").first).to_be_visible()


def ratings(page: Page):
    return page.get_by_role("group", name="这条答复有没有用")


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def test_one_tap_rates_and_a_second_takes_it_back(page: Page, desk: Desk) -> None:
    ask(page, desk)
    useful = ratings(page).get_by_role("button", name="有用")
    useful.click()
    expect(useful).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".cs-status")).to_have_text("已记下：有用")
    desk.until_event("rated", ENTRY, True)
    useful.click()
    expect(useful).to_have_attribute("aria-pressed", "false")
    expect(page.locator(".cs-status")).to_have_text("评价已收回")
    desk.until(lambda found: [one.events for one in found] == [()])


def test_who_is_not_helped_may_say_why(page: Page, desk: Desk) -> None:
    ask(page, desk)
    reasons = page.get_by_role("group", name="哪里不好，可以不选")
    expect(reasons).to_be_hidden()
    press(page, "没用")
    desk.until_event("rated", ENTRY, False)
    expect(reasons.get_by_role("button")).to_have_text(
        ["内容不对", "过时了", "说不清楚", "不完整", "没法照着念", "答非所问"]
    )
    press(page, "过时了")
    desk.until_event("rated", ENTRY, False, "outdated")
    press(page, "没法照着念")
    desk.until_event("rated", ENTRY, False, "unsayable")
    expect(reasons.locator("[aria-pressed=true]")).to_have_text(["没法照着念"])
    press(page, "没法照着念")
    desk.until_event("rated", ENTRY, False)
    press(page, "有用")
    expect(reasons).to_be_hidden()
    desk.until_event("rated", ENTRY, True)


def test_a_keyboard_is_enough(page: Page, desk: Desk) -> None:
    ask(page, desk)
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "没用":
            break
    page.keyboard.press("Space")
    desk.until_event("rated", ENTRY, False)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    desk.until_event("rated", ENTRY, False, "wrong")
    assert page.evaluate("document.activeElement.textContent") == "内容不对"


def test_opening_the_answer_is_kept_though_the_page_is_left(page: Page, desk: Desk) -> None:
    ask(page, desk)
    page.locator(".cs-answer h2 a").click()
    page.wait_for_url(f"{desk.address}/site/faq/{ENTRY}/")
    desk.until_event("opened", ENTRY)


def test_whoever_comes_back_looks_at_the_same_question_and_may_rate(page: Page, desk: Desk) -> None:
    ask(page, desk)
    hit = page.locator(".cs-hit").first
    document = hit.get_attribute("data-document")
    title = hit.locator("[data-item]")
    expect(page.get_by_role("group", name="这条结果有没有用")).to_have_count(0)
    title.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{desk.address}/site/**")
    desk.until_event("opened", document)
    page.go_back()
    page.wait_for_url("**/?q=*")
    rating = page.get_by_role("group", name="这条结果有没有用")
    expect(rating).to_have_count(1)
    assert rating.locator("xpath=..").get_attribute("data-document") == document
    rating.get_by_role("button", name="有用").click()
    question = desk.until_event("rated", document, True)
    assert [event.kind for event in question.events] == ["opened", "rated"]


def test_a_new_tab_counts_as_well(page: Page, desk: Desk) -> None:
    ask(page, desk)
    with page.context.expect_page() as opened:
        page.locator(".cs-answer h2 a").click(button="middle")
    opened.value.close()
    desk.until_event("opened", ENTRY)


def test_copying_by_key_and_by_button(page: Page, desk: Desk) -> None:
    ask(page, desk)
    page.get_by_role("combobox").press("Control+Enter")
    desk.until_event("copied", ENTRY)
    page.locator(".cs-answer .cs-copy").click()
    desk.until(lambda found: [len(one.events) for one in found] == [2])


def test_a_missing_answer_is_reported_once(page: Page, desk: Desk) -> None:
    ask(page, desk, NONSENSE)
    report = page.get_by_role("button", name="报告缺答复")
    report.focus()
    page.keyboard.press("Enter")
    done = page.get_by_role("button", name="已报告，知识管理员会看到")
    expect(done).to_be_focused()
    expect(page.locator(".cs-status")).to_have_text("已报告，知识管理员会看到")
    page.keyboard.press("Enter")
    question = desk.until_event("missing")
    assert (question.text, question.total, len(question.events)) == (NONSENSE, 0, 1)


def test_where_nothing_holds_every_word_the_report_stands_beside_that(
    page: Page, desk: Desk
) -> None:
    ask(page, desk, PARTLY)
    expect(page.locator(".cs-partly + .cs-report button")).to_be_visible()
    expect(page.get_by_role("button", name="报告缺答复")).to_have_count(1)


def test_where_there_is_an_answer_nothing_is_missing(page: Page, desk: Desk) -> None:
    ask(page, desk)
    expect(ratings(page)).to_be_visible()
    expect(page.get_by_role("button", name="报告缺答复")).to_have_count(0)
    ask(page, desk, "投诉")
    expect(page.get_by_role("button", name="报告缺答复")).to_have_count(1)


def test_what_is_typed_is_one_question_and_escape_begins_another(page: Page, desk: Desk) -> None:
    page.goto(desk.address)
    box = page.get_by_role("combobox")
    box.press_sequentially("欠费停机", delay=180)
    expect(page.locator("[data-question]")).to_be_visible()
    box.press_sequentially("多久能恢复", delay=180)
    expect(page.locator(".cs-answer")).to_be_visible()
    (first,) = desk.until(lambda found: [one.text for one in found] == [QUESTION])
    assert (first.surface, first.answer) == ("page", ENTRY)
    box.press("Escape")
    box.press("Escape")
    expect(box).to_have_value("")
    box.press_sequentially("欠费停机怎么办", delay=180)
    desk.until(lambda found: [one.text for one in found] == [QUESTION, "欠费停机怎么办"])


def test_a_box_on_a_site_elsewhere_says_so(page: Page, desk: Desk) -> None:
    page.goto(desk.elsewhere)
    box = page.get_by_role("combobox")
    box.fill(QUESTION)
    expect(ratings(page)).to_be_visible()
    press(page, "有用")
    question = desk.until_event("rated", ENTRY, True)
    assert question.surface == "site"
    page.locator(".cs-answer h2 a").click()
    page.wait_for_url(f"{desk.address}/site/faq/{ENTRY}/")
    desk.until_event("opened", ENTRY)


def test_without_a_journal_nothing_can_be_rated(page: Page, agents) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(agents.url(QUESTION))
    expect(page.locator(".cs-answer")).to_be_visible()
    page.locator(".cs-answer .cs-copy").click()
    expect(page.locator(".cs-copy.cs-done")).to_be_visible()
    expect(page.locator(".cs-rating, .cs-report")).to_have_count(0)
    assert not [url for url in asked if "events" in url]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1366, 360])
def test_ratings_are_there_for_everybody(
    open_page: OpenPage, desk: Desk, axe: str, scheme: str, width: int
) -> None:
    page = open_page(color_scheme=scheme, viewport={"width": width, "height": 768})
    ask(page, desk)
    press(page, "没用")
    press(page, "过时了")
    expect(page.locator(".cs-reasons")).to_be_visible()
    # A script of a test is no script of the page: its policy lets none in.
    page.evaluate(axe)
    assert faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    ask(page, desk, NONSENSE)
    expect(page.get_by_role("button", name="报告缺答复")).to_be_visible()
