"""The page after signing out: everyone can read it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import expect

from casebook.library import View
from casebook.service_settings import AccessSettings
from search.access.gate import EXTENSION as GATE
from search.app import create_app
from search.engines import get_engine
from search.generations import publish
from search.service import EXTENSION, ServiceConfig
from tests.browser.conftest import OpenPage
from tests.browser.test_accessibility import looked_at
from tests.conftest import ON, answering

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
OIDC = {"issuer": "http://127.0.0.1:9", "client_id": "casebook"}
ENDS = "https://sso.example.com/session/end"


@pytest.fixture(params=[ENDS, None], ids=["with a link", "without"])
def address(request: pytest.FixtureRequest, agent_view: View, tmp_path: Path) -> Iterator[str]:
    """The address of a service at which people sign in, whose provider can end sessions or not."""
    few = replace(agent_view, documents=agent_view.documents[:1])
    publish(few, tmp_path / "index", get_engine("memory"), "test")
    app = create_app(
        ServiceConfig(
            audience="agent",
            internal=True,
            title="测试",
            index=tmp_path / "index",
            site=None,
            today=lambda: ON,
            state=tmp_path / "state",
            access=AccessSettings.model_validate({"sign_in": "oidc", "oidc": OIDC}),
        )
    )
    app.extensions[GATE].provider.end_address = lambda: request.param
    with answering(app) as address:
        yield address
    app.extensions[EXTENSION].close()


def test_axe_finds_nothing(address: str, open_page: OpenPage, axe: str):
    page = open_page(color_scheme="light", reduced_motion="reduce")
    page.goto(f"{address}/sign-out/")
    expect(page.get_by_role("heading", name="已退出")).to_be_visible()
    assert looked_at(page, axe) == {}
