"""What the dealers' site weighs on a phone's line, beside the same pages with Material's defaults.

Both sites hold the same pages of the same library, lie on the same plain file hosting and are
opened by the same browser in the same run, with nothing in its cache. Material has its navigation
and its search as they are by default, once with the fonts that it asks Google for and once without
(here no other host can be reached, so that with them only the attempts count, which flatters it).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from statistics import median

import click
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.libraries import CHECKOUT
from benchmarks.progress import say
from benchmarks.weighing import ARGUMENTS, LINES, PHONE, Opened, open_page, serving
from casebook.library import View, load_library
from casebook.publishing import build_site
from casebook.staging import drafts

OURS = "casebook"
WITH_FONTS, WITHOUT_FONTS = "material", "material, no fonts"
MOST_FIRST = 150_000  # bytes of the first page with a search
QUERY = "欠费停机多久能恢复"
ENTRY = "faq/faq-arrears-resume/"
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")


@dataclass(frozen=True)
class Row:
    """The medians of a page of a site on a line.

    Attributes:
        site: which site.
        page: what sort of page.
        line: the line.
        runs: how often it was opened.
        figures: the medians, as :class:`benchmarks.weighing.Opened` names them.
        ratios: each figure of the peer without fonts as a multiple of this one; empty for others.
    """

    site: str
    page: str
    line: str
    runs: int
    figures: Mapping[str, float]
    ratios: Mapping[str, float]


def make_sites(view: View, widest: View, root: Path) -> dict[str, Path]:
    """Builds the site, and its pages as Material would have them by default.

    Returns:
        The folder of each.
    """
    shutil.rmtree(root, ignore_errors=True)
    say("building the site ...")
    build_site(view, widest, root / "stage", root / OURS)
    sites = {OURS: root / OURS}
    for name, theme in ((WITH_FONTS, {}), (WITHOUT_FONTS, {"font": False})):
        say(f"building {name} ...")
        folder = root / name.replace(", ", "-").replace(" ", "-")
        sites[name] = _material(view, folder, {"name": "material", "language": "zh", **theme})
    return sites


def _material(view: View, folder: Path, theme: Mapping[str, object]) -> Path:
    for draft in drafts(view, {}):
        page = draft.make()
        file = folder / "docs" / page.file
        file.parent.mkdir(parents=True, exist_ok=True)
        front = json.dumps({"title": page.title}, ensure_ascii=False)
        file.write_text(f"---\n{front}\n---\n\n# {page.title}\n\n{page.body}\n", encoding="utf-8")
    settings = {
        "site_name": view.audience.title,
        "theme": theme,
        "plugins": ["search"],
        "markdown_extensions": ["attr_list", "tables"],
    }
    (folder / "mkdocs.yml").write_text(json.dumps(settings, ensure_ascii=False), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "-f", str(folder / "mkdocs.yml")],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "true", "DISABLE_MKDOCS_2_WARNING": "true"},
    )
    if done.returncode:
        raise click.ClickException(done.stderr)
    return folder / "site"


# ---- measuring --------------------------------------------------------------------------------


def search_ours(page: Page) -> None:
    """Types the query into the header's box."""
    page.locator(".cs-box").first.click()
    _type(page, ".cs-box")
    page.locator(".cs-panel li a, .cs-panel article a").first.wait_for(timeout=60_000)


def search_material(page: Page) -> None:
    """Opens Material's search and types the query; that it finds nothing is an answer, too."""
    page.locator("label.md-header__button[for=__search]").click()
    _type(page, ".md-search__input")
    told = page.locator(".md-search-result__meta").filter(has_text="结果")
    page.locator(".md-search-result__link").or_(told).first.wait_for(timeout=60_000)


def _type(page: Page, box: str) -> None:
    page.locator(box).first.press_sequentially(QUERY, delay=30)
    page.keyboard.press("End")  # Chinese comes without keys, and Material listens to keys
    page.evaluate("window.typed = performance.now()")


def measure(
    browser: Browser, sites: Mapping[str, Path], pages: Mapping[str, str], runs: int
) -> Iterator[Row]:
    """A row a page, line and site; ours come with ratios."""
    searches: Mapping[str, Callable[[Page], None]] = {OURS: search_ours}
    for line in LINES:
        for name, path in pages.items():
            found = {}
            for site, folder in sites.items():
                search = searches.get(site, search_material) if name == "home" else None
                say(f"{line.name}: {name} of {site} ...")
                with serving(folder) as server:
                    opened = [open_page(browser, server, path, line, search) for _ in range(runs)]
                found[site] = _medians(opened)
            for site, figures in found.items():
                peer = found[WITHOUT_FONTS] if site == OURS else {}
                ratios = {key: peer[key] / figures[key] for key in peer if figures[key]}
                yield Row(site, name, line.name, runs, figures, ratios)


def _medians(opened: Sequence[Opened]) -> dict[str, float]:
    return {
        field.name: median(getattr(one, field.name) for one in opened) for field in fields(Opened)
    }


def fetched_ahead(browser: Browser, folder: Path) -> int:
    """Bytes, compressed, that the offline copy fetches after the first page, in the background."""
    with serving(folder) as server:
        context = browser.new_context(**PHONE)  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(server.address + ENTRY, wait_until="load")
        first, before = server.sent, -1
        while before != server.sent:
            before = server.sent
            page.wait_for_timeout(5000)
        context.close()
        return before - first


def lighthouse(program: Path, address: str, out: Path) -> dict[str, float]:
    """Lighthouse's scores of a page, 0 to 100, with its own throttling.

    Args:
        program: its command.
        address: the page's.
        out: a file for its report.
    """
    done = subprocess.run(
        [
            str(program),
            address,
            "--quiet",
            "--output=json",
            f"--output-path={out}",
            f"--only-categories={','.join(CATEGORIES)}",
            f"--chrome-flags=--headless=new {' '.join(ARGUMENTS[:3])}",
        ],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "CHROME_PATH": _browser()},
    )
    if done.returncode:
        raise click.ClickException(done.stderr[-2000:])
    report = json.loads(out.read_bytes())
    say(f"lighthouse {report['lighthouseVersion']}: {address}")
    return {name: 100 * report["categories"][name]["score"] for name in CATEGORIES}


def _browser() -> str:
    found = os.environ.get("CASEBOOK_CHROMIUM") or shutil.which("chromium")
    if not found:
        raise click.ClickException("no browser: install chromium or set CASEBOOK_CHROMIUM")
    return found


# ---- the command ------------------------------------------------------------------------------

_SHOWN = (
    ("transferred", "kB", 1000),
    ("requests", "requests", 1),
    ("elsewhere", "elsewhere", 1),
    ("fcp", "FCP ms", 1),
    ("lcp", "LCP ms", 1),
    ("cls", "CLS", 1),
    ("tbt", "TBT ms", 1),
    ("ready", "ready ms", 1),
    ("elements", "elements", 1),
    ("searched", "+search kB", 1000),
    ("answered", "results ms", 1),
)


def table(rows: Sequence[Row]) -> str:
    """The rows for a terminal."""
    lines = [f"{'line':9}{'page':8}{'site':20}" + "".join(f"{head:>12}" for _, head, _ in _SHOWN)]
    for row in rows:
        start = f"{row.line:9}{row.page:8}"
        lines.append(f"{start}{row.site:20}" + "".join(_cell(row.figures, *one) for one in _SHOWN))
        if row.ratios:
            cells = (row.ratios.get(key) for key, _, _ in _SHOWN)
            shown = "".join(f"{'' if one is None else f'{one:.1f} ×':>12}" for one in cells)
            lines.append(f"{start}{'  peer, of this':20}{shown}")
    return "\n".join(lines)


def _cell(figures: Mapping[str, float], key: str, head: str, unit: int) -> str:
    places = {"CLS": 3, "kB": 1, "+search kB": 1}.get(head, 0)
    return f"{figures[key] / unit:12.{places}f}"


def first_page(rows: Sequence[Row]) -> tuple[float, bool]:
    """Bytes of the first page with a search, and whether they are few enough."""
    figure = max(row.figures["searched"] for row in rows if (row.site, row.page) == (OURS, "home"))
    return figure, figure <= MOST_FIRST


@click.command()
@click.option("--runs", default=5, show_default=True, help="How often each page is opened.")
@click.option("--lighthouse", "program", type=click.Path(path_type=Path), help="Its command.")
@click.option("--json", "as_json", is_flag=True, help="One object a line instead of a table.")
def main(runs: int, program: Path | None, as_json: bool) -> None:
    """What the site weighs on a phone's line, beside Material's defaults."""
    root = CHECKOUT / "build" / "bench" / "weight"
    library = load_library(CHECKOUT)
    view = library.view()
    sites = make_sites(view, library.view(library.settings.widest.id, view.on), root)
    card = next(
        draft.path
        for draft in drafts(view, {})
        if draft.path.startswith("cards/") and draft.path != "cards/"
    )
    pages = {"home": "", "entry": ENTRY, "list": "faq/", "card": card}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_browser(), args=list(ARGUMENTS))
        rows = list(measure(browser, sites, pages, runs))
        ahead = fetched_ahead(browser, sites[OURS])
        browser.close()
    figure, met = first_page(rows)
    scores = dict(_scores(program, sites, root)) if program else {}
    if as_json:
        for row in rows:
            click.echo(json.dumps(asdict(row), ensure_ascii=False))
        more = {"first_page": figure, "met": met, "fetched_ahead": ahead, "lighthouse": scores}
        click.echo(json.dumps(more, ensure_ascii=False))
    else:
        click.echo(table(rows))
        told = "met" if met else "MISSED"
        click.echo(f"first page with a search: {figure / 1000:.1f} kB, at most 150: {told}")
        click.echo(f"fetched ahead for the offline copy, at rest: {ahead / 1000:.1f} kB")
        for site, found in scores.items():
            click.echo(f"lighthouse, {site}: {found}")
    if not met:
        sys.exit(1)


def _scores(
    program: Path, sites: Mapping[str, Path], root: Path
) -> Iterator[tuple[str, dict[str, float]]]:
    for site in (OURS, WITHOUT_FONTS):
        for name, path in (("home", ""), ("entry", ENTRY)):
            with serving(sites[site]) as server:
                out = root / "lighthouse.json"
                yield f"{site}: {name}", lighthouse(program, server.address + path, out)


if __name__ == "__main__":
    main()
