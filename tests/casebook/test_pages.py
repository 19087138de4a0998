"""What stands on the pages of a site; nothing that an author writes becomes part of their code."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest

from casebook.checks import RULES
from casebook.documents import Case, Document, Kind, Policy
from casebook.guide import guide_navigation, guide_pages, model_text
from casebook.library import View, load_library
from casebook.pages import Page, markdown_text, page_url, review_state, view_pages
from casebook.pages.facts import trust_box
from casebook.publishing import build_site
from casebook.trust import Badge, trust_of

# The sites of the sample library are built once for all of these.
pytestmark = pytest.mark.xdist_group("pages")

ON = date(2026, 11, 22)
SITE = "http://127.0.0.1:8000/site/"
VOID = set("area base br col embed hr img input link meta source track wbr".split())


@dataclass
class Html(HTMLParser):
    """What a browser would find in a file: its tags, their attributes, its text."""

    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    scripts: list[str] = field(default_factory=list)
    data: list[str] = field(default_factory=list)
    _open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "script":
            # Browsers do not run data.
            kind = next(attrs.get("type") for tag, attrs in reversed(self.tags) if tag == "script")
            (self.data if kind == "application/ld+json" else self.scripts).append(data)
        for tag in self._open:
            self.texts[tag] = self.texts.get(tag, "") + data

    @property
    def ids(self) -> list[str]:
        return [attrs["id"] or "" for _, attrs in self.tags if "id" in attrs]

    @property
    def shape(self) -> list[tuple[str, tuple[str, ...]]]:
        """Its tags and the names of their attributes: what an author's text must not change."""
        return [(tag, tuple(sorted(attrs))) for tag, attrs in self.tags]


def parse(file: Path, *, related: bool = True) -> Html:
    """A file as a browser finds it, with or without what else to read, which depends on words."""
    text = file.read_text(encoding="utf-8")
    found = Html()
    if not related:
        text = re.sub(r'(?s)<h2 id="related".*?</ul>|<li><a href="#related".*?</li>', "", text)
    found.feed(text)
    found.close()
    return found


@pytest.fixture(scope="module")
def sites(
    agent_view: View, dealer_view: View, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """Both sites of the sample library."""
    built = {}
    for view in (dealer_view, agent_view):
        out = tmp_path_factory.mktemp("sample") / view.audience.id
        build_site(view, agent_view, out.with_name("stage"), out)
        built[view.audience.id] = out
    return built


@pytest.fixture(scope="module")
def agent_pages(agent_view: View) -> dict[str, Page]:
    return {page.path: page for page in (*view_pages(agent_view), *guide_pages(agent_view))}


def positions(text: str, *parts: str) -> list[int]:
    """Where the parts stand, each of them once."""
    assert [text.count(part) for part in parts] == [1] * len(parts)
    return [text.index(part) for part in parts]


# ---- structure ------------------------------------------------------------------------------


def test_a_case_has_its_five_sections_in_order(agent_view: View, agent_pages: dict[str, Page]):
    cases = agent_view.of(Kind.CASE)
    assert cases
    for case in cases:
        body = agent_pages[f"cases/{case.id}/"].body
        names = re.findall(r"^## (\S+) \{#(\w+)\}$", body, re.MULTILINE)
        assert names[:5] == [
            ("主题", "theme"),
            ("背景", "background"),
            ("细节", "details"),
            ("结果", "outcome"),
            ("评析", "analysis"),
        ]


def test_an_entry_gives_its_answer_before_everything_else(
    agent_view: View, agent_pages: dict[str, Page]
):
    for entry in agent_view.of(Kind.FAQ):
        body = agent_pages[f"faq/{entry.id}/"].body
        start = body.partition('class="cb-notice')[2].partition("</div>")[2].lstrip() or body
        assert start.startswith('<div class="cb-opening"><section class="cb-answer')
        places = positions(body, 'class="cb-trust"', 'class="cb-facts"', "## 办理方式")
        assert places == sorted(places)


def test_what_ended_says_so_first_and_cannot_be_copied(agent_pages: dict[str, Page]):
    body = agent_pages["faq/faq-roaming-summer/"].body
    assert body.startswith('<div class="cb-notice cb-notice--ended"')
    assert "<time>2026-09-30</time> 已失效，不能照此答复" in body
    assert "cb-answer--past" in body
    assert "复制答复" not in body
    assert "复制答复" in agent_pages["faq/faq-arrears-resume/"].body


def test_what_is_to_come_says_when_it_begins(small: Path, write):
    write(Kind.FAQ, "a", {"effective_from: 2026-01-01": "effective_from: 2027-01-01"})
    pages = {page.path: page for page in view_pages(load_library(small).view("agent", ON))}
    body = pages["faq/faq-arrears-resume/"].body
    assert "<time>2027-01-01</time> 起生效，不能照此答复" in body
    assert "复制答复" not in body


def test_articles_have_anchors_and_say_who_cites_them(
    agent_view: View, agent_pages: dict[str, Page]
):
    body = agent_pages["policies/policy-consumer-law/"].body
    assert "## 第五十五条 欺诈要加倍赔偿：三倍，最低五百元 {#a55}" in body
    article = body.partition("{#a55}")[2].partition("\n## ")[0]
    citing = agent_view.citing("policy-consumer-law", "55")
    assert len(citing) > 3
    assert f"被 {len(citing)} 篇引用" in article
    for document in citing:
        assert f'href="../../{document.kind.folder}/{document.id}/"' in article
    assert "{#p3}" in agent_pages["policies/policy-telecom-regulation/"].body


def test_policies_name_what_they_supersede_both_ways(small: Path, write):
    write(Kind.POLICY, "old", {"id: policy-plan-outage": "id: policy-old", "大面积": "旧的"})
    write(Kind.POLICY, "new", {"issuer:": "supersedes:\n  - policy-old\nissuer:"})
    pages = {page.path: page.body for page in view_pages(load_library(small).view("agent", ON))}
    new = pages["policies/policy-plan-outage/"].partition("## 取代了 {#supersedes}")[2]
    assert 'href="../../policies/policy-old/"' in new
    old = pages["policies/policy-old/"].partition("## 已被取代 {#superseded-by}")[2]
    assert 'href="../../policies/policy-plan-outage/"' in old


def test_every_document_says_how_far_to_trust_it(
    agent_view: View, dealer_view: View, agent_pages: dict[str, Page]
):
    dealer_pages = {page.path: page for page in view_pages(dealer_view)}
    for view, pages in ((agent_view, agent_pages), (dealer_view, dealer_pages)):
        for document in view.documents:
            page = pages[page_url(document)]
            trust = trust_of(document, view)
            box = page.body.partition('<dl class="cb-trust">')[2].partition("</dl>")[0]
            mark = f'<span class="cb-badge cb-badge--{trust.badge}">{trust.badge.label}</span>'
            # Whoever is told no review is told no more than that it was approved.
            more = " " if view.internal or trust.badge is not Badge.VERIFIED else "</dd>"
            assert f"<dt>可信程度</dt><dd>{mark}{more}" in box
            assert ("</span> 可以" in box) == (
                view.internal and trust.badge in (Badge.VERIFIED, Badge.DUE)
            )
            assert f"<dt>核准于</dt><dd><time>{document.approved_on}</time></dd>" in box
            assert f"<dt>负责</dt><dd>{document.owner}</dd>" in box
            reviewed = view.internal and trust.badge is not Badge.ENDED
            assert ("<dt>复核</dt>" in box) == reviewed
            assert ("<dt>依据</dt>" in box) == bool(document.policies)
            until = document.effective_until_or_none
            assert (f"至 <time>{until}</time></dd>" in box) == (until is not None)
            assert page.data["trust"] == trust.data()


def test_dealers_are_told_no_person_and_no_review(dealer_view: View, agent_view: View):
    authors = {d.author for d in agent_view.of(Kind.CASE) if isinstance(d, Case) and d.author}
    reviews = {str(d.review_by) for d in agent_view.documents} - {
        str(day)
        for d in dealer_view.documents
        for day in (d.approved_on, d.effective_from_or_none, d.effective_until_or_none)
    }
    assert authors
    assert reviews
    for page in view_pages(dealer_view):
        text = page.text() + json.dumps(page.data, ensure_ascii=False)
        assert not [name for name in authors if name in text]
        if page.path.startswith(("faq/faq-", "cases/case-", "policies/policy-")):
            assert not [day for day in reviews if day in text]
            assert "复核" not in text.partition("cb-trust")[2].partition("</dl>")[0]


@pytest.mark.parametrize(
    ("badge", "words"),
    [
        (Badge.VERIFIED, "可以照此答复"),
        (Badge.DUE, "可以照此答复，快到复核日期"),
        (Badge.OVERDUE, "过了复核日期，照此答复以前先问资费产品组"),
        (Badge.UPCOMING, "还不能照此答复"),
        (Badge.ENDED, "不能再照此答复"),
    ],
)
def test_the_badge_in_words(agent_view: View, badge: Badge, words: str):
    document = agent_view.get("faq-arrears-resume")
    assert document
    trust = replace(trust_of(document, agent_view), badge=badge)
    box = trust_box(document, trust, "2027-01-01 前", "")
    assert f'cb-badge--{badge}">{badge.label}</span> {words}</dd>' in box


def test_an_overdue_review_is_not_told_to_be_fine(agent_view: View, dealer_view: View):
    path, day = "faq/faq-arrears-resume/", date(2028, 1, 1)
    dealer, agent = (
        next(page for page in view_pages(replace(view, on=day)) if page.path == path)
        for view in (dealer_view, agent_view)
    )
    assert "可以照此" not in dealer.body
    assert "过了复核日期" in agent.body


@pytest.mark.parametrize(
    ("days", "words"), [(-1, ""), (0, "只到 11 月 22 日"), (7, "只到 11 月 29 日"), (8, "")]
)
def test_what_ends_soon_says_so_wherever_it_is_named(
    agent_view: View, dealer_view: View, days: int, words: str
):
    for view in (agent_view, dealer_view):
        entry = view.get("faq-arrears-resume")
        assert entry
        entry = entry.model_copy(update={"effective_until": ON + timedelta(days=days)})
        asked = {entry.id: 3}
        found = {p.path: p for p in view_pages(replace(view, documents=(entry,)), asked)}
        paths = ["faq/faq-arrears-resume/", "faq/", "subjects/zi-fei/", "asked/"]
        for path in [*paths, *(["cards/zi-fei/"] if days >= 0 else [])]:
            plain = re.sub(r"<[^>]+>", "", found[path].body)
            assert ("只到" in plain) == bool(words), path
            assert words in plain, path


def test_what_does_not_hold_says_so_in_its_description(agent_view: View):
    entry = agent_view.get("faq-arrears-resume")
    assert entry
    answer = "欠费缴清后"
    for changes, start in (
        ({}, answer),
        ({"effective_until": ON - timedelta(days=1)}, f"已失效：{answer}"),
        ({"effective_from": ON + timedelta(days=1)}, f"未生效：{answer}"),
    ):
        view = replace(agent_view, documents=(entry.model_copy(update=changes),))
        page = next(p for p in view_pages(view) if p.path == "faq/faq-arrears-resume/")
        assert page.description.startswith(start)


def test_types_of_customers_are_not_said_to_customers(agent_view: View, dealer_view: View):
    for view, shown in ((agent_view, True), (dealer_view, False)):
        assert view.of(Kind.CASE)
        pages = {page.path: page for page in view_pages(view)}
        own = {path for path in pages if path.startswith("customers/")}
        assert bool(own) == shown
        bodies = "".join(page.body for page in pages.values())
        assert ("客户类型" in bodies) == shown
        assert "levels/" in pages
        names = [name for case in view.of(Kind.CASE) if isinstance(case, Case)
                 for name in case.customer_types]  # fmt: skip
        assert any(f"<dd>{name}" in bodies for name in names) == shown


def test_internal_sections_are_marked_for_agents_and_absent_for_dealers(
    agent_pages: dict[str, Page], dealer_view: View
):
    body = agent_pages["faq/faq-arrears-resume/"].body
    for heading in ("设计思路", "禁用说法"):
        section = body.partition(f"## {heading}")[2].partition("\n## ")[0]
        assert "cb-section--internal" in section
        assert "仅坐席，不对客户说" in section
    assert "仅坐席" not in body.partition("## 设计思路")[0]
    public = {page.path: page.body for page in view_pages(dealer_view)}
    assert "设计思路" not in public["faq/faq-arrears-resume/"]
    assert "cb-section--internal" not in "".join(public.values())


def test_the_trail_stands_above_the_title(agent_pages: dict[str, Page]):
    text = agent_pages["faq/faq-arrears-resume/"].text()
    places = positions(text, 'class="cb-trail"', "# 欠费停机后多久能恢复？", '"cb-answer"')
    assert places == sorted(places)
    trail = agent_pages["faq/faq-arrears-resume/"].trail
    assert re.findall(r">([^<]+)</a>", trail) == ["首页", "统一口径", "资费", "充值与欠费"]


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (None, "未定"),
        (date(2026, 11, 21), "2026-11-21 已过期，待复核"),
        (date(2026, 11, 22), "2026-11-22 前，即将到期"),
        (date(2026, 12, 22), "2026-12-22 前，即将到期"),
        (date(2026, 12, 23), "2026-12-23 前"),
        (date(2027, 11, 22), "2027-11-22 前"),
    ],
)
def test_review_state_in_words(agent_view: View, day: date | None, words: str):
    document = agent_view.documents[0].model_copy(update={"review_by": day})
    assert review_state(document, ON, due_soon=30) == words


# ---- the guide, the glossary -----------------------------------------------------------------


def test_guide_is_for_agents_and_lists_every_rule(
    agent_view: View, dealer_view: View, sites: dict[str, Path]
):
    assert list(guide_pages(dealer_view)) == []
    assert guide_navigation(dealer_view) == ()
    assert not (sites["dealer"] / "guide").exists()
    overview = parse(sites["agent"] / "guide" / "index.html")
    targets = {attrs.get("href") for tag, attrs in overview.tags if tag == "a"}
    assert {f"../{entry.path}" for entry in guide_navigation(agent_view)} <= targets
    for page in guide_pages(agent_view):
        above = ["首页", "写作与检查"] if page.path != "guide/" else ["首页"]
        assert re.findall(r">([^<]+)</a>", page.trail) == above
    rules = parse(sites["agent"] / "guide" / "rules" / "index.html")
    assert RULES
    assert {rule.code for rule in RULES} <= set(rules.ids)
    text = rules.texts["main"]
    for rule in RULES:
        assert rule.summary in text
        assert rule.reason in text
    writing = parse(sites["agent"] / "guide" / "writing" / "index.html").texts["main"]
    for kind in Kind:
        assert model_text(kind).strip() in writing


def test_glossary_shows_each_audience_its_own_words(agent_view: View, dealer_view: View):
    terms = {term.term: term.audience for term in agent_view.settings.glossary.terms}
    assert set(terms.values()) == {"dealer", "agent"}
    for view, expected in (
        (agent_view, set(terms)),
        (dealer_view, {term for term, audience in terms.items() if audience == "dealer"}),
    ):
        [page] = [page for page in view_pages(view) if page.path == "glossary/"]
        assert set(re.findall(r"<dt>([^<]+)</dt>", page.body)) == expected


# ---- hostile texts --------------------------------------------------------------------------

HOSTILE = [
    "</title><script>alert(1)</script>",
    "<script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    '" onmouseover="alert(1)" x="',
    "{{ 1 + 1 }} {% raw %} {# c #}",
    "{: #facts .cb-answer onclick=alert(1) } {#answer}",
    "`a` ``b`` ```c```",
    "[x](javascript:alert(1))",
    "![x](https://host.example/x.png)",
    "# 甲 ## 乙",
    "--- 甲 ---",
    "&lt;b&gt; &amp; &#60;b&#62;",
    "<!-- 甲",
    "*甲* _乙_ **丙** ~~丁~~",
    "\\<b\\> \\` ^[甲] [^1]",
    "https://host.example <https://host.example>",
]


@pytest.fixture(scope="module")
def hostile_sites(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[int, dict[str, Html]]]:
    """Pages of documents that hold each hostile text in each place, and harmless ones.

    Reading refuses some of these texts; the pages must not rely on that.
    """
    folder = tmp_path_factory.mktemp("hostile")
    library = folder / "library"
    library.mkdir()
    shutil.copy(root / "casebook.toml", library)
    for kind in Kind:
        (library / kind.folder).mkdir()
        (library / kind.folder / "a.md").write_text(model_text(kind), encoding="utf-8")
    view = load_library(library).view("agent", ON)
    assert len(view.documents) == len(Kind)
    found: dict[str, dict[int, dict[str, Html]]] = {}
    for name, texts in (("hostile", HOSTILE), ("harmless", ["甲乙丙"] * len(HOSTILE))):
        documents = tuple(
            _with_text(document, f"{document.kind.value}-n{number}", text)
            for number, text in enumerate(texts)
            for document in view.documents
        )
        site = folder / name
        shown = replace(view, documents=documents, public=True)
        build_site(shown, shown, folder / "stage", site)
        found[name] = {
            number: {
                kind.value: parse(
                    site / kind.folder / f"{kind.value}-n{number}" / "index.html", related=False
                )
                for kind in Kind
            }
            for number in range(len(texts))
        }
        indexes = [parse(site / kind.folder / "index.html") for kind in Kind]
        for number, text in enumerate(texts):
            assert all(text in index.texts["main"] for index in indexes), number
    return found


def _with_text(document: Document, name: str, text: str) -> Document:
    changes = {"id": name, "title": text, "owner": text, "tags": (text,)}
    if isinstance(document, Case):
        changes |= {"author": text, "purpose": text, "happened": text}
    if isinstance(document, Policy):
        first = document.sections[0].model_copy(update={"heading": f"第一条 {text}"})
        changes |= {"issuer": text, "number": text, "sections": (first, *document.sections[1:])}
    return document.model_copy(update=changes)


@pytest.mark.parametrize("number", range(len(HOSTILE)), ids=HOSTILE)
@pytest.mark.parametrize("kind", list(Kind))
def test_hostile_texts_come_out_as_text(hostile_sites, number: int, kind: Kind):
    text = HOSTILE[number]
    page: Html = hostile_sites["hostile"][number][kind.value]
    harmless: Html = hostile_sites["harmless"][number][kind.value]
    assert page.texts["h1"].strip().removesuffix("#").strip() == text
    assert page.texts["title"].startswith(f"{text} · ")
    assert page.texts["dl"].count(text) >= 2  # owner and tag
    if kind is Kind.POLICY:
        assert f"第一条 {text}" in page.texts["h2"]
        assert page.texts["dl"].count(text) >= 4  # and the issuer and the number
    if kind is Kind.CASE:
        assert page.texts["dl"].count(text) >= 5  # and the author, the purpose and the month
    assert page.shape == harmless.shape
    assert page.scripts == harmless.scripts
    [data] = page.data
    assert text in _texts(json.loads(data))
    for _, attrs in page.tags:
        assert not [name for name in attrs if name.startswith("on")]
        assert not (attrs.get("href") or "").strip().lower().startswith("javascript")


def _texts(value: object) -> set[str]:
    """All texts in a JSON value."""
    if isinstance(value, dict):
        return {text for one in value.values() for text in _texts(one)}
    if isinstance(value, list):
        return {text for one in value for text in _texts(one)}
    return {value} if isinstance(value, str) else set()


def test_hostile_settings_come_out_as_text(small: Path, tmp_path: Path, write):
    text = "</title><script>alert(1)</script>{{ 1 }}&amp;"
    settings = small / "casebook.toml"
    content = settings.read_text(encoding="utf-8")
    content = content.replace('title = "远汐通信 服务问答"', f"title = '{text}'")
    content = content.replace('"资费" =', "'资<b>费' =")
    settings.write_text(content, encoding="utf-8")
    write(Kind.FAQ, "a", {"资费/充值与欠费": "资<b>费/充值与欠费"})
    view = load_library(small).view("dealer", ON)
    assert view.documents
    build_site(view, view, tmp_path / "stage", tmp_path / "site")
    for file in (tmp_path / "site").rglob("*.html"):
        page = parse(file)
        assert "alert(1)" not in "".join(page.scripts)
        assert "b" not in {tag for tag, _ in page.tags}
        assert page.texts["title"].endswith(text)
    home = parse(tmp_path / "site" / "index.html")
    assert "资<b>费" in home.texts["main"]


def test_markdown_text_means_just_that_text():
    assert markdown_text("a*b <i>") == "a&#42;b &#60;i&#62;"
    assert markdown_text("3.5 折（旧-版）!") == "3.5 折（旧-版）!"


# ---- links and sizes ------------------------------------------------------------------------


@pytest.mark.parametrize("audience", ["dealer", "agent"])
def test_every_link_leads_to_a_file_and_an_anchor(sites: dict[str, Path], audience: str):
    site = sites[audience]
    files = sorted(site.rglob("*.html"))
    pages = {file: parse(file) for file in files}
    ids = {file: set(page.ids) for file, page in pages.items()}
    broken, links = [], 0
    for file, page in pages.items():
        here = SITE + file.relative_to(site).as_posix()
        for tag, attrs in page.tags:
            address = attrs.get("href") or attrs.get("src")
            if address is None or tag == "form":
                continue
            target = urljoin(here, address)
            parts = urlsplit(target)
            if not target.startswith(SITE):
                if not (parts.scheme in {"https", "mailto", "tel"} and tag == "a"):
                    broken.append(f"{here} → {address}")
                continue
            links += 1
            path = site / unquote(parts.path.removeprefix("/site/"))
            path = path / "index.html" if path.is_dir() else path
            anchor = unquote(parts.fragment)
            if not path.is_file() or (anchor and anchor not in ids[path]):
                broken.append(f"{here} → {address}")
    assert broken == []
    assert links > 1000


@pytest.mark.parametrize("audience", ["dealer", "agent"])
def test_ids_are_unique_on_every_page(sites: dict[str, Path], audience: str):
    for file in sites[audience].rglob("*.html"):
        twice = [name for name, count in Counter(parse(file).ids).items() if count > 1]
        assert twice == [], file
