"""Nothing of a wider audience reaches a narrower one's site or index.

A canary is planted in every place of a library that could carry text out. The narrower audience's
site, stage and index must hold none of them; the same sweep must find each one in the wider
audience's, or it proves nothing.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
import shutil
import sqlite3
import subprocess
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from urllib.parse import quote

import pytest

from casebook.documents import Kind
from casebook.errors import LeakError, PublishError, QueryRefused
from casebook.exporting.booklet import booklet
from casebook.exporting.printing import print_pdf
from casebook.exporting.records import json_lines
from casebook.exporting.sheet import write_csv, write_xlsx
from casebook.guide import model_text
from casebook.library import Library, View, load_library
from casebook.outlets import OUTLETS, Made
from casebook.pages import view_drafts
from casebook.publishing import BuiltSite, build_site
from casebook.staging import write_pages
from casebook.sweep import Leak, canaries, sweep
from search.assistants.records import Record
from search.assistants.shelf import MAX_DAYS, Shelf
from search.engines import get_engine
from search.generations import publish
from search.service import Service, ServiceConfig
from tests.casebook.plain_builder import PlainBuilder
from tests.casebook.search_terms import text_terms
from tests.casebook.stripping import strip_library

ON = date(2026, 11, 22)
CASE = "case-broadband-three-visits"
PUBLIC_FAQ = "faq-arrears-resume"
INNER_FAQ = "faq-inner"
PLAIN = PlainBuilder()


def canary(route: str) -> str:
    """A word that stands nowhere else, in letters that every route can carry."""
    return f"zq{route.replace('-', '')}xk"


# Where a canary is planted in a document of agents or in an agents' part of a public document:
# route → (kind, file, text of the model document, what to put in its place).
PLANTED: dict[str, tuple[Kind, str, str, str]] = {
    "title": (Kind.CASE, CASE, "title: 师傅来了三趟", "title: {canary} 师傅来了三趟"),
    "id": (Kind.CASE, CASE, f"id: {CASE}", "id: case-{canary}"),
    "tag": (Kind.CASE, CASE, "policies:", "tags:\n  - {canary}\npolicies:"),
    "author": (Kind.CASE, CASE, "热线二组班长", "{canary}班长"),
    "owner": (Kind.CASE, CASE, "owner: 投诉处理组", "owner: {canary}组"),
    "purpose": (Kind.CASE, CASE, "purpose: ", "purpose: {canary}"),
    "typicality": (Kind.CASE, CASE, "typicality: ", "typicality: {canary}"),
    "timeliness": (Kind.CASE, CASE, "timeliness: ", "timeliness: {canary}"),
    "feasibility": (Kind.CASE, CASE, "feasibility: ", "feasibility: {canary}"),
    "theme": (Kind.CASE, CASE, "重复报障不能当作", "{canary}重复报障不能当作"),
    "background": (Kind.CASE, CASE, "四月的一个周末", "四月{canary}的一个周末"),
    "quotation": (Kind.CASE, CASE, "您先重启一下光猫", "{canary}您先重启一下光猫"),
    "outcome": (Kind.CASE, CASE, "减免三天月费", "减免{canary}三天月费"),
    "analysis": (Kind.CASE, CASE, "用因素分析法", "{canary}用因素分析法"),
    "subheading": (Kind.CASE, CASE, "### 讨论", "### 讨论{canary}"),
    "list-item": (Kind.CASE, CASE, "- 第二次报障时", "- {canary}第二次报障时"),
    "code": (Kind.CASE, CASE, "### 讨论", "`{canary}`\n\n### 讨论"),
    "table": (Kind.CASE, CASE, "### 讨论", "| {canary} | 乙 |\n|---|---|\n| 一 | 二 |\n\n### 讨论"),
    "link-text": (Kind.CASE, CASE, "### 讨论", f"[{{canary}}]({PUBLIC_FAQ})\n\n### 讨论"),
    "link-address": (Kind.CASE, CASE, "### 讨论", "[见](https://x.example/{canary})\n\n### 讨论"),
    "issuer": (Kind.POLICY, "policy-plan-outage", "issuer: 远汐通信", "issuer: {canary}公司"),
    "number": (
        Kind.POLICY,
        "policy-plan-outage",
        "effective_from",
        "number: {canary}号\neffective_from",
    ),
    "policy-id": (
        Kind.POLICY,
        "policy-plan-outage",
        "id: policy-plan-outage",
        "id: policy-{canary}",
    ),
    "policy-title": (Kind.POLICY, "policy-plan-outage", "title: 大", "title: {canary}大"),
    "wording": (Kind.POLICY, "policy-plan-outage", "正在抢修", "正在{canary}抢修"),
    "rationale": (Kind.FAQ, PUBLIC_FAQ, "客户这时最着急", "{canary}客户这时最着急"),
    "forbidden": (Kind.FAQ, PUBLIC_FAQ, "“您再等等吧”", "“{canary}您再等等吧”"),
    "faq-id": (Kind.FAQ, INNER_FAQ, f"id: {PUBLIC_FAQ}", "id: faq-{canary}"),
    "faq-title": (
        Kind.FAQ,
        INNER_FAQ,
        "title: 欠费停机后多久能恢复？\naudience: dealer",
        "title: {canary}多久能恢复？\naudience: agent",
    ),
    "faq-similar": (Kind.FAQ, INNER_FAQ, "  - 交了话费", "  - {canary}交了话费"),
    "faq-tag": (Kind.FAQ, INNER_FAQ, "policies:", "tags:\n  - {canary}\npolicies:"),
    "faq-answer": (Kind.FAQ, INNER_FAQ, "欠费缴清以后", "{canary}欠费缴清以后"),
    "faq-procedure": (Kind.FAQ, INNER_FAQ, "1. 在 App", "1. {canary}在 App"),
}
# Canaries that stand in no audience's pages: what is not content is never published at all.
NOWHERE = (
    "yaml-comment",
    "file-name",
    "folder-name",
    "hidden-file",
    "data-file",
    "image-name",
    "image-bytes",
    "link-target",
    "settings-comment",
    "git-author",
    "git-email",
    "git-subject",
    "reason",
)


@dataclass(frozen=True)
class Built:
    """What was made for one audience."""

    site: Path
    stage: Path
    index: Path

    def sweep(self, words: list[str]) -> set[str]:
        """The words that stand in any of it; the store is read as text, too."""
        found = {
            leak.canary
            for folder in (self.site, self.stage, self.index)
            for leak in sweep(folder, words)
        }
        for file in self.index.rglob("*.sqlite"):
            with sqlite3.connect(file) as database:
                dump = "\n".join(database.iterdump())
            database.close()
            found |= {word for word in words if word in dump}
        return found


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Path:
    """A library that holds every canary."""
    folder = tmp_path_factory.mktemp("planted") / "library"
    folder.mkdir()
    settings = (root / "casebook.toml").read_text(encoding="utf-8")
    # A customer type and a subject that only an agents' document uses, and the agents' own name.
    settings = settings.replace('"故障"', f'"故障", "{canary("subject")}"')
    settings = settings.replace('"固执己见"', f'"固执己见", "{canary("customer-type")}"')
    settings = settings.replace(
        'title = "远汐通信 客服知识与案例库"\nurl', f'title = "{canary("site-title")}"\nurl'
    )
    settings += f"\n# {canary('settings-comment')}\n"
    (folder / "casebook.toml").write_text(settings, encoding="utf-8")
    (folder / "glossary.toml").write_text(
        f'[[terms]]\nterm = "{canary("term")}"\naudience = "agent"\n'
        f'definition = "{canary("definition")}"\nsynonyms = ["{canary("synonym")}"]\n'
        f'finds = ["{canary("finds")}"]\n',
        encoding="utf-8",
    )
    (folder / "withdrawn.toml").write_text(
        f'[[withdrawn]]\nid = "faq-{canary("withdrawn-id")}"\naudience = "agent"\n'
        f'on = 2026-10-01\nreason = "{canary("reason")}"\n',
        encoding="utf-8",
    )
    _plant_documents(folder)
    _plant_files(folder, root)
    _plant_history(folder)
    return folder


def _plant_documents(folder: Path) -> None:
    texts: dict[tuple[Kind, str], str] = {}
    for route, (kind, name, old, new) in PLANTED.items():
        text = texts.setdefault((kind, name), model_text(kind))
        assert text.count(old) >= 1, route
        texts[kind, name] = text.replace(old, new.format(canary=canary(route)), 1)
    case = texts[Kind.CASE, CASE]
    case = case.replace("subject: 宽带/故障", f"subject: 宽带/{canary('subject')}")
    case = case.replace("  - 情绪发泄型", f"  - {canary('customer-type')}")
    case = case.replace("---\nid:", f"---\n# {canary('yaml-comment')}\nid:", 1)
    texts[Kind.CASE, CASE] = case
    public = texts[Kind.FAQ, PUBLIC_FAQ]
    public = public.replace("policies:\n", f"policies:\n  - policy-{canary('policy-id')}#wording\n")
    public = public.replace("不需要另外申请复机。", f"不需要另外[申请](case-{canary('id')})复机。")
    texts[Kind.FAQ, PUBLIC_FAQ] = public
    for (kind, name), text in texts.items():
        below = folder / kind.folder / (canary("folder-name") if kind is Kind.CASE else "a")
        below.mkdir(parents=True, exist_ok=True)
        (below / f"{canary('file-name')}-{name}.md").write_text(text, encoding="utf-8")
    ended = model_text(Kind.FAQ).replace(f"id: {PUBLIC_FAQ}", f"id: faq-{canary('ended-id')}")
    ended = ended.replace("欠费停机后多久", f"{canary('ended-title')}多久")
    ended = ended.replace(
        "effective_from: 2026-01-01", "effective_from: 2026-01-01\neffective_until: 2026-07-01"
    )
    ended = ended.replace("  - 交了话费", f"  - {canary('ended-similar')}交了话费")
    (folder / "faq" / "ended.md").write_text(ended, encoding="utf-8")
    coming = model_text(Kind.FAQ).replace(f"id: {PUBLIC_FAQ}", f"id: faq-{canary('upcoming-id')}")
    coming = coming.replace("effective_from: 2026-01-01", "effective_from: 2027-01-01")
    coming = coming.replace("欠费缴清以后", f"{canary('upcoming-answer')}欠费缴清以后")
    (folder / "faq" / "upcoming.md").write_text(coming, encoding="utf-8")
    # The public entry rests on an article that exists, so that something is cited at all.
    rule = model_text(Kind.POLICY).replace("id: policy-plan-outage", "id: policy-service-spec")
    rule = rule.replace("audience: agent", "audience: dealer").replace(
        "rank: 预案", "rank: 部门规章"
    )
    rule = rule[: rule.index("## 5W1H")] + "## 要点四 停机与恢复\n\n缴清以后恢复服务。\n"
    (folder / "policies" / "rule.md").write_text(rule, encoding="utf-8")


def _plant_files(folder: Path, root: Path) -> None:
    cases = folder / "cases"
    (cases / f".draft-{canary('hidden-file')}.md").write_text(
        canary("hidden-file"), encoding="utf-8"
    )
    (cases / "numbers.csv").write_text(f"a,{canary('data-file')}\n", encoding="utf-8")
    (cases / f"{canary('image-name')}.png").write_bytes(b"\x89PNG" + canary("image-bytes").encode())
    outside = folder.parent / "outside.md"
    outside.write_text(
        model_text(Kind.FAQ).replace("欠费缴清", canary("link-target")), encoding="utf-8"
    )
    (folder / "faq" / "linked.md").symlink_to(outside)


def _plant_history(folder: Path) -> None:
    def git(*words: str) -> None:
        who = [
            "-c",
            f"user.name={canary('git-author')}",
            "-c",
            f"user.email={canary('git-email')}@x.example",
        ]
        subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True)

    git("init")
    git("add", "-A")
    git("commit", "-m", canary("git-subject"))


@pytest.fixture(scope="module")
def built(planted: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Built]:
    """Site, stage and index of each audience."""
    library = load_library(planted)
    widest = library.view("agent", ON)
    result = {}
    for audience in ("dealer", "agent"):
        out = tmp_path_factory.mktemp(audience)
        view = library.view(audience, ON)
        build_site(view, widest, out / "stage", out / "site")
        publish(view, out / "index", get_engine("whoosh"), "")
        result[audience] = Built(out / "site", out / "stage", out / "index")
    return result


# The id of what ended is not among them: its address stays, and tells where to go now.
EVERYWHERE_HIDDEN = [
    *PLANTED,
    "subject",
    "customer-type",
    "site-title",
    "term",
    "definition",
    "synonym",
    "ended-title",
    "ended-similar",
    "upcoming-id",
    "upcoming-answer",
    "withdrawn-id",
]


def test_dealers_get_no_canary(built: dict[str, Built]) -> None:
    words = [canary(route) for route in (*EVERYWHERE_HIDDEN, *NOWHERE)]
    assert len(words) >= 30
    assert built["dealer"].sweep(words) == set()


@pytest.mark.parametrize("route", EVERYWHERE_HIDDEN)
def test_the_same_sweep_finds_each_canary_in_what_agents_get(
    route: str, built: dict[str, Built]
) -> None:
    assert built["agent"].sweep([canary(route)]) == {canary(route)}


def test_what_is_not_content_is_published_for_nobody(built: dict[str, Built]) -> None:
    assert built["agent"].sweep([canary(route) for route in NOWHERE]) == set()


# ---- what is looked for ------------------------------------------------------------------------


@pytest.mark.parametrize("route", [*EVERYWHERE_HIDDEN, "finds"])
def test_everything_hidden_is_looked_for(route: str, planted: Path) -> None:
    library = load_library(planted)
    found = canaries(library.view("agent", ON), library.view("dealer", ON))
    assert any(canary(route) in mark for mark in found)


def test_no_canary_stands_in_what_the_audience_may_read(agent_view: View, dealer_view: View):
    found = canaries(agent_view, dealer_view)
    shown = repr(dealer_view)
    assert [mark for mark in found if mark in shown] == []
    assert {len(mark) for mark in found if not mark.isascii()} >= set(range(3, 30))


HIDDEN_WORDS = {
    # what is written: what is looked for
    "内部词": "内部词",
    "机密": None,  # too short
    "kaleido": "kaleido",
    "secret": None,
    "2026-03-01": None,
    "已核准": None,  # the software says so itself
    "转 网  短信": "转 网 短信",
    "一句很长的不能说的话": "一句很长的不能说的话",
    "一句 很长的\t不能说的话": "一句很长的不能说的话",
    "上一句。下一句": "上一句",
}


@pytest.mark.parametrize(("written", "mark"), HIDDEN_WORDS.items(), ids=HIDDEN_WORDS)
def test_a_word_is_looked_for_if_it_says_enough(
    written: str, mark: str | None, small: Path, write
) -> None:
    write(Kind.FAQ, "public", {})
    (small / "glossary.toml").write_text(
        f'[[terms]]\nterm = "转码"\naudience = "agent"\ndefinition = "{written}"\n',
        encoding="utf-8",
    )
    library = load_library(small)
    dealer = library.view("dealer", ON)
    before = canaries(replace(library.view("agent", ON), settings=dealer.settings), dealer)
    found = canaries(library.view("agent", ON), dealer) - before
    assert (mark in found) is (mark is not None)
    assert mark is not None or written not in found


# ---- what is not there cannot leak --------------------------------------------------------------


def _contents(site: Path) -> dict[str, bytes]:
    files = (path for path in site.rglob("*") if path.is_file())
    return {path.relative_to(site).as_posix(): path.read_bytes() for path in files}


def test_the_sample_without_anything_hidden_makes_the_same_site(
    library: Library, root: Path, tmp_path: Path
) -> None:
    """Whatever a file holds, in whatever form: nothing hidden had a part in any of its bytes."""
    bare = tmp_path / "library"
    bare.mkdir()
    strip_library(root, bare, ON)
    stripped = load_library(bare)
    assert stripped.problems == ()
    assert stripped.view("dealer", ON) == library.view("dealer", ON)
    assert len(stripped.sources) < len(library.sources)
    sites = {}
    for name, one in (("whole", library), ("bare", stripped)):
        views = one.view("dealer", ON), one.view(one.settings.widest.id, ON)
        build_site(*views, tmp_path / name / "stage", tmp_path / name / "site", builder=PLAIN)
        sites[name] = _contents(tmp_path / name / "site")
    assert any(path.endswith(".bin") for path in sites["bare"])
    assert differing(sites["whole"], sites["bare"]) == []


def test_the_planted_library_without_anything_hidden_makes_the_same_site(
    planted: Path, built: dict[str, Built], tmp_path: Path
) -> None:
    bare = tmp_path / "library"
    bare.mkdir()
    strip_library(planted, bare, ON)
    assert sweep(bare, [canary(route) for route in (*EVERYWHERE_HIDDEN, *NOWHERE)]) == []
    library = load_library(bare)
    assert library.problems == ()
    views = library.view("dealer", ON), library.view(library.settings.widest.id, ON)
    build_site(*views, tmp_path / "stage", tmp_path / "site")
    assert differing(_contents(built["dealer"].site), _contents(tmp_path / "site")) == []


def differing(one: Mapping[str, bytes], other: Mapping[str, bytes]) -> list[str]:
    return sorted(path for path in {*one, *other} if one.get(path) != other.get(path))


# ---- terms of the search index, which are numbers -----------------------------------------------


def _varints(data: bytes) -> Iterator[int]:
    value = shift = 0
    for byte in data:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            yield value
            value = shift = 0


def _indexed_terms(site: Path) -> set[int]:
    """The terms of an index, read as the description of its format says."""
    found = set()
    for shard in (site / "find").glob("*/t*.bin"):
        numbers = _varints(shard.read_bytes())
        term = 0
        for _ in range(next(numbers)):
            step, _holders, _bytes = (next(numbers) for _ in range(3))
            term += step
            found.add(term)
    return found


def test_no_hidden_word_is_a_term_of_the_search_index(built: dict[str, Built]) -> None:
    words = {route: text_terms(canary(route)) for route in EVERYWHERE_HIDDEN}
    assert all(len(terms) == 1 for terms in words.values())
    dealer, agent = (_indexed_terms(built[name].site) for name in ("dealer", "agent"))
    assert set(text_terms("复机")) <= dealer
    assert [route for route, terms in words.items() if dealer.intersection(terms)] == []
    held = {route for route, terms in words.items() if agent.issuperset(terms)}
    assert held >= {"title", "tag", "theme", "background", "faq-similar", "faq-tag", "forbidden"}


# ---- each outlet of the site ----------------------------------------------------------------

# What each outlet holds for agents: the control. The others hold no content.
OUTLET_ROUTES = {
    "feeds": ("title", "id", "theme", "owner", "faq-answer", "upcoming-answer"),
    "sitemap": ("id", "faq-id"),
    "llms.txt": ("title", "faq-title", "faq-answer", "site-title"),
    "search index": ("title", "id", "owner", "faq-title", "subject"),
    "offline copy": ("site-title",),
    "search box": (),
}


def test_every_outlet_is_swept_here() -> None:
    assert set(OUTLET_ROUTES) == set(OUTLETS)


@pytest.mark.parametrize("outlet", list(OUTLET_ROUTES))
def test_no_outlet_holds_what_its_audience_must_not_see(
    outlet: str, planted: Path, tmp_path: Path
) -> None:
    library = load_library(planted)
    for audience in ("dealer", "agent"):
        view = library.view(audience, ON)
        paths = [draft.path for draft in view_drafts(view)]
        made = Made(view, paths, tmp_path / "cache" / audience, dict)
        for file in OUTLETS[outlet](made):
            target = tmp_path / audience / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.content)
    words = [canary(route) for route in (*EVERYWHERE_HIDDEN, *NOWHERE)]
    assert sweep(tmp_path / "dealer", words) == []
    assert sweep(tmp_path / "cache" / "dealer", words) == []
    held = {leak.canary for leak in sweep(tmp_path / "agent", words)}
    assert held >= {canary(route) for route in OUTLET_ROUTES[outlet]}


def test_the_swept_site_has_every_kind_of_file(built: dict[str, Built]) -> None:
    site = built["dealer"].site
    names = {file.relative_to(site).as_posix() for file in site.rglob("*") if file.is_file()}
    page = f"faq/{PUBLIC_FAQ}/"
    assert {f"{page}index.html", f"{page}index.json", "404.html", "assets/casebook.css"} <= names
    assert {"feed.xml", "feed.json", "sitemap.xml", "robots.txt", "llms.txt", "sw.js"} <= names
    assert {"assets/case-search.js", "offline.json", "news/index.html", "cards/index.html"} <= names
    assert any(name.startswith("find/") for name in names)


# ---- a document that becomes internal ---------------------------------------------------------


def test_what_becomes_internal_goes_from_every_file(small: Path, write, tmp_path: Path) -> None:
    """A build that keeps what did not change keeps nothing of it."""
    words = [canary(what) for what in ("gone-id", "gone-title", "gone-answer", "gone-similar")]
    changes = {
        f"id: {PUBLIC_FAQ}": f"id: faq-{words[0]}",
        "title: 欠费停机后多久": f"title: {words[1]}多久",
        "欠费缴清以后": f"{words[2]}欠费缴清以后",
        "  - 交了话费": f"  - {words[3]}交了话费",
    }
    write(Kind.FAQ, "gone", changes)
    write(Kind.FAQ, "stays", {})
    out, stage = tmp_path / "site", tmp_path / "stage"

    def build() -> BuiltSite:
        library = load_library(small)
        return build_site(library.view("dealer", ON), library.view("agent", ON), stage, out)

    build()
    before = {leak.path for leak in sweep(out, words)}
    assert before >= {"index.html", "feed.xml", "feed.json", "sitemap.xml", "llms.txt"}
    assert any(path.startswith("find/") for path in before)
    write(Kind.FAQ, "gone", {**changes, "audience: dealer": "audience: agent"})
    assert build().kept > 0
    assert sweep(out, words) == []
    assert sweep(stage, words) == []
    assert (out / "faq" / PUBLIC_FAQ / "index.html").is_file()


def test_what_stays_is_swept_for_what_is_new(small: Path, write, tmp_path: Path) -> None:
    """A page that is kept is no longer right when one of its sentences becomes internal."""
    secret = "满二百元须班长批准方可给付"
    write(Kind.FAQ, "stays", {})
    out, stage = tmp_path / "site", tmp_path / "stage"

    class Careless(PlainBuilder):
        def build(self, folder, configuration):
            super().build(folder, configuration)
            (folder / "site" / "left.txt").write_text(secret, encoding="utf-8")

    def build() -> None:
        library = load_library(small)
        dealer, agent = library.view("dealer", ON), library.view("agent", ON)
        build_site(dealer, agent, stage, out, builder=Careless())

    build()
    before = (out / "left.txt").stat().st_ino
    build()
    assert (out / "left.txt").stat().st_ino == before, "it is kept"
    write(Kind.CASE, "inner", {"## 主题\n\n": f"## 主题\n\n{secret}。"})
    with pytest.raises(LeakError, match=r"left\.txt 里有“满二百元须班长批准方可给付”"):
        build()


def test_only_what_was_swept_is_passed_over(tmp_path: Path) -> None:
    old, new = "一句早就不能说的话在这里", "一句刚刚不能说的话在这里"
    for name in ("clean", "other", "unknown"):
        (tmp_path / name).write_text(f"{old}，{new}", encoding="utf-8")
    found = sweep(tmp_path, [old, new], clean={"clean", "other"}, new=[new])
    assert found == [
        Leak("clean", new),
        Leak("other", new),
        Leak("unknown", new),
        Leak("unknown", old),
    ]
    assert {leak.path for leak in sweep(tmp_path, [old], clean={"clean", "other"})} == {"unknown"}
    assert [leak.path for leak in sweep(tmp_path, ["clean"], clean={"clean"})] == ["clean"]


# ---- exceptions -------------------------------------------------------------------------------


def test_the_address_of_what_was_withdrawn_is_no_leak(
    planted: Path, built: dict[str, Built]
) -> None:
    library = load_library(planted)
    dealer, agent = library.view("dealer", ON), library.view("agent", ON)
    ended = f"faq-{canary('ended-id')}"
    assert ended in {gone.id for gone in dealer.withdrawn}
    assert sweep(built["dealer"].site, [ended])
    found = canaries(agent, dealer)
    assert ended not in found
    assert any(canary("ended-title") in mark for mark in found)
    assert sweep(built["dealer"].index, [ended]) == []


def test_dealers_get_the_public_entry_all_the_same(built: dict[str, Built]) -> None:
    page = (built["dealer"].site / "faq" / PUBLIC_FAQ / "index.html").read_text(encoding="utf-8")
    assert "系统会自动为您复机" in page
    assert "不需要另外申请复机" in page


def test_the_real_library_leaks_no_sentence_into_the_index(
    library,
    tmp_path: Path,
) -> None:
    dealer, agent = library.view("dealer", ON), library.view("agent", ON)
    publish(dealer, tmp_path, get_engine("whoosh"), "")
    found = canaries(agent, dealer)
    assert len(found) > 1000
    assert sweep(tmp_path, found) == []


# ---- exports --------------------------------------------------------------------------------

_FAQ_ROUTES = ("faq-id", "faq-title", "faq-similar", "faq-tag", "faq-answer")
_WORDS = ("term", "definition", "synonym", "site-title", "withdrawn-id")
_PRINTED = (
    *("title", "id", "subject", "customer-type", "author", "owner", "theme", "background"),
    *("quotation", "outcome", "analysis", "subheading", "list-item", "code", "table"),
    *("link-text", "link-address", "policy-title", "rationale", "forbidden", "site-title"),
    *("faq-id", "faq-title", "faq-answer", "faq-procedure"),
)
# What each export holds for agents: the control, without which finding nothing proves nothing.
EXPORTED = {
    "jsonl": [route for route in EVERYWHERE_HIDDEN if route not in _WORDS],
    "csv": _FAQ_ROUTES,
    "xlsx": (*_FAQ_ROUTES, "site-title"),
    "pdf": _PRINTED,
}


def _export(view: View, outlet: str, folder: Path) -> None:
    """Exports a view; beside each file stands what is packed inside of it."""
    file = folder / f"export.{outlet}"
    if outlet == "jsonl":
        file.write_text("\n".join(json_lines(view)), encoding="utf-8")
    elif outlet == "pdf":
        for number, subject in enumerate(view.settings.taxonomy.subjects):
            try:
                page = booklet(view, subject)
            except PublishError:
                continue  # nothing to read under this subject
            file = folder / f"{number}.pdf"
            file.write_bytes(print_pdf(page.html))
            _open_pdf(file)
    else:
        with file.open("wb") as out:
            (write_csv if outlet == "csv" else write_xlsx)(view, out)
    if outlet == "xlsx":
        zipfile.ZipFile(file).extractall(folder / "parts")


# ---- what assistants are told ------------------------------------------------------------------


def _told(index: Path, audience: str) -> str:
    """All that the tools of an audience's assistants say, whatever they are asked."""
    told = ServiceConfig(
        audience=audience,
        internal=audience == "agent",
        title="测试",
        index=index,
        site=None,
        today=lambda: ON,
    )
    questions = [
        "欠费停机多久能恢复",
        "停机",
        "宽带故障",
        "大面积断网",
        *map(canary, EVERYWHERE_HIDDEN),
    ]
    with closing(Service(told)) as service:
        shelf = Shelf(service, "https://kb.example")
        said: list[Record] = [shelf.due(MAX_DAYS)]
        for question in questions:
            found = shelf.search(question)
            said += [found, shelf.answer(question)]
            for hit in found.hits:
                said += [shelf.document(hit.id), shelf.citations(hit.id)]
        for route in ("id", "faq-id", "policy-id", "ended-id", "upcoming-id"):
            for kind in Kind:
                with suppress(QueryRefused):
                    said.append(shelf.document(f"{kind.value}-{canary(route)}"))
    return "\n".join(one.model_dump_json() for one in said)


def test_assistants_of_dealers_are_told_no_canary(built: dict[str, Built]) -> None:
    words = [canary(route) for route in (*EVERYWHERE_HIDDEN, *NOWHERE)]
    told = _told(built["dealer"].index, "dealer")
    assert PUBLIC_FAQ in told
    assert [word for word in words if word in told] == []


@pytest.mark.parametrize("route", ["title", "background", "forbidden", "faq-answer", "ended-title"])
def test_the_same_questions_bring_the_canaries_to_assistants_of_agents(
    route: str, built: dict[str, Built]
) -> None:
    assert canary(route) in _told(built["agent"].index, "agent")


def _open_pdf(file: Path) -> None:
    text = subprocess.run(["pdftotext", file, "-"], capture_output=True, check=True).stdout
    facts = subprocess.run(["pdfinfo", "-dests", file], capture_output=True, check=True).stdout
    parts = [text, facts]
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", file.read_bytes(), re.DOTALL):
        try:
            parts.append(zlib.decompress(stream))
        except zlib.error:
            parts.append(stream)
    # Strings of a PDF may be UTF-16.
    for number, part in enumerate(parts):
        file.with_suffix(f".{number}").write_bytes(part)
        file.with_suffix(f".{number}.narrow").write_bytes(part.replace(b"\0", b""))


@pytest.fixture(scope="module", params=list(EXPORTED))
def exported(
    planted: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> tuple[str, dict[str, Path]]:
    """One export for each audience."""
    if request.param == "pdf" and not shutil.which("pdftotext"):
        pytest.skip("pdftotext (poppler-utils) is not installed")
    library = load_library(planted)
    folders = {}
    for audience in ("dealer", "agent"):
        folders[audience] = tmp_path_factory.mktemp(f"{request.param}-{audience}")
        _export(library.view(audience, ON), request.param, folders[audience])
    return request.param, folders


def test_dealers_get_no_canary_in_an_export(exported: tuple[str, dict[str, Path]]) -> None:
    _, folders = exported
    words = [canary(route) for route in (*EVERYWHERE_HIDDEN, *NOWHERE)]
    assert sweep(folders["dealer"], words) == []
    assert sweep(folders["agent"], [canary(route) for route in NOWHERE]) == []
    # The dealers' export is not empty.
    assert sweep(folders["dealer"], ["系统会自动为您复机"])


def test_the_same_sweep_finds_the_canaries_in_the_export_for_agents(
    exported: tuple[str, dict[str, Path]],
) -> None:
    outlet, folders = exported
    words = {canary(route) for route in EXPORTED[outlet]}
    assert {leak.canary for leak in sweep(folders["agent"], words)} == words


def test_every_canary_of_a_document_is_in_an_export_for_agents() -> None:
    routes = {route for outlet in EXPORTED.values() for route in outlet}
    assert {*EVERYWHERE_HIDDEN} - routes == {"term", "definition", "synonym", "withdrawn-id"}


def _hide_plain(text: str) -> bytes:
    return f"<p>{text}</p>".encode()


def _hide_gzip(text: str) -> bytes:
    return gzip.compress(text.encode())


def _hide_json(text: str) -> bytes:
    return json.dumps({"a": text}).encode()


def _hide_entities(text: str) -> bytes:
    return "".join(f"&#{ord(character)};" for character in text).encode()


def _hide_url(text: str) -> bytes:
    return quote(text).encode()


def _hide_base64(text: str) -> bytes:
    return b"data:text/plain;base64," + base64.b64encode(text.encode())


def _hide_feed(text: str) -> bytes:
    return f"<c>&lt;p&gt;{text[:4]}&lt;b&gt;{text[4:]}&lt;/b&gt;&lt;/p&gt;</c>".encode()


def _hide_json_html(text: str) -> bytes:
    return json.dumps({"html": f'<p>{text[:5]}<b class="a>b">{text[5:]}</b></p>'}).encode()


def _hide_json_quotes(text: str) -> bytes:
    return json.dumps({"a": f'<a title="{text}">x</a>'}).replace("</", "<\\/").encode()


def _hide_attribute(text: str) -> bytes:
    return f'<p title="{text}">x</p>'.encode()


def _hide_broken_tags(text: str) -> bytes:
    return f"1 < 2 <p class='x>{text[:4]}<b>{text[4:]}</b>".encode()


def _hide_tags(text: str) -> bytes:
    return f"<p>{text[:4]}<strong>{text[4:7]}</strong>\n {text[7:]}</p>".encode()


@pytest.mark.parametrize(
    "hide",
    [
        _hide_plain,
        _hide_gzip,
        _hide_json,
        _hide_entities,
        _hide_url,
        _hide_base64,
        _hide_tags,
        _hide_feed,
        _hide_json_html,
        _hide_json_quotes,
        _hide_attribute,
        _hide_broken_tags,
    ],
)
def test_the_sweep_sees_through_every_form(hide, tmp_path: Path) -> None:
    secret = "满二百元须班长批准方可给付"
    (tmp_path / "page.html").write_bytes(hide(secret))
    assert [leak.canary for leak in sweep(tmp_path, [secret])] == [secret]
    assert sweep(tmp_path, ["另外一句没有写过的话"]) == []


_AS_WRITTEN = (
    *(_hide_plain, _hide_gzip, _hide_json, _hide_entities, _hide_url),
    *(_hide_json_quotes, _hide_attribute),
)


@pytest.mark.parametrize("hide", _AS_WRITTEN)
def test_short_canaries_are_found_as_they_are_written(hide, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_bytes(hide("请发转网短信"))
    assert [leak.canary for leak in sweep(tmp_path, ["转网短信"])] == ["转网短信"]


@pytest.mark.parametrize("text", ["<li>转网</li><li>短信</li>", "转网\n短信", "转网 短信"])
def test_two_words_side_by_side_are_no_short_canary(text: str, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    assert sweep(tmp_path, ["转网短信"]) == []


def test_the_sweep_reads_file_names(tmp_path: Path) -> None:
    (tmp_path / "case-secret").mkdir()
    (tmp_path / "case-secret" / "index.html").write_text("", encoding="utf-8")
    assert [leak.path for leak in sweep(tmp_path, ["case-secret"])] == ["case-secret/index.html"]


def test_a_leak_stops_the_site_from_being_published(
    planted: Path, tmp_path: Path, monkeypatch
) -> None:
    library = load_library(planted)
    agent = library.view("agent", ON)
    dealer = library.view("dealer", ON)
    out = tmp_path / "site"
    build_site(dealer, agent, tmp_path / "stage", out)
    before = (out / "index.html").read_bytes()

    def leaky(stage_folder, pages):
        write_pages(stage_folder, pages)
        extra = stage_folder / "pages" / "extra" / "index.md"
        extra.parent.mkdir()
        extra.write_text(
            f"# x\n\n减免{canary('outcome')}三天月费，此后一个月没有再报障。", encoding="utf-8"
        )

    monkeypatch.setattr("casebook.publishing.write_pages", leaky)
    with pytest.raises(LeakError, match=r"extra/index\.html"):
        build_site(dealer, agent, tmp_path / "stage", out)
    assert (out / "index.html").read_bytes() == before
    assert not (out / "extra").exists()
    shutil.rmtree(out)
