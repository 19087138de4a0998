"""Serves an application until it is stopped.

Granian does it: its first process listens and starts the workers, each of which answers from its
own reader of the published index. Connections, slow clients and idle ones are its threads' business
and need none of Python's; a request takes one of those as soon as its head is complete.

SIGHUP starts new workers with the settings as they are then, one after another, and stops the old
ones when they have answered; SIGTERM stops everything likewise.
"""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing.util import Finalize
from typing import Any

from flask import Flask
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.mp import MPServer

from casebook.errors import CasebookError, reason
from casebook.service_settings import ServiceSettings
from search.access.listening import check_listening, described
from search.app import create_app
from search.bodies import BODIES
from search.generations import open_current
from search.listener import IDLE_SECONDS, most_connections, own_address, tell_when_listening
from search.service import EXTENSION, Service, ServiceConfig

# Threads that are not for searches: pages, documents, /healthz, refusals; and besides them those
# that wait for a body. Few: each that waits for Python looks for it every SWITCH_SECONDS, and under
# a burst sixty do little else.
RESERVED = 8 + BODIES
# The room to read a head into. One that is longer is refused when the room is full before the head
# has ended; how much comes at once decides, so up to twice as much may pass, and more never does.
MAX_HEAD = 64 * 1024
# Between a new worker's start and the old one's end; more where the index takes long to open.
_SPAWN_SECONDS = 3.0
# How long a thread has Python to itself while others want it. Each step of a short answer waits so
# long behind every search that runs; much less, and threads only take it from each other.
SWITCH_SECONDS = 0.002
# A worker that is to end waits so long for whoever is being answered: the longest answer, a check
# of a draft, may take that. Clients that have sent half a request are not worth more.
_ANSWER_SECONDS = 10.0
# After that it writes what is not written yet, and is ended by force when it has not by then.
_STOP_SECONDS = 27.0
_LOOK_SECONDS = 0.02
_STOPS = (signal.SIGTERM, signal.SIGINT)

# What Granian's first process may have to say, in our words.
_WORDS = {
    "Unexpected exit": "一个检索进程意外结束，重新启动",
    "Worker crash loop": "检索进程一再意外结束，服务停止",
}

# What stops a worker or a reload and has a cause that whoever runs the service can mend.
_UNUSABLE = (CasebookError, OSError, MemoryError)

log = logging.getLogger(__name__)


def serve(
    config: ServiceConfig,
    host: str,
    port: int,
    workers: int = 1,
    again: Callable[[], ServiceConfig] | None = None,
    began: Callable[[], None] | None = None,
) -> None:
    """Serves until it is stopped.

    Args:
        config: what to serve.
        host: the address to listen on.
        port: the port to listen on.
        workers: how many processes answer.
        again: gives what to serve after SIGHUP; None keeps what is served.
        began: called once somebody listens there.

    Raises:
        IndexMissing: no index has been published.
        OSError: the address cannot be listened on.
        SearchError: others would reach there what is for this machine only.
    """
    check_listening(config, host)
    with own_address(host, port) as address:
        application = _Application(config, lambda: _checked(again() if again else config, host))
        application.warm()
        # Workers take over what this process has loaded.
        multiprocessing.set_start_method("fork", force=True)
        server = _server(address, port, workers, application)
        if began:
            tell_when_listening(began, address, port)
        server.serve(target_loader=application, wrap_loader=False)


def _server(address: str, port: int, workers: int, application: _Application) -> _Server:
    server = _Server(
        "casebook",
        address=address,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=request_threads(application.config.running),
        http=HTTPModes.http1,
        websockets=False,
        backlog=1024,
        backpressure=most_connections(),
        http1_settings=HTTP1Settings(
            header_read_timeout=IDLE_SECONDS * 1000, max_buffer_size=MAX_HEAD
        ),
        log_level=LogLevels.warning,
        log_dictconfig={"formatters": {}, "handlers": {}, "loggers": {"_granian": {}}},
        respawn_failed_workers=True,
        respawn_interval=application.opening_seconds,
    )

    def reload() -> None:
        application.reload()
        server.respawn_interval = application.opening_seconds
        server.blocking_threads = request_threads(application.config.running)

    logging.getLogger("_granian").addFilter(_in_our_words)
    server.on_reload(reload)
    return server


def request_threads(running: ServiceSettings) -> int:
    """Threads of a worker that answer requests.

    So many that every search which has a place, running or waiting, holds one, and others are left
    for what is no search: /healthz never waits for searches, and one too many is told so at once.
    """
    return running.threads + running.waiting + RESERVED


class _Server(MPServer):
    """Granian's first process; what it is told while it replaces workers it does at once, too."""

    def _respawn_workers(
        self, workers: list[int], spawn_target: Any, target_loader: Any, delay: float = 0
    ) -> None:
        """Starts a new worker for each of these, and ends the old one when the new one answers."""
        for place in workers:
            if self.interrupt_signal:
                break
            old = self.wrks[place]
            self.respawned_wrks[place] = time.monotonic()
            self.wrks[place] = new = self._spawn_worker(place, spawn_target, target_loader)
            # A worker that has not come to its own handlers yet would hear its end with ours.
            signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
            try:
                new.start()  # type: ignore[no-untyped-call]
            finally:
                signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
            until = time.monotonic() + delay
            while time.monotonic() < until and not self.interrupt_signal:
                time.sleep(_LOOK_SECONDS)
            _end([*self.wrks, old] if self.interrupt_signal else [old])
        if self.interrupt_signal or self.reload_signal:
            # Granian forgets that it was told so just before it began.
            self.main_loop_interrupt.set()

    def _stop_workers(self) -> None:
        _end(self.wrks)
        self.wrks.clear()


def _end(workers: list[Any]) -> None:
    """Ends workers; by force those that do not end in time.

    Another thread, Granian's, waits for each worker's end too. Whoever of both learns of it second
    is told nothing, so it is looked at until both know: one look alone takes ended ones for alive.
    """
    for worker in workers:
        worker.terminate()
    until = time.monotonic() + _STOP_SECONDS
    for worker in workers:
        while worker.is_alive() and time.monotonic() < until:
            time.sleep(_LOOK_SECONDS)
        if worker.is_alive():
            log.warning("一个检索进程没有按时结束，强行结束")
            worker.kill()
            worker.join()


class _Application:
    """Makes the application, in each worker.

    Args:
        config: what it serves.
        again: gives what it serves after a reload.
    """

    def __init__(self, config: ServiceConfig, again: Callable[[], ServiceConfig]) -> None:
        self.config = config
        self.opening_seconds = _SPAWN_SECONDS
        self._again = again

    def warm(self) -> None:
        """Opens the index once, in the first process.

        What cannot be served is said here, not by every worker; and what any index needs, as the
        dictionaries, is loaded before the workers start, so that they share its memory.
        """
        began = time.monotonic()
        open_current(self.config.index, self.config.audience, self.config.engine_of).close()
        self.opening_seconds = _SPAWN_SECONDS + 2 * (time.monotonic() - began)
        gc.collect()
        gc.freeze()

    def reload(self) -> None:
        """Takes over what is to be served now; where that is unusable, nothing changes."""
        before = self.config
        try:
            self.config = self._again()
            self.warm()
        except _UNUSABLE as error:
            self.config = before
            log.error("新的设置不能用，继续用原来的：%s", _why(error))
            return
        log.info("换上新的设置；检索进程一个一个换新。%s", described(self.config))

    def __call__(self) -> Flask:
        """The application of a worker; its service ends with the process."""
        # Until it answers, it ends at once when it is told to; then the server sees to that.
        for sign in _STOPS:
            signal.signal(sign, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
        # A terminal's Ctrl+C is for the first process, which lets the workers answer.
        os.setpgid(0, 0)
        Finalize(None, _write_logs, exitpriority=0)
        sys.setswitchinterval(SWITCH_SECONDS)
        try:
            app = create_app(self.config)
            service: Service = app.extensions[EXTENSION]
            service.live.aside = True
            _end_in_time(service)
            threading.Thread(target=_end_with_parent, daemon=True).start()
        except _UNUSABLE as error:
            log.error("检索进程起不来：%s", _why(error))
            raise SystemExit(1) from None
        return app


def _why(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "内存不够；给服务多一些内存，或者减少 --workers"
    return reason(error) if isinstance(error, OSError) else str(error)


def _in_our_words(record: logging.LogRecord) -> bool:
    """Lets only those of Granian's messages pass that say something to whoever runs a service."""
    found = [ours for theirs, ours in _WORDS.items() if str(record.msg).startswith(theirs)]
    if found:
        record.name, record.msg, record.args = __name__, found[0], ()
    return bool(found) or record.levelno >= logging.ERROR


def _end_with_parent() -> None:
    """Ends a worker whose first process was killed: nobody could stop it any more."""
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


def _end_in_time(service: Service) -> None:
    """Has a service closed when its worker ends, and ends a worker that waits for too long.

    Whoever has sent half a request and no more would hold it until it is ended by force.
    """
    Finalize(None, service.close, exitpriority=1)
    woken, wakes = socket.socketpair()
    wakes.setblocking(False)
    # Whatever Granian does with it, each signal is written there, too.
    signal.set_wakeup_fd(wakes.fileno(), warn_on_full_buffer=False)

    def wait() -> None:
        with wakes, woken:
            while woken.recv(1)[0] not in (signal.SIGTERM, signal.SIGINT):
                pass
            time.sleep(_ANSWER_SECONDS)
            service.close()
            _write_logs()
            os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


def _write_logs() -> None:
    """Writes the lines that wait. Granian has emptied the list that ``logging.shutdown`` reads."""
    for handler in logging.getLogger().handlers:
        handler.flush()


def _checked(config: ServiceConfig, host: str) -> ServiceConfig:
    check_listening(config, host)
    return config
