"""API tokens: made once, kept only as a hash, looked up at every request.

A token reads ``cb.<audience>.<rights>.<id>.<secret>``: whoever finds one sees what it opens. The
whole text is hashed, so no part of it can be altered. The secret has 256 random bits, which need
no salt and no slow hash. Nothing is remembered between requests: what was revoked is closed at
once.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote_plus

from search.access.private import Database
from search.access.rights import Right

FILE = "access.sqlite"
SCHEMA = """
CREATE TABLE IF NOT EXISTS tokens (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, audience TEXT NOT NULL, rights TEXT NOT NULL,
    hash BLOB NOT NULL, created INTEGER NOT NULL, expires INTEGER NOT NULL,
    used INTEGER, revoked INTEGER
);
CREATE TABLE IF NOT EXISTS spent (id TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;
"""
_COLUMNS = "id, name, audience, rights, created, expires, used, revoked"
_PATTERN = r"cb\.([A-Za-z0-9_-]+)\.([a-z-]+)\.([0-9a-f]{12})\.[A-Za-z0-9_-]{43}"
_WAIT = 2.0
_DAY = 86_400


@dataclass(frozen=True)
class Token:
    """What is known of a token; the token itself is not.

    Attributes:
        id: its name in commands.
        name: what it is for.
        audience: whose service it opens.
        rights: what it may do there.
        created: when it was made, UTC.
        expires: until when it holds, UTC.
        used: the day it was last used, UTC; None when it never was.
        revoked: when it was revoked, UTC; None when it was not.
    """

    id: str
    name: str
    audience: str
    rights: frozenset[Right]
    created: datetime
    expires: datetime
    used: datetime | None
    revoked: datetime | None


class TokenRefused(Exception):
    """A token does not hold.

    Args:
        reason: a word for the audit log: ``unknown``, ``audience``, ``expired`` or ``revoked``.
        message: what to do, for whoever sent it.
        name: the token's; empty where it is not known.
    """

    def __init__(self, reason: str, message: str, name: str = "") -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.name = name


class Tokens:
    """The tokens of one audience's service, and what was used up.

    Args:
        file: where they are kept.
        audience: whose service it is.
    """

    def __init__(self, file: Path, audience: str) -> None:
        self._file = file
        self._database = Database(file, SCHEMA, _WAIT)
        self._audience = audience

    def create(self, name: str, rights: Iterable[Right], days: int) -> tuple[str, Token]:
        """Makes a token.

        Args:
            name: what it is for.
            rights: what it may do.
            days: how long it holds.

        Returns:
            Its text, which nobody can find out again, and what is known of it.

        Raises:
            sqlite3.Error: it cannot be kept.
            OSError: its file cannot be made.
        """
        wanted = frozenset(rights)
        ordered = "-".join(right for right in Right if right in wanted)
        made = _now()
        token_id = secrets.token_hex(6)
        text = f"cb.{self._audience}.{ordered}.{token_id}.{secrets.token_urlsafe(32)}"
        expires = made + timedelta(days=days)
        self._database.run(
            "INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?, NULL, NULL)",
            (token_id, name, self._audience, ordered, _hash(text), _unix(made), _unix(expires)),
        )
        return text, self.find(token_id)

    def find(self, token_id: str) -> Token:
        """The token of an id.

        Raises:
            KeyError: there is none.
        """
        rows = self._database.run(f"SELECT {_COLUMNS} FROM tokens WHERE id = ?", (token_id,))  # noqa: S608
        if not rows:
            raise KeyError(token_id)
        return _token(rows[0])

    def all(self) -> tuple[Token, ...]:
        """Every token that was ever made, the newest first; makes no file to look into."""
        if not self._file.exists():
            return ()
        rows = self._database.run(f"SELECT {_COLUMNS} FROM tokens ORDER BY created DESC, id")  # noqa: S608
        return tuple(_token(row) for row in rows)

    def revoke(self, token_id: str) -> Token:
        """Closes a token, for all workers at once.

        Raises:
            KeyError: there is no such token.
        """
        if not self._file.exists():
            raise KeyError(token_id)
        self._database.run(
            "UPDATE tokens SET revoked = ? WHERE id = ? AND revoked IS NULL",
            (_unix(_now()), token_id),
        )
        return self.find(token_id)

    def check(self, text: str) -> Token:
        """Whose a token is, if it holds here and now.

        Raises:
            TokenRefused: it does not.
            sqlite3.Error: the tokens cannot be read.
            OSError: their file cannot be made.
        """
        match = re.fullmatch(_PATTERN, text)
        if not match:
            raise TokenRefused("unknown", "没有这个令牌；检查有没有抄漏，或者让管理员另建一个。")
        if match[1] != self._audience:
            raise TokenRefused("audience", "这个令牌是给别的受众的服务用的，在这里没有用。")
        rows = self._database.run(
            f"SELECT hash, {_COLUMNS} FROM tokens WHERE id = ?",  # noqa: S608
            (match[3],),
        )
        if not rows or not hmac.compare_digest(rows[0][0], _hash(text)):
            raise TokenRefused("unknown", "没有这个令牌；检查有没有抄漏，或者让管理员另建一个。")
        token = _token(rows[0][1:])
        if token.revoked:
            raise TokenRefused("revoked", "这个令牌已经作废；让管理员另建一个。", label(token))
        now = _now()
        if is_over(token):
            raise TokenRefused("expired", "这个令牌已经到期；让管理员另建一个。", label(token))
        if token.used is None or now - token.used >= timedelta(days=1):
            today = _unix(now) // _DAY * _DAY
            self._database.run("UPDATE tokens SET used = ? WHERE id = ?", (today, token.id))
        return token

    def spend(self, thing: str, seconds: int) -> bool:
        """Uses up something that counts once: a sign-in that was begun, a session that was ended.

        Args:
            thing: its name.
            seconds: how long it must be remembered.

        Returns:
            False when it was used up before.
        """
        now = _unix(_now())
        self._database.run("DELETE FROM spent WHERE until < ?", (now,))
        return bool(
            self._database.run(
                "INSERT INTO spent VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING id",
                (thing, now + seconds),
            )
        )

    def is_spent(self, thing: str) -> bool:
        """Whether something was used up."""
        return bool(self._database.run("SELECT 1 FROM spent WHERE id = ?", (thing,)))

    def close(self) -> None:
        """Closes their file."""
        self._database.close()


def holds_token(text: str) -> bool:
    """Whether a text, as a part of an address, has a token in it."""
    return re.search(_PATTERN, unquote_plus(text)) is not None


def label(token: Token) -> str:
    """What a token is called in the audit log."""
    return f"{token.name} ({token.id})"


def is_over(token: Token) -> bool:
    """Whether a token has expired."""
    return token.expires <= _now()


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _now() -> datetime:
    return datetime.now(UTC)


def _unix(moment: datetime) -> int:
    return int(moment.timestamp())


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _token(row: tuple[str, str, str, str, int, int, int | None, int | None]) -> Token:
    token_id, name, audience, rights, created, expires, used, revoked = row
    return Token(
        token_id,
        name,
        audience,
        frozenset(map(Right, rights.split("-"))),
        datetime.fromtimestamp(created, UTC),
        datetime.fromtimestamp(expires, UTC),
        _moment(used),
        _moment(revoked),
    )
