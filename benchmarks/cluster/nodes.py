"""Nodes of OpenSearch on this machine: each a process of its own, which may be killed.

Maven fetches what a node is made of, once, and checks it. Nodes listen on 127.0.0.1 only. A node
ends when the process that started it does, whatever way that ends: it reads from a pipe until the
other end closes.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.libraries import CHECKOUT
from casebook.errors import CasebookError
from casebook.files import alone
from casebook.service_settings import OpenSearchSettings

_HERE = Path(__file__).parent
_FOLDER = CHECKOUT / "build" / "opensearch"
# Java before this one cannot run it.
_OLDEST_JAVA = 17
_FETCH_SECONDS = 600
_START_SECONDS = 120.0
_TRIES = 3
# For many short runs: what a compiler would take longest for is not compiled.
QUICK_START = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")


class NoCluster(CasebookError):
    """Nodes cannot be started here; says why."""


def prepare() -> Path:
    """The folder of what a node is made of, fetched when it is not there.

    Raises:
        NoCluster: there is no Java or no Maven, or nothing could be fetched.
    """
    for program in ("java", "javac", "mvn"):
        if shutil.which(program) is None:
            raise NoCluster(f"there is no {program}; a node needs Java {_OLDEST_JAVA} and Maven")
    wanted = (_HERE / "pom.xml").read_bytes() + (_HERE / "Node.java").read_bytes()
    _FOLDER.mkdir(parents=True, exist_ok=True)
    mark = _FOLDER / "made-of"
    with alone(_FOLDER / "lock", NoCluster("somebody else has been fetching"), _FETCH_SECONDS):
        if not mark.is_file() or mark.read_bytes() != wanted:
            _fetch()
            mark.write_bytes(wanted)
    return _FOLDER


def _fetch() -> None:
    library = _FOLDER / "lib"
    shutil.rmtree(library, ignore_errors=True)
    pom = str(_HERE / "pom.xml")
    goal = "dependency:copy-dependencies"
    _run("mvn", "-B", "-q", "-f", pom, goal, f"-DoutputDirectory={library}")
    _run("javac", "-cp", f"{library}/*", "-d", str(library), str(_HERE / "Node.java"))


def _run(*command: str) -> None:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_FETCH_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise NoCluster(f"{command[0]} was not done within {_FETCH_SECONDS} s") from None
    if done.returncode:
        raise NoCluster(f"{command[0]} ended with {done.returncode}: {done.stdout[-500:]}")


class Nodes:
    """A cluster. Use it as a context manager.

    Args:
        folder: where the nodes keep their data.
        number: how many nodes.
        heap: what each may have, as Java has it.
        options: of Java.
    """

    def __init__(
        self,
        folder: Path,
        number: int = 3,
        heap: str = "512m",
        options: Sequence[str] = QUICK_START,
    ) -> None:
        self._library = prepare() / "lib"
        self._folder = folder
        self._java = ("java", f"-Xmx{heap}", *options, "-cp", f"{self._library}:{self._library}/*")
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        for left in reversed(range(_TRIES)):
            ports = _free_ports(2 * number)
            self._http, self._transport = ports[:number], ports[number:]
            try:
                for node in range(number):
                    self.start(node)
                self.wait(number)
            except NoCluster:
                # Somebody may have taken a port meanwhile.
                self.close()
                if not left:
                    raise
            else:
                return

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def hosts(self) -> tuple[str, ...]:
        """The address of each node."""
        return tuple(f"http://127.0.0.1:{port}" for port in self._http)

    def settings(self, **values: Any) -> OpenSearchSettings:
        """Settings that name the nodes, with some others."""
        return OpenSearchSettings.model_validate({"hosts": self.hosts, **values})

    def start(self, node: int) -> None:
        """Starts a node; it need not be new."""
        home = self._folder / f"node-{node}"
        home.mkdir(parents=True, exist_ok=True)
        names = ",".join(f"node-{one}" for one in range(len(self._http)))
        seeds = ",".join(f"127.0.0.1:{port}" for port in self._transport)
        settings = (
            f"path.home={home}",
            "cluster.name=casebook",
            f"node.name=node-{node}",
            "network.host=127.0.0.1",
            f"http.port={self._http[node]}",
            f"transport.port={self._transport[node]}",
            f"discovery.seed_hosts={seeds}",
            f"cluster.initial_cluster_manager_nodes={names}",
            "cluster.max_shards_per_node=5000",
            # A disk that others have filled is not what is looked at here.
            "cluster.routing.allocation.disk.threshold_enabled=false",
        )
        with (home / "output.log").open("ab") as output:
            self._processes[node] = subprocess.Popen(
                [*self._java, "Node", *settings],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
            )

    def running(self) -> tuple[int, ...]:
        """The nodes that were started and not killed."""
        return tuple(sorted(self._processes))

    def kill(self, *nodes: int) -> None:
        """Ends nodes as a machine ends that loses its power."""
        for node in nodes:
            self._end(self._processes.pop(node))

    def pause(self, node: int) -> None:
        """Makes a node hang: it keeps its connections and says nothing."""
        self._processes[node].send_signal(signal.SIGSTOP)

    def resume(self, node: int) -> None:
        """Lets a node go on that hung."""
        self._processes[node].send_signal(signal.SIGCONT)

    def manager(self) -> int:
        """The node that manages the cluster."""
        (row,) = self.ask("/_cat/cluster_manager?format=json")
        return int(row["node"].removeprefix("node-"))

    def wait(self, nodes: int, status: str = "") -> None:
        """Waits until so many nodes are one cluster, and its indexes have a status.

        Raises:
            NoCluster: they do not come together, or one has ended.
        """
        until = time.monotonic() + _START_SECONDS
        wanted = f"&wait_for_status={status}" if status else ""
        while time.monotonic() < until:
            if ended := [n for n, one in self._processes.items() if one.poll() is not None]:
                raise NoCluster(f"node {ended[0]} has ended: {self._said(ended[0])}")
            with suppress(OSError):
                health = self.ask(f"/_cluster/health?timeout=2s&wait_for_nodes={nodes}{wanted}")
                if not health["timed_out"]:
                    return
            time.sleep(0.1)
        raise NoCluster(f"{nodes} nodes are not one cluster after {_START_SECONDS:g} s")

    def ask(self, path: str, method: str = "GET", body: Any = None) -> Any:
        """What the first node that runs says to a request.

        Raises:
            OSError: it says nothing, or that it cannot.
        """
        port = self._http[min(self._processes)]
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}{path}",
            None if body is None else json.dumps(body).encode(),
            {"Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  (our own address)
            return json.load(answer)

    def processor_seconds(self) -> float:
        """What the nodes that run have had of the processors."""
        ticks = 0
        for process in self._processes.values():
            stat = Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8")
            user, system = stat.rpartition(")")[2].split()[11:13]
            ticks += int(user) + int(system)
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory(self) -> list[int]:
        """The bytes of each node that are in memory."""
        pages = os.sysconf("SC_PAGE_SIZE")
        files = [Path(f"/proc/{one.pid}/statm") for one in self._processes.values()]
        return [int(file.read_text(encoding="utf-8").split()[1]) * pages for file in files]

    def close(self) -> None:
        """Ends all nodes."""
        for process in self._processes.values():
            process.kill()
        for process in self._processes.values():
            self._end(process)
        self._processes.clear()

    @staticmethod
    def _end(process: subprocess.Popen[bytes]) -> None:
        process.kill()
        process.wait()
        if process.stdin:
            process.stdin.close()

    def _said(self, node: int) -> str:
        file = self._folder / f"node-{node}" / "output.log"
        return file.read_text(encoding="utf-8", errors="replace")[-1000:]


def _free_ports(number: int) -> list[int]:
    probes = [socket.socket() for _ in range(number)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()
