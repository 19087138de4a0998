"""The ways to find a document: lists, their pages, cards, news, what was asked, what is gone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest

from casebook.documents import Case, Citation, Document, Faq, Kind, Policy, Standing, Withdrawal
from casebook.guide import guide_navigation, guide_pages
from casebook.library import View, load_library
from casebook.page_data import answer_text
from casebook.pages import (
    Page,
    navigation,
    page_url,
    subject_anchor,
    subject_path,
    view_pages,
)
from casebook.pages.listing import ROWS
from casebook.pages.products import products_of
from casebook.pages.related import MOST, Related
from casebook.pages.subjects import slugs
from tests.conftest import ON

SITE = "http://site.example/"
MANY = 1500


def pages_of(view: View, asked: dict[str, int] | None = None) -> dict[str, Page]:
    return {page.path: page for page in view_pages(view, asked)}


@pytest.fixture(scope="module")
def pages(agent_view: View) -> dict[str, Page]:
    return pages_of(agent_view)


@pytest.fixture(scope="module")
def dealer_pages(dealer_view: View) -> dict[str, Page]:
    return pages_of(dealer_view)


def entry_of(view: View, name: str = "faq-arrears-resume") -> Faq:
    entry = view.get(name)
    assert isinstance(entry, Faq)
    return entry


def copies(view: View, count: int, **changes: Any) -> View:
    """A view of so many entries that differ by their numbers alone, and its other documents."""
    entry = entry_of(view)
    new = [
        entry.model_copy(
            update={
                "id": f"faq-n{number:05}",
                "title": f"第 {number} 个问题",
                "approved_on": entry.approved_on - timedelta(days=number % 300),
                "digest": str(number),
                **changes,
            }
        )
        for number in range(count)
    ]
    documents = sorted((*view.documents, *new), key=lambda document: document.id)
    return replace(view, documents=tuple(documents))


@pytest.fixture(scope="module")
def large_view(agent_view: View) -> View:
    """Many entries of one second-level subject, and of no second level."""
    view = copies(agent_view, MANY)
    own = [
        document.model_copy(update={"subject": "资费"}) if document.id < "faq-n00250" else document
        for document in view.documents
        if document.id.startswith("faq-n")
    ]
    others = [d for d in view.documents if not d.id.startswith("faq-n")]
    return replace(view, documents=tuple(sorted((*others, *own), key=lambda d: d.id)))


@pytest.fixture(scope="module")
def large_pages(large_view: View) -> dict[str, Page]:
    return pages_of(large_view)


def rows(page: Page) -> list[str]:
    """The addresses that the rows of a page's lists lead to, under the site's root."""
    links = re.findall(r'cb-list__title"><a href="([^"]+)"', page.body)
    return [urljoin(SITE + page.path, link).removeprefix(SITE) for link in links]


def dates(body: str) -> list[str]:
    return re.findall(r"<time[^>]*>([\d-]+)</time>", body)


def links(page: Page, mark: str) -> list[str]:
    """The addresses, under the site's root, of a page's links that a pattern finds."""
    found = re.findall(rf'<a href="([^"]+)"{mark}', page.body)
    return [urljoin(SITE + page.path, link).removeprefix(SITE) for link in found]


# ---- lists ----------------------------------------------------------------------------------


def test_kinds_are_grouped_by_subject_newest_first(agent_view: View, pages: dict[str, Page]):
    subjects = list(agent_view.settings.taxonomy.subjects)
    for kind in (Kind.FAQ, Kind.CASE):
        groups = pages[f"{kind.folder}/"].body.split("\n## ")
        names = [group.removeprefix("## ").partition(" {#")[0] for group in groups]
        assert names == [name for name in subjects if name in names]
        for name, group in zip(names, groups, strict=True):
            found = [d for d in agent_view.of(kind) if (d.subject or "").partition("/")[0] == name]
            assert dates(group) == [str(document.approved_on) for document in found]


def test_policies_are_grouped_by_authority(agent_view: View, pages: dict[str, Page]):
    body = pages["policies/"].body
    ranks = re.findall(r"^## (\S+) ", body, re.MULTILINE)
    assert ranks == [name for name in agent_view.settings.taxonomy.ranks if name in ranks]
    policies = {page_url(d) for d in agent_view.documents if isinstance(d, Policy)}
    assert set(rows(pages["policies/"])) == policies


def test_home_shows_the_newest_that_the_news_does_not(agent_view: View, pages: dict[str, Page]):
    news, _, newest = pages[""].body.partition("{#news}")[2].partition("{#newest}")
    told = set(re.findall(r"/((?:faq|case|policy)-[a-z0-9-]+)/", news))
    assert told
    others = [d for d in agent_view.documents if d.id not in told]
    approved = sorted((str(d.approved_on) for d in others), reverse=True)
    assert dates(newest) == approved[:8]
    assert not [name for name in told if f"/{name}/" in newest]


def test_home_says_once_how_much_there_is(agent_view: View, pages: dict[str, Page], small: Path):
    body = pages[""].body
    assert body.startswith(
        '<p class="cb-lead">内容更新到 <span class="cb-day">2026 年 11 月 22 日</span></p>'
    )
    for kind in Kind:
        count = len(agent_view.of(kind))
        link = f'<a href="{kind.folder}/">{kind.label}</a> <span class="cb-count">{count} 篇</span>'
        assert body.count(link) == body.count(f'href="{kind.folder}/"') == 1
    ways = body.partition('aria-label="找法"')[2].partition("</nav>")[0]
    assert re.findall(r'href="([^"]+)"', ways) == [
        "faq/", "cases/", "policies/", "products/", "customers/", "levels/", "policies/cited/",
    ]  # fmt: skip
    empty = pages_of(load_library(small).view("agent", ON))[""].body
    assert "还没有内容。" in empty
    assert "cb-browse" not in empty


def test_home_begins_with_what_a_counter_needs(dealer_view: View):
    body = pages_of(dealer_view, {"faq-arrears-resume": 1})[""].body
    marks = ["内容更新到", "{#asked}", "{#subjects}", 'href="cards/"', "{#news}", "{#newest}"]
    places = [body.index(mark) for mark in marks]
    assert places == sorted(places)


def _ways_to(view: View, document: Document) -> Iterable[str]:
    """The lists that must lead to a document."""
    yield f"{document.kind.folder}/"
    if document.subject:
        yield subject_path(view, document.subject)
        yield subject_path(view, document.subject.partition("/")[0])
    if isinstance(document, Case):
        yield "levels/"
        # Nobody but those who work here is told which type of customer a case is about.
        for name in document.customer_types if view.internal else ():
            yield f"customers/{slugs(view.settings.taxonomy.customer_types)[name]}/"
    if isinstance(document, Policy) and view.citing(document.id):
        yield "policies/cited/"


def test_every_way_leads_to_every_document(
    agent_view: View, dealer_view: View, pages: dict[str, Page], dealer_pages: dict[str, Page]
):
    for view, found in ((agent_view, pages), (dealer_view, dealer_pages)):
        for document in view.documents:
            for path in _ways_to(view, document):
                reached = {row.partition("#")[0] for row in rows(found[path])}
                assert page_url(document) in reached, path


@pytest.mark.parametrize("audience", ["dealer", "agent"])
def test_every_page_is_reached_from_the_first(audience: str, agent_view: View, dealer_view: View):
    view = agent_view if audience == "agent" else dealer_view
    asked = {"faq-arrears-resume": 2}
    found = {**pages_of(view, asked), **{page.path: page for page in guide_pages(view)}}
    waiting = ["", *(e.path for e in (*navigation(view, asked), *guide_navigation(view)))]
    reached: set[str] = set()
    while waiting:
        path = waiting.pop()
        if path in reached or path not in found:
            continue
        reached.add(path)
        text = found[path].trail + found[path].body
        for link in re.findall(r'href="([^"]+)"', text):
            target = urljoin(SITE + path, link).partition("#")[0]
            waiting += [target.removeprefix(SITE)] * target.startswith(SITE)
    # What is gone for long is reached by those who know its address.
    assert set(found) - reached <= {path for path, page in found.items() if page.kind == "gone"}


def test_navigation_holds_no_document(agent_view: View, dealer_view: View):
    for view in (agent_view, dealer_view):
        entries = [*navigation(view), *guide_navigation(view)]
        paths = [entry.path for entry in entries]
        pages = {page.path for page in (*view_pages(view), *guide_pages(view))}
        assert len(set(paths)) == len(paths)
        assert set(paths) <= pages
        assert not {page_url(document) for document in view.documents} & set(paths)
        daily = "最近变化" if view.internal else "柜台卡片"
        main = [entry.title for entry in entries if not entry.group]
        assert main == ["首页", "按业务", "统一口径", "案例", daily]
        assert {entry.title for entry in entries} >= {"最近变化", "柜台卡片", "术语", "政策依据"}


def test_an_empty_library_has_its_pages(small: Path):
    view = load_library(small).view("agent", ON)
    pages = pages_of(view)
    assert "没有变化" not in pages["news/"].body + pages[""].body
    bare = view.settings.taxonomy.model_copy(update={"subjects": {}})
    settings = view.settings.model_copy(update={"taxonomy": bare})
    assert "## " not in pages_of(replace(view, settings=settings))[""].body
    for page in pages.values():
        assert not page.description.endswith("的内容"), page.path
    assert {"", "subjects/", "news/", "cards/", "glossary/", "search/"} <= set(pages)
    for entry in navigation(view):
        assert entry.path in pages


TRAILS = [
    ("", []),
    ("subjects/zi-fei/", ["首页", "按业务"]),
    ("subjects/zi-fei/liu-liang/", ["首页", "按业务", "资费"]),
    ("faq/", ["首页"]),
    ("levels/", ["首页", "案例"]),
    ("customers/zheng-yi-gan/", ["首页", "按客户类型"]),
    ("products/liu-liang-bao/", ["首页", "按产品"]),
    ("policies/cited/", ["首页", "政策依据"]),
    ("news/", ["首页"]),
    ("news/2026-w47/", ["首页", "最近变化"]),
    ("cards/zi-fei/", ["首页", "柜台卡片"]),
    ("glossary/", ["首页"]),
    ("search/", ["首页"]),
    ("faq/faq-arrears-resume/", ["首页", "统一口径", "资费", "充值与欠费"]),
    ("policies/policy-words/", ["首页", "政策依据"]),
]


@pytest.mark.parametrize(("path", "names"), TRAILS, ids=[path or "home" for path, _ in TRAILS])
def test_trails_name_the_pages_above(pages: dict[str, Page], path: str, names: list[str]):
    shown = pages[path].trail
    assert re.findall(r">([^<]+)</a>", shown) == names
    for link in re.findall(r'href="([^"]+)"', shown):
        assert urljoin(SITE + path, link).removeprefix(SITE) in pages


def test_subjects_that_sound_alike_have_pages_of_their_own(small: Path, write):
    settings = small / "casebook.toml"
    text = settings.read_text(encoding="utf-8")
    table = "[taxonomy.subjects]\n"
    text = text.replace(table, f'{table}"自费" = ["计费", "继费"]\n"2" = ["3"]\n')
    settings.write_text(text, encoding="utf-8")
    write(Kind.FAQ, "a", {})
    write(Kind.FAQ, "b", {"id: faq-arrears-resume": "id: faq-b", "资费/充值与欠费": "自费/计费"})
    write(Kind.FAQ, "c", {"id: faq-arrears-resume": "id: faq-c", "资费/充值与欠费": "自费/继费"})
    view = load_library(small).view("agent", ON)
    pages = list(view_pages(view))
    assert len({page.path for page in pages}) == len(pages)
    [own] = [page for page in pages if page.title == "自费"]
    anchors = re.findall(r"\{#(\S+)\}", own.body)
    assert len(set(anchors)) == len(anchors) == 2
    # A number is the address of a list's further page.
    assert subject_path(view, "2/3") == "subjects/n-2/n-3/"


# ---- long lists -----------------------------------------------------------------------------


def test_no_page_has_more_rows_than_a_hundred(large_pages: dict[str, Page]):
    most = {path: len(rows(page)) for path, page in large_pages.items() if page.kind != "home"}
    assert max(most.values()) == ROWS == 100
    assert max(len(page.text()) for path, page in large_pages.items()) < 60_000


@pytest.mark.parametrize(
    "path",
    ["faq/", "subjects/zi-fei/chong-zhi-yu-qian-fei/", "policies/policy-service-spec/cited/"],
)
def test_a_long_list_goes_on_from_page_to_page(
    large_view: View, large_pages: dict[str, Page], path: str
):
    expected = {
        "faq/": [d for d in large_view.documents if d.kind is Kind.FAQ],
        "subjects/zi-fei/chong-zhi-yu-qian-fei/": [
            d for d in large_view.documents if d.subject == "资费/充值与欠费"
        ],
        "policies/policy-service-spec/cited/": large_view.citing("policy-service-spec"),
    }[path]
    count = -(-len(expected) // ROWS)
    assert count > 2
    seen: list[str] = []
    data: list[str] = []
    at: str | None = path
    for number in range(1, count + 1):
        page = large_pages[at or ""]
        assert page.path == (path if number == 1 else f"{path}{number}/")
        seen += rows(page)
        items: Any = page.data["items"]
        data += [item["id"] for item in items]
        assert links(page, ' aria-current="page"') == [page.path]
        before = path if number == 2 else f"{path}{number - 1}/"
        assert links(page, ' rel="prev"') == ([before] if number > 1 else [])
        following = f"{path}{number + 1}/" if number < count else None
        assert links(page, ' rel="next"') == ([following] if following else [])
        next_data = page.data["next"]
        if following is None:
            assert next_data is None
        else:
            assert str(next_data).endswith(f"/site/{following}")
        at = following
    assert f"{path}{count + 1}/" not in large_pages
    assert sorted(seen) == sorted(map(page_url, expected))
    assert [row.split("/")[1] for row in seen] == data


def test_groups_of_a_long_list_keep_their_anchors(
    pages: dict[str, Page], large_pages: dict[str, Page]
):
    for path in ("faq/", "levels/", "policies/"):
        before = set(re.findall(r"\{#(\S+)\}", pages[path].body))
        page = large_pages[path]
        now = {*re.findall(r"\{#(\S+)\}", page.body), *re.findall(r'<li id="(\S+)">', page.body)}
        assert before
        assert before <= now
        for link in links(page, ""):
            target, _, anchor = link.partition("#")
            if anchor and target.startswith(path):
                assert f"{{#{anchor}}}" in large_pages[target].body


def test_a_subject_leads_to_its_own_feed(pages: dict[str, Page], large_pages: dict[str, Page]):
    for found in (pages, large_pages):
        own = {path: page.feed for path, page in found.items() if page.feed}
        assert {feed[0] for feed in own.values()} >= {"资费", "宽带"}
        for path, (name, folder) in own.items():
            assert path.startswith(folder)
            assert f"{folder}feed.xml" in links(found[path], f">订阅“{name}”的更新")
            front = json.loads(found[path].text().split("---")[1])
            assert front["cb"]["feed"] == {"title": name, "path": folder}
    assert "feed" not in json.loads(pages["faq/"].text().split("---")[1])["cb"]


def test_a_small_subject_is_on_one_page(agent_view: View, pages: dict[str, Page]):
    found = [d for d in agent_view.documents if (d.subject or "").startswith("资费")]
    assert sorted(rows(pages["subjects/zi-fei/"])) == sorted(map(page_url, found))
    assert "cb-pager" not in pages["subjects/zi-fei/"].body
    assert "subjects/zi-fei/2/" not in pages


def test_a_large_subject_shows_some_of_each_part_and_leads_on(
    large_view: View, large_pages: dict[str, Page]
):
    page = large_pages["subjects/zi-fei/"]
    children = large_view.settings.taxonomy.subjects["资费"]
    anchors = re.findall(r"\{#(\S+)\}", page.body)
    assert anchors[:4] == [subject_anchor(large_view, f"资费/{child}") for child in children]
    part = page.body.partition("## 充值与欠费")[2].partition("\n## ")[0]
    assert len(dates(part)) == 10
    count = sum(d.subject == "资费/充值与欠费" for d in large_view.documents)
    assert f">全部 {count} 篇</a>" in part
    assert "subjects/zi-fei/chong-zhi-yu-qian-fei/" in links(page, "")
    # Those of no part follow from page to page.
    own = [page_url(d) for d in large_view.documents if d.subject == "资费"]
    seen = [row for p in large_pages.values() if re.fullmatch(r"subjects/zi-fei/(\d+/)?", p.path)
            for row in rows(p)]  # fmt: skip
    assert set(own) <= set(seen)
    assert len(seen) == len(set(seen))


def test_a_policy_names_some_of_those_that_rest_on_it_and_leads_to_all(
    large_view: View, large_pages: dict[str, Page]
):
    page = large_pages["policies/policy-service-spec/"]
    citing = large_view.citing("policy-service-spec")
    article = page.body.partition("{#p4}")[2].partition("\n## ")[0]
    assert f"被 {len(large_view.citing('policy-service-spec', 'p4'))} 篇引用" in article
    assert article.count("<li>") == 21
    listed = page.body.partition("{#cited-by}")[2].partition("\n## ")[0]
    assert listed.count("<li>") == 50
    assert (
        f'<a href="../../policies/policy-service-spec/cited/">全部 {len(citing)} 篇</a>' in listed
    )


def test_pages_of_documents_do_not_grow(large_view: View, agent_view: View):
    few, many = (pages_of(copies(agent_view, count)) for count in (200, MANY))
    for path in ("policies/policy-service-spec/", "faq/faq-n00000/", ""):
        assert abs(len(many[path].text()) - len(few[path].text())) < 2000, path


# ---- products, customers, policies ----------------------------------------------------------


def test_products_tell_apart_what_is_about_them(agent_view: View, pages: dict[str, Page]):
    product = next(p for p in products_of(agent_view) if p.term.term == "流量包")
    page = pages["products/liu-liang-bao/"]
    about, _, naming = page.body.partition("{#naming}")
    assert "也说" not in page.body
    for part, documents in ((about, product.about), (naming, product.naming)):
        assert documents
        assert part.count("<li>") == len(documents)
        for document in documents:
            assert page_url(document) in part
    for document in product.about:
        own = pages[page_url(document)].body
        assert "<dt>产品</dt><dd>" in own
        assert '../../products/liu-liang-bao/">流量包</a>' in own


@pytest.mark.parametrize(
    ("changes", "about", "naming"),
    [
        ({"title": "畅享套餐怎么办"}, ["畅享套餐"], []),
        ({"similar": ("畅享怎么换",)}, ["畅享套餐"], []),
        ({"tags": ("5G畅享",)}, ["畅享套餐"], []),
        ({"text": "办畅享套餐要去门店。"}, [], ["畅享套餐"]),
        ({"title": "畅享套餐", "text": "畅享套餐和日包。"}, ["畅享套餐"], ["日包"]),
        # The longer name is another product.
        ({"title": "漫游日包怎么开"}, ["漫游日包"], []),
        ({"title": "没有产品"}, [], []),
    ],
)
def test_what_a_document_is_about(
    agent_view: View, changes: dict[str, Any], about: list[str], naming: list[str]
):
    entry = entry_of(agent_view)
    text = changes.pop("text", "没有。")
    section = entry.sections[0].model_copy(update={"text": text})
    plain: dict[str, Any] = {"title": "问题", "similar": (), "tags": (), "sections": (section,)}
    view = replace(agent_view, documents=(entry.model_copy(update={**plain, **changes}),))
    products = products_of(view)
    assert [p.term.term for p in products if p.about] == about
    assert [p.term.term for p in products if p.naming] == naming


@pytest.mark.parametrize(
    ("naming", "documents", "listed"),
    [(10, 10, True), (11, 12, False), (20, 60, True), (21, 60, False)],
)
def test_what_most_documents_name_finds_none_of_them(
    agent_view: View, naming: int, documents: int, listed: bool
):
    entry = entry_of(agent_view)
    bare: dict[str, Any] = {"similar": (), "tags": (), "sections": entry.sections[:1]}
    found = tuple(
        entry.model_copy(
            update={**bare, "id": f"faq-{n}", "title": "日包" if n < naming else "别的"}
        )
        for n in range(documents)
    )
    products = [product.term.term for product in products_of(replace(agent_view, documents=found))]
    assert products == (["日包"] if listed else [])


def test_policies_by_how_many_rest_on_them(agent_view: View, pages: dict[str, Page]):
    page = pages["policies/cited/"]
    counts = [len(agent_view.citing(row.split("/")[1])) for row in rows(page)]
    assert counts == sorted(counts, reverse=True)
    assert min(counts) > 0
    citing = agent_view.citing("policy-consumer-law")
    entries = sum(d.kind is Kind.FAQ for d in citing)
    cases = sum(d.kind is Kind.CASE for d in citing)
    assert f"统一口径 {entries} 篇，案例 {cases} 篇" in page.body
    assert all(row.endswith("/#cited-by") for row in rows(page))
    for row in rows(page):
        assert "{#cited-by}" in pages[row.partition("#")[0]].body


# ---- related --------------------------------------------------------------------------------


def test_related_entries_are_others_that_hold_and_are_not_named_above(
    agent_view: View, dealer_view: View, pages: dict[str, Page], dealer_pages: dict[str, Page]
):
    for view, found in ((agent_view, pages), (dealer_view, dealer_pages)):
        with_any = 0
        for document in view.documents:
            body, _, related = found[page_url(document)].body.partition("{#related}")
            names = re.findall(r"/((?:faq|case|policy)-[a-z0-9-]+)/", related.partition("</ul>")[0])
            with_any += bool(names)
            assert len(names) == len(set(names)) <= MOST
            assert document.id not in names
            above = "".join(re.findall(r'(?s)<ul class="cb-related">.*?</ul>', body))
            for name in names:
                other = view.get(name)
                assert other
                assert other.standing(view.on) is Standing.CURRENT
                assert f"/{name}/" not in above
        assert with_any > 0.8 * len(view.documents)


_ARTICLES = {"policies": tuple(Citation(policy="policy-x", article=a) for a in "12")}


@pytest.mark.parametrize(
    ("changes", "subject", "near"),
    [
        (_ARTICLES, "资费/流量", True),
        (_ARTICLES, "宽带/故障", False),
        (_ARTICLES | {"tags": ("罕见的标签",)}, "宽带/故障", True),
        ({"tags": ("罕见的标签", "另一个")}, "宽带/故障", True),
        ({"title": "欠费停机怎么恢复"}, "宽带/故障", True),
        ({}, "宽带/故障", False),
    ],
    ids=["articles", "articles, elsewhere", "and a tag", "tags", "title", "nothing"],
)
def test_what_is_shared_makes_near(
    agent_view: View, changes: dict[str, Any], subject: str, near: bool
):
    entry = entry_of(agent_view)
    bare: dict[str, Any] = {"policies": (), "tags": (), "sections": entry.sections[:1]}
    one = entry.model_copy(update={**bare, **changes, "title": changes.get("title", "甲")})
    elsewhere: dict[str, Any] = {"id": "faq-other", "subject": subject}
    other = one.model_copy(update=elsewhere | ({} if changes else {"title": "乙"}))
    view = replace(agent_view, documents=(one, other))
    assert [d.id for d in Related(view, ()).to(one)] == (["faq-other"] if near else [])


def test_a_phrase_of_the_titles_makes_near_within_a_subject(agent_view: View):
    """However many of the subject have it: 携号转网 finds 携号转网."""
    entry = entry_of(agent_view)
    bare: dict[str, Any] = {"policies": (), "tags": (), "sections": entry.sections[:1]}
    names = ("转出", "转入", "资格", "合约", "验证码", "号段")
    documents = [
        entry.model_copy(
            update={
                **bare,
                "id": f"faq-{number}",
                "title": f"携号转网，{name}",
                "subject": f"携号转网/{number}",
            }
        )
        for number, name in enumerate(names)
    ]
    elsewhere: dict[str, Any] = {"id": "faq-x", "subject": "宽带/故障", "title": "宽带，转出"}
    other = documents[0].model_copy(update=elsewhere)
    found = Related(replace(agent_view, documents=(*documents, other)), ()).to(documents[0])
    assert {one.id for one in found} == {f"faq-{number}" for number in range(1, 6)}


@pytest.mark.parametrize(
    ("tags", "subject", "near"),
    [
        (("常见的",), "宽带/故障", False),
        (("常见的",), "资费/流量", True),
        (("常见的", "也常见的"), "宽带/故障", True),
    ],
    ids=["one", "one and the subject", "two"],
)
def test_one_common_thing_is_chance(
    agent_view: View, tags: tuple[str, ...], subject: str, near: bool
):
    entry = entry_of(agent_view)
    bare: dict[str, Any] = {"policies": (), "sections": entry.sections[:1], "tags": tags}
    one, *others = (
        entry.model_copy(
            update={
                **bare,
                "id": f"faq-{number}",
                "title": str(number),
                "subject": f"网络/{number}" if number else "资费/流量",
            }
        )
        for number in range(6)
    )
    other = others[0].model_copy(update={"subject": subject})
    view = replace(agent_view, documents=(one, other, *others[1:]))
    found = [d.id for d in Related(view, ()).to(one)]
    assert ("faq-1" in found) == near


@pytest.mark.parametrize(
    ("others", "found"),
    [
        ({"faq-a": "资费/流量", "faq-b": "资费/套餐变更", "faq-c": "宽带/故障"}, ["faq-a"]),
        ({"faq-b": "资费/套餐变更", "faq-c": "宽带/故障"}, ["faq-b"]),
        ({"faq-c": "宽带/故障"}, []),
    ],
    ids=["its part", "the whole", "nothing"],
)
def test_what_is_near_to_nothing_has_its_subject(
    agent_view: View, others: dict[str, str], found: list[str]
):
    entry = entry_of(agent_view)
    bare: dict[str, Any] = {"policies": (), "tags": (), "sections": entry.sections[:1]}
    documents = [
        entry.model_copy(update={**bare, "id": name, "title": name[-1], "subject": subject})
        for name, subject in {"faq-x": "资费/流量", **others}.items()
    ]
    related = Related(replace(agent_view, documents=tuple(documents)), ())
    assert [d.id for d in related.to(documents[0])] == found
    assert related.to(documents[0], shown=[*others]) == []


def test_related_entries_do_not_depend_on_the_order_of_reading(agent_view: View):
    backward = replace(agent_view, documents=tuple(reversed(agent_view.documents)))
    forward = Related(agent_view, products_of(agent_view))
    other = Related(backward, products_of(backward))
    for document in agent_view.documents:
        assert forward.to(document) == other.to(document)


# ---- news -----------------------------------------------------------------------------------


def news_view(view: View) -> View:
    """Something of each kind of news, around the view's day."""
    changes: dict[str, dict[str, object]] = {
        "faq-new": {"approved_on": ON, "effective_from": ON},
        "faq-revised": {"approved_on": ON - timedelta(days=6), "effective_from": date(2020, 1, 1)},
        "faq-in-force": {
            "approved_on": ON - timedelta(days=90),
            "effective_from": ON - timedelta(days=1),
        },
        "faq-today": {"effective_until": ON},
        "faq-soon": {"effective_until": ON + timedelta(days=7)},
        "faq-later": {"effective_until": ON + timedelta(days=8)},
        "faq-before": {"approved_on": ON - timedelta(days=7), "effective_from": date(2020, 1, 1)},
    }
    old: dict[str, object] = {"approved_on": date(2025, 1, 1), "effective_from": date(2025, 1, 1)}
    documents = tuple(
        entry_of(view).model_copy(update={"id": name, "title": name, **old, **changed})
        for name, changed in sorted(changes.items())
    )
    gone = Withdrawal("faq-gone", Kind.FAQ, ON - timedelta(days=2), "资费/流量", ("faq-new",))
    return replace(view, documents=documents, withdrawn=(gone,))


def test_the_news_of_seven_days(agent_view: View):
    pages = pages_of(news_view(agent_view))
    page = pages["news/"]
    days, _, soon = page.body.partition("{#ending}")
    soon = soon.partition("{#weeks}")[0]
    said = re.findall(
        r'/(faq-[a-z-]+)/">[^<]+</a> <span class="cb-state cb-state--\w+">(\S+?)<', days
    )
    assert said == [
        ("faq-new", "新增"),
        ("faq-in-force", "开始生效"),
        ("faq-gone", "已撤下"),
        ("faq-revised", "更新"),
    ]
    assert re.findall(r"/(faq-[a-z-]+)/", soon) == ["faq-today", "faq-soon"]
    assert '最后一天 <span class="cb-day">11 月 22 日</span>' in soon
    days_said = '最近七天：<span class="cb-day">11 月 16 日</span>到 22 日。'
    assert days_said in page.body
    # The heading says the day; the home page, without such headings, each row.
    assert "<time" not in days
    assert '现在看：<a href="../faq/faq-new/">faq-new</a>' in days
    assert re.findall(r"\{#d-([\d-]+)\}", page.body) == [
        "2026-11-22", "2026-11-21", "2026-11-20", "2026-11-16",
    ]  # fmt: skip
    assert "faq-before" in pages["news/2026-w46/"].body
    assert "faq-before" not in page.body
    home = pages[""].body.partition("{#news}")[2].partition("\n## ")[0]
    assert "faq-new" in home
    assert '<a href="news/#ending">2 篇七天内到期</a>' in home


def test_a_quiet_week_says_so(agent_view: View):
    view = replace(agent_view, on=date(2030, 1, 1), withdrawn=())
    pages = pages_of(view)
    assert "这七天没有变化。" in pages["news/"].body
    assert "这七天没有变化。" in pages[""].body
    assert "{#latest}" not in pages["news/"].body


def test_after_a_quiet_week_the_latest_with_news_is_shown(agent_view: View):
    view = replace(news_view(agent_view), on=ON + timedelta(days=20), withdrawn=())
    page = pages_of(view)["news/"]
    head, _, latest = page.body.partition("## 最近有变化的一周：11 月 30 日至 12 月 6 日")
    assert "cb-list" not in head
    rest = latest.partition("{#weeks}")[0]
    assert re.findall(r"/(faq-[a-z-]+)/", rest) == ["faq-later"]
    assert "{#weeks}" in page.body


def test_weeks_lead_to_each_other(pages: dict[str, Page]):
    weeks = [path for path in pages if re.fullmatch(r"news/\d{4}-w\d\d/", path)]
    assert len(weeks) > 5
    assert [p for p in links(pages["news/"], "") if p in weeks] == sorted(weeks, reverse=True)


# ---- asked ----------------------------------------------------------------------------------


def test_what_is_asked_most_comes_first(dealer_view: View):
    asked = {
        "faq-bill-high": 3,
        "faq-arrears-resume": 12,
        "faq-mnp-out": 3,
        "faq-never": 0,
        "faq-sim-replace": 0,
        "case-arrears-hospital": 99,
    }
    assert dealer_view.get("case-arrears-hospital") is None
    pages = pages_of(dealer_view, asked)
    expected = ["faq/faq-arrears-resume/", "faq/faq-bill-high/", "faq/faq-mnp-out/"]
    assert rows(pages["asked/"]) == expected
    assert "12 次" in pages["asked/"].body
    assert [row for row in rows(pages[""]) if row in expected][:3] == expected
    assert "asked/" in [entry.path for entry in navigation(dealer_view, asked)]
    everything = "".join(p.text() + json.dumps(p.data, ensure_ascii=False) for p in pages.values())
    assert "case-arrears-hospital" not in everything
    assert "99 次" not in everything


@pytest.mark.parametrize("asked", [None, {}, {"faq-unknown": 5}, {"faq-arrears-resume": 0}])
def test_nothing_asked_has_no_page(dealer_view: View, asked: dict[str, int] | None):
    pages = pages_of(dealer_view, asked)
    assert "asked/" not in pages
    assert "{#asked}" not in pages[""].body
    assert "asked/" not in [entry.path for entry in navigation(dealer_view, asked)]


# ---- cards ----------------------------------------------------------------------------------


def test_cards_say_the_same_words(dealer_view: View, dealer_pages: dict[str, Page]):
    cards = [page for page in dealer_pages.values() if page.kind == "card"]
    assert len(cards) > 5
    for card in cards:
        questions: Any = card.data["questions"]
        assert questions
        assert card.body.count("<article") == len(questions)
        for question in questions:
            entry = entry_of(dealer_view, question["id"])
            whole = answer_text(entry)
            assert question["answer_text"] == whole
            assert f'__answer">{whole.replace(chr(10), "<br>")}</p>' in card.body
            assert f'<h2><a href="../../{page_url(entry)}">{entry.title}</a></h2>' in card.body
            assert f"<time>{entry.approved_on}</time> 核准" in card.body
        # Nobody can type an address from paper, and need not.
        said = re.sub(r"<[^>]+>", "", card.body)
        assert "faq-" not in said
        assert "http" not in said
        assert f"<time>{ON}</time> 制卡" in card.body


def test_a_card_names_what_it_does_not_answer(dealer_view: View, dealer_pages: dict[str, Page]):
    card = dealer_pages["cards/zi-fei/"]
    questions: Any = card.data["questions"]
    left: Any = card.data["left"]
    holding = {
        document.id
        for document in dealer_view.of(Kind.FAQ)
        if (document.subject or "").startswith("资费/")
        and document.standing(ON) is Standing.CURRENT
    }
    assert left
    assert sorted([one["id"] for one in (*questions, *left)]) == sorted(holding)
    foot = card.body.partition("cb-card__foot")[2]
    assert f"另有 {len(left)} 题，在站点上检索：" in foot
    named = re.findall(r"faq/(faq-[a-z-]+)/", foot)
    assert named == [one["id"] for one in left][: len(named)] != []
    for one in left:
        assert answer_text(entry_of(dealer_view, one["id"])) not in card.body


def test_cards_begin_with_what_is_asked_most(dealer_view: View):
    asked = {"faq-topup-wrong": 7, "faq-bill-check": 8, "faq-broadband-move": 3}
    pages = pages_of(dealer_view, asked)
    first: Any = pages["cards/zi-fei/"].data["questions"]
    assert [question["id"] for question in first[:2]] == ["faq-bill-check", "faq-topup-wrong"]
    first = pages["cards/kuan-dai/"].data["questions"]
    assert first[0]["id"] == "faq-broadband-move"


def test_cards_hold_nothing_that_does_not_hold(agent_view: View, pages: dict[str, Page]):
    past = [d for d in agent_view.documents if d.standing(ON) is not Standing.CURRENT]
    assert past
    cards = "".join(page.body for page in pages.values() if page.kind == "card")
    assert not [document.id for document in past if document.id in cards]


def answering(view: View, answers: Iterable[int]) -> View:
    """A view of one subject's entries whose answers have so many characters."""
    entry = entry_of(view)
    documents = []
    for number, length in enumerate(answers):
        section = entry.sections[0].model_copy(update={"html": f"<p>{'字' * (length - 1)}。</p>"})
        changes = {"id": f"faq-{number:03}", "title": f"问{number}", "sections": (section,)}
        documents.append(entry.model_copy(update=changes))
    return replace(view, documents=tuple(documents))


@pytest.mark.parametrize(
    ("answers", "said", "left"),
    [((150,), 1, 0), ((151,), 0, 0), ((100, 151, 100), 2, 1), ((150,) * 40, None, None)],
    ids=["short enough", "too long", "between others", "too many"],
)
def test_an_answer_is_on_a_card_as_a_whole_or_not_at_all(
    agent_view: View, answers: tuple[int, ...], said: int | None, left: int | None
):
    card = pages_of(answering(agent_view, answers)).get("cards/zi-fei/")
    if not said and said is not None:
        assert card is None
        return
    assert card
    questions: Any = card.data["questions"]
    rest: Any = card.data["left"]
    assert len(questions) + len(rest) == len(answers)
    if said is None:
        assert 5 < len(questions) < len(answers)
        foot = card.body.partition("cb-card__foot")[2]
        # However many are left, a few lines name some of them.
        assert "……</p>" in pages_of(answering(agent_view, (150,) * 200))["cards/zi-fei/"].body
        assert len(re.sub(r"<[^>]+>", "", foot)) < 350
    else:
        assert (len(questions), len(rest)) == (said, left)
    for question in questions:
        assert len(question["answer_text"]) == answers[int(question["id"][-3:])]


def test_letters_are_the_larger_the_less_a_card_holds(agent_view: View):
    sizes = []
    for count in (1, 2, 3, 5, 8, 12, 40):
        body = pages_of(answering(agent_view, (100,) * count))["cards/zi-fei/"].body
        name = re.search(r'class="cb-card cb-card--([\d-]+)"', body)
        assert name
        sizes.append(float(name[1].replace("-", ".")))
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) > 3
    assert min(sizes) >= 11


def test_answers_that_will_end_say_when_to_scripts(agent_view: View):
    last = ON + timedelta(days=9)
    for until, mark in ((last, f' data-until="{last}"'), (None, None), (ON - timedelta(1), None)):
        entry = entry_of(agent_view).model_copy(update={"effective_until": until})
        pages = pages_of(replace(agent_view, documents=(entry,)))
        bodies = [pages[page_url(entry)].body, pages["cards/"].body]
        if until != ON - timedelta(1):
            bodies[1] = pages["cards/zi-fei/"].body
        for body in bodies:
            assert (mark in body) if mark else ("data-until" not in body)


# ---- gone -----------------------------------------------------------------------------------


def test_what_is_gone_says_where_to_go_now(agent_view: View):
    entry = entry_of(agent_view)
    other = replace(agent_view, documents=tuple(d for d in agent_view.documents if d is not entry))
    gone = Withdrawal(entry.id, Kind.FAQ, date(2026, 11, 1), "资费/流量", ("faq-topup-delay",))
    page = pages_of(replace(other, withdrawn=(gone,)))["faq/faq-arrears-resume/"]
    assert page.kind == "gone"
    assert page.title == "这条统一口径已撤下"
    assert "<time>2026-11-01</time>" in page.body
    now = page.body.partition("## 现在看这里 {#now}")[2]
    assert '<a href="../../faq/faq-topup-delay/">充值成功但话费没到账怎么办？</a>' in now
    assert re.findall(r">([^<]+)</a>", page.trail) == ["首页", "统一口径", "资费", "流量"]
    text = page.text() + json.dumps(page.data, ensure_ascii=False)
    assert entry.title not in text
    assert answer_text(entry)[:10] not in text
    assert page.data["replaced_by"]


@pytest.mark.parametrize(
    ("subject", "ways"),
    [
        ("资费/流量", ["subjects/zi-fei/", "subjects/zi-fei/liu-liang/", "search/"]),
        ("资费/没有了", ["subjects/zi-fei/", "search/"]),
        ("没有了/流量", ["search/"]),
        ("", ["search/"]),
    ],
)
@pytest.mark.parametrize("kind", list(Kind))
def test_what_nothing_replaces_leads_to_its_subject_and_the_search(
    agent_view: View, kind: Kind, subject: str, ways: list[str]
):
    gone = Withdrawal(f"{kind.value}-gone", kind, ON, subject)
    pages = pages_of(replace(agent_view, withdrawn=(gone,)))
    page = pages[f"{kind.folder}/{kind.value}-gone/"]
    part = page.body.partition("{#now}")[2].partition("</ul>")[0]
    found = [urljoin(SITE + page.path, link) for link in re.findall(r'href="([^"]+)"', part)]
    assert found == [SITE + way for way in ways]
    assert set(ways) <= set(pages)


def test_what_came_back_has_its_page(agent_view: View):
    back = Withdrawal("faq-arrears-resume", Kind.FAQ, ON)
    pages = list(view_pages(replace(agent_view, withdrawn=(back,))))
    [page] = [page for page in pages if page.path == "faq/faq-arrears-resume/"]
    assert page.kind == "faq"


def test_replacements_are_followed_through_what_is_gone_as_well(small: Path, write):
    write(Kind.FAQ, "now", {"id: faq-arrears-resume": "id: faq-now"})
    (small / "withdrawn.toml").write_text(
        "".join(
            f'[[withdrawn]]\nid = "{name}"\naudience = "dealer"\non = 2026-10-01\n'
            f'replaced_by = ["{then}"]\n'
            for name, then in (("faq-a", "faq-b"), ("faq-b", "faq-c"), ("faq-c", "faq-now"))
        ),
        encoding="utf-8",
    )
    view = load_library(small).view("dealer", ON)
    pages = pages_of(view)
    for name in ("faq-a", "faq-b", "faq-c"):
        assert '"../../faq/faq-now/"' in pages[f"faq/{name}/"].body


# ---- descriptions ---------------------------------------------------------------------------


def test_every_page_says_in_short_what_it_has(
    agent_view: View, dealer_view: View, pages: dict[str, Page], dealer_pages: dict[str, Page]
):
    for view, found in ((agent_view, pages), (dealer_view, dealer_pages)):
        assert view.documents
        for page in (*found.values(), *guide_pages(view)):
            assert len(page.title) < len(page.description) <= 160 or page.kind == "faq", page.path
            assert page.description.strip() == page.description != ""
            assert "<" not in page.description
    assert pages[""].description.startswith(f"{agent_view.audience.title}：资费、增值业务、")
    assert "欠费停机后多久能恢复？" in pages["subjects/zi-fei/chong-zhi-yu-qian-fei/"].description


# ---- words ----------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [300, 301])
def test_many_words_have_a_page_for_each_letter(agent_view: View, count: int):
    glossary = agent_view.settings.glossary
    names = [*(f"套餐{number}" for number in range(count - 2)), "爱家", "5G"]
    terms = tuple(
        glossary.terms[0].model_copy(update={"term": name, "synonyms": ()}) for name in names
    )
    settings = agent_view.settings.model_copy(
        update={"glossary": glossary.model_copy(update={"terms": terms})}
    )
    pages = pages_of(replace(agent_view, settings=settings))
    found = {path: page for path, page in pages.items() if page.kind == "glossary"}
    letters = ["letter-a", "letter-t", "letter-others"]
    main = found["glossary/"].body
    if count == 300:
        assert set(found) == {"glossary/"}
        assert re.findall(r"\{#([a-z-]+)\}", main) == letters
        assert re.findall(r'href="#([a-z-]+)"', main) == letters
    else:
        assert list(found) == ["glossary/", "glossary/a/", "glossary/t/", "glossary/others/"]
        # Who comes with the address of a letter finds the way on.
        assert re.findall(r'<li id="([a-z-]+)"', main) == letters
        assert links(found["glossary/"], "") == list(found)[1:]
    words = re.findall(r"<dt>([^<]+)</dt>", "".join(page.body for page in found.values()))
    assert sorted(words) == sorted(names)


# ---- data -----------------------------------------------------------------------------------


def test_every_page_but_the_search_says_its_data(pages: dict[str, Page]):
    assert {path for path, page in pages.items() if not page.data} == {"search/"}
    for path, page in pages.items():
        json.dumps(page.data)
        if page.data:
            assert page.data["url"] == f"http://127.0.0.1:8000/site/{path}", path


@pytest.mark.parametrize("url", ["", "https://a.example/kb/"])
def test_addresses_in_data_lead_to_pages(agent_view: View, url: str):
    audience = agent_view.audience.model_copy(update={"url": url})
    pages = pages_of(replace(agent_view, audience=audience), {"faq-arrears-resume": 1})
    root = url or SITE
    checked = 0
    for path, page in pages.items():
        for key in ("items", "news", "asked", "questions"):
            items: Any = page.data.get(key, [])
            for item in items:
                target = urljoin(root + path, item["url"]).partition("#")[0]
                assert target.removeprefix(root) in pages, (path, item)
                assert not url or item["url"].startswith(url)
                checked += 1
    assert checked > 500
