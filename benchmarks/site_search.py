"""How good and how heavy a site's own search is, beside Pagefind's and the service's.

What is compared: the site's own index (casebook.static_search), Pagefind on pages as readers see
them, Pagefind on pages that hold the other wordings of each question as well (which no page of a
site does), and the search service. Relevance on the judged queries of the sample library and on
paraphrases from a data folder; bytes and requests of a first query, and the time to build the
index, for the sample library and for a large one. Prints Markdown tables to standard output.
"""

from __future__ import annotations

import gzip
import html
import shutil
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import click
from playwright.sync_api import Browser, sync_playwright

from benchmarks.asking import DEPTH, asking
from benchmarks.data import QUERIES, Asked, DataError, DataSet, read_questions, read_sets
from benchmarks.libraries import CHECKOUT, ON, WORK, load, published
from benchmarks.metrics import hit_rate, percentile, rank
from benchmarks.pages import table
from benchmarks.progress import say
from benchmarks.relevance import sampled
from benchmarks.static_index import Found, NodeMissing, found, write_files
from benchmarks.tasks import Task, data_task, sample_task
from casebook.documents import Faq
from casebook.errors import CasebookError
from casebook.library import Library, View
from casebook.static_search import FOLDER, search_files

SCRIPT = CHECKOUT / "site" / "theme" / "assets" / "static-search.js"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_HEADS = ("set", "kind", "n", "engine", "first", "among 3", "among 10", "nothing")
_COSTS = (
    "library",
    "engine",
    "files",
    "index MB",
    "build s",
    "first query kB",
    "requests",
    "p95 kB",
)
_COLD = 25
_PAGE = (
    '<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>{title}</title>'
    "<main data-pagefind-body><h1>{title}</h1>{body}</main></html>"
)
_ASK = """async ([queries, depth]) => {
  const pagefind = await import('/pagefind/pagefind.js');
  await pagefind.init();
  const all = [];
  for (const query of queries) {
    const { results } = await pagefind.search(query);
    const shown = await Promise.all(results.slice(0, depth).map((one) => one.data()));
    all.push(shown.map((one) => one.url));
  }
  return all;
}"""

Ids = list[str]


@dataclass
class Sent:
    """What a server sent, as one sends it that compresses what is not compressed already."""

    requests: int = 0
    bytes: int = 0
    sizes: dict[Path, int] = field(default_factory=dict)

    def note(self, file: Path) -> None:
        """Counts a file."""
        if file not in self.sizes:
            data = file.read_bytes()
            self.sizes[file] = min(len(data), len(gzip.compress(data, 6)))
        self.requests += 1
        self.bytes += self.sizes[file]


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, *arguments: object, sent: Sent, directory: str) -> None:
        self._sent = sent
        super().__init__(*arguments, directory=directory)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        file = Path(self.translate_path(self.path))
        if file.is_file():
            self._sent.note(file)
        super().do_GET()

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, Sent]]:
    """A folder on a local server: its address, and what was sent."""
    sent = Sent()
    handler = partial(_Handler, sent=sent, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", sent
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def browsing() -> Iterator[Browser]:
    """A browser without a window.

    Raises:
        DataError: there is none.
    """
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if not program:
        raise DataError(f"no browser: Pagefind runs in one; install one of {', '.join(BROWSERS)}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


def write_pages(view: View, folder: Path, *, similar: bool) -> None:
    """A page for each document, with what its page of the site says, as Pagefind reads it."""
    shutil.rmtree(folder, ignore_errors=True)
    for document in view.documents:
        parts = [f"<h2>{html.escape(s.heading)}</h2>{s.html}" for s in document.sections]
        parts.append("".join(f"<p>{html.escape(tag)}</p>" for tag in document.tags))
        if similar and isinstance(document, Faq):
            parts.insert(0, "".join(f"<h2>{html.escape(one)}</h2>" for one in document.similar))
        page = folder / document.kind.address(document.id) / "index.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        title = html.escape(document.title)
        page.write_text(_PAGE.format(title=title, body="".join(parts)), encoding="utf-8")


def index_pages(folder: Path) -> float:
    """Has Pagefind index a folder; seconds.

    Raises:
        DataError: Pagefind is not there or failed.
    """
    started = time.perf_counter()
    command = [sys.executable, "-m", "pagefind", "--site", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise DataError(
            f"Pagefind failed: {done.stderr.strip()[-400:]}; "
            "it is installed with: pip install 'pagefind[extended]==1.5.2'"
        )
    return time.perf_counter() - started


def ask_pagefind(browser: Browser, address: str, queries: Sequence[str]) -> list[Ids]:
    """What queries find, asked by one visitor."""
    page = browser.new_page()
    try:
        page.goto(address + "blank.html")
        urls: list[list[str]] = page.evaluate(_ASK, [list(queries), DEPTH])
    finally:
        page.close()
    return [[url.strip("/").split("/")[1] for url in found_urls] for found_urls in urls]


# ---- relevance ------------------------------------------------------------------------------

Engine = Callable[[View, Sequence[str]], list[Ids]]


def engines(task: Task, browser: Browser) -> Mapping[str, Engine]:
    """Each engine by its name: a view and queries → what they find."""
    work = WORK / "site-search" / task.name

    def own(view: View, queries: Sequence[str]) -> list[Ids]:
        folder = work / "own" / view.audience.id
        shutil.rmtree(folder, ignore_errors=True)
        write_files(search_files(view), folder)
        return [one.ids[:DEPTH] for one in found(folder / FOLDER, queries, ON, kept=True)]

    def pagefind(view: View, queries: Sequence[str], *, similar: bool) -> list[Ids]:
        folder = work / f"pagefind-{similar}" / view.audience.id
        write_pages(view, folder, similar=similar)
        index_pages(folder)
        (folder / "blank.html").write_text("<!doctype html><title>-</title>", encoding="utf-8")
        with served(folder) as (address, _):
            return ask_pagefind(browser, address, queries)

    def service(view: View, queries: Sequence[str]) -> list[Ids]:
        config = published(view, task.library.fingerprint, "tantivy", task.root)
        with asking(config) as asker:
            return [asker.ids(query)[0] for query in queries]

    return {
        "own index": own,
        "pagefind": partial(pagefind, similar=False),
        "pagefind, other wordings in the pages": partial(pagefind, similar=True),
        "service": service,
    }


def relevance(task: Task, browser: Browser, most: int) -> Iterator[tuple[str, ...]]:
    """Rows: how often the right document came first, among three, among ten; nothing found."""
    kinds: dict[str, list[Asked]] = defaultdict(list)
    for asked in task.queries:
        kinds[asked.kind].append(asked)
    chosen = {kind: sampled(of_a_kind, most) for kind, of_a_kind in kinds.items()}
    for name, engine in engines(task, browser).items():
        say(f"{task.name}: {name} ...")
        answers = _answers(task.library, engine, [one for rows in chosen.values() for one in rows])
        for kind, rows in sorted(chosen.items()):
            ids = [answers[one.audience, one.text] for one in rows]
            ranks = [rank(got, one.ids) for got, one in zip(ids, rows, strict=True)]
            shares = (hit_rate(ranks, 1), hit_rate(ranks, 3), hit_rate(ranks, DEPTH))
            nothing = sum(not got for got in ids) / len(ids)
            figures = (f"{share:.3f}" for share in (*shares, nothing))
            yield (task.name, "all" if kind == QUERIES else kind, str(len(rows)), name, *figures)


def _answers(
    library: Library, engine: Engine, asked: Iterable[Asked]
) -> dict[tuple[str, str], Ids]:
    queries: dict[str, dict[str, None]] = defaultdict(dict)
    for one in asked:
        queries[one.audience][one.text] = None
    answers = {}
    for audience, texts in queries.items():
        got = engine(library.view(audience or None, ON), list(texts))
        answers.update({(audience, text): ids for text, ids in zip(texts, got, strict=True)})
    return answers


def answers_given(task: Task, most: int) -> Iterator[tuple[str, ...]]:
    """Rows: how many questions get an answer from the own index; which are right."""
    for kind, all_ in (("answerable", task.answerable), ("unanswerable", task.unanswerable)):
        asked = sampled(all_, most)
        given: dict[tuple[str, str], Found] = {}
        for audience in {one.audience for one in asked}:
            folder = WORK / "site-search" / task.name / "own"
            view = task.library.view(audience or None, ON)
            texts = list(dict.fromkeys(one.text for one in asked if one.audience == audience))
            rows = found(folder / view.audience.id / FOLDER, texts, ON, kept=True)
            given.update({(audience, text): row for text, row in zip(texts, rows, strict=True)})
        got = [(given[one.audience, one.text].answer_id, one.ids) for one in asked]
        shown = sum(name is not None for name, _ in got)
        wrong = sum(name is not None and name not in ids for name, ids in got)
        if got:
            shares = (f"{shown / len(got):.4f}", f"{wrong / len(got):.4f}")
            yield (task.name, kind, str(len(got)), *shares)


# ---- cost -----------------------------------------------------------------------------------


def costs(
    name: str, view: View, queries: Sequence[str], browser: Browser
) -> Iterator[tuple[str, ...]]:
    """Rows: size of the index, time to build it, what a visitor's first query fetches."""
    work = WORK / "site-search" / "cost" / name
    shutil.rmtree(work, ignore_errors=True)
    started = time.process_time()
    files = list(search_files(view))
    took = time.process_time() - started
    write_files(files, work / "own")
    script = len(gzip.compress(SCRIPT.read_bytes(), 6))
    cold = found(work / "own" / FOLDER, queries, ON)
    fetched = [(script + one.bytes, 1 + one.requests) for one in cold]
    yield _cost(name, "own index", work / "own" / FOLDER, took, fetched)
    write_pages(view, work / "pages", similar=False)
    took = index_pages(work / "pages")
    blank = work / "pages" / "blank.html"
    blank.write_text("<!doctype html><title>-</title>", encoding="utf-8")
    fetched = []
    with served(work / "pages") as (address, sent):
        for query in queries:
            sent.bytes = sent.requests = 0
            context = browser.new_context()
            page = context.new_page()
            page.goto(address + "blank.html")
            page.evaluate(_ASK, [[query], DEPTH])
            context.close()
            fetched.append((sent.bytes - blank.stat().st_size, sent.requests - 1))
    yield _cost(name, "pagefind", work / "pages" / "pagefind", took, fetched)


def _cost(
    name: str, engine: str, folder: Path, took: float, fetched: Sequence[tuple[int, int]]
) -> tuple[str, ...]:
    files = [file for file in folder.rglob("*") if file.is_file()]
    sizes = sorted(size for size, _ in fetched)
    return (
        name,
        engine,
        str(len(files)),
        f"{sum(file.stat().st_size for file in files) / 1e6:.2f}",
        f"{took:.2f}",
        f"{sum(sizes) / len(sizes) / 1000:.1f}",
        f"{sum(requests for _, requests in fetched) / len(fetched):.1f}",
        f"{percentile(sizes, 95) / 1000:.1f}",
    )


@click.command()
@click.option("--data", type=click.Path(path_type=Path), help="Folder with faq-*.jsonl as well.")
@click.option("--large", type=click.Path(path_type=Path), help="A large library, for the cost.")
@click.option("--entries", default=2000, help="The most entries of a set, spread evenly.")
@click.option("--most", default=200, help="The most queries of a kind from the data folder.")
def main(data: Path | None, large: Path | None, entries: int, most: int) -> None:
    """Measures the site's own search beside Pagefind and the service."""
    try:
        given = _tasks(data, entries) if data else ()
        with browsing() as browser:
            _measure([(sample_task(), 10_000), *((task, most) for task in given)], large, browser)
    except (DataError, CasebookError, NodeMissing) as error:
        say(f"bench-site-search: {error}")
        sys.exit(2)


def _tasks(data: Path, entries: int) -> Iterator[Task]:
    questions = read_questions(data)
    for one in read_sets(data):
        yield data_task(fewer(one, entries), questions)


def fewer(data: DataSet, most: int) -> DataSet:
    """A set with at most so many entries, spread evenly, and the queries that these answer."""
    number = len(data.entries)
    if number <= most:
        return data
    entries = tuple(data.entries[place * number // most] for place in range(most))
    kept = {entry.id for entry in entries}
    queries = tuple(asked for asked in data.queries if asked.ids <= kept)
    return replace(data, name=f"{data.name}-{most}", entries=entries, queries=queries)


def _measure(measured: Sequence[tuple[Task, int]], large: Path | None, browser: Browser) -> None:
    sample = measured[0][0]
    for task, number in measured:
        click.echo(table(_HEADS, relevance(task, browser, number)) + "\n")
        heads = ("set", "questions", "n", "answered", "wrong")
        click.echo(table(heads, answers_given(task, number)) + "\n")
    queries = [one.text for one in sampled(sample.answerable, _COLD)]
    libraries = {"sample": sample.library, **({"large": load(large)} if large else {})}
    rows = [
        row
        for name, library in libraries.items()
        for row in costs(name, library.view("agent", ON), queries, browser)
    ]
    click.echo(table(_COSTS, rows))


if __name__ == "__main__":
    main()
