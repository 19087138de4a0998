"""The search page without a browser: what it holds, what it escapes, what errors look like."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from html.parser import HTMLParser
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from search import web
from search.app import ServiceConfig, create_app
from search.searcher import Request, Results

DAY = date(2026, 11, 22)
RESUME = "欠费停机多久能恢复"
SUMMER = "暑期漫游优惠"
SPRING = "2027 年新春充值活动怎么参加"


class Page(HTMLParser):
    """The tags of a page, its links, and its text without markup."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return "".join(self.words)

    @property
    def links(self):
        return [value for name, value in self.attributes if name == "href"]


def make_client(index_root, audience, site):
    config = ServiceConfig(
        audience=audience,
        internal=audience == "agent",
        title="测试知识库",
        index=index_root(audience),
        site=site,
        today=lambda: DAY,
        examples=("欠费停机多久能恢复", "宽带断了", "漫游费太高"),
    )
    app = create_app(config)
    return app, app.test_client()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    (folder / "index.html").write_text("<p>site", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def agents_app(index_root, site):
    app, _ = make_client(index_root, "agent", site)
    yield app
    app.extensions["casebook"].close()


@pytest.fixture(scope="module")
def dealers_app(index_root, site):
    app, _ = make_client(index_root, "dealer", site)
    yield app
    app.extensions["casebook"].close()


@pytest.fixture
def agent(agents_app):
    return agents_app.test_client()


@pytest.fixture
def dealer(dealers_app):
    return dealers_app.test_client()


def get(client, path="/", **query):
    return client.get(path, query_string=query)


def test_page_without_script_holds_the_answer_and_the_results(agent):
    html = get(agent, q=RESUME).text
    page = Page(html)
    assert "欠费停机后多久能恢复？" in page.text
    assert "欠费缴清后系统会自动给您复机" in page.text
    assert re.search(r"[-\d]{10} 起生效 ·\s+最后核准 [-\d]{10} · 资费产品组", page.text)
    assert "缴费渠道" in page.text
    assert "faq/faq-arrears-resume/" in found(html)
    assert len(found(html)) >= 5
    assert f'value="{RESUME}"' in html


def test_answer_is_not_repeated_among_the_other_results(agent):
    page = Page(get(agent, q=RESUME).text)
    assert page.links.count("/site/faq/faq-arrears-resume/") == 1


def test_copy_button_carries_the_plain_text_of_the_answer(agent):
    answer = agent.get("/api/answer", query_string={"q": RESUME}).json["answer"]
    say = next(section["text"] for section in answer["sections"] if section["key"] == "answer")
    page = Page(get(agent, q=RESUME).text)
    assert ("data-copy", say) in page.attributes


def test_fragment_is_the_part_of_the_page(agent):
    fragment = get(agent, "/results", q=RESUME).text.strip()
    assert fragment.startswith('<div class="cs-results')
    assert "<html" not in fragment
    assert fragment in get(agent, q=RESUME).text


def test_start_page_offers_examples_that_find_something(agent):
    page = Page(get(agent).text)
    examples = [link for link in page.links if link.startswith("/?q=")]
    assert len(examples) >= 3
    for link in examples:
        assert "data-item" in agent.get(link).text
    assert "cs-answer" in agent.get(examples[0]).text


def test_examples_of_the_sample_library_find_something(agent, settings):
    assert len(settings.search.examples) >= 3
    for example in settings.search.examples:
        assert "data-item" in get(agent, q=example).text


def test_nothing_found_says_what_to_do(agent):
    text = Page(get(agent, q="龘龘龘").text).text
    assert "没有找到“龘龘龘”" in text
    assert "换少一点" in text


NOTE = "没有一条同时含有所有词，下面是含有其中一些的。"


def rows(html):
    """The results of a page, each as its HTML."""
    return re.findall(r'<li class="cs-hit.*?</li>', html, re.DOTALL)


def test_says_when_no_result_holds_all_words(agent):
    html = get(agent, q="宽带 发票 断网 彗星").text
    assert NOTE in html
    assert len(rows(html)) > 3
    for row in rows(html):
        assert re.search(r"未含：.*<s>彗星</s>", row)
    html = get(agent, q="漫游").text
    assert NOTE not in html
    assert "未含" not in html


def test_names_the_words_that_a_partial_result_lacks(agent):
    html = get(agent, q="宽带 移机", size=50).text
    assert NOTE not in html
    lacking = [row for row in rows(html) if "未含：<s>移机</s>" in row]
    assert lacking
    assert len(lacking) < len(rows(html))
    assert not any(">移机</mark>" in row for row in lacking)


def test_names_the_synonym_that_was_found(agent):
    html = get(agent, q="网断了咋办").text
    [row] = [row for row in rows(html) if "faq-broadband-fault" in row]
    assert "按同义词“宽带断网”找到" in row
    [row] = [row for row in rows(get(agent, q="断网 咋办").text) if "faq-broadband-fault" in row]
    assert "按同义词" not in row


def test_offers_what_was_probably_meant(agent):
    page = Page(get(agent, q="补咖").text)
    assert "您是不是要找 “补卡”？" in page.text
    [link] = [link for link in page.links if unquote(link) == "/?q=补卡"]
    assert ("data-ask", "补卡") in page.attributes
    better = agent.get(link).text
    assert "您是不是要找" not in better
    assert "faq-sim-replace" in "".join(found(better))


def test_says_how_many_of_the_results_can_be_listed(agent, monkeypatch):
    assert "列出前" not in get(agent, q="宽带断了").text
    monkeypatch.setattr(Results, "more", True)
    assert "列出前 200 条" in get(agent, q="宽带断了").text


def test_why_a_result_is_where_it_is(agent):
    plain = get(agent, q="网断了咋办").text
    assert "cs-why" not in plain
    [link] = [link for link in Page(plain).links if "explain=1" in link]
    html = agent.get(link).text
    assert html.count('<details class="cs-why">') == len(rows(html)) > 2
    [row] = [row for row in rows(html) if "faq-broadband-fault" in row]
    row = Page(row).text
    names = ("（词 ", r" \+ 相像 ", r" \+ 含词 ", r" \+ 常问 ", r"）\s+× 统一口径 1.0 = ")
    parts = re.search("".join(rf"{name}([\d.]+)" for name in names), row)
    *added, score = map(float, parts.groups())
    assert sum(added) == pytest.approx(score, abs=0.03)
    assert f"{score:.2f} 分" in row
    for word in ("宽带断网", "名称", "正文", "“网断了”的同义词“宽带断网”", "单字", "权重", "得分"):
        assert word in row
    [back] = [link for link in Page(html).links if unquote(link) == "/?q=网断了咋办"][:1]
    assert "cs-why" not in agent.get(back).text


def test_the_answer_is_explained_too(agent):
    html = get(agent, q=RESUME, explain="1").text
    assert html.count('<details class="cs-why">') == len(rows(html)) + 1
    assert "统一答复“欠费停机后多久能恢复？”：" in html
    pinyin = Page(get(agent, q="qftj", explain="1").text).text
    assert "首字母" in pinyin
    assert not re.search(r"[\ue000-\uf8ff]", pinyin)


def test_an_explanation_goes_along_with_filters_and_pages(agent):
    page = Page(get(agent, q="宽带断了", explain="1", size=5).text)
    for part in ("kind=case", "page=2"):
        [link] = [link for link in page.links if part in link]
        assert "explain=1" in link
        assert "cs-why" in agent.get(link).text


def test_dealers_are_not_shown_the_way_to_explanations(dealer):
    assert "explain" not in get(dealer, q=RESUME).text


def test_facets_narrow_and_can_be_taken_away(agent):
    page = Page(get(agent, q="宽带断了").text)
    [narrow] = [link for link in page.links if link.endswith("&kind=case")]
    narrowed = Page(agent.get(narrow).text)
    assert "种类：案例" in narrowed.text
    assert not [link for link in narrowed.links if link.startswith("/site/faq/")]
    back = get(agent).request.path + "?" + narrow.split("?")[1].replace("&kind=case", "")
    assert back in narrowed.links


def choices(html):
    """The filters that a page offers, with the number of results that each promises."""
    offered = re.findall(r'<a class="cs-chip" href="([^"]*)">[^<]*<small>(\d+)</small>', html)
    return [(link.replace("&amp;", "&"), int(count)) for link, count in offered]


def total(html):
    [(heading, count)] = re.findall(r"(其他结果|结果) <small>(\d+) 条", html)
    return int(count) + (heading == "其他结果")


def test_every_filter_finds_what_it_promises(agent):
    seen = 0
    first = get(agent, q="宽带断了").text
    for link, count in choices(first):
        narrowed = agent.get(link).text
        assert total(narrowed) == count < total(first)
        for second, fewer in choices(narrowed):
            assert total(agent.get(second).text) == fewer < count
            seen += 1
    assert seen > 20


def test_no_value_is_offered_that_would_widen_the_results(agent):
    chosen = {"customer_type": ("正义感",), "category": ("宽带",)}
    facets = {
        "customer_type": (("正义感", 3), ("有备而来", 1)),
        "category": (("宽带", 3), ("宽带/故障", 2), ("资费", 1)),
        "kind": (("case", 2), ("faq", 1)),
    }
    results = Results(Request("投诉", chosen), (), 3, 3, None, facets, None, 0.0)
    with agent.application.test_request_context("/"):
        filters = web._filters(results)
    offered = {name: [one.label for one in values] for name, values in filters.offered.items()}
    assert offered == {"kind": ["案例", "统一口径"], "category": ["宽带 / 故障"]}
    assert [one.label for one in filters.chosen] == ["客户类型：正义感", "业务：宽带"]


def test_several_filters_hold_at_once_and_each_can_be_taken_away(agent):
    html = get(agent, q="宽带", kind="case", category="宽带").text
    kind = re.findall(r"customer_type=([^&\"]*)", html)[0]
    chosen = {"kind": "case", "category": "宽带", "customer_type": unquote(kind)}
    html = get(agent, q="宽带", **chosen).text
    labels = {
        "kind": "种类：案例",
        "category": "业务：宽带",
        "customer_type": f"客户类型：{unquote(kind)}",
    }
    removing = re.findall(r'<a class="cs-chip cs-on" href="([^"]*)">(.*?)</a>', html)
    assert len(removing) == 3
    for name, label in labels.items():
        [link] = [link for link, text in removing if label in text]
        asked = parse_qs(urlsplit(link.replace("&amp;", "&")).query)
        assert asked == {
            "q": ["宽带"],
            **{other: [value] for other, value in chosen.items() if other != name},
        }
        wider = agent.get(link.replace("&amp;", "&")).text
        assert label not in wider
        assert total(wider) >= total(html) > 0


def test_subjects_are_offered_one_level_at_a_time(agent):
    def offered(**filters):
        html = (
            get(agent, q="宽带断了", **filters).text.partition("cs-more")[2].partition("</nav>")[0]
        )
        return [unquote(value) for value in re.findall(r"category=([^&\"]*)\"", html)]

    assert {"宽带", "网络"} <= set(offered())
    assert not [value for value in offered() if "/" in value]
    assert "宽带/故障" in offered(category="宽带")
    assert not [value for value in offered(category="宽带") if not value.startswith("宽带/")]


def found(html):
    return set(re.findall(r'href="/site/([^"#]*)[^"]*" data-item', html))


def test_pages_keep_the_question_the_filter_and_the_size(agent):
    first = get(agent, q="宽带断了", kind="faq", size=5).text
    [following] = [link for link in Page(first).links if "page=2" in link]
    second = agent.get(following).text
    assert "第 2 页" in second
    assert "cs-answer" not in second
    assert len(found(first)) == len(found(second)) == 5
    assert not found(first) & found(second)
    assert all(link.startswith("faq/") for link in found(second))


def test_no_page_is_offered_that_would_be_refused():
    def pages(total, size):
        asked = Request("宽带", size=size)
        return web._pages(Results(asked, (), total, 0, None, {}, None, 0.0))

    assert pages(11, 10) == 2
    assert pages(200, 10) == 20
    assert pages(200, 45) == 4  # a fifth would end at 225, beyond the depth


def test_ended_document_is_marked_for_agents(agent):
    html = get(agent, q=SUMMER, kind="faq", size=50).text
    assert "已失效" in html
    assert "2026-09-30 失效" in html
    assert re.search(r"最后核准 \d{4}-\d{2}-\d{2} · 国际业务组", html)
    # It is neither the answer nor before anything that holds.
    assert "cs-answer" not in html or "faq-roaming-summer" not in html.partition("</article>")[0]
    assert html.rindex("cs-past") > html.rindex('class="cs-hit"')


def test_upcoming_document_is_marked_for_agents(agent):
    html = get(agent, q=SPRING, kind="faq", size=50).text
    assert "未生效" in html
    assert "2027-01-01 起生效" in html


def test_dealers_never_see_what_does_not_hold(dealer):
    for query in (SUMMER, SPRING):
        html = get(dealer, q=query, kind="faq", size=50).text
        assert "cs-hit" in html
        assert "已失效" not in html
        assert "未生效" not in html
        assert "faq-roaming-summer" not in html
        assert "faq-newyear-gift" not in html


def test_dealers_never_see_internal_sections(agent, dealer):
    assert "禁用说法" in get(agent, q=RESUME).text
    html = get(dealer, q=RESUME).text
    assert "欠费缴清后系统会自动给您复机" in html
    assert "禁用说法" not in html
    assert "设计思路" not in html


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>宽带",
    "</title><script>alert(1)</script>",
    "宽带 <mark>断网</mark>",
    "{{ 7*7 }}{% raw %}",
    "javascript:alert(1)",
    "&lt;script&gt;",
    "\u202e宽带\u2066",
    "宽" * 200,
    "\r\nSet-Cookie: a=b",
]


@pytest.mark.parametrize("path", ["/", "/results"])
@pytest.mark.parametrize("query", HOSTILE)
def test_hostile_queries_make_no_tags(agent, path, query):
    response = get(agent, path, q=query)
    page = Page(response.text)
    assert response.status_code == 200
    assert Counter(page.tags)["script"] == (1 if path == "/" else 0)
    assert not {"img", "svg", "iframe", "style"} & set(page.tags)
    names = {name for name, _ in page.attributes}
    assert not [name for name in names if name.startswith("on")]
    assert "style" not in names
    assert not [link for link in page.links if not link.startswith(("/", "#"))]
    assert "49" not in page.text or "{{ 7*7 }}" in page.text
    assert "Set-Cookie" not in response.headers


def test_hostile_filter_is_escaped(agent):
    html = get(agent, q="宽带", category='"><img src=x onerror=alert(1)>').text
    page = Page(html)
    assert "img" not in page.tags
    assert "img src=x" in page.text


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/?q=" + "a" * 201, 400, "最多 200 个"),
        ("/results?q=" + "a" * 201, 400, "最多 200 个"),
        ("/?q=" + "+".join("abcdefghijklmnopq"), 400, "最多 16 个"),
        ("/?q=a&page=x", 400, "要写成整数"),
        ("/results?q=a&kind=zz", 400, "case、faq、policy"),
        ("/?q=%00%01%08%1b%7f", 400, "控制字符"),
        ("/?q=%E6%BC%AB%ff", 400, "不是 UTF-8"),
        ("/?q=a&%3Cb%3E=1", 400, "没有参数"),
        ("/nowhere", 404, "没有这个页面"),
        ("/site/nowhere/", 404, "没有这个页面"),
    ],
)
def test_error_pages_are_pages_with_the_headers(agent, path, status, message):
    response = agent.get(path)
    page = Page(response.text)
    assert response.status_code == status
    assert response.mimetype == "text/html"
    assert message in page.text
    assert "data-message" in response.text
    assert "b" not in page.tags
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_refused_question_stays_in_the_box(agent):
    assert f'value="{"a" * 201}"' in get(agent, q="a" * 201).text


def test_wrong_host_gets_an_error_page(agent):
    response = agent.get("/", headers={"Host": "elsewhere.example"})
    assert response.status_code == 400
    assert "data-message" in response.text


def test_page_of_the_site_is_sent_again_only_when_it_has_changed(agent, site):
    with agent.get("/site/") as first:
        assert first.headers["Cache-Control"] == "private, no-cache"
        known = {"If-None-Match": first.headers["ETag"]}
    with agent.get("/site/", headers=known) as again:
        assert again.status_code == 304
    (site / "index.html").write_text("<p>another site", encoding="utf-8")
    with agent.get("/site/", headers=known) as changed:
        assert changed.text == "<p>another site"


def test_pages_and_answers_are_compressed_for_whoever_can_read_that(agent, site):
    (site / "index.html").write_text("<p>" + "知识" * 1000, encoding="utf-8")
    for path in ("/site/", "/?q=欠费", "/api/search?q=欠费"):
        with agent.get(path) as plain:
            assert "Content-Encoding" not in plain.headers
        with agent.get(path, headers={"Accept-Encoding": "gzip"}) as small:
            assert small.headers["Content-Encoding"] == "gzip"
            assert "Accept-Encoding" in small.headers["Vary"]
            assert len(small.data) < len(plain.data) / 2
    known = {"Accept-Encoding": "gzip", "If-None-Match": agent_tag(agent)}
    with agent.get("/site/", headers=known) as again:
        assert again.status_code == 304


def agent_tag(agent):
    with agent.get("/site/", headers={"Accept-Encoding": "gzip"}) as response:
        return response.headers["ETag"]


def test_no_links_to_a_site_that_is_not_served(index_root):
    app, client = make_client(index_root, "agent", None)
    page = Page(get(client, q="龘").text + get(client).text)
    assert "/site/" not in page.links
    html = get(client, q=RESUME).text
    assert html.count("data-item") >= 5
    assert not found(html)
    app.extensions["casebook"].close()


@pytest.mark.parametrize(
    "path",
    [
        *("/", f"/?q={RESUME}", f"/?q={SUMMER}", f"/?q={RESUME}&explain=1", "/?q=补咖"),
        *("/api/", "/nowhere"),
    ],
)
def test_pages_obey_the_content_security_policy(agent, path):
    html = agent.get(path).text
    page = Page(html)
    names = {name for name, _ in page.attributes}
    assert "style" not in names
    assert "style" not in page.tags
    assert not [name for name in names if name.startswith("on")]
    for body in re.findall(r"<script[^>]*>(.*?)</script>", html, re.DOTALL):
        assert body == ""
    assert 'lang="zh-CN"' in html


def test_api_page_shows_every_path_parameter_and_field(agent):
    page = Page(agent.get("/api/").text)
    description = agent.get("/api/openapi.json").json
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            assert f"{method.upper()} {path}" in page.text
            assert operation["summary"] in page.text
            for parameter in operation["parameters"]:
                assert parameter["description"] in page.text
            for status in operation["responses"]:
                assert status in page.words
    for name, schema in description["components"]["schemas"].items():
        assert ("id", name) in page.attributes
        for field, part in schema["properties"].items():
            assert field in page.words
            assert part["description"] in page.text
    assert "curl -G http://127.0.0.1:8000/api/search" in page.text
    assert "curl -X POST http://127.0.0.1:8000/api/chosen/faq-arrears-resume" in page.text


@pytest.mark.parametrize(
    "name",
    [
        "case-search.js",
        "case-search.css",
        "case-events.js",
        "case-events.css",
        "style.css",
        "icon.svg",
    ],
)
def test_static_files_are_small_and_name_no_other_server(agent, name):
    with agent.get(f"/static/{name}") as response:
        assert response.status_code == 200
        assert len(response.data) < (20_000 if name.endswith(".js") else 12_000)
        text = response.text.replace("http://www.w3.org/2000/svg", "")
    assert "//" not in re.sub(r" // .*", "", text)
