"""The audit log: who came in, who was refused, which tokens were made and closed.

One JSON object a line, in UTC, in the state folder. Characters that are not shown, as ends of lines
and marks of direction, are escaped: a name cannot begin a line or hide one. No secret is ever in
it. It is the only place where addresses of readers stand. Rotating it is left to logrotate: each
line opens the file.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from search.access.private import append_line

FILE = "audit.log"
EVENTS = (
    "sign_in",
    "sign_in_refused",
    "sign_out",
    "token_created",
    "token_revoked",
    "token_refused",
)
# Refusals can be caused by anybody, as many as they like: so many a minute are written.
_REFUSALS = 300
_MINUTE = 60.0
_LONGEST = 200

log = logging.getLogger(__name__)


class Audit:
    """Writes the audit log of an audience's service.

    Args:
        file: where; None writes nothing.
        audience: whose service it is.
    """

    def __init__(self, file: Path | None, audience: str) -> None:
        self._file = file
        self._audience = audience
        self._lock = threading.Lock()
        self._minute = float("-inf")
        self._refusals = 0

    def note(self, event: str, who: str, way: str, address: str = "", detail: str = "") -> None:
        """Writes down what happened. A log that cannot be written stops nobody's work.

        Args:
            event: one of ``EVENTS``.
            who: a person's or a token's name; empty where nobody knows.
            way: how they came in.
            address: from where, after the proxies; empty for the command line.
            detail: why, or what else; never a secret.
        """
        if self._file is None or (event.endswith("_refused") and not self._room()):
            return
        entry = {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "event": event,
            "audience": self._audience,
            "who": who[:_LONGEST],
            "way": way,
            "address": address[:_LONGEST],
            "detail": detail[:_LONGEST],
        }
        try:
            append_line(self._file, _line(entry))
        except OSError as error:
            log.error("审计日志写不进 %s：%s", self._file, error)

    def _room(self) -> bool:
        """Whether this minute has room for another refusal; says once when it has none."""
        with self._lock:
            if time.monotonic() - self._minute > _MINUTE:
                self._minute, self._refusals = time.monotonic(), 0
            self._refusals += 1
            if self._refusals == _REFUSALS + 1:
                log.error("一分钟里拒绝了超过 %s 次，其余的这一分钟不再写进审计日志", _REFUSALS)
            return self._refusals <= _REFUSALS


def _line(entry: dict[str, str]) -> str:
    text = json.dumps(entry, ensure_ascii=False)
    return "".join(one if one.isprintable() else json.dumps(one)[1:-1] for one in text)
