"""The loop from a miss to its closing in a browser: a row, a patch, a task, a re-run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from casebook.library import Library
from search.app import create_app
from search.engines import get_engine
from search.generations import publish
from search.journal.records import Question
from search.service import EXTENSION, ServiceConfig
from tests.browser.conftest import OpenPage
from tests.browser.test_accessibility import looked_at
from tests.conftest import answering
from tests.search.insights.calls import write_journal

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


TODAY = datetime.now(ZoneInfo("Asia/Shanghai")).date()
MISSING = "智能门锁连不上怎么办"


@pytest.fixture(scope="module")
def address(
    library: Library, root: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The agents' service, with a journal in which something was not found."""
    folder = tmp_path_factory.mktemp("tasks")
    index, state = folder / "index" / "agent", folder / "state" / "agent"
    publish(library.view("agent"), index, get_engine("memory"), "test")
    state.mkdir(parents=True)
    now = datetime.now(UTC)
    questions = [
        Question(f"q{n}", now - timedelta(minutes=n), "page", MISSING, 0, 0, None, (), 3.0, False)
        for n in range(4)
    ]
    write_journal(state / "journal.sqlite", questions)
    app = create_app(
        ServiceConfig(
            audience="agent",
            internal=True,
            title="测试知识库",
            index=index,
            site=None,
            today=lambda: TODAY,
            library=root,
            state=state,
        )
    )
    with answering(app) as address:
        yield address
    app.extensions[EXTENSION].close()


def test_a_row_is_proposed_opened_rerun_and_closed(open_page: OpenPage, address: str, axe: str):
    page = open_page(color_scheme="light", reduced_motion="reduce", java_script_enabled=True)
    found = {}
    page.goto(f"{address}/insights/not_found")
    page.get_by_role("link", name="补相似问或同义词").click()
    page.get_by_label("客户的问法").fill("昨儿交的钱咋今儿还打不出去")
    page.get_by_role("radio").first.check()
    page.get_by_role("button", name="做成补丁").first.click()
    expect(page.get_by_role("region", name="补丁的内容")).to_contain_text("昨儿交的钱")
    found["propose"] = looked_at(page, axe)
    page.get_by_role("button", name="开待办").click()
    expect(page.get_by_role("heading", name=MISSING)).to_be_visible()
    page.get_by_role("button", name="重查").click()
    expect(page.get_by_role("status")).to_contain_text("重查没有通过")
    found["tasks"] = looked_at(page, axe)
    page.get_by_label("不办了，因为").fill("不是我们的业务")
    page.get_by_role("button", name="关掉").click()
    expect(page.get_by_role("status")).to_contain_text("不办：不是我们的业务")
    found["closed"] = looked_at(page, axe)
    page.goto(f"{address}/insights/not_found")
    expect(page.get_by_role("button", name="重新打开")).to_be_visible()
    assert not any(found.values()), found
