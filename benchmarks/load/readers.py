"""Reads without a pause, in a process of its own, while generations are published.

Each published view marks the title of every document. An answer with two marks is mixed of two
generations; one with none is empty. Runs until its standard input is closed, then writes what it
counted.
"""

from __future__ import annotations

import http.client
import json
import sys
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

MARKS = ("〔甲〕", "〔乙〕")
_PATIENCE = 10.0


@dataclass(frozen=True)
class Reading:
    """What is read.

    Attributes:
        port: of the service, on this machine.
        paths: what is asked, in turn.
        readers: how many ask at once.
        pause: seconds that each waits after an answer.
    """

    port: int
    paths: Sequence[str]
    readers: int
    pause: float = 0.0


@dataclass
class Read:
    """What was read.

    Attributes:
        reads: how many answers came.
        failed: how many were no answer, by what they were.
        empty: how many held no document.
        mixed: how many held documents of two generations.
        changes: how often a reader saw another generation than before.
    """

    reads: int = 0
    failed: dict[str, int] = field(default_factory=dict)
    empty: int = 0
    mixed: int = 0
    changes: int = 0


class Reader:
    """One who reads."""

    def __init__(self, reading: Reading, first: int, stop: threading.Event) -> None:
        self._reading = reading
        self._first = first
        self._stop = stop
        self._connection = http.client.HTTPConnection("127.0.0.1", reading.port, timeout=_PATIENCE)
        self._seen = ""
        self.read = Read()

    def run(self) -> None:
        """Reads until it is told to stop."""
        paths = self._reading.paths
        place = self._first
        while not self._stop.is_set():
            self._look(paths[place % len(paths)])
            place += 1
            self._stop.wait(self._reading.pause)
        self._connection.close()

    def _look(self, path: str) -> None:
        try:
            status, text = self._get(path)
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            self._fail(type(error).__name__)
            return
        self.read.reads += 1
        marks = {mark for mark in MARKS if mark in text}
        if status != http.HTTPStatus.OK:
            self._fail(str(status))
        elif not marks:
            self.read.empty += 1
        elif len(marks) > 1:
            self.read.mixed += 1
        else:
            (seen,) = marks
            self.read.changes += seen != self._seen
            self._seen = seen

    def _fail(self, how: str) -> None:
        self.read.failed[how] = self.read.failed.get(how, 0) + 1

    def _get(self, path: str) -> tuple[int, str]:
        """Asks; once more where the server had closed the connection, as browsers do."""
        kept = self._connection.sock is not None
        try:
            return self._ask(path)
        except (http.client.RemoteDisconnected, ConnectionError):
            self._connection.close()
            if not kept:
                raise
            return self._ask(path)

    def _ask(self, path: str) -> tuple[int, str]:
        self._connection.request("GET", path)
        answer = self._connection.getresponse()
        text = answer.read().decode()
        # Within JSON that escapes nothing and HTML alike, the mark stands as it is.
        return answer.status, text


def read(reading: Reading) -> Read:
    """Reads with all readers until standard input is closed."""
    stop = threading.Event()
    readers = [Reader(reading, place, stop) for place in range(reading.readers)]
    threads = [threading.Thread(target=one.run) for one in readers]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    stop.set()
    for thread in threads:
        thread.join()
    total = Read()
    for one in readers:
        total.reads += one.read.reads
        for how, times in one.read.failed.items():
            total.failed[how] = total.failed.get(how, 0) + times
        total.empty += one.read.empty
        total.mixed += one.read.mixed
        total.changes += one.read.changes
    return total


def main() -> None:
    """Reads what to read from the first line of standard input."""
    reading = Reading(**json.loads(sys.stdin.readline()))
    json.dump(asdict(read(reading)), sys.stdout)


if __name__ == "__main__":
    main()
