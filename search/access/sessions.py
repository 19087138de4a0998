"""Who is signed in: cookies that only this service can make.

A session stands in a signed cookie, not on the server: with the same key several machines know the
same people, and a restart signs nobody out. It holds a name, the groups that the settings name, and
its end; no secret. What a cookie cannot do, being taken back, is done by remembering the few
sessions that were ended before their time.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass
from typing import Any

from flask import Request, Response
from itsdangerous import BadData, URLSafeTimedSerializer

SIGN_IN_SECONDS = 600
_SESSION = "session"
_SIGN_IN = "sign-in"
# So many sign-ins may be under way in a browser, each in a tab of its own.
_AT_ONCE = 5


@dataclass(frozen=True)
class Session:
    """Somebody who is signed in.

    Attributes:
        id: its own, new at every sign-in.
        name: the person's.
        groups: those of the person's groups that the settings name.
        until: when it ends, in seconds since 1970.
    """

    id: str
    name: str
    groups: tuple[str, ...]
    until: int


@dataclass(frozen=True)
class Begun:
    """A sign-in that was begun: what the provider's answer must fit.

    Attributes:
        state: comes back in the answer's address.
        nonce: comes back in the ID token.
        verifier: proves that who asks for the ID token is who began (PKCE).
        address: where the answer was to be sent.
        back: the page that was asked for.
    """

    state: str
    nonce: str
    verifier: str
    address: str
    back: str


class Sessions:
    """Makes and reads the cookies of one audience's service.

    Args:
        audience: whose service it is; another's cookies are not read, whatever the key.
        key: secret, and the same for all workers and machines.
        hours: how long a sign-in lasts.
    """

    def __init__(self, audience: str, key: bytes, hours: int) -> None:
        self._audience = audience
        self._key = key
        self._seconds = hours * 3600

    def begin(self, name: str, groups: tuple[str, ...]) -> Session:
        """A new session."""
        until = int(time.time()) + self._seconds
        return Session(secrets.token_urlsafe(16), name[:100], groups, until)

    def session(self, request: Request) -> Session | None:
        """Whose session a request carries, if it holds and has not run out."""
        read = self._read(request, _SESSION, self._seconds)
        if read is None:
            return None
        found = Session(read["id"], read["name"], tuple(read["groups"]), read["until"])
        return found if found.until > time.time() else None

    def begun(self, request: Request, state: str) -> Begun | None:
        """The sign-in of a state that was begun in this browser."""
        read = self._read(request, _SIGN_IN, SIGN_IN_SECONDS, _tab(state))
        return Begun(**read) if read and read["state"] == state else None

    def set_session(
        self, request: Request, response: Response, session: Session, begun: Begun
    ) -> None:
        """Signs somebody in; the sign-in that was begun is over."""
        self._write(request, response, _SESSION, vars(session), self._seconds)
        self._delete(request, response, self._name(request, _SIGN_IN, _tab(begun.state)))

    def set_begun(self, request: Request, response: Response, begun: Begun) -> None:
        """Remembers that a sign-in was begun; too many forget the oldest."""
        for name in self._sign_ins(request)[_AT_ONCE - 1 :]:
            self._delete(request, response, name)
        self._write(
            request, response, _SIGN_IN, vars(begun), SIGN_IN_SECONDS, tab=_tab(begun.state)
        )

    def end(self, request: Request, response: Response) -> None:
        """Takes the cookies away."""
        for name in (self._name(request, _SESSION), *self._sign_ins(request)):
            self._delete(request, response, name)

    def _sign_ins(self, request: Request) -> list[str]:
        """The names of the cookies of sign-ins, the newest first."""
        begun = self._name(request, _SIGN_IN, "")
        found = [name for name in request.cookies if name.startswith(begun)]
        return sorted(found, key=lambda name: self._since(request.cookies[name]), reverse=True)

    def _since(self, text: str) -> float:
        """When a sign-in was begun; what is none was begun before all others."""
        try:
            _, since = self._serializer(_SIGN_IN).loads(text, return_timestamp=True)
        except BadData:
            return 0.0
        return float(since.timestamp())

    def _serializer(self, kind: str) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(
            self._key,
            salt=f"casebook.{self._audience}.{kind}",
            signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
        )

    def _name(self, request: Request, kind: str, tab: str | None = None) -> str:
        # With https no other host and no plain page can set a cookie of such a name.
        prefix = "__Host-" if request.is_secure else ""
        suffix = "" if tab is None else f"-{tab}"
        return f"{prefix}casebook-{self._audience}-{kind}{suffix}"

    def _read(
        self, request: Request, kind: str, seconds: int, tab: str | None = None
    ) -> dict[str, Any] | None:
        text = request.cookies.get(self._name(request, kind, tab))
        if not text:
            return None
        try:
            read: dict[str, Any] = self._serializer(kind).loads(text, max_age=seconds)
        except BadData:
            return None
        return read

    def _write(
        self,
        request: Request,
        response: Response,
        kind: str,
        values: dict[str, Any],
        seconds: int,
        *,
        tab: str | None = None,
    ) -> None:
        response.set_cookie(
            self._name(request, kind, tab),
            self._serializer(kind).dumps(values),
            max_age=seconds,
            secure=request.is_secure,
            httponly=True,
            samesite="Lax",
        )

    def _delete(self, request: Request, response: Response, name: str) -> None:
        response.delete_cookie(name, secure=request.is_secure, httponly=True, samesite="Lax")


def _tab(state: str) -> str:
    """What tells the cookie of one sign-in from those of others in the same browser."""
    return hashlib.blake2b(state.encode(), digest_size=8).hexdigest()


def derive(key: bytes, purpose: str) -> bytes:
    """A key for one purpose, from which the others cannot be found."""
    return hmac.digest(key, purpose.encode(), "sha256")
