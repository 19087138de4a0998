"""Pictures of the sample library's site, for the README and for eyes.

``python -m benchmarks.pictures`` takes every page at three widths in both colour schemes.
``build/pictures`` gets all of them, to be looked at; ``docs/images`` a few, each a large screen in
light beside a phone in dark. The day is fixed, so pictures change only when pages do.
"""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from benchmarks.libraries import CHECKOUT
from benchmarks.pages import IMAGES
from benchmarks.progress import say
from casebook.errors import CasebookError
from casebook.library import load_library
from casebook.publishing import build_site
from search.app import create_app
from search.engines import get_engine
from search.generations import publish
from search.service import EXTENSION, ServiceConfig

ON = date(2026, 11, 22)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
RAW = CHECKOUT / "build" / "pictures"
WIDTHS = (360, 768, 1366)
SCHEMES = ("light", "dark")
QUESTION = "欠费停机多久能恢复"


@dataclass(frozen=True)
class Shot:
    """A page that is taken.

    Attributes:
        name: of its pictures.
        path: its address under the site's root.
        asked: a question that is typed into the search box; its results are in the picture.
    """

    name: str
    path: str
    asked: str = ""


SHOTS = (
    Shot("home", ""),
    Shot("faq", "faq/faq-arrears-resume/"),
    Shot("case", "cases/case-elder-vas/"),
    Shot("card", "cards/zi-fei/"),
    Shot("news", "news/"),
    Shot("panel", "cases/case-elder-vas/", QUESTION),
)
# A picture in the docs: how high a page is shown, how much smaller, how many colours it keeps.
_HEIGHT = 760
_SCALE = 0.55
_SMALLER = 0.4
_COLOURS = 64
_GAP = 24
_AROUND = (150, 156, 154)


@contextmanager
def serving(audience: str, folder: Path) -> Iterator[str]:
    """The address of the sample library's site behind its service, on the fixed day.

    Args:
        audience: whose site.
        folder: where site and index are built.
    """
    library = load_library(CHECKOUT)
    view = library.view(audience, on=ON)
    widest = library.view(library.settings.widest.id, on=ON)
    build_site(view, widest, folder / "stage", folder / "site")
    publish(view, folder / "index", get_engine("whoosh"), "pictures")
    app = create_app(
        ServiceConfig(
            audience=view.audience.id,
            internal=view.internal,
            title=view.audience.title,
            index=folder / "index",
            site=folder / "site",
            today=lambda: ON,
        )
    )
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/site/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        app.extensions[EXTENSION].close()


def take(browser: Browser, site: str, shot: Shot, width: int, scheme: str, file: Path) -> None:
    """Takes one picture of a page, as high as the page is.

    Args:
        browser: that shows it.
        site: the address of the site.
        shot: which page.
        width: of the screen, in CSS pixels.
        scheme: ``light`` or ``dark``.
        file: where the picture goes.
    """
    context = browser.new_context(
        viewport={"width": width, "height": _HEIGHT},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
        locale="zh-CN",
        service_workers="block",
    )
    page = context.new_page()
    page.goto(site + shot.path)
    if shot.asked:
        _ask(page, shot.asked)
    # A sheet of results hangs from the top of the screen: what is below it is not the subject.
    page.screenshot(path=file, full_page=not shot.asked)
    context.close()


def _ask(page: Page, question: str) -> None:
    page.get_by_role("combobox").press_sequentially(question)
    page.get_by_role("region", name="检索结果").get_by_role("link").first.wait_for()
    page.wait_for_load_state("networkidle")


def picture(raw: Path, shot: Shot) -> Image.Image:
    """A large screen in light beside a phone in dark, smaller than they are."""
    files = [raw / f"{shot.name}-1366-light.png", raw / f"{shot.name}-360-dark.png"]
    return _beside(files, _SCALE)


def sizes(raw: Path, shot: Shot) -> Image.Image:
    """A page at every width, in light above and in dark below."""
    rows = [
        _beside([raw / f"{shot.name}-{width}-{scheme}.png" for width in WIDTHS], _SMALLER)
        for scheme in SCHEMES
    ]
    sheet = Image.new("RGB", (rows[0].width, sum(row.height for row in rows)), _AROUND)
    for place, row in enumerate(rows):
        sheet.paste(row, (0, place * row.height))
    return sheet


def _beside(files: Sequence[Path], scale: float) -> Image.Image:
    """Pictures in a row, each cut to the height of a screen."""
    shown = []
    for file in files:
        with Image.open(file) as opened:
            cut = opened.convert("RGB").crop((0, 0, opened.width, _HEIGHT))
        size = (round(cut.width * scale), round(cut.height * scale))
        shown.append(cut.resize(size, Image.Resampling.LANCZOS))
    width = sum(one.width for one in shown) + _GAP * (len(shown) + 1)
    row = Image.new("RGB", (width, shown[0].height + 2 * _GAP), _AROUND)
    left = _GAP
    for one in shown:
        row.paste(one, (left, _GAP))
        left += one.width + _GAP
    return row


def save(image: Image.Image, file: Path) -> None:
    """Writes a picture in few bytes: pages have few colours."""
    few = image.quantize(_COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    few.save(file, optimize=True)
    say(f"{file}: {image.width} × {image.height}, {file.stat().st_size / 1000:.0f} kB")


def find_browser() -> str:
    """The browser's program: ``CASEBOOK_CHROMIUM``, or the first that is installed.

    Raises:
        CasebookError: there is none.
    """
    named = os.environ.get("CASEBOOK_CHROMIUM")
    found = named or next(filter(None, map(shutil.which, BROWSERS)), None)
    if not found:
        raise CasebookError(f"no browser: install one of {', '.join(BROWSERS)}")
    return found


def main() -> None:
    """Takes all pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--audience", default="agent", help="whose site is taken (agent)")
    parser.add_argument("--raw", type=Path, default=RAW, help="where every picture goes")
    parser.add_argument("--out", type=Path, default=IMAGES, help="where those of the docs go")
    chosen = parser.parse_args()
    chosen.raw.mkdir(parents=True, exist_ok=True)
    chosen.out.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        site = stack.enter_context(serving(chosen.audience, folder))
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(
            executable_path=find_browser(), args=["--no-sandbox", "--disable-gpu"]
        )
        stack.callback(browser.close)
        for shot in SHOTS:
            for width in WIDTHS:
                for scheme in SCHEMES:
                    file = chosen.raw / f"{shot.name}-{width}-{scheme}.png"
                    take(browser, site, shot, width, scheme, file)
            save(picture(chosen.raw, shot), chosen.out / f"{shot.name}.png")
        save(sizes(chosen.raw, SHOTS[1]), chosen.out / "sizes.png")


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    main()
