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
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from casebook.digests import bytes_digest
from casebook.library import View
from casebook.site_files import SiteFile, json_file
from casebook.static_search import FOLDER, INDEX

WORKER = "sw.js"
ABOUT = "offline.json"
MANIFEST = "manifest.webmanifest"
# The favicon's picture for a phone's first screen; the last one with room for a round cut
# (https://www.w3.org/TR/appmanifest/#icon-masks). src, type, sizes, purpose.
ICONS = (
    ("assets/favicon.svg", "image/svg+xml", "any", "any"),
    ("assets/icon-192.png", "image/png", "192x192", "any"),
    ("assets/icon-512.png", "image/png", "512x512", "any"),
    ("assets/icon-maskable.png", "image/png", "512x512", "maskable"),
)
# After so many days without contact a copy stands out, and is no longer shown as an answer.
WARN_DAYS = 7
LIMIT_DAYS = 30
# Sites of at most so many documents are fetched ahead whole, as far as the worker's budget goes.
SMALL = 200
# So many pages at most, whatever the site.
AHEAD = 1000
SEARCH = "assets/static-search.js"
# Besides pages, what begins so is held.
FOLDERS = ("assets/", f"{FOLDER}/", MANIFEST)
_KEY = 6
_UNFILLED = "const SITE = null;"
# What is fetched ahead of need, in this order: of small sites everything, answers and search first.
_FIRST = ("", "cards/[^/]+/")
_ANSWERS = ("faq/[^/]+/",)
_LISTS = ("[a-z]+/", "subjects/[^/]+/", "asked/.*")
_REST = ("subjects/.*", "policies/[^/]+/", "cases/[^/]+/", ".*/")
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


def ahead(paths: Collection[str]) -> Sequence[str | list[str]]:
    """What a reader's device fetches before it is asked for, what matters most first.

    Args:
        paths: the addresses of everything that may be held.

    Returns:
        Addresses; a list among them is of no use in part. Such is the search, whose entrance comes
        last, so that nobody searches half an index.
    """
    wanted = [path for path in sorted(paths) if _is_page(path) and not path.startswith(_NEVER)]
    if sum(bool(_DOCUMENT.fullmatch(path)) for path in wanted) > SMALL:
        return [*_ranked(wanted, (*_FIRST, *_LISTS))][:AHEAD]
    first = dict.fromkeys(_ranked(wanted, (*_FIRST, *_ANSWERS)))
    rest = (path for path in _ranked(wanted, (*_LISTS, *_REST)) if path not in first)
    found: list[str | list[str]] = [*first, *_search(paths), *rest]
    return found[:AHEAD]


def _ranked(paths: Iterable[str], patterns: Sequence[str]) -> Iterator[str]:
    """Those that fit a pattern, by the first one that they fit."""
    compiled = [re.compile(one) for one in patterns]
    ranks = {
        path: next((rank for rank, one in enumerate(compiled) if one.fullmatch(path)), None)
        for path in paths
    }
    yield from (path for _, path in sorted((r, p) for p, r in ranks.items() if r is not None))


def _search(paths: Iterable[str]) -> Iterator[list[str]]:
    files = {path for path in paths if path.startswith(f"{FOLDER}/")}
    if files:
        yield [SEARCH, *sorted(files - {INDEX}), *(files & {INDEX})]


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
    return json_file(
        MANIFEST,
        {
            # Of this site alone: several may share a host, and it is relative to the host.
            "id": f"{urlsplit(view.audience.url).path}?audience={view.audience.id}",
            "name": view.audience.title,
            "short_name": view.audience.title.split()[-1],
            "lang": view.settings.library.language,
            "start_url": ".",
            "scope": ".",
            "display": "standalone",
            "background_color": "#faf7f0",
            "theme_color": "#faf7f0",
            "icons": [
                dict(zip(("src", "type", "sizes", "purpose"), icon, strict=True)) for icon in ICONS
            ],
        },
    )


def _may_be_held(path: str) -> bool:
    return _is_page(path) or path.startswith(FOLDERS)


def _is_page(path: str) -> bool:
    return path == "" or path.endswith("/")
