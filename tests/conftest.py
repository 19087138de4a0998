"""What all tests share: the sample library, small libraries, views on a fixed day."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import hypothesis
import pytest
from flask import Flask
from werkzeug.serving import make_server

from casebook.documents import Kind
from casebook.guide import model_text
from casebook.library import Library, View, load_library
from casebook.settings import Settings, load_settings

ROOT = Path(__file__).parents[1]
IN_CI = os.environ.get("CI") == "true"
# Tests of the sample library never depend on the day they run.
ON = date(2026, 11, 22)
# How long an example takes says something of the machine only.
hypothesis.settings.register_profile(
    "untimed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("untimed")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test is skipped only where an outside program is missing; in CI that is a failure."""
    report = yield
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {call.excinfo.value if call.excinfo else ''}"
    return report


@contextmanager
def answering(app: Flask) -> Iterator[str]:
    """The address of an application that answers in threads of this process."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout, which is also the sample library."""
    return ROOT


@pytest.fixture(scope="session")
def settings() -> Settings:
    """The sample library's settings."""
    return load_settings(ROOT)


@pytest.fixture(scope="session")
def library() -> Library:
    """The sample library."""
    return load_library(ROOT)


@pytest.fixture(scope="session")
def agent_view(library: Library) -> View:
    """What agents see of the sample library."""
    return library.view("agent", ON)


@pytest.fixture(scope="session")
def dealer_view(library: Library) -> View:
    """What dealers see of the sample library."""
    return library.view("dealer", ON)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A library's folder with the sample's settings and no documents."""
    folder = tmp_path / "library"
    folder.mkdir()
    text = (ROOT / "casebook.toml").read_text(encoding="utf-8")
    # It names articles that are not here.
    text = re.sub(r"\n\[check\.wording\]\n(?:.+\n)+", "\n", text)
    (folder / "casebook.toml").write_text(text, encoding="utf-8")
    for kind in Kind:
        (folder / kind.folder).mkdir()
    return folder


Write = Callable[[Kind, str, dict[str, str]], Path]


@pytest.fixture
def write(small: Path) -> Write:
    """Writes the model document of a kind into the small library, with texts replaced."""

    def write_model(kind: Kind, name: str, changes: dict[str, str]) -> Path:
        text = model_text(kind)
        for old, new in changes.items():
            if text.count(old) != 1:
                raise ValueError(f"{old!r} stands {text.count(old)} times in the model document")
            text = text.replace(old, new)
        file = small / kind.folder / f"{name}.md"
        file.write_text(text, encoding="utf-8")
        return file

    return write_model
