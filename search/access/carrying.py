"""What a restore must not undo: tokens that were revoked, sign-ins that were ended.

A backup holds them as they were when it was made. What the state that it replaces knows of later
ends is carried over; a state on another machine cannot know, and that is told.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from search.access.private import Database
from search.access.tokens import FILE, SCHEMA

_WAIT = 30.0

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Ends:
    """What a state knows of ends.

    Attributes:
        known: the ids of all its tokens.
        revoked: its revoked tokens, as rows.
        spent: what was used up, and until when that must be remembered.
    """

    known: frozenset[str] = frozenset()
    revoked: tuple[tuple[Any, ...], ...] = ()
    spent: tuple[tuple[str, int], ...] = ()


def carry_over(replaced: Path, fresh: Path) -> tuple[str, ...]:
    """Ends in a restored state what was ended in the one that it replaces.

    Revoked tokens that the backup does not know are carried over, too: a later restore of another
    backup, which does, finds them ended.

    Args:
        replaced: the state folder that is there; may be none.
        fresh: the restored one, which takes its place.

    Returns:
        The names of the restored tokens that hold and of which the replaced state knows nothing.

    Raises:
        sqlite3.Error: what was restored holds no tokens as we write them.
    """
    ends = _read(replaced / FILE)
    file = fresh / FILE
    if not (file.exists() or ends.revoked or ends.spent):
        return ()
    with closing(Database(file, SCHEMA, _WAIT)) as restored:
        for row in ends.revoked:
            restored.run(
                "INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE"
                " SET revoked = min(ifnull(revoked, excluded.revoked), excluded.revoked)",
                row,
            )
        for row in ends.spent:
            restored.run(
                "INSERT INTO spent VALUES (?, ?) ON CONFLICT (id) DO UPDATE"
                " SET until = max(until, excluded.until)",
                row,
            )
        hold = restored.run(
            "SELECT id, name FROM tokens WHERE revoked IS NULL AND expires > ?", (int(time.time()),)
        )
    return tuple(f"{name}（{token_id}）" for token_id, name in hold if token_id not in ends.known)


def _read(file: Path) -> _Ends:
    """What a state knows of ends; nothing where its file cannot be read."""
    if not file.exists():
        return _Ends()
    try:
        address = f"{file.resolve().as_uri()}?mode=rw"
        with closing(sqlite3.connect(address, uri=True, timeout=_WAIT)) as opened:
            return _Ends(
                frozenset(token_id for (token_id,) in opened.execute("SELECT id FROM tokens")),
                tuple(
                    opened.execute(
                        "SELECT id, name, audience, rights, hash, created, expires, used, revoked"
                        " FROM tokens WHERE revoked IS NOT NULL"
                    )
                ),
                tuple(opened.execute("SELECT id, until FROM spent")),
            )
    except sqlite3.Error as error:
        log.error("“%s”读不了（%s）；里面作废的令牌没有带过来。", file, error)
        return _Ends()
