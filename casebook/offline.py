"""A View and what its site holds → the offline copy: worker, list, manifest.

The worker (``site/theme/sw.js``) holds nothing that is not on the list made here, so a withdrawn or
changed answer goes from a reader's device when the device next reaches the site. The list has a key
for each file that may be held: six bytes of a digest of its address and content. Ten thousand pages
take 60 kB, and among so many a changed page passes for one on the list once in 10^10 times.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from casebook.digests import bytes_digest
from casebook.library import View
from casebook.site_files import SiteFile, json_file
from casebook.static_search import FOLDER

WORKER = "sw.js"
ABOUT = "offline.json"
MANIFEST = "manifest.webmanifest"
# After so many days without contact a copy stands out, and is no longer shown as an answer.
WARN_DAYS = 7
LIMIT_DAYS = 30
# Sites of at most so many documents are fetched ahead whole, as far as the worker's budget goes.
SMALL = 200
AHEAD = 400
# Besides pages, what begins so is held.
FOLDERS = ("assets/", f"{FOLDER}/", MANIFEST)
_KEY = 6
_UNFILLED = "const SITE = null;"
# What is fetched ahead of need, in this order; the last four of small sites only.
_FIRST = ("", "cards/[^/]+/", "[a-z]+/", "subjects/[^/]+/", "asked/.*")
_REST = (f"{FOLDER}/.*", "faq/[^/]+/", "policies/[^/]+/", "cases/[^/]+/")
_DOCUMENT = re.compile("(faq|policies|cases)/[^/]+/")
_NEVER = ("guide/", "design/")


def keeps_copy(view: View) -> bool:
    """Whether readers' devices may hold a copy of this audience's site.

    ``offline`` of the audience says so; without it only the narrowest audience's may, and not where
    that is the only one, because what a device holds outlives its reader's access.
    """
    own = view.audience.offline
    return view.public and not view.internal if own is None else own


def offline_files(view: View, files: Mapping[str, str]) -> Iterator[SiteFile]:
    """The files of a site's offline copy.

    Args:
        view: whose site it is.
        files: every other file of the site, by its path: SHA-256 of its bytes, in hexadecimal.

    Yields:
        The worker, in any case: where no copy may be held it removes itself and what an earlier
        one has stored. The manifest, which gives the site a name and a picture on a phone's first
        screen. Where a copy may be held, ``offline.json`` and the list that it names.
    """
    yield (app := manifest(view))
    if not keeps_copy(view):
        yield SiteFile(WORKER, worker_source().encode())
        return
    files = {**files, app.path: bytes_digest(app.content)}
    held = {path: digest for path, digest in addresses(files).items() if _may_be_held(path)}
    listed = {"valid": keys(held), "ahead": ahead(held)}
    version = bytes_digest(json.dumps([view.audience.id, listed], ensure_ascii=False).encode())[:16]
    name = f"offline/pages-{version}.json"
    look = {path: digest for path, digest in held.items() if path.startswith("assets/")}
    yield SiteFile(WORKER, worker(view, look).encode())
    about = {"version": version, "on": str(view.on), "list": name}
    yield json_file(ABOUT, {**about, "warn": WARN_DAYS, "limit": LIMIT_DAYS})
    yield json_file(name, {"version": version, **listed})


def addresses(files: Mapping[str, str]) -> dict[str, str]:
    """Files by the address that they are asked for: a page's is its folder."""
    return {re.sub(r"(^|/)index\.html$", r"\1", path): digest for path, digest in files.items()}


def keys(held: Mapping[str, str]) -> str:
    """The list's keys, sorted, one after the other, in base64; the worker makes the same ones."""
    made = (hashlib.sha256(f"{path}\n{held[path]}".encode()).digest()[:_KEY] for path in held)
    return base64.b64encode(b"".join(sorted(made))).decode()


def ahead(paths: Iterable[str]) -> list[str]:
    """What a reader's device fetches before it is asked for, what matters most first."""
    wanted = [path for path in sorted(paths) if not path.startswith(_NEVER)]
    small = sum(bool(_DOCUMENT.fullmatch(path)) for path in wanted) <= SMALL
    patterns = [re.compile(one) for one in (*_FIRST, *(_REST if small else ()))]
    ranked = [
        (rank, path)
        for path in wanted
        if (rank := next((n for n, one in enumerate(patterns) if one.fullmatch(path)), None))
        is not None
    ]
    return [path for _, path in sorted(ranked)][:AHEAD]


def worker(view: View, look: Mapping[str, str]) -> str:
    """The worker of a site; a new look makes a new one, which the browser then takes over."""
    source = worker_source()
    version = bytes_digest(json.dumps([source, sorted(look.items())]).encode())[:16]
    site = {"audience": view.audience.id, "folders": FOLDERS, "version": version}
    return source.replace(_UNFILLED, f"const SITE = {json.dumps(site)};")


def worker_source() -> str:
    """The worker as the theme has it: without a site it removes itself."""
    package = Path(__file__).parent
    folders = (package.parent / "site" / "theme", package / "_site" / "site" / "theme")
    file = next(folder / WORKER for folder in folders if folder.is_dir())
    return file.read_text(encoding="utf-8")


def manifest(view: View) -> SiteFile:
    """The web app manifest (https://www.w3.org/TR/appmanifest/)."""
    icon = {"src": "assets/favicon.svg", "type": "image/svg+xml", "sizes": "any"}
    return json_file(
        MANIFEST,
        {
            "name": view.audience.title,
            "short_name": view.audience.title.split()[-1],
            "lang": view.settings.library.language,
            "start_url": ".",
            "scope": ".",
            "display": "standalone",
            "background_color": "#faf7f0",
            "theme_color": "#faf7f0",
            "icons": [icon],
        },
    )


def _may_be_held(path: str) -> bool:
    return _is_page(path) or path.startswith(FOLDERS)


def _is_page(path: str) -> bool:
    return path == "" or path.endswith("/")
