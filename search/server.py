"""Serves an application until it is stopped."""

from __future__ import annotations

import logging
import socket

from search.app import create_app
from search.generations import open_current
from search.service import EXTENSION, ServiceConfig
from search.workers import run_workers

# What is longer is refused before it is read, by the server and in its words.
MAX_READ = 16 * 1024 * 1024


def serve(config: ServiceConfig, host: str, port: int, workers: int = 1, threads: int = 8) -> None:
    """Serves until it is stopped.

    Args:
        config: what to serve.
        host: the address to listen on.
        port: the port to listen on.
        workers: how many processes answer.
        threads: how many requests each of them handles at once.

    Raises:
        IndexMissing: no index has been published.
        OSError: the address cannot be listened on.
    """
    from waitress.server import create_server  # noqa: PLC0415  (only a running service needs it)

    # It says at every request that has to wait how many do.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)

    def work(listener: socket.socket) -> None:
        app = create_app(config)
        server = create_server(
            app,
            sockets=[listener],
            threads=threads,
            ident=None,
            max_request_body_size=MAX_READ,
        )
        try:
            server.run()
        finally:
            server.close()
            app.extensions[EXTENSION].close()

    if workers > 1:
        # What cannot be served is said here, not by every worker.
        open_current(config.index, config.audience).close()
    with socket.create_server((host, port), backlog=1024) as listener:
        run_workers(workers, listener, work)
