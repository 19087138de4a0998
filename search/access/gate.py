"""Who sent a request, by the way in that an audience's settings name."""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from flask import Request

from casebook.errors import SearchError
from casebook.service_settings import AccessSettings
from search.access import audit, rates, tokens
from search.access.audit import Audit
from search.access.private import KEY_BYTES, key_of
from search.access.provider import Provider
from search.access.proxies import THROUGH_PROXIES, is_local
from search.access.rates import Rates, address_key
from search.access.refusals import CannotTell, NotLocal, NotSignedIn, TokenInAddress
from search.access.rights import LOCAL, NOBODY, ROLES, Reader, Right, given
from search.access.sessions import Session, Sessions, derive
from search.access.tokens import TokenRefused, Tokens, holds_token
from search.service import ServiceConfig

EXTENSION = "casebook-gate"
KEY_FILE = "access.key"
_BEARER = "bearer "


class Gate:
    """Knows readers.

    Args:
        config: whose service it is, and who may use it.

    Attributes:
        access: who may.
        given: the rights that this service gives at all.
        audit: where sign-ins and refusals are noted.
        provider: where people sign in; None unless they do so here.
        sessions: who is signed in; None unless people sign in here.
        rates: how often each may ask.

    Raises:
        SearchError: the settings are not complete, or the key cannot be used.
    """

    def __init__(self, config: ServiceConfig) -> None:
        self.access = config.access
        self._audience = config.audience
        self.given = given(internal=config.internal)
        self.audit = Audit(config.state_file(audit.FILE), config.audience)
        file = config.state_file(tokens.FILE)
        self._tokens = Tokens(file, config.audience) if file else None
        oidc = self.access.sign_in == "oidc"
        key = b""
        if oidc or self.access.limit:
            key = _key(self.access, config.state_file(KEY_FILE))
        self.provider = Provider(self.access.oidc) if oidc else None
        self.sessions = (
            Sessions(config.audience, derive(key, "sessions"), self.access.hours) if oidc else None
        )
        self.rates = Rates(
            config.state_file(rates.FILE), derive(key, "rates") if key else b"", self.access.limit
        )

    def reader(self, request: Request) -> Reader:
        """Who sent a request, with the rights that this service gives; ``NOBODY`` if unknown.

        Raises:
            NotSignedIn: what they showed does not hold.
            NotLocal: the service is for this machine only, and they are elsewhere.
            TokenInAddress: a token stands in the address.
            CannotTell: what says who may in cannot be read.
        """
        found = self._found(request)
        if found.rights <= self.given:
            return found
        return replace(found, rights=found.rights & self.given)

    def _found(self, request: Request) -> Reader:
        if holds_token(request.path) or holds_token(request.query_string.decode("latin-1")):
            raise TokenInAddress
        sent = request.headers.get("Authorization", "")
        if sent[: len(_BEARER)].lower() == _BEARER:
            return self._by_token(request, sent[len(_BEARER) :].strip())
        self._refuse_basic(request)
        if self.access.sign_in == "loopback":
            if not is_local(request.environ):
                raise NotLocal(self._audience)
            return LOCAL
        if self.access.sign_in == "open":
            return Reader("", frozenset({Right.READ}), "open")
        if self.access.sign_in == "proxy":
            return self._by_proxy(request)
        if self.access.sign_in == "oidc":
            return self._by_session(request)
        return NOBODY

    def wait(self, reader: Reader, address: str) -> int:
        """Counts a request for whoever sent it, and where that is not known for their address.

        Returns:
            0 when it is allowed; otherwise after how many seconds requests are again.
        """
        return self.rates.wait(self.sender(reader, address))

    def sender(self, reader: Reader, address: str) -> str:
        """What stands for whoever sent a request; where that is not known, for their address."""
        known = reader.name and reader.way != "loopback"
        return f"{reader.way}:{reader.name}" if known else address_key(address)

    def session(self, request: Request) -> Session | None:
        """The session that a request carries, unless it was ended.

        Raises:
            CannotTell: what was ended cannot be read.
        """
        found = self.sessions.session(request) if self.sessions else None
        if found is None or self._tokens is None:
            return None
        try:
            return None if self._tokens.is_spent(f"session:{found.id}") else found
        except (sqlite3.Error, OSError) as error:
            raise CannotTell from error

    def spend(self, thing: str, seconds: int) -> bool:
        """Uses up something that counts once; False when it was used up before.

        Raises:
            CannotTell: that cannot be kept.
        """
        if self._tokens is None:
            raise CannotTell
        try:
            return self._tokens.spend(thing, seconds)
        except (sqlite3.Error, OSError) as error:
            raise CannotTell from error

    def groups(self, found: Collection[str]) -> tuple[str, ...]:
        """Those of a person's groups that the settings name."""
        named = {*self.access.readers, *self.access.editors, *self.access.analysts}
        return tuple(sorted(named.intersection(found)))

    def rights(self, groups: Collection[str]) -> frozenset[Right]:
        """What somebody of these groups may do."""
        lists = {
            "reader": self.access.readers,
            "editor": self.access.editors,
            "analyst": self.access.analysts,
        }
        roles = [role for role, named in lists.items() if "*" in named or {*named} & {*groups}]
        return frozenset[Right]().union(*(ROLES[role] for role in roles))

    def close(self) -> None:
        """Closes its files."""
        self.rates.close()
        if self._tokens:
            self._tokens.close()

    def _by_token(self, request: Request, text: str) -> Reader:
        address = request.remote_addr or ""
        if self._tokens is None:
            raise NotSignedIn("这个服务没有令牌。", "invalid_token")
        try:
            token = self._tokens.check(text)
        except TokenRefused as refused:
            self.audit.note("token_refused", refused.name, "token", address, refused.reason)
            raise NotSignedIn(refused.message, "invalid_token") from None
        except (sqlite3.Error, OSError) as error:
            raise CannotTell from error
        return Reader(tokens.label(token), token.rights, "token")

    def _refuse_basic(self, request: Request) -> None:
        """Refuses a token that stands before the host of an address, as browsers send it."""
        sent = request.authorization
        if sent and any(holds_token(part) for part in (sent.username or "", sent.password or "")):
            raise TokenInAddress

    def _by_proxy(self, request: Request) -> Reader:
        headers = self.access.proxy
        name = request.headers.get(headers.user_header, "").strip()
        if not name:
            return NOBODY
        # Two names are one that the client sent and one that the proxy added to it; braces are a
        # variable of the proxy's that had no value.
        if not request.environ.get(THROUGH_PROXIES) or set(name) & set(",{}"):
            address = request.remote_addr or ""
            self.audit.note("sign_in_refused", name, "proxy", address, "not from the proxy")
            return NOBODY
        listed = request.headers.get(headers.groups_header, "").split(",")
        groups = frozenset(group.strip() for group in listed if group.strip())
        return Reader(name[:100], self.rights(groups), "proxy")

    def _by_session(self, request: Request) -> Reader:
        found = self.session(request)
        return Reader(found.name, self.rights(found.groups), "oidc") if found else NOBODY


def _key(access: AccessSettings, file: Path | None) -> bytes:
    """The key of an environment variable, of a file, or for this process alone."""
    variable = access.oidc.key_env
    if variable:
        key = os.environ.get(variable, "").encode()
        if len(key) < KEY_BYTES:
            raise SearchError(
                f"环境变量 {variable} 里的密钥不到 {KEY_BYTES} 个字节；"
                "用 openssl rand -base64 48 生成一个，每台机器放同一个。"
            )
        return key
    if file is None:
        if access.sign_in == "oidc":
            raise SearchError("登录要有放密钥的地方；设 [service] state，或者 oidc 的 key_env。")
        return secrets.token_bytes(KEY_BYTES)
    try:
        return key_of(file)
    except OSError as error:
        raise SearchError(
            f"密钥文件“{file}”用不了（{error.strerror}）；检查文件夹的权限。"
        ) from None
