"""An index that another machine copies here: nothing is opened before it is whole."""

from __future__ import annotations

import random
import shutil
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from casebook.library import View
from search import generations
from search.engines import EMBEDDED, get_engine
from search.generations import Live, open_current, publish
from search.index_files import files_of


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("engine", EMBEDDED)
def test_a_copy_in_any_order_is_opened_when_it_is_whole(
    dealer_view: View,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    engine: str,
    in_place: bool,
) -> None:
    """The pointer comes first, and the rest in parts, beside the file's place or in it."""
    monkeypatch.setattr(generations, "_LOOK_EVERY", 0)
    monkeypatch.setattr(generations, "_RETRY_EVERY", 0)
    source, copy = tmp_path / "source", tmp_path / "copy"
    views = [replace(dealer_view, documents=dealer_view.documents[:n]) for n in (9, 10)]
    first = publish(views[0], source, get_engine(engine), "")
    shutil.copytree(source, copy)
    second = publish(views[1], source, get_engine(engine), "")
    live = Live(copy, "dealer")
    shutil.copy(source / "current", copy / "current")
    files = files_of(source / "generations" / second.name)
    random.Random(3).shuffle(files)
    for file in files:
        target = copy / file.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target if in_place else target.with_name(f".{target.name}.Xa3f9")
        data = file.read_bytes()
        for much in sorted({0, len(data) // 2, len(data)}):  # once for a file that is empty
            with live.generation() as generation:
                assert generation.manifest.name == first.name
            with closing(open_current(copy, "dealer")) as generation:
                assert generation.manifest.name == first.name
            part.write_bytes(data[:much])
        part.replace(target)
    with live.generation() as generation:
        assert generation.manifest == second
    live.close()
