"""A cluster of OpenSearch: how it is reached, what may go wrong with it, and how long it may take.

Nothing that a user typed, no answer and no secret gets into an error or a log: errors name what was
asked for, the kind of failure and its status.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from opensearchpy import OpenSearch
from opensearchpy.exceptions import ConnectionTimeout, OpenSearchException, TransportError
from opensearchpy.helpers import bulk

from casebook.errors import SearchError
from casebook.service_settings import OpenSearchSettings
from search.engines.fallback import RemoteFailed, RemoteRefused

T = TypeVar("T")
# The client says what was asked, at failures with a trace; here only who asks says anything.
for name in ("opensearch", "opensearchpy.trace"):
    logging.getLogger(name).setLevel(logging.CRITICAL)

_THREADS = 16
# Tries beyond the first, each at the next node.
_RETRIES = 2
_RETRY_STATUS = (429, 502, 503, 504)
# Seconds for which a node that failed is passed over.
_DEAD_SECONDS = 5
# Building takes its time: a merge of millions of entries is one request.
_BUILD_SECONDS = 3600
_WRITE_SECONDS = 60
_BULK = 1000
_BULK_BYTES = 8 * 1024 * 1024
_BULK_RETRIES = 8
_REMOVED_AT_ONCE = 10_000
_NOT_FOUND = 404
_BAD_REQUEST = 400

log = logging.getLogger(__name__)


def connect(settings: OpenSearchSettings, seconds: float, *, again: bool) -> OpenSearch:
    """A client of the cluster; asks nothing yet.

    Args:
        settings: how to reach it.
        seconds: how long a node may take to answer.
        again: whether the next node is asked what one did not answer in time.

    Raises:
        SearchError: a secret or a certificate that the settings name is not there.
    """
    secure: dict[str, Any] = {"ca_certs": settings.ca_file} if settings.ca_file else {}
    try:
        if settings.ca_file:
            Path(settings.ca_file).open("rb").close()
        return OpenSearch(
            list(settings.hosts),
            http_auth=_login(settings),
            timeout=seconds,
            max_retries=_RETRIES,
            retry_on_timeout=again,
            retry_on_status=_RETRY_STATUS,
            dead_timeout=_DEAD_SECONDS,
            pool_maxsize=_THREADS,
            **secure,
        )
    except (OpenSearchException, OSError, ValueError) as error:
        raise SearchError(
            f"OpenSearch 的客户端建不起来（{type(error).__name__}）；"
            "检查 casebook.toml 里 [opensearch] 的 hosts 和 ca_file。"
        ) from None


def _login(settings: OpenSearchSettings) -> tuple[str, str] | None:
    if not settings.user_env:
        return None
    missing = [
        name for name in (settings.user_env, settings.password_env) if not os.environ.get(name)
    ]
    if missing:
        raise SearchError(
            f"没有设置环境变量 {missing[0] or '（[opensearch] password_env 没有写名字）'}，"
            "它该放 OpenSearch 的登录信息。"
        )
    return os.environ[settings.user_env], os.environ[settings.password_env]


def index_names(settings: OpenSearchSettings, audience: str, generation: str) -> tuple[str, str]:
    """The name of a generation's index, and of the alias for its audience's newest.

    Without an audience there is no alias.
    """
    alias = f"{settings.prefix}-{audience}".lower() if audience else ""
    return f"{alias or settings.prefix}-{generation or uuid4().hex}".lower(), alias


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Errors of the client, and answers that make no sense, become ours.

    Args:
        what: what is being done, in Chinese.

    Raises:
        RemoteRefused: the cluster cannot do this, whoever is asked.
        RemoteFailed: anything else.
    """
    try:
        yield
    except TransportError as error:
        kind = RemoteRefused if error.status_code == _BAD_REQUEST else RemoteFailed
        raise kind(f"OpenSearch {what}：{_kind(error)}") from None
    except (
        OpenSearchException,
        OSError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        RuntimeError,
        Warning,
    ) as error:
        raise RemoteFailed(f"OpenSearch {what}：{type(error).__name__}") from None


def _kind(error: TransportError) -> str:
    if isinstance(error, ConnectionTimeout):
        return "没有及时回答"
    status = error.status_code
    if not isinstance(status, int):
        return f"连不上（{type(error).__name__}）"
    named = isinstance(error.error, str) and re.fullmatch(r"[a-z_]{1,80}", error.error)
    return f"状态码 {status}" + (f"（{error.error}）" if named else "")


class Asking:
    """Asks a cluster, and comes back in time whatever it does.

    A request of the client has a time limit for each try and each part of an answer, and looking up
    a name has none at all. So each runs in a thread, and whoever asks stops waiting.

    Args:
        settings: how to reach it.
    """

    def __init__(self, settings: OpenSearchSettings) -> None:
        self.seconds = settings.timeout_ms / 1000
        self._client = connect(settings, self.seconds, again=True)
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="opensearch")

    def ask(self, what: str, work: Callable[[OpenSearch], T], seconds: float) -> T:
        """Does something with the client.

        Args:
            what: what it is, in Chinese.
            work: does it.
            seconds: how long it may take, with all its tries.

        Raises:
            RemoteFailed: it cannot be done, or not in time.
            RemoteRefused: it cannot be done, whoever is asked; or there was less time than a node
                may take.
        """
        with translated(what):
            future: Future[T] = self._pool.submit(work, self._client)
            try:
                return future.result(max(0.0, seconds))
            except TimeoutError:
                future.cancel()
        kind = RemoteFailed if seconds >= self.seconds else RemoteRefused
        raise kind(f"OpenSearch {what}：{seconds * 1000:.0f} 毫秒里没有回答")

    def close(self) -> None:
        """Lets go of connections and threads; does not wait for them."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._client.close()


class Writing:
    """Makes, changes and removes indexes. Use it as a context manager.

    Args:
        settings: how to reach the cluster.
    """

    def __init__(self, settings: OpenSearchSettings) -> None:
        self._settings = settings
        # What is done twice because it took long may be done wrong.
        self._client = connect(settings, _WRITE_SECONDS, again=False)

    def __enter__(self) -> Writing:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def create(self, index: str, body: Mapping[str, Any]) -> None:
        """Makes an empty index, without copies until it is finished."""
        shards = {"number_of_shards": self._settings.shards}
        settings = {**body["settings"], **shards, "number_of_replicas": 0, "refresh_interval": -1}
        with translated("建不了索引"):
            self._client.indices.create(index=index, body={**body, "settings": settings})

    def clone(self, old: str, index: str) -> None:
        """Makes an index of the files of another, which it shares until they change."""
        settings = {
            "index.blocks.write": None,
            "number_of_replicas": 0,
            "refresh_interval": -1,
        }
        with translated("接不上旧索引"):
            self._client.indices.clone(
                index=old,
                target=index,
                body={"settings": settings},
            )

    def delete_documents(self, index: str, documents: Iterable[int]) -> None:
        """Deletes the entries of some documents."""
        numbers = iter(documents)
        while some := list(islice(numbers, _REMOVED_AT_ONCE)):
            with translated("删不掉旧条目"):
                done = self._client.delete_by_query(
                    index=index,
                    body={"query": {"terms": {"document": some}}},
                    params={"refresh": "true"},
                    request_timeout=_BUILD_SECONDS,
                )
                if done["failures"] or done["timed_out"]:
                    raise RemoteFailed("OpenSearch 删不掉旧条目")

    def add(self, index: str, rows: Iterable[tuple[int, Mapping[str, Any]]]) -> None:
        """Adds entries, each under its number; repeating it changes nothing."""
        actions = ({"_id": str(number), "_source": row} for number, row in rows)
        with translated("写不进索引"):
            bulk(
                self._client,
                actions,
                index=index,
                chunk_size=_BULK,
                max_chunk_bytes=_BULK_BYTES,
                max_retries=_BULK_RETRIES,
                initial_backoff=0.5,
                request_timeout=_BUILD_SECONDS,
            )

    def finish(self, index: str, *, merge: bool) -> int:
        """Makes an index ready to be asked, and never to be written to again.

        Args:
            index: its name.
            merge: whether it becomes one segment a shard.

        Returns:
            How many entries it holds.
        """
        with translated("收不了尾"):
            indices = self._client.indices
            if merge:
                indices.forcemerge(
                    index=index, params={"max_num_segments": 1}, request_timeout=_BUILD_SECONDS
                )
            indices.flush(index=index, request_timeout=_BUILD_SECONDS)
            indices.refresh(index=index, request_timeout=_BUILD_SECONDS)
            # Copies come last: they are files of the first, so that all score alike.
            settings = {
                "blocks.write": True,
                "number_of_replicas": self._settings.replicas,
                "refresh_interval": None,
            }
            indices.put_settings(index=index, body={"index": settings})
            self._wait_for_copies(index)
            return count(self._client, index)

    def _wait_for_copies(self, index: str) -> None:
        """Waits until every copy is there, if there are nodes for them."""
        health = self._client.cluster.health()
        wanted = self._settings.replicas
        if health["number_of_data_nodes"] > wanted:
            health = self._client.cluster.health(
                index=index,
                params={"wait_for_status": "green", "timeout": f"{_WRITE_SECONDS}s"},
                ignore=(408,),
                request_timeout=_WRITE_SECONDS + 5,
            )
            if not health["timed_out"]:
                return
        log.warning("OpenSearch 索引 %s 的 %s 份副本没有放齐；节点坏了会用备用索引", index, wanted)

    def uuid(self, index: str) -> str:
        """The mark that the cluster gave an index; no other ever has it."""
        with translated("读不了索引"):
            return uuid_of(self._client, index)

    def point(self, alias: str, index: str) -> None:
        """Makes an alias name this index and no other, in one step."""
        with translated("别名换不了"):
            held = self._named(alias)
            actions = [{"remove": {"index": old, "alias": alias}} for old in held if old != index]
            actions.append({"add": {"index": index, "alias": alias}})
            self._client.indices.update_aliases(body={"actions": actions})

    def remove(self, index: str, alias: str) -> None:
        """Removes an index; one that is gone already, or is named otherwise than ours, is no fault.

        Raises:
            RemoteFailed: the alias names it, or it cannot be removed.
        """
        if not index.startswith(f"{self._settings.prefix}-".lower()):
            return
        with translated("删不掉索引"):
            if alias and index in self._named(alias):
                raise RemoteFailed(f"别名 {alias} 还指着 OpenSearch 索引 {index}，没有删")
            self._client.indices.delete(index=index, ignore=(_NOT_FOUND,))

    def _named(self, alias: str) -> list[str]:
        found = self._client.indices.get_alias(name=alias, ignore=(_NOT_FOUND,))
        return [] if "error" in found else list(found)


def uuid_of(client: OpenSearch, index: str) -> str:
    """The mark that the cluster gave an index."""
    return str(client.indices.get_settings(index=index)[index]["settings"]["index"]["uuid"])


def count(client: OpenSearch, index: str) -> int:
    """How many entries an index holds, on all its shards."""
    found = client.count(index=index)
    if found["_shards"]["failed"]:
        raise RemoteFailed("OpenSearch 有分片没有回答")
    return int(found["count"])
