"""What proxies in front say of a request: believed of exactly those that the settings name.

Everything else that looks like it comes from a proxy is as if it were not there.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import TYPE_CHECKING

from werkzeug.http import parse_list_header
from werkzeug.middleware.proxy_fix import ProxyFix

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# Whether the request came through exactly the proxies that the settings name.
THROUGH_PROXIES = "casebook.through_proxies"
_FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP")


class Proxies:
    """Takes the client's address and scheme from the proxies in front.

    Args:
        app: the application.
        hops: how many proxies stand in front.
        hosts: addresses and networks of the nearest one.
    """

    def __init__(self, app: WSGIApplication, hops: int, hosts: tuple[str, ...]) -> None:
        self._plain = app
        # The nearest proxy alone says which scheme: proxies replace that header, they do not add.
        self._fixed = ProxyFix(app, x_for=hops, x_proto=1)
        self._hops = hops
        self._hosts = [ipaddress.ip_network(host, strict=False) for host in hosts]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answers a request."""
        trusted = self._hops > 0 and is_within(environ.get("REMOTE_ADDR", ""), self._hosts)
        addresses = parse_list_header(environ.get("HTTP_X_FORWARDED_FOR", ""))
        environ[THROUGH_PROXIES] = trusted and len(addresses) == self._hops
        return (self._fixed if trusted else self._plain)(environ, start_response)


def is_within(
    address: str, networks: Iterable[ipaddress.IPv4Network | ipaddress.IPv6Network]
) -> bool:
    """Whether an address is in one of the networks."""
    found = _parsed(address)
    return found is not None and any(found in network for network in networks)


def is_loopback(host: str) -> bool:
    """Whether an address or a host's name is this machine's own, which nobody else reaches."""
    found = _parsed(host.strip("[]"))
    return found.is_loopback if found else host == "localhost"


def is_local(environ: WSGIEnvironment) -> bool:
    """Whether a request was sent on this machine, as far as it can be told."""
    forwarded = any(environ.get(name) for name in _FORWARDED)
    return is_loopback(environ.get("REMOTE_ADDR", "")) and (
        not forwarded or environ.get(THROUGH_PROXIES, False)
    )


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        return found.ipv4_mapped
    return found
