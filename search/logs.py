"""Structured logs: one JSON object a line, with the request's id and no personal data.

What a line may hold is decided by its form, not by whoever writes it: of an exception only its
type and the places in the code, never its message, which may quote a query; of other libraries'
messages only the text in their code and numbers, never what they filled in.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from search.log_handler import LogHandler

# Whose messages are known to hold nothing of a request.
_OURS = ("casebook", "search", "__main__")
_FIELDS = ("request", "method", "route", "status", "ms", "bytes")
# A line that is longer may be torn apart where several processes write to one pipe.
_FRAMES = 12
_ERRORS = 4
_LONGEST = 500

log = logging.getLogger(__name__)


class _Formatter(logging.Formatter):
    """What both forms share.

    Args:
        audience: whose service writes.
    """

    def __init__(self, audience: str) -> None:
        super().__init__()
        self._audience = audience

    def formatException(self, ei: Any) -> str:  # noqa: N802  (its name in the library)
        """The trace of an exception without its words."""
        return "\n".join(_trace(ei[1], _ERRORS)) if ei and ei[1] else ""


class JsonFormatter(_Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Writes the line."""
        line: dict[str, Any] = {
            "time": _time(record).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": plain(record.name),
            "message": plain(_message(record)),
            "audience": self._audience,
            "worker": record.process,
        }
        for name in _FIELDS:
            value = getattr(record, name, None)
            if value is not None:
                line[name] = plain(value) if isinstance(value, str) else value
        if record.exc_info:
            line["trace"] = plain(self.formatException(record.exc_info), keep="\n")
        return json.dumps(line, ensure_ascii=False)


class TextFormatter(_Formatter):
    """A record as somebody reads it at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Writes the line, and the trace below it."""
        clock = _time(record).astimezone().strftime("%H:%M:%S")
        parts = [clock, "" if record.levelno == logging.INFO else record.levelname]
        parts.append(plain(_message(record)))
        if hasattr(record, "ms"):
            parts.append(f"{record.ms} ms")
        if record.levelno >= logging.WARNING and hasattr(record, "request"):
            parts.append(plain(str(record.request)))
        line = " ".join(part for part in parts if part)
        if record.exc_info:
            line += "\n" + plain(self.formatException(record.exc_info), keep="\n")
        return line


@contextmanager
def structured(form: str, audience: str) -> Iterator[None]:
    """Makes all logs of this process structured while the block lasts.

    Args:
        form: ``json``, an object a line, or ``text``, for people.
        audience: whose service writes.
    """
    handler = LogHandler(sys.stderr)
    handler.setFormatter((JsonFormatter if form == "json" else TextFormatter)(audience))
    root = logging.getLogger()
    handlers, level, ended = root.handlers, root.level, threading.excepthook
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    logging.captureWarnings(True)
    threading.excepthook = _thread_ended
    try:
        yield
    finally:
        root.handlers = handlers
        root.setLevel(level)
        logging.captureWarnings(False)
        threading.excepthook = ended
        handler.close()


def plain(text: str, keep: str = "") -> str:
    """Text that cannot end a line, move a cursor or turn the direction of what follows.

    Args:
        text: any text.
        keep: characters that are left as they are.
    """
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() or one in keep else f"\\u{ord(one):04x}" for one in text
    )


def _thread_ended(ended: threading.ExceptHookArgs) -> None:
    error = ended.exc_value
    info = (type(error), error, error.__traceback__) if error else None
    log.error("一个线程因为意外错误结束了", exc_info=info)


def _time(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)


def _message(record: logging.LogRecord) -> str:
    """What a record says, without anything that a request may have filled in."""
    if record.name.partition(".")[0] in _OURS:
        return record.getMessage()[:_LONGEST]
    where = f"（{'/'.join(Path(record.pathname).parts[-2:])}:{record.lineno}）"
    if not record.args or not isinstance(record.msg, str):
        # Its words may have been put together before they came here.
        return where
    try:
        text: str = record.msg % _numbers(record.args)
    except (TypeError, ValueError, KeyError):
        return where
    return text[:_LONGEST] + where


def _numbers(args: Any) -> Any:
    if isinstance(args, Mapping):
        return {name: _number(value) for name, value in args.items()}
    return tuple(_number(value) for value in args)


def _number(value: Any) -> Any:
    """A number that is too short to be anybody's; in place of all else stands a mark."""
    short = isinstance(value, (int, float)) and abs(value) < 10_000_000  # noqa: PLR2004
    return value if short else "…"


def _trace(error: BaseException, depth: int) -> Iterator[str]:
    """An exception's type and places in the code, then those of what caused it."""
    yield f"{type(error).__module__}.{type(error).__qualname__}"
    places = []
    step = error.__traceback__
    while step is not None:
        code = step.tb_frame.f_code
        file = "/".join(Path(code.co_filename).parts[-3:])
        places.append(f"  {file}:{step.tb_lineno} {code.co_name}")
        step = step.tb_next
    yield from places[-_FRAMES:]
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    inner = error.exceptions[:1] if isinstance(error, BaseExceptionGroup) else ()
    for one in (*inner, cause):
        if one is not None and depth > 1:
            yield "由此引起："
            yield from _trace(one, depth - 1)
