"""How long ``casebook check`` takes on a large library, beside merely rendering its files.

The library is the sample library over and over, each copy with words of its own in its questions,
so that documents differ as those of a real library do. Every figure is that of a fresh process:
the first check, the check of the same files again, a check after one file has changed. The peer
renders every file with Python-Markdown in one process, as any site generator must.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from benchmarks.libraries import CHECKOUT, write_if_changed
from benchmarks.progress import say
from casebook.documents import Kind
from casebook.settings import GLOSSARY_FILE, SETTINGS_FILE

_SEED = 1
_ID = re.compile(r"\b(?:case|faq|policy)(?:-[a-z0-9]+)+")
# What people ask for, and what a case is about: where copies would be taken for duplicates.
_ASKED = re.compile(r"^(?:title: \"?|purpose: )", re.MULTILINE)
_SIMILAR = re.compile(r"^similar:\n(?:  - .*\n)+", re.MULTILINE)
_THEME = "## 主题\n\n"
_PEER = """
import sys
from pathlib import Path
import markdown
parser = markdown.Markdown(extensions=["tables", "fenced_code", "sane_lists"])
for file in sorted(Path(sys.argv[1]).glob("*/*.md")):
    parser.reset().convert(file.read_text(encoding="utf-8").split("---\\n", 2)[2])
"""


@dataclass(frozen=True)
class Row:
    """One way to go through the library.

    Attributes:
        what: what was run.
        documents: in the library.
        seconds: by the clock, from the start of the process to its end.
        ratio: the seconds as a multiple of the peer's.
    """

    what: str
    documents: int
    seconds: float
    ratio: float


def make_documents(root: Path, size: int) -> None:
    """Writes a library of documents that differ as those of a real one do.

    Args:
        root: its folder; what it held before is removed.
        size: how many documents.
    """
    shutil.rmtree(root, ignore_errors=True)
    for name in (SETTINGS_FILE, GLOSSARY_FILE):
        write_if_changed(root / name, (CHECKOUT / name).read_text(encoding="utf-8"))
    sample = [
        (kind.folder, file.stem, file.read_text(encoding="utf-8"))
        for kind in Kind
        for file in sorted((CHECKOUT / kind.folder).glob("*.md"))
    ]
    words = _words("".join(text for _, _, text in sample))
    for number in range(size):
        copy, place = divmod(number, len(sample))
        folder, stem, text = sample[place]
        if copy:
            # The last copy is not complete: what others cite is always of a complete one.
            cited = copy if (copy + 1) * len(sample) <= size else copy - 1
            text = _with_words_of_its_own(text, stem, copy, cited, words)
            stem = f"{stem}-n{copy}"
        write_if_changed(root / folder / f"{stem}.md", text)


def measure(root: Path, size: int) -> Iterator[Row]:
    """The figures, one after the other.

    Args:
        root: a folder for the library.
        size: how many documents it has.
    """
    say(f"making a library of {size:,} documents ...")
    make_documents(root, size)
    peer = _seconds([sys.executable, "-c", _PEER, str(root)])
    yield Row("Python-Markdown alone", size, peer, 1.0)
    changed = next(root.glob("faq/*.md"))
    for what in ("first check", "the same again", "one file changed"):
        if what == "one file changed":
            with changed.open("a", encoding="utf-8") as out:
                out.write("\n- “快了”：没有说几点。\n")
        taken = _seconds([sys.executable, "-m", "casebook", "check", "--library", str(root)])
        yield Row(what, size, taken, taken / peer)


def _words(text: str) -> Callable[[int], str]:
    """Makes words that nobody has used, of so many of the characters of a text."""
    characters = sorted({one for one in text if "\u4e00" <= one <= "\u9fff"})
    chosen = random.Random(_SEED)  # noqa: S311  (nothing secret)
    return lambda count: "".join(chosen.choices(characters, k=count))


def _with_words_of_its_own(
    text: str, stem: str, copy: int, cited: int, words: Callable[[int], str]
) -> str:
    def named(match: re.Match[str]) -> str:
        number = copy if match[0] == stem else cited
        return f"{match[0]}-n{number}" if number else match[0]

    text = _ID.sub(named, text)
    head, mark, body = text.partition("\n---\n")
    head = _ASKED.sub(lambda match: match[0] + words(7), head)
    head = _SIMILAR.sub(lambda m: re.sub("  - ", lambda item: item[0] + words(7), m[0]), head)
    return head + mark + body.replace(_THEME, _THEME + words(40))


def _seconds(command: list[str]) -> float:
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    taken = time.perf_counter() - started
    if done.returncode not in (0, 1) or "Traceback" in done.stderr:
        raise click.ClickException(done.stderr)
    say(f"{taken:.1f} s  {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else ''}")
    return taken


@click.command()
@click.option("--size", default=10_000, show_default=True, help="Documents in the library.")
@click.option("--json", "as_json", is_flag=True, help="One object a line instead of a table.")
def main(size: int, as_json: bool) -> None:
    """How long the check of a large library takes, beside merely rendering it."""
    for row in measure(CHECKOUT / "build" / "bench" / "check", size):
        if as_json:
            click.echo(json.dumps(asdict(row), ensure_ascii=False))
        else:
            click.echo(f"{row.what:24}{row.documents:8,}{row.seconds:8.1f} s{row.ratio:8.2f} ×")


if __name__ == "__main__":
    main()
