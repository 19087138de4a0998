"""Where a service listens: at an address that nobody else has."""

from __future__ import annotations

import resource
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

# Connections are closed on which no head has come for so long: more than the minute after which
# proxies close theirs, so that none sends on what is just being closed.
IDLE_SECONDS = 75
# Connections of a process, as far as it may open so many files.
_CONNECTIONS = 8192
_OTHER_FILES = 256


@contextmanager
def own_address(host: str, port: int) -> Iterator[str]:
    """The address of a host, kept from other services while the block lasts.

    Granian's workers share a port, and would share it with another service as well: readers of two
    audiences would get each other's answers. So nobody else may listen there, and of two services
    that are started together one gets it.

    Args:
        host: a name or an address.
        port: the port.

    Raises:
        OSError: somebody else has it, or there is no such address.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise socket.gaierror(socket.EAI_NONAME, f"no name of a host: {host}") from None
    # Of a name that has both, what other programs try first here.
    family, kind, _, _, place = min(found, key=lambda one: one[0] != socket.AF_INET)
    with ExitStack() as held:
        if sys.platform == "linux":
            # A name that the system forgets with the last process that holds it.
            name = held.enter_context(socket.socket(socket.AF_UNIX))
            name.bind(f"\0casebook {place[0]} {port}")
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
            probe.listen()
        yield str(place[0])


def tell_when_listening(began: Callable[[], None], address: str, port: int) -> None:
    """Has somebody told, in a thread of its own, as soon as somebody listens there."""
    threading.Thread(target=_tell, args=(began, address, port), daemon=True).start()


def most_connections() -> int:
    """How many connections a process may hold; it may open as many files as the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _CONNECTIONS + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY:
        return _CONNECTIONS
    return min(_CONNECTIONS, max(soft - _OTHER_FILES, soft // 2))


def _tell(began: Callable[[], None], address: str, port: int) -> None:
    while True:
        with suppress(OSError), socket.create_connection((address, port), timeout=1):
            break
        time.sleep(0.05)
    began()
