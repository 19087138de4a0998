"""Incident notices in a browser: set by the form, pinned above answers, copied, spoken, gone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from casebook.library import Library
from search.app import create_app
from search.engines import get_engine
from search.generations import publish
from search.service import EXTENSION, ServiceConfig
from tests.browser.conftest import ON, OpenPage
from tests.browser.test_accessibility import looked_at
from tests.conftest import answering

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


QUESTION = "家里断网了怎么办"
TEXT = "城东片区光缆中断，正在抢修，恢复后不用您再报修。"
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def address(
    library: Library, root: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The agents' service, with a state of its own and the dealers' beside it."""
    folder = tmp_path_factory.mktemp("notices")
    publish(library.view("agent", on=ON), folder / "index", get_engine("memory"), "test")
    (folder / "state" / "dealer").mkdir(parents=True)
    app = create_app(
        ServiceConfig(
            audience="agent",
            internal=True,
            title="测试知识库",
            index=folder / "index",
            site=None,
            today=lambda: ON,
            library=root,
            state=folder / "state" / "agent",
            examples=("宽带断了",),
        )
    )
    with answering(app) as address:
        yield address
    app.extensions[EXTENSION].close()


def fill(page: Page, address: str, title: str) -> None:
    """Sets a notice as an editor does."""
    page.goto(f"{address}/notices/")
    page.get_by_label("什么坏了").fill(title)
    page.get_by_label("对客户怎么说").fill(TEXT)
    page.get_by_label("问到这些词").fill("断网，上不了网")
    later = datetime.now(UTC) + timedelta(hours=10)
    page.get_by_label("到几点为止").fill(f"{later:%Y-%m-%dT%H:%M}")
    page.get_by_label("哪个班组发的").fill("网络监控组")
    page.get_by_role("button", name="发布公告").click()
    expect(page.get_by_role("heading", name=title)).to_be_visible()


def end_all(page: Page, address: str) -> None:
    page.goto(f"{address}/notices/")
    while page.get_by_role("button", name="现在结束").count():
        page.get_by_role("button", name="现在结束").first.click()
        page.wait_for_load_state()


def search(page: Page, address: str, question: str) -> None:
    page.goto(f"{address}/")
    page.get_by_role("combobox").fill(question)
    page.get_by_role("combobox").press("Enter")
    expect(page).to_have_title(re.compile(question))


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_it_is_set_pinned_and_ended(open_page: OpenPage, address: str, scripts: bool):
    page = open_page(java_script_enabled=scripts)
    fill(page, address, "城东宽带故障")
    # Every worker sees it at its next look, within half a second.
    page.wait_for_timeout(600)
    page.goto(f"{address}/?q={QUESTION}")
    notice = page.locator(".cs-notice")
    expect(notice).to_contain_text(TEXT)
    expect(notice).to_contain_text("网络监控组")
    first = page.locator(".cs-results > *").first
    expect(first).to_contain_text("城东宽带故障")
    page.goto(f"{address}/")
    expect(page.locator(".cs-notice")).to_contain_text(TEXT)
    page.goto(f"{address}/?q=出国怎么开通漫游")
    expect(page.locator(".cs-notice")).to_have_count(0)
    end_all(page, address)
    page.wait_for_timeout(600)
    page.goto(f"{address}/?q={QUESTION}")
    expect(page.locator(".cs-results")).to_be_visible()
    expect(page.locator(".cs-notice")).to_have_count(0)


def test_it_is_spoken_and_copied_and_c_still_copies_the_answer(open_page: OpenPage, address: str):
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    fill(page, address, "城东宽带故障")
    page.wait_for_timeout(600)
    search(page, address, "上不了网，光猫亮红灯怎么办")
    expect(page.locator(".cs-status")).to_contain_text("故障公告：城东宽带故障，到")
    page.get_by_role("button", name="复制公告").click()
    expect(page.locator(".cs-status")).to_have_text("已复制")
    assert page.evaluate("navigator.clipboard.readText()") == TEXT
    expect(page.get_by_role("button", name="复制公告")).to_be_visible(timeout=10_000)
    search(page, address, "宽带断网了怎么报修")
    page.get_by_role("combobox").blur()
    said = page.locator(".cs-answer [data-copy]").get_attribute("data-copy")
    expect(page.locator(".cs-notice")).to_have_count(1)
    page.keyboard.press("c")
    expect(page.locator(".cs-status")).to_have_text("已复制")
    assert page.evaluate("navigator.clipboard.readText()") == said
    end_all(page, address)


def test_axe_finds_nothing(open_page: OpenPage, address: str, axe: str):
    page = open_page(color_scheme="light", reduced_motion="reduce")
    for number in range(4):
        fill(page, address, f"第 {number} 处宽带故障")
    page.wait_for_timeout(600)
    found = {}
    for path in (f"/?q={QUESTION}", "/", "/notices/"):
        page.goto(address + path)
        if path != "/notices/":
            expect(page.locator(".cs-notice")).to_have_count(3)
        wide = page.viewport_size
        page.set_viewport_size(PHONE)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        page.set_viewport_size(wide)
        found[path] = looked_at(page, axe)
    end_all(page, address)
    found["ended"] = looked_at(page, axe)
    assert not any(found.values()), found
