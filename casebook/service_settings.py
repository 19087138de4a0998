"""The tables of ``casebook.toml`` that only the running service needs."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from casebook.tables import Address, OptionalVariable, Table, one_of

# How readers come in, the narrowest first; API tokens are accepted besides by all.
SIGN_INS = ("loopback", "token", "proxy", "oidc", "open")
# Where anybody may ask: what a shop of several seats behind one address does not reach.
_OPEN_RATE = 300


def _network(value: str) -> str:
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        raise PydanticCustomError(
            "invalid-value",
            "“{found}”不是地址",
            {"found": value, "hint": "写代理的 IP 地址或网段，如 10.0.0.5 或 10.0.0.0/24"},
        ) from None
    return value


def _header(value: str) -> str:
    """A header that nobody else's can be taken for: WSGI has one name for X-A, X_A and x-a."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9]{0,63}", value):
        raise PydanticCustomError(
            "invalid-value",
            "“{found}”不能做认人的请求头",
            {
                "found": value,
                "hint": "只用字母和数字，如 Casebookuser：名字里有 - 的，"
                "读者自己写一个带 _ 的就能冒充，许多代理不拦",
            },
        )
    return value


Header = Annotated[str, AfterValidator(_header)]


class ServiceSettings(Table):
    """How the service runs.

    Attributes:
        state: where it keeps what it learns (journal, tasks, notices, tokens, audit log), one
            folder an audience; relative to the library.
        threads: searches that a worker runs at once; Python runs on one core of them all.
        waiting: searches that may wait for a thread of a worker; more are told to come back.
        proxies: how many proxies stand in front; exactly so many forwarded addresses are believed.
        proxy_hosts: addresses and networks from which a proxy's headers are believed.
    """

    state: str = "build/state"
    threads: int = Field(2, ge=1, le=256)
    waiting: int = Field(16, ge=0, le=10_000)
    proxies: int = Field(0, ge=0, le=5)
    proxy_hosts: tuple[Annotated[str, AfterValidator(_network)], ...] = ("127.0.0.1", "::1")


class OidcSettings(Table):
    """A provider of OpenID Connect.

    Attributes:
        issuer: its address; its metadata stand below it.
        client_id: the name under which this service is known there.
        client_secret_env: the environment variable that holds the secret.
        scopes: what is asked for besides ``openid``.
        roles_claim: the claim of the ID token that lists a person's groups.
        name_claim: the claim that names the person in the audit log.
        key_env: the environment variable that holds the key of the sessions, the same on all
            machines; empty for a key of this machine in the state folder.
    """

    issuer: Address = ""
    client_id: str = ""
    client_secret_env: OptionalVariable = ""
    scopes: tuple[str, ...] = ("profile",)
    roles_claim: str = "groups"
    name_claim: str = "sub"
    key_env: OptionalVariable = ""


class ProxySettings(Table):
    """A proxy that signs people in and says who they are.

    Attributes:
        user_header: the header that names the person.
        groups_header: the header that lists the person's groups, parted by commas.

    Names have letters and digits only. With a dash in them, a client's own header that is spelt
    with an underscore would count in their place (CVE-2025-64484 is one such case).
    """

    user_header: Header = "Casebookuser"
    groups_header: Header = "Casebookgroups"


class AccessSettings(Table):
    """Who may use an audience's service, and in which role.

    Attributes:
        sign_in: ``loopback`` (this machine only, nobody signs in), ``token`` (API tokens only),
            ``proxy``, ``oidc`` or ``open`` (anybody; never for the widest audience).
        readers: groups that may read; ``*`` is everybody who signed in.
        editors: groups that may also write, set notices and work off tasks.
        analysts: groups that may also see the insights, and change nothing.
        origins: sites on other hosts that may ask this audience's service, as ``https://host``.
        hours: how long a sign-in lasts.
        rate: requests a minute from one token, person or, where nobody signs in, address, exactly;
            0 sets no limit. Unless it is set, only ``open`` has one.
        oidc: the provider, where ``sign_in`` is ``oidc``.
        proxy: the headers, where ``sign_in`` is ``proxy``.
    """

    sign_in: Annotated[str, one_of(SIGN_INS)] = "loopback"
    readers: tuple[str, ...] = ("*",)
    editors: tuple[str, ...] = ()
    analysts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    hours: int = Field(10, ge=1, le=168)
    rate: int | None = Field(None, ge=0, le=100_000)
    oidc: OidcSettings = OidcSettings()
    proxy: ProxySettings = ProxySettings()

    @property
    def limit(self) -> int:
        """Requests a minute that are allowed; 0 is no limit."""
        if self.rate is None:
            return _OPEN_RATE if self.sign_in == "open" else 0
        return self.rate


class JournalSettings(Table):
    """What is kept of questions.

    Attributes:
        days: how long; older ones are removed. 0 keeps no journal at all.
    """

    days: int = Field(400, ge=0, le=3650)


class OpenSearchSettings(Table):
    """The cluster of the engine ``opensearch``.

    Attributes:
        hosts: addresses of its nodes.
        prefix: what the names of its indexes begin with.
        shards: primary shards of an index.
        replicas: copies of each shard.
        timeout_ms: how long a node may take to answer a query before the next one is asked.
        user_env: the environment variable that holds the user's name; may be empty.
        password_env: the environment variable that holds the password; may be empty.
        ca_file: the certificate that signs the cluster's; empty for the system's.
    """

    hosts: tuple[Address, ...] = ("http://127.0.0.1:9200",)
    prefix: str = "casebook"
    shards: int = Field(1, ge=1, le=1024)
    replicas: int = Field(1, ge=0, le=10)
    timeout_ms: int = Field(400, ge=10, le=10_000)
    user_env: OptionalVariable = ""
    password_env: OptionalVariable = ""
    ca_file: str = ""
