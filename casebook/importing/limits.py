"""What a foreign file may take, and the error that says why one cannot be read."""

from __future__ import annotations

from casebook.errors import CasebookError

MAX_FILE = 50 * 1024 * 1024
MAX_UNPACKED = 200 * 1024 * 1024
MAX_PARTS = 5_000
MAX_CELLS = 1_000_000
MAX_PAGES = 1_000
MAX_ANSWER = 64 * 1024 * 1024
SECONDS = 60.0
MEMORY = 1024 * 1024 * 1024
UNSAFE = "里面的 XML 有实体或 DTD 声明，不安全，没有读；另存或重新导出一份再导入。"


class OptionRefused(CasebookError):
    """What was asked for on the command line cannot be had."""


class Unreadable(Exception):
    """A file that gives nothing; the message, in Chinese, says why and what to do."""
