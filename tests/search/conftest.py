"""What the tests of the service share: published generations, searchers, small views."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from benchmarks.cluster.nodes import NoCluster, Nodes
from casebook.library import Library, View
from casebook.settings import Ranking, Term
from search import building, generations
from search.analysis import Analyzer
from search.engines import get_engine
from search.generations import Generation, open_current, publish
from search.searcher import Searcher

ON = date(2026, 11, 22)
IndexRoot = Callable[[str, str], Path]
OpenGeneration = Callable[..., Generation]
NewSearcher = Callable[..., Searcher]


@pytest.fixture(scope="session", autouse=True)
def known_analyzers() -> Iterator[None]:
    """One analyzer for the same words and ranking: making it takes longer than most tests do."""
    known: dict[str, Analyzer] = {}

    def analyzer(terms: Iterable[Term], ranking: Ranking, latin: Iterable[str] = ()) -> Analyzer:
        given = list(terms), ranking, sorted(latin)
        if repr(given) not in known:
            known[repr(given)] = Analyzer(*given)
        return known[repr(given)]

    with pytest.MonkeyPatch.context() as patch:
        for module in (building, generations):
            patch.setattr(module, "Analyzer", analyzer)
        yield


@pytest.fixture(scope="session")
def index_root(tmp_path_factory: pytest.TempPathFactory, library: Library) -> IndexRoot:
    """The folder of an audience's published sample index; each is built once a session."""
    roots: dict[tuple[str, str], Path] = {}

    def root_of(audience: str, engine: str = "memory") -> Path:
        if (audience, engine) not in roots:
            root = tmp_path_factory.mktemp(f"{audience}-{engine}")
            publish(library.view(audience, ON), root, get_engine(engine), "sample")
            roots[audience, engine] = root
        return roots[audience, engine]

    return root_of


@pytest.fixture(scope="session")
def sample(index_root: IndexRoot) -> Iterator[OpenGeneration]:
    """The open sample generation of an audience; each is opened once a session."""
    opened: dict[tuple[str, str], Generation] = {}

    def generation_of(audience: str, engine: str = "memory") -> Generation:
        if (audience, engine) not in opened:
            opened[audience, engine] = stack.enter_context(
                closing(open_current(index_root(audience, engine), audience))
            )
        return opened[audience, engine]

    with ExitStack() as stack:
        yield generation_of


@pytest.fixture(scope="session")
def searcher(sample: OpenGeneration) -> NewSearcher:
    """A searcher on the sample library."""

    def new(audience: str = "dealer", engine: str = "memory", on: date = ON) -> Searcher:
        return Searcher(sample(audience, engine), on, internal=audience == "agent")

    return new


@pytest.fixture(scope="session")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    """Three nodes of OpenSearch; tests that want them are of the group ``opensearch``."""
    try:
        cluster = Nodes(tmp_path_factory.mktemp("nodes"))
    except NoCluster as error:
        pytest.skip(str(error))
    with cluster:
        yield cluster


@pytest.fixture(scope="session")
def few(dealer_view: View) -> View:
    """A dealers' view of four documents: built in a moment."""
    return replace(dealer_view, documents=dealer_view.documents[:4])


@pytest.fixture(scope="session")
def more(dealer_view: View) -> View:
    """Another dealers' view, of seven other documents."""
    return replace(dealer_view, documents=dealer_view.documents[4:11])
