"""A provider of OpenID Connect: where people sign in, and what it says of them.

Authlib's Flask client does the work (authorization code, PKCE, nonce, signature and claims of the
ID token). Here stands what this service demands beyond it: the issuer of the settings and no other,
signatures by the provider's private key only, this client as the only audience.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from authlib.common.errors import AuthlibBaseError  # type: ignore[import-untyped]
from authlib.integrations.flask_client import (  # type: ignore[import-untyped]
    FlaskIntegration,
    FlaskOAuth2App,
)
from joserfc.errors import JoseError

from casebook.errors import SearchError
from casebook.service_settings import OidcSettings
from search.access.proxies import is_loopback
from search.access.sessions import Begun

# Signatures that only who holds the private key can make: none of "none", and no HMAC, whose key
# would be one that everybody can read.
ALGORITHMS = tuple(f"{kind}{bits}" for kind in ("RS", "PS", "ES") for bits in (256, 384, 512))
_SECONDS = 5
_LEEWAY = 60
_LONGEST = 100


class SignInRefused(Exception):
    """What came back from the provider is no sign-in; says why, for the audit log."""


class ProviderSilent(Exception):
    """The provider does not answer, or not in its protocol."""


@dataclass(frozen=True)
class Person:
    """Whom the provider names.

    Attributes:
        name: by the claim of the settings.
        groups: all that the claim of the settings lists.
    """

    name: str
    groups: frozenset[str]


class _Client(FlaskOAuth2App):  # type: ignore[misc]
    """Authlib's client, which believes less of the provider's metadata."""

    issuer = ""

    def load_server_metadata(self) -> dict[str, Any]:
        loaded: dict[str, Any] = super().load_server_metadata()
        if not is_same_issuer(str(loaded.get("issuer")), self.issuer):
            self.server_metadata.pop("_loaded_at", None)
            raise SignInRefused(f"issuer {str(loaded.get('issuer'))[:_LONGEST]}")
        # Whatever it offers: an empty list would be read as "those that a library thinks good".
        loaded["id_token_signing_alg_values_supported"] = list(ALGORITHMS)
        return loaded


class Provider:
    """The provider of an audience's service.

    Args:
        settings: whose it is, and who we are there.

    Raises:
        SearchError: the settings or the secret are not complete.
    """

    def __init__(self, settings: OidcSettings) -> None:
        self._settings = settings
        there = urlsplit(settings.issuer)
        if there.scheme != "https" and not is_loopback(there.hostname or ""):
            raise SearchError(
                f"统一登录的地址“{settings.issuer}”不是 https；登录只能走 https，"
                "只有本机上的试验可以用 http。"
            )
        secret = _secret(settings)
        self._client = _Client(
            FlaskIntegration("oidc"),
            "oidc",
            client_id=settings.client_id,
            client_secret=secret,
            server_metadata_url=f"{settings.issuer}/.well-known/openid-configuration",
            client_kwargs={
                "scope": " ".join(("openid", *settings.scopes)),
                "code_challenge_method": "S256",
                "token_endpoint_auth_method": "client_secret_basic" if secret else "none",
                "default_timeout": _SECONDS,
            },
        )
        self._client.issuer = settings.issuer

    def begin(self, address: str, back: str) -> tuple[str, Begun]:
        """Begins a sign-in.

        Args:
            address: where the answer is to be sent.
            back: the page that was asked for.

        Returns:
            Where to send the browser, and what its answer must fit.

        Raises:
            ProviderSilent: the provider cannot be asked.
            SignInRefused: it is not the provider of the settings.
        """
        with _translated():
            made = self._client.create_authorization_url(address)
        begun = Begun(made["state"], made["nonce"], made["code_verifier"], address, back)
        return str(made["url"]), begun

    def person(self, code: str, begun: Begun) -> Person:
        """Who signed in.

        Args:
            code: what the provider sent.
            begun: the sign-in that it answers.

        Raises:
            ProviderSilent: the provider cannot be asked.
            SignInRefused: its answer does not hold.
        """
        with _translated():
            answer = self._client.fetch_access_token(
                code=code, code_verifier=begun.verifier, redirect_uri=begun.address
            )
            if not isinstance(answer, dict) or not isinstance(answer.get("id_token"), str):
                raise SignInRefused("no id_token")
            # Its issuer must be the metadata's, to the letter; and that was compared when it came.
            claims = self._client.parse_id_token(answer, begun.nonce, leeway=_LEEWAY)
        return self._person(claims)

    def end_address(self) -> str | None:
        """Where people sign out of the provider itself; None where it has no such place."""
        try:
            with _translated():
                found = self._client.load_server_metadata().get("end_session_endpoint")
        except (ProviderSilent, SignInRefused):
            return None
        if not isinstance(found, str) or not found.startswith(("https://", "http://")):
            return None
        return str(self._client.create_logout_url(client_id=self._settings.client_id)["url"])

    def _person(self, claims: dict[str, Any]) -> Person:
        audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        if audiences != [self._settings.client_id]:
            raise SignInRefused("aud names others, too")
        name = claims.get(self._settings.name_claim)
        if not isinstance(name, str) or not name.strip():
            raise SignInRefused(f"no claim {self._settings.name_claim}")
        listed = claims.get(self._settings.roles_claim, [])
        groups = [listed] if isinstance(listed, str) else listed
        if not isinstance(groups, list):
            raise SignInRefused(f"claim {self._settings.roles_claim} is no list")
        return Person(name, frozenset(one for one in groups if isinstance(one, str)))


def is_same_issuer(found: str, wanted: str) -> bool:
    """Whether two addresses name one issuer; some end in a slash, and settings have it cut off."""
    return found.removesuffix("/") == wanted.removesuffix("/")


class _translated:  # noqa: N801
    """Turns what Authlib, joserfc and requests raise into the two errors of this module."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, requests.RequestException):
            raise ProviderSilent(type(error).__name__) from error
        if isinstance(error, AuthlibBaseError | JoseError):
            raise SignInRefused(f"{type(error).__name__}: {error}") from error
        # What does not parse: JSON, keys, a token's parts.
        if isinstance(error, ValueError | KeyError | TypeError | RuntimeError):
            raise SignInRefused(f"{type(error).__name__}: {error}") from error


def _secret(settings: OidcSettings) -> str | None:
    name = settings.client_secret_env
    if name and not os.environ.get(name):
        raise SearchError(f"环境变量 {name} 是空的；把统一登录给的 client secret 放在里面再启动。")
    return os.environ[name] if name else None
