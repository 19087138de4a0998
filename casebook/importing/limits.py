"""What a foreign file may take, and the error that says why one cannot be read."""

from __future__ import annotations

MAX_FILE = 50 * 1024 * 1024
MAX_UNPACKED = 200 * 1024 * 1024
MAX_PARTS = 5_000
MAX_CELLS = 1_000_000
MAX_PAGES = 1_000
MAX_ANSWER = 64 * 1024 * 1024
SECONDS = 60.0
MEMORY = 1024 * 1024 * 1024


class Unreadable(Exception):
    """A file that gives nothing; the message, in Chinese, says why and what to do."""
