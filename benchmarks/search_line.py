"""How long the site's own search takes on a phone's line, from the last key to the results.

A page of plain files with nothing but the box, opened with nothing in the cache; nobody has
searched before. The query is typed fast, a character each 30 ms, as soon as the box has the focus.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

import click
from playwright.sync_api import Browser, Page

from benchmarks.libraries import CHECKOUT, ON, WORK, load
from benchmarks.pages import table
from benchmarks.site_search import browsing
from benchmarks.static_index import write_files
from benchmarks.weighing import LINES, Line, Server, open_page, serving
from casebook.library import View
from casebook.page_data import document_data
from casebook.site_files import json_file
from casebook.static_search import search_files

QUERIES = ("欠费停机多久能恢复", "宽带断网了怎么报修", "换套餐什么时候生效", "携号转网要什么条件")
_ASSETS = (
    CHECKOUT / "site" / "theme" / "assets" / "static-search.js",
    CHECKOUT / "search" / "static" / "case-search.js",
    CHECKOUT / "search" / "static" / "case-search.css",
    CHECKOUT / "search" / "static" / "icon.svg",
)
_PAGE = """<!doctype html>
<html lang="zh-CN"><meta charset="utf-8"><title>-</title>
<link rel="icon" href="assets/icon.svg"><link rel="stylesheet" href="assets/case-search.css">
<script src="assets/case-search.js" defer></script>
<case-search service="" index="find/"><form class="cs-form"><input class="cs-box" name="q"
  aria-label="检索"></form></case-search><main><h1>-</h1></main></html>
"""
_HEADS = ("line", "query", "results ms", "requests", "kB")


def write_site(view: View, folder: Path) -> None:
    """A page with the box, the index, and the data beside each document's page."""
    shutil.rmtree(folder, ignore_errors=True)
    write_files(search_files(view), folder)
    for document in view.documents:
        path = f"{document.kind.address(document.id)}index.json"
        write_files([json_file(path, document_data(document, view))], folder)
    (folder / "assets").mkdir()
    for asset in _ASSETS:
        shutil.copy(asset, folder / "assets")
    (folder / "index.html").write_text(_PAGE, encoding="utf-8")


def type_query(page: Page, query: str) -> None:
    """Types a query and waits for its own results, not those of a part of it."""
    page.locator(".cs-box").click()
    page.locator(".cs-box").press_sequentially(query, delay=30)
    page.evaluate("window.typed = performance.now()")
    page.locator(f'.cs-results[data-title^="{query} "]').wait_for(timeout=60_000)


def rows(
    browser: Browser, folder: Path, lines: Sequence[Line], runs: int
) -> Iterator[tuple[str, ...]]:
    """A row for each line and query: medians of what came after the page."""
    for line in lines:
        for query in QUERIES:
            opened = []
            for _ in range(runs):
                with serving(folder) as server:
                    opened.append(_ask(browser, server, line, query))
            waits, requests, sizes = (median(column) for column in zip(*opened, strict=True))
            yield (line.name, query, f"{waits:.0f}", f"{requests:.0f}", f"{sizes / 1000:.1f}")


def _ask(browser: Browser, server: Server, line: Line, query: str) -> tuple[float, int, float]:
    before: list[int] = []

    def search(page: Page) -> None:
        before.append(server.answers)
        type_query(page, query)

    opened = open_page(browser, server, "", line, search)
    return opened.answered, server.answers - before[0], opened.searched - opened.transferred


@click.command()
@click.option("--library", type=click.Path(path_type=Path), help="Another than the sample.")
@click.option("--runs", default=3, show_default=True, help="How often each query is asked.")
def main(library: Path | None, runs: int) -> None:
    """Measures the site's own search on a throttled line."""
    view = load(library or CHECKOUT).view(None, ON)
    folder = WORK / "search-line"
    write_site(view, folder)
    with browsing() as browser:
        click.echo(table(_HEADS, rows(browser, folder, LINES, runs)))


if __name__ == "__main__":
    main()
