"""Which page sent a request. A browser names it, and no page can change that."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Request
from werkzeug.sansio.utils import host_is_trusted

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


def is_from_browser(request: Request) -> bool:
    """Whether a page sent it, as far as that is said: programs say nothing."""
    return "Origin" in request.headers or "Sec-Fetch-Site" in request.headers


def is_from_here(
    request: Request, hosts: tuple[str, ...], origins: tuple[str, ...], *, exactly: bool
) -> bool:
    """Whether a request was sent by a page of ours, or by no page at all.

    Args:
        request: what was sent.
        hosts: the host names of our pages.
        origins: other sites that may ask for this.
        exactly: whether only pages from this very scheme, host and port are ours.
    """
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if origin is None:
        typed = site == "none" and request.method in SAFE_METHODS
        return site in (None, "same-origin") or typed
    if site == "same-origin" or origin in origins:
        return True
    if exactly:
        # A browser that says more than the origin has said that it is another one's page.
        return site is None and origin == f"{request.scheme}://{request.host}"
    try:
        sender = urlsplit(origin)
    except ValueError:
        return False
    return sender.hostname is not None and host_is_trusted(sender.hostname, hosts)
