"""Real files of another program: LibreOffice writes Word, Excel and PDF from plain sources."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from casebook.importing.planning import Options, Plan, Planned, make_plan
from casebook.settings import load_settings

SOURCES = Path(__file__).with_name("sources")
PASSWORD = {
    "EncryptFile": {"type": "boolean", "value": "true"},
    "DocumentOpenPassword": {"type": "string", "value": "geheim"},
}
WEB_PAGE = "--infilter=HTML (StarWriter)"
FLAT = "--infilter=OpenDocument Text Flat XML"
# What is made: file, its source, how it is read and written.
MADE = {
    "form.docx": ("form.html", WEB_PAGE, "docx:MS Word 2007 XML"),
    "headings.docx": ("headings.html", WEB_PAGE, "docx:MS Word 2007 XML"),
    "lines.docx": ("lines.html", WEB_PAGE, "docx:MS Word 2007 XML"),
    "questions.docx": ("questions.html", WEB_PAGE, "docx:MS Word 2007 XML"),
    "rules.pdf": ("rules.html", WEB_PAGE, "pdf:writer_pdf_Export"),
    "table.pdf": ("table.html", WEB_PAGE, "pdf:writer_pdf_Export"),
    "headings.pdf": ("headings.html", WEB_PAGE, "pdf:writer_pdf_Export"),
    "pages.docx": ("pages.fodt", FLAT, "docx:MS Word 2007 XML"),
    "pages.pdf": ("pages.fodt", FLAT, "pdf:writer_pdf_Export"),
    "beside.docx": ("beside.fodt", FLAT, "docx:MS Word 2007 XML"),
    "bot.xlsx": ("bot.csv", "--infilter=CSV:44,34,76,1", "xlsx:Calc MS Excel 2007 XML"),
    "bot.xls": ("bot.csv", "--infilter=CSV:44,34,76,1", "xls:MS Excel 97"),
}
LOCKED = f"pdf:writer_pdf_Export:{json.dumps(PASSWORD)}"

Made = Callable[[str], Path]


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str, Path, Path], Path]:
    """Converts a file with LibreOffice, under a profile of this process."""
    program = shutil.which("soffice")
    if program is None:
        pytest.skip("soffice is not installed: libreoffice-writer, libreoffice-calc")
    profile = tmp_path_factory.mktemp("profile").as_uri()

    def convert(read: str, write: str, source: Path, folder: Path) -> Path:
        words = [program, f"-env:UserInstallation={profile}", "--headless", read]
        words += ["--convert-to", write, "--outdir", str(folder), str(source)]
        subprocess.run(words, check=True, capture_output=True, timeout=120)
        return folder / f"{source.stem}.{write.partition(':')[0]}"

    return convert


@pytest.fixture(scope="session")
def made(
    office: Callable[[str, str, Path, Path], Path], tmp_path_factory: pytest.TempPathFactory
) -> Made:
    """A file that LibreOffice made; each is made once."""
    folder = tmp_path_factory.mktemp("made")

    def file(name: str) -> Path:
        if not (folder / name).exists():
            source, read, write = MADE[name]
            office(read, write, SOURCES / source, folder)
        return folder / name

    return file


Planner = Callable[..., Plan]


@pytest.fixture
def plan(small: Path) -> Planner:
    """Plans an import into the small library."""

    def planner(*files: Path, **options: object) -> Plan:
        return make_plan(small, load_settings(small), files, Options(**options))  # type: ignore[arg-type]

    return planner


def only(plan: Plan) -> Planned:
    """The one document of a plan."""
    (document,) = plan.documents
    return document


def section(text: str, heading: str) -> str:
    """The text of a section of a document."""
    parts = text.split(f"\n## {heading}\n", 1)
    return parts[1].split("\n## ", 1)[0].strip() if len(parts) > 1 else ""


def front(text: str, key: str) -> str:
    """The line of a key."""
    return next((line for line in text.split("\n") if line.startswith(f"{key}:")), "")
