"""HTML → PDF with WeasyPrint, which needs Pango and a Chinese font on the machine.

Nothing is fetched: neither addresses nor files. What WeasyPrint says is for developers, so it is
kept from users, but for characters that no font has: they make the PDF worthless and are an error.
"""

from __future__ import annotations

import contextlib
import io
import logging
import re
import warnings
from collections.abc import Iterator
from typing import Any

from casebook.errors import PublishError

_MISSING = re.compile(r"^\.notdef glyph .*\(U\+([0-9A-F]{4,6})\)")
_SHOWN = 20
_FONTS = (
    "没有生成 PDF。先装一款中文字体：Debian 或 Ubuntu 用 apt install fonts-noto-cjk，"
    "Fedora 用 dnf install google-noto-sans-cjk-fonts，macOS 自带；"
    "只缺表情符号，就从内容里删去，或装 fonts-noto-color-emoji。"
)
_PANGO = (
    "没有生成 PDF。Debian 或 Ubuntu 用 "
    "apt install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0，"
    "Fedora 用 dnf install pango，macOS 用 brew install pango；装好再运行一次。"
)


def print_pdf(page: str) -> bytes:
    """Prints a page.

    Args:
        page: whole HTML; what it refers to elsewhere is left out.

    Raises:
        PublishError: a system library or a font is missing.
    """
    with _messages() as messages:
        weasyprint, fetcher = _weasyprint()
        made: bytes = weasyprint.HTML(string=page, url_fetcher=fetcher).write_pdf()
    missing = {match[1]: None for text in messages if (match := _MISSING.match(text))}
    if missing:
        characters = "".join(chr(int(code, 16)) for code in list(missing)[:_SHOWN])
        raise PublishError(f"这台电脑的字体里没有这些字：{characters}。{_FONTS}")
    return made


def _weasyprint() -> tuple[Any, Any]:
    """The library and a fetcher that refuses every address.

    Raises:
        PublishError: it cannot be loaded.
    """
    try:
        # It prints advice in English when a library is missing, and warns when there is no font.
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.simplefilter("error", UserWarning)
            import weasyprint  # noqa: PLC0415
            from weasyprint.urls import URLFetcher  # noqa: PLC0415
    except (ImportError, OSError) as error:
        raise PublishError(f"生成 PDF 要用的系统库 Pango 没有装好（{error}）。{_PANGO}") from None
    except UserWarning:
        raise PublishError(f"这台电脑没有字体。{_FONTS}") from None

    class Refusing(URLFetcher):  # type: ignore[misc]
        def fetch(self, url: str, headers: Any = None) -> Any:
            raise ValueError(f"nothing is fetched: {url}")

    return weasyprint, Refusing()


@contextlib.contextmanager
def _messages() -> Iterator[list[str]]:
    """What WeasyPrint and its font tools log, instead of showing it."""
    found: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(record.getMessage())

    loggers = [logging.getLogger(name) for name in ("weasyprint", "fontTools")]
    collector = Collector(logging.WARNING)
    for logger in loggers:
        logger.addHandler(collector)
        logger.propagate = False
    try:
        yield found
    finally:
        for logger in loggers:
            logger.removeHandler(collector)
            logger.propagate = True
