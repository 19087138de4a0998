"""Several processes that answer on one port: Python runs on one core in each.

The first process listens and starts the others; each serves from its own reader of the published
index. A worker that ends is started again; all of them end with the first.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

# A worker that ends sooner than this has not worked at all: it is not started at once again.
_SHORT_LIFE = 2.0

log = logging.getLogger(__name__)


def run_workers(count: int, listener: socket.socket, work: Callable[[socket.socket], None]) -> None:
    """Runs workers until this process is told to stop.

    Args:
        count: how many, 1 or more; one works in this process.
        listener: a listening socket, which all of them share.
        work: serves from the socket until it is stopped.
    """
    if count == 1:
        work(listener)
        return
    alive, held = os.pipe()
    started: dict[int, float] = {}

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
    try:
        while True:
            while len(started) < count:
                started[_start(listener, work, alive, held)] = time.monotonic()
            ended, status = os.wait()
            life = time.monotonic() - started.pop(ended)
            log.error("检索进程 %s 结束了（状态 %s），重新启动", ended, status)
            time.sleep(max(0.0, _SHORT_LIFE - life))
    finally:
        for worker in started:
            os.kill(worker, signal.SIGTERM)
        os.close(held)


def _start(
    listener: socket.socket, work: Callable[[socket.socket], None], alive: int, held: int
) -> int:
    """Starts a worker; it ends when the process that holds the pipe does."""
    worker = os.fork()
    if worker:
        return worker
    os.close(held)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, args=(alive,), daemon=True).start()
    status = 1
    try:
        work(listener)
        status = 0
    except KeyboardInterrupt:
        status = 0
    except Exception:
        log.exception("检索进程出错")
    finally:
        sys.stderr.flush()
        os._exit(status)
    return worker


def _end_with_parent(alive: int) -> None:
    os.read(alive, 1)
    os._exit(0)
