"""OpenSearch: a cluster, for when one machine is not enough. An embedded index stands in for it.

Each generation has an index of its own in the cluster, which is never written to once it is
published; readers ask it by its name, so that index and store are always of one generation. An
alias names the newest, for people. The generation's folder holds a descriptor of that index, and a
Tantivy index of the same entries for when the cluster does not answer.

Terms arrive cut and are stored as they are: fields are parted at white space and nowhere else, and
queries are built of single terms.
"""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

from opensearchpy import OpenSearch

from casebook.errors import SearchError
from casebook.files import sync
from casebook.service_settings import OpenSearchSettings
from search.analysis import FIELDS
from search.engines.base import K1, B, Engine, Entry, Hits, Index, Query
from search.engines.cluster import Asking, Writing, count, index_names, translated, uuid_of
from search.engines.fallback import GuardedIndex, Remote, RemoteFailed
from search.engines.tantivy import TantivyEngine
from search.passages import KEYWORDS

_DESCRIPTOR = "cluster.json"
_EMBEDDED = "embedded"
# Of the time that a query has left, the share that the cluster gets, with all its nodes.
_SHARE = 0.7
_OPENING_SECONDS = 1.0
_BATCH = 2000
# What begins so was made here: no term does.
_OURS = "\0"
_LONGEST = 200
_SPACE = re.compile(r"\s")
_BODY = {
    "settings": {
        "similarity": {"default": {"type": "BM25", "k1": K1, "b": B}},
        "max_terms_count": 1_000_000,
    },
    "mappings": {
        "dynamic": "strict",
        "_source": {"enabled": False},
        "properties": {
            "number": {"type": "long"},
            "document": {"type": "long"},
            **{
                name: {"type": "text", "analyzer": "whitespace", "index_options": "freqs"}
                for name in FIELDS
            },
            **{name: {"type": "keyword", "doc_values": False} for name in KEYWORDS},
        },
    },
}


@dataclass(frozen=True)
class Descriptor:
    """The index in the cluster that belongs to a folder.

    Attributes:
        index: its name.
        alias: the name of the newest of its audience; empty for an index that has none.
        uuid: the mark that the cluster gave it; empty as long as it is not finished.
        shards: how many primary shards it has.
        entries: how many entries it holds.
        highest: the highest number of an entry that it or an index before it held.
    """

    index: str
    alias: str
    uuid: str = ""
    shards: int = 1
    entries: int = 0
    highest: int = -1


class OpenSearchEngine(Engine):
    """Builds and opens indexes in a cluster.

    Args:
        settings: how to reach it.
        audience: whose generation is built; empty for what is no generation.
        generation: its name.
    """

    name = "opensearch"

    def __init__(
        self, settings: OpenSearchSettings, audience: str = "", generation: str = ""
    ) -> None:
        self._settings = settings
        self._audience = audience
        self._generation = generation
        self._embedded = TantivyEngine()

    def labelled(self, audience: str, generation: str) -> Engine:
        """The same engine, for a generation."""
        return OpenSearchEngine(self._settings, audience, generation)

    def build(self, folder: Path, entries: Iterable[Entry]) -> None:
        """Writes all entries to an index in the cluster, and to the substitute."""
        with self._new_index(folder) as (cluster, made):
            cluster.create(made.index, _BODY)
            feed = _Feed(cluster, made)
            self._embedded.build(_made(folder / _EMBEDDED), feed.passing(entries))
            self._finish(cluster, folder, feed.described, merge=True)

    def update(
        self, old: Path, folder: Path, removed: Iterable[int], entries: Iterable[Entry]
    ) -> None:
        """Takes over the files of the old index, in the cluster and of the substitute."""
        before, gone = _read(old), list(removed)
        with self._new_index(folder) as (cluster, made):
            cluster.clone(before.index, made.index)
            cluster.delete_documents(made.index, gone)
            feed = _Feed(cluster, replace(made, shards=before.shards, highest=before.highest))
            self._embedded.update(
                old / _EMBEDDED, _made(folder / _EMBEDDED), gone, feed.passing(entries)
            )
            self._finish(cluster, folder, feed.described, merge=False)

    def open(self, folder: Path) -> Index:
        """Opens the substitute, and the index in the cluster if that is to be had."""
        found = _read(folder)
        with ExitStack() as opened:
            substitute = opened.enter_context(self._embedded.open(folder / _EMBEDDED))
            if substitute.count() != found.entries:
                raise SearchError("备用索引的条数和登记的不符")
            index = GuardedIndex(_RemoteIndex(Asking(self._settings), found), substitute)
            opened.pop_all()
        return index

    def is_whole(self, folder: Path) -> bool:
        """Whether the cluster holds the index, with as many shards as are asked for now."""
        try:
            found = _read(folder)
            remote = _RemoteIndex(Asking(self._settings), found)
        except SearchError:
            return False
        try:
            remote.verify()
        except SearchError:
            return False
        finally:
            remote.close()
        return found.shards == self._settings.shards

    def published(self, folder: Path) -> None:
        """Moves the alias."""
        found = _read(folder)
        if found.alias:
            with Writing(self._settings) as cluster:
                cluster.point(found.alias, found.index)

    def remove(self, folder: Path) -> None:
        """Removes the index from the cluster."""
        try:
            found = _read(folder)
        except SearchError:
            # Nothing was begun in the cluster, or nothing says under which name.
            return
        with Writing(self._settings) as cluster:
            cluster.remove(found.index, found.alias)

    @contextmanager
    def _new_index(self, folder: Path) -> Iterator[tuple[Writing, Descriptor]]:
        """What writes to the cluster, and the new index; after an error there is none left."""
        index, alias = index_names(self._settings, self._audience, self._generation)
        made = Descriptor(index, alias, shards=self._settings.shards)
        # Before there is anything to remove, so that whoever finds this folder knows what to.
        _write(folder, made)
        with Writing(self._settings) as cluster:
            try:
                yield cluster, made
            except BaseException:
                with suppress(SearchError):
                    self.remove(folder)
                raise

    def _finish(self, cluster: Writing, folder: Path, made: Descriptor, *, merge: bool) -> None:
        entries = cluster.finish(made.index, merge=merge)
        with self._embedded.open(folder / _EMBEDDED) as substitute:
            if substitute.count() != entries:
                raise SearchError(
                    f"OpenSearch 索引里有 {entries} 条，备用索引里有 {substitute.count()} 条"
                )
        _write(folder, replace(made, uuid=cluster.uuid(made.index), entries=entries))
        sync(folder / _EMBEDDED)


class _Feed:
    """Sends entries to an index in the cluster while somebody else reads them, too.

    Attributes:
        described: the index, with what is known of it so far.
    """

    def __init__(self, cluster: Writing, made: Descriptor) -> None:
        self._cluster = cluster
        self.described = made

    def passing(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """The entries; when the last was taken, all have been sent."""
        highest = self.described.highest
        batch: list[tuple[int, dict[str, Any]]] = []
        with ThreadPoolExecutor(1) as pool:
            sending: Future[None] = pool.submit(lambda: None)
            for entry in entries:
                highest = max(highest, entry.number)
                batch.append((entry.number, _row(entry)))
                if len(batch) == _BATCH:
                    sending.result()
                    sending = pool.submit(self._cluster.add, self.described.index, batch)
                    batch = []
                yield entry
            sending.result()
            self._cluster.add(self.described.index, batch)
        self.described = replace(self.described, highest=highest)


class _RemoteIndex(Remote):
    """An index in the cluster."""

    def __init__(self, asking: Asking, found: Descriptor) -> None:
        self._asking = asking
        self._found = found

    def search(self, query: Query) -> Hits:
        asked = _body(query)
        if asked is None:
            return ()
        left = math.inf if query.deadline is None else query.deadline - time.monotonic()
        # Without a deadline it may take as long as every try may.
        seconds = min(left * _SHARE, self._asking.seconds * 3)

        def work(client: OpenSearch) -> Hits:
            answer = client.search(index=self._found.index, body=asked, params=self._parameters)
            with translated("的回答看不懂"):
                return _hits(answer, query.limit, self._found.highest)

        return self._asking.ask("检索", work, seconds)

    @property
    def _parameters(self) -> dict[str, str]:
        # Over several shards terms are counted first, so that scores are those of one index.
        several = self._found.shards > 1
        return {
            "search_type": "dfs_query_then_fetch" if several else "query_then_fetch",
            "allow_partial_search_results": "false",
            "filter_path": "timed_out,_shards.total,_shards.successful,hits.hits.sort",
        }

    def verify(self) -> None:
        def work(client: OpenSearch) -> tuple[str, int]:
            return uuid_of(client, self._found.index), count(client, self._found.index)

        seconds = max(_OPENING_SECONDS, self._asking.seconds)
        found = self._asking.ask("核对索引", work, seconds)
        if found != (self._found.uuid, self._found.entries):
            raise RemoteFailed(
                f"OpenSearch 索引 {self._found.index} 不是这一代的：应有 {self._found.entries} 条，"
                f"里面有 {found[1]} 条"
            )

    def close(self) -> None:
        self._asking.close()


def _row(entry: Entry) -> dict[str, Any]:
    # A field without terms counts for how rare a term is in it, as with other engines.
    terms = {name: " ".join(map(_token, entry.terms.get(name) or [""])) for name in FIELDS}
    keywords = {name: list(map(_token, values)) for name, values in entry.keywords.items()}
    return {"number": entry.number, "document": entry.document, **terms, **keywords}


@lru_cache(maxsize=200_000)
def _token(term: str) -> str:
    """A term as one token that stands for it alone: without white space, and not too long."""
    if term and len(term) <= _LONGEST and term[0] != _OURS and not _SPACE.search(term):
        return term
    return _OURS + (blake2b(term.encode("utf-8", "surrogatepass")).hexdigest() if term else "")


def _is_text(term: str) -> bool:
    """Whether it can be stored at all: half of a surrogate pair, which no entry holds, cannot."""
    return not any("\ud800" <= c <= "\udfff" for c in term)


def _body(query: Query) -> dict[str, Any] | None:
    """A query as the cluster understands it; None for one that nothing can match."""
    terms = [
        {"term": {term.field: {"value": _token(term.text), "boost": term.weight}}}
        for term in query.terms
        if term.text and _is_text(term.text)
    ]
    if not terms:
        return None
    conditions: list[dict[str, Any]] = [
        {"terms": {name: [_token(value) for value in values if _is_text(value)]}}
        for name, values in query.filters.items()
    ]
    if query.among is not None:
        conditions.append({"terms": {"number": list(query.among)}})
    return {
        "size": query.limit,
        "query": {"bool": {"should": terms, "minimum_should_match": 1, "filter": conditions}},
        "sort": [{"_score": "desc"}, {"number": "asc"}],
        "track_total_hits": False,
        "_source": False,
        "stored_fields": "_none_",
    }


def _hits(answer: Any, limit: int, highest: int) -> Hits:
    """The hits of an answer that is complete and makes sense.

    Raises:
        RemoteFailed: it is not, or does not.
    """
    shards = answer["_shards"]
    if answer["timed_out"] or not shards["total"] or shards["successful"] != shards["total"]:
        raise RemoteFailed("OpenSearch 检索：有分片没有回答")
    rows = answer["hits"]["hits"] if "hits" in answer else []
    hits = tuple((row["sort"][1], float(row["sort"][0])) for row in rows)
    right = all(
        type(number) is int and 0 <= number <= highest and math.isfinite(score)
        for number, score in hits
    )
    ordered = sorted(hits, key=lambda hit: (-hit[1], hit[0]))
    if not right or len({number for number, _ in hits}) != len(hits) or len(hits) > limit:
        raise RemoteFailed("OpenSearch 检索：回答里的条目不对")
    return tuple(ordered)


def _read(folder: Path) -> Descriptor:
    try:
        data = json.loads((folder / _DESCRIPTOR).read_text(encoding="utf-8"))
        found = Descriptor(**data)
    except (OSError, ValueError, TypeError) as error:
        raise SearchError(f"OpenSearch 索引的登记读不了：{type(error).__name__}") from None
    same = {name: type(value) for name, value in vars(found).items()} == {
        name: type(value) for name, value in vars(Descriptor("", "")).items()
    }
    if not same or not found.index:
        raise SearchError("OpenSearch 索引的登记内容不对")
    return found


def _write(folder: Path, made: Descriptor) -> None:
    fresh = folder / f".{_DESCRIPTOR}"
    fresh.write_text(json.dumps(vars(made), indent=1), encoding="utf-8")
    sync(fresh)
    fresh.replace(folder / _DESCRIPTOR)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
