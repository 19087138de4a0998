"""The search page and the search box as people use them: keyboard, input method, phone, dark."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from playwright.sync_api import Page, expect

# One browser and one service for all of these, whatever the number of workers.
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

QUESTION = "欠费停机多久能恢复"
TITLE = "欠费停机后多久能恢复？"
ANSWER = "欠费缴清后系统会自动给您复机"
BROADBAND = "宽带断网了怎么报修？"


def box(page: Page):
    return page.get_by_role("combobox")


def suggestions(page: Page):
    return page.get_by_role("listbox", name="联想")


def options(page: Page):
    return suggestions(page).get_by_role("option")


def active(page: Page) -> str | None:
    """The text of the suggestion that the box names as the active one."""
    name = box(page).get_attribute("aria-activedescendant")
    selected = page.locator("[role=option][aria-selected=true]")
    if name is None:
        assert selected.count() == 0
        return None
    assert selected.evaluate_all("all => all.map((one) => one.id)") == [name]
    return selected.locator("span").first.inner_text()


def answer(page: Page):
    return page.locator(".cs-answer h2 [data-item]")


def say(page: Page) -> str:
    return page.locator(".cs-say").inner_text().strip()


def clipboard(page: Page) -> str:
    return page.evaluate("navigator.clipboard.readText()")


def asked(page: Page, path: str = "/results") -> list[str]:
    """The questions that the page has sent, as they go out."""
    sent: list[str] = []

    def note(request):
        if path in request.url:
            sent.append(parse_qs(urlsplit(request.url).query).get("q", [""])[0])

    page.on("request", note)
    return sent


def test_box_has_the_focus(page, agents):
    page.goto(agents.url())
    expect(box(page)).to_be_focused()


def test_right_answer_is_on_top(page, agents):
    page.goto(agents.url(QUESTION))
    expect(answer(page)).to_have_text(TITLE)
    assert say(page).startswith(ANSWER)
    expect(page.locator("main h2").first).to_contain_text(TITLE)


def test_typing_shows_results_without_loading_the_page_again(page, agents):
    page.goto(agents.url())
    page.evaluate("window.same = true")
    sent = asked(page)
    suggesting = asked(page, "/api/suggest")
    box(page).press_sequentially(QUESTION, delay=20)
    # On a busy machine a pause comes sooner, and part of the question may have the answer already.
    page.wait_for_url(lambda url: unquote(url).endswith(f"?q={QUESTION}"))
    expect(answer(page)).to_have_text(TITLE)
    assert page.evaluate("window.same")
    assert len(sent) <= 2, "a search for each key instead of one after a pause"
    assert suggesting == sent, "one request for suggestions and one for results at each pause"
    assert page.title().startswith(QUESTION)
    expect(page.get_by_role("status")).to_contain_text(f"统一答复：{TITLE}")
    expect(box(page)).to_be_focused()


def test_late_results_of_an_earlier_question_are_not_shown(page, agents):
    page.goto(agents.url())
    held, dropped = [], []

    def hold(route):
        held.append(route)

    def drop(request):
        dropped.append(request.url)

    page.on("requestfailed", drop)
    page.route("**/results?q=%E5%AE%BD%E5%B8%A6*", hold)
    box(page).fill("宽带断了")
    page.wait_for_timeout(300)
    box(page).fill(QUESTION)
    expect(answer(page)).to_have_text(TITLE)
    [route] = held
    route.continue_()
    page.wait_for_timeout(500)
    expect(answer(page)).to_have_text(TITLE)
    assert len(dropped) == 1, "the earlier search was not called off"


def test_new_question_drops_the_filters(page, agents):
    page.goto(agents.url("宽带断了", "&kind=case"))
    expect(page.get_by_text("种类：案例")).to_be_visible()
    box(page).fill(QUESTION)
    expect(answer(page)).to_have_text(TITLE)
    assert "kind=" not in page.url


def test_keyboard_alone(page, agents):
    page.goto(agents.url())
    expect(box(page)).to_be_focused()  # by itself; before that a click would be undone
    page.mouse.click(600, 700)
    expect(box(page)).not_to_be_focused()
    page.keyboard.press("/")
    expect(box(page)).to_be_focused()
    page.keyboard.type(QUESTION)
    expect(answer(page)).to_have_text(TITLE)
    page.keyboard.press("ArrowDown")
    expect(answer(page)).to_be_focused()
    page.keyboard.press("ArrowDown")
    second = page.locator(".cs-hit [data-item]").first
    expect(second).to_be_focused()
    plain = page.locator(".cs-hit").nth(1).evaluate("e => getComputedStyle(e).backgroundColor")
    chosen = page.locator(".cs-hit").first.evaluate("e => getComputedStyle(e).backgroundColor")
    assert plain != chosen
    page.keyboard.press("c")
    expect(page.locator(".cs-copy")).to_contain_text("已复制")
    assert clipboard(page) == say(page)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(box(page)).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    expect(box(page)).to_be_focused()
    expect(box(page)).to_have_value(QUESTION)
    page.keyboard.press("Escape")
    expect(box(page)).to_have_value("")
    expect(page.locator(".cs-start")).to_be_visible()


def test_enter_opens_the_chosen_result(page, agents):
    page.goto(agents.url(QUESTION))
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/site/faq/faq-arrears-resume/")
    expect(page.get_by_role("heading", name=TITLE)).to_be_visible()


def test_letters_in_the_box_are_letters(page, agents):
    page.goto(agents.url(QUESTION))
    box(page).press("End")
    box(page).press_sequentially("c/")
    expect(box(page)).to_have_value(f"{QUESTION}c/")
    assert "已复制" not in page.locator("main").inner_text()


def test_copy_button_tells_everyone(page, agents):
    page.goto(agents.url(QUESTION))
    button = page.get_by_role("button", name="复制答复")
    button.click()
    expect(page.get_by_role("button", name="已复制")).to_be_visible()
    expect(page.get_by_role("status")).to_have_text("已复制")
    assert clipboard(page) == say(page)
    expect(button).to_be_visible()  # and it says again what it does


def test_copying_from_the_box_waits_for_the_right_answer(page, agents):
    page.goto(agents.url(QUESTION))
    box(page).fill("宽带断了")
    box(page).press("Control+Enter")
    expect(page.get_by_role("status")).to_have_text("已复制")
    expect(answer(page)).to_have_text(BROADBAND)
    assert clipboard(page) == say(page)


def test_copying_without_the_clipboard_interface(page, agents):
    # Over plain HTTP a browser has none; reading stays possible here to see what was copied.
    page.add_init_script(
        "window.read = navigator.clipboard.readText.bind(navigator.clipboard);"
        "Object.defineProperty(navigator, 'clipboard', { value: undefined });"
    )
    page.goto(agents.url(QUESTION))
    page.get_by_role("button", name="复制答复").click()
    expect(page.get_by_role("status")).to_have_text("已复制")
    assert page.evaluate("window.read()") == say(page)


def test_input_method_is_left_alone(page, agents):
    page.goto(agents.url())
    sent, suggesting = asked(page), asked(page, "/api/suggest")
    session = page.context.new_cdp_session(page)
    for letters in ("m", "ma", "man", "man you"):
        composing = {"text": letters, "selectionStart": len(letters), "selectionEnd": len(letters)}
        session.send("Input.imeSetComposition", composing)
        page.wait_for_timeout(200)
    expect(box(page)).to_have_value("man you")
    assert sent == suggesting == []
    session.send("Input.insertText", {"text": "漫游"})
    expect(page.locator(".cs-hits")).to_contain_text("国际漫游")
    assert sent == suggesting == ["漫游"]
    expect(suggestions(page)).to_be_visible()


def test_refused_question_says_why(page, agents, watch):
    watch.expect("status of 400")
    page.goto(agents.url(QUESTION))
    box(page).fill("a b c d e f g h i j k l m n o p q")
    expect(page.locator("main")).to_contain_text("最多 16 个")
    expect(page.locator(".cs-answer")).to_have_count(0)


def test_unreachable_service_takes_the_old_answer_away(page, agents, watch):
    watch.expect("ERR_FAILED")
    page.goto(agents.url(QUESTION))
    page.route("**/results*", lambda route: route.abort())
    box(page).fill("宽带断了")
    expect(page.locator("main")).to_contain_text("检索服务暂时连不上")
    expect(page.locator(".cs-answer")).to_have_count(0)
    page.unroute("**/results*")
    box(page).press("Enter")
    expect(answer(page)).to_have_text(BROADBAND)
    page.route("**/results*", lambda route: route.abort())
    box(page).fill("漫游")
    expect(page.locator("main")).to_contain_text("检索服务暂时连不上")
    page.unroute("**/results*")
    box(page).fill("宽带断了")
    expect(answer(page)).to_have_text(BROADBAND)


def test_answer_is_in_sight_and_large(page, agents):
    page.goto(agents.url(QUESTION))
    area = page.locator(".cs-say").bounding_box()
    assert area["y"] + area["height"] < 768
    size = page.locator(".cs-say p").evaluate("e => parseFloat(getComputedStyle(e).fontSize)")
    assert size >= 22
    # The other results begin beside the answer, not below it.
    assert page.locator(".cs-hit").first.bounding_box()["y"] < 300


@pytest.mark.parametrize("width", [360, 320])
def test_phone(open_page, agents, width):
    page = open_page(viewport={"width": width, "height": 740}, is_mobile=True, has_touch=True)
    for query in ("", QUESTION, "长期欠费号码会被收回吗", "龘" * 60, "w" * 120):
        page.goto(agents.url(query))
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, query
    page.goto(agents.url(QUESTION))
    expect(page.locator(".cs-say")).to_be_in_viewport(ratio=0.9)
    page.goto(agents.url())
    box(page).fill("投诉")
    expect(suggestions(page)).to_be_visible()
    area = suggestions(page).bounding_box()
    assert area["x"] >= 0
    assert area["x"] + area["width"] <= width
    assert options(page).evaluate_all("all => all.every((e) => e.scrollWidth <= e.clientWidth)")
    for more in (f"{agents.url('网断了咋办', '&explain=1')}", f"{agents.address}/api/"):
        page.goto(more)
        for summary in page.locator(".cs-why summary").all():
            summary.click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_script(open_page, agents):
    page = open_page(java_script_enabled=False)
    page.goto(agents.url())
    page.get_by_role("searchbox").fill("宽带断了")
    page.get_by_role("button", name="检索").click()
    expect(answer(page)).to_have_text(BROADBAND)
    expect(page.locator(".cs-copy")).to_be_hidden()
    page.get_by_role("link", name="案例").click()
    expect(page.get_by_text("种类：案例")).to_be_visible()
    kinds = set(page.locator(".cs-hit .cs-kind").all_inner_texts())
    assert kinds == {"案例"}
    page.goto(agents.url("宽带断了", "&kind=case&size=1"))
    page.get_by_role("link", name="下一页").click()
    expect(page.get_by_text("第 2 页")).to_be_visible()
    page.get_by_role("link", name="去掉筛选：").click()
    expect(answer(page)).to_have_text(BROADBAND)
    page.locator("summary", has_text="更多筛选").click()
    page.locator(".cs-more").get_by_role("link", name="宽带").click()
    expect(page.get_by_text("业务：宽带")).to_be_visible()
    page.goto(agents.url("补咖"))
    page.get_by_role("link", name="补卡", exact=True).click()
    expect(page.get_by_role("searchbox")).to_have_value("补卡")
    expect(page.get_by_role("listbox")).to_have_count(0)
    page.get_by_role("link", name="为什么这样排").click()
    page.locator(".cs-why summary").first.click()
    expect(page.locator(".cs-why table").first).to_be_visible()


# For every text in sight: its colour against the first background behind it that is not clear.
LOW_CONTRAST = """() => {
  const parse = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = parse(getComputedStyle(e).backgroundColor);
      if (color.length < 4 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const ratio = (element) => {
    const [a, b] = [light(parse(getComputedStyle(element).color)), light(behind(element))];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  };
  const texts = [...document.body.querySelectorAll('*')].filter((e) => e.checkVisibility()
    && (e.matches('input') || [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())));
  const name = (e) => `${e.className} ${e.innerText.slice(0, 20)}`;
  const found = texts.map((e) => `${ratio(e).toFixed(2)} ${name(e)}`);
  return { count: texts.length, low: found.filter((line) => parseFloat(line) < 4.5) };
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(open_page, agents, scheme):
    page = open_page(color_scheme=scheme)
    grounds = set()
    for url in (
        agents.url(),
        agents.url(QUESTION),
        agents.url("暑期漫游优惠", "&size=50"),
        agents.url("宽带断了", "&kind=case"),
        agents.url("网断了咋办", "&explain=1"),
        agents.url("补咖"),
        f"{agents.address}/api/",
        "suggestions",
    ):
        if url == "suggestions":
            page.goto(agents.url())
            box(page).fill("宽带")
            expect(suggestions(page)).to_be_visible()
            page.keyboard.press("ArrowDown")
        else:
            page.goto(url)
        for summary in page.locator(".cs-why summary").all():
            summary.click()
        result = page.evaluate(LOW_CONTRAST)
        assert result["count"] > 10
        assert result["low"] == [], url
        grounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    [ground] = grounds
    brightness = sum(int(part) for part in ground.strip("rgb()").split(","))
    assert brightness < 150 if scheme == "dark" else brightness > 600


def test_motion_is_reduced_where_asked_for(open_page, agents):
    for preference, expected in (("reduce", "0s"), ("no-preference", "0.1s")):
        page = open_page(reduced_motion=preference)
        page.goto(agents.url(QUESTION))
        duration = "e => getComputedStyle(e).transitionDuration"
        assert page.locator("[data-results]").evaluate(duration) == expected


def test_skip_link_leads_to_the_results(page, agents):
    page.goto(agents.url(QUESTION))
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    skip = page.get_by_role("link", name="跳到结果")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_box_of_a_site_drops_its_results_down(page, agents):
    page.goto(f"{agents.address}/site/")
    panel = page.get_by_role("region", name="检索结果")
    expect(panel).to_be_hidden()
    page.keyboard.press("/")
    page.keyboard.type(QUESTION)
    expect(panel.locator(".cs-say")).to_contain_text(ANSWER)
    assert page.url.endswith("/site/")
    page.keyboard.press("Control+Enter")
    expect(panel.locator(".cs-copy")).to_contain_text("已复制")
    assert clipboard(page) == say(page)
    page.mouse.click(20, 700)
    expect(panel).to_be_hidden()
    box(page).focus()
    expect(panel).to_be_visible()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    page.keyboard.type(QUESTION)
    expect(answer(page)).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/site/faq/faq-arrears-resume/")


def test_box_of_a_site_says_that_the_service_is_away(page, agents, watch):
    watch.expect("ERR_FAILED")
    page.route("**/results*", lambda route: route.abort())
    page.goto(f"{agents.address}/site/")
    box(page).fill("漫游")
    panel = page.get_by_role("region", name="检索结果")
    expect(panel).to_have_text("检索服务暂时连不上，请从网站的栏目里找。")
    expect(page.get_by_text("左侧目录", exact=True)).to_be_visible()
    expect(page.get_by_role("heading", name="知识库")).to_be_visible()


def test_policy_violations_are_noticed(page, agents, watch):
    watch.expect("Content Security Policy")
    page.goto(agents.url())
    page.evaluate("document.body.setAttribute('style', 'color: red')")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">a</p>')")
    page.wait_for_timeout(100)
    assert [one for one in watch.problems if "Content Security Policy" in one]
    assert watch.unexpected() == []


class TestSuggestions:
    """The box as a combobox: ARIA 1.2, keyboard, mouse, touch."""

    def open(self, page: Page, agents, typed: str = "宽带", path: str = "/") -> None:
        page.goto(f"{agents.address}{path}")
        box(page).press_sequentially(typed, delay=10)
        expect(suggestions(page)).to_be_visible()

    def test_they_appear_beside_the_results(self, page, agents):
        page.goto(agents.url())
        expect(suggestions(page)).to_be_hidden()
        expect(box(page)).to_have_attribute("aria-expanded", "false")
        box(page).press_sequentially("kd", delay=10)
        expect(suggestions(page)).to_be_visible()
        expect(box(page)).to_have_attribute("aria-expanded", "true")
        expect(box(page)).to_have_attribute("aria-autocomplete", "list")
        assert page.locator(f"#{box(page).get_attribute('aria-controls')}").is_visible()
        expect(options(page)).not_to_have_count(0)
        expect(page.locator(".cs-hit").first).to_be_attached()
        expect(box(page)).to_be_focused()
        assert active(page) is None
        assert options(page).locator("mark").first.inner_text() == "宽带"

    def test_kinds_and_standard_questions_are_named(self, page, agents):
        self.open(page, agents, "携号")
        labels = set(page.locator(".cs-option .cs-kind").all_inner_texts())
        assert labels == {"问题", "相似问法", "政策", "词语"}
        similar = options(page).filter(has_text="相似问法")
        expect(similar.locator("small")).to_have_text("转入远汐要准备什么？")
        box(page).fill("拆一条")
        expect(options(page).locator(".cs-kind")).to_have_text(["案例"])

    def test_arrows_go_through_suggestions_then_results_and_back(self, page, agents):
        self.open(page, agents)
        texts = options(page).locator("span:first-child").all_inner_texts()
        assert len(texts) > 3
        for text in texts:
            page.keyboard.press("ArrowDown")
            assert active(page) == text
            expect(box(page)).to_be_focused()
            expect(box(page)).to_have_value("宽带")
        page.keyboard.press("ArrowDown")
        expect(page.locator(".cs-hit [data-item]").first).to_be_focused()
        expect(suggestions(page)).to_be_hidden()
        expect(box(page)).to_have_attribute("aria-expanded", "false")
        page.keyboard.press("ArrowDown")
        expect(page.locator(".cs-hit [data-item]").nth(1)).to_be_focused()
        page.keyboard.press("ArrowUp")
        page.keyboard.press("ArrowUp")
        expect(box(page)).to_be_focused()
        expect(suggestions(page)).to_be_visible()
        assert active(page) == texts[-1]
        for text in [*texts[-2::-1], None, texts[-1]]:
            page.keyboard.press("ArrowUp")
            assert active(page) == text

    def test_enter_on_a_question_searches_it_and_shows_its_answer(self, page, agents):
        self.open(page, agents)
        chosen = []
        page.on(
            "request",
            lambda one: chosen.append((one.method, one.url)) if "chosen" in one.url else None,
        )
        place = options(page).locator("span:first-child").all_inner_texts().index(BROADBAND)
        for _ in range(place + 1):
            page.keyboard.press("ArrowDown")
        assert active(page) == BROADBAND
        with page.expect_response("**/api/chosen/*") as counted:
            page.keyboard.press("Enter")
        expect(answer(page)).to_have_text(BROADBAND)
        expect(box(page)).to_have_value(BROADBAND)
        expect(box(page)).to_be_focused()
        expect(suggestions(page)).to_be_hidden()
        assert unquote(page.url).endswith(f"?q={BROADBAND}")
        assert counted.value.status == 204
        assert chosen == [("POST", f"{agents.address}/api/chosen/faq-broadband-fault")]
        page.keyboard.press("ArrowDown")
        expect(answer(page)).to_be_focused()

    def test_a_similar_wording_leads_to_the_answer(self, page, agents):
        self.open(page, agents, "携号")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(box(page)).to_have_value("携号过来要不要另外买卡交钱")
        expect(answer(page)).to_have_text("转入远汐要准备什么？")

    def test_a_word_goes_into_the_box_and_typing_goes_on(self, page, agents):
        self.open(page, agents, "xiehaozhuan")
        chosen = asked(page, "/api/chosen")
        word = options(page).filter(has_text="词语")
        expect(word).to_have_count(1)
        word.click()
        expect(box(page)).to_have_value("携号转网")
        expect(box(page)).to_be_focused()
        expect(word).to_have_count(0)
        expect(suggestions(page)).to_be_visible()
        expect(page.locator(".cs-hits")).to_contain_text("携号转网")
        assert unquote(page.url).endswith("?q=携号转网")
        assert active(page) is None
        assert chosen == []

    def test_enter_without_a_choice_searches_what_is_typed(self, page, agents):
        self.open(page, agents)
        page.keyboard.press("Enter")
        expect(suggestions(page)).to_be_hidden()
        expect(box(page)).to_have_value("宽带")
        page.wait_for_timeout(300)
        expect(suggestions(page)).to_be_hidden()
        expect(page.locator(".cs-hit").first).to_be_visible()

    def test_typing_on_gives_up_the_choice(self, page, agents):
        self.open(page, agents)
        page.keyboard.press("ArrowDown")
        assert active(page)
        page.keyboard.type("断")
        assert active(page) is None

    def test_escape_closes_and_then_clears(self, page, agents):
        self.open(page, agents)
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Escape")
        expect(suggestions(page)).to_be_hidden()
        expect(box(page)).to_have_value("宽带")
        expect(box(page)).to_be_focused()
        assert active(page) is None
        page.keyboard.press("ArrowDown")
        expect(page.locator(".cs-hit [data-item]").first).to_be_focused()
        page.keyboard.press("ArrowUp")
        expect(suggestions(page)).to_be_hidden()
        page.keyboard.press("Alt+ArrowDown")
        expect(suggestions(page)).to_be_visible()
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
        expect(box(page)).to_have_value("")
        expect(page.locator(".cs-start")).to_be_visible()

    def test_a_click_chooses_and_one_elsewhere_closes(self, page, agents):
        self.open(page, agents)
        page.mouse.click(1300, 700)
        expect(suggestions(page)).to_be_hidden()
        expect(box(page)).to_have_value("宽带")
        self.open(page, agents)
        with page.expect_response("**/api/chosen/faq-broadband-fault"):
            options(page).filter(has_text=BROADBAND).click()
        expect(answer(page)).to_have_text(BROADBAND)
        expect(box(page)).to_be_focused()
        expect(suggestions(page)).to_be_hidden()

    def test_tab_leaves_them(self, page, agents):
        self.open(page, agents)
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name="检索")).to_be_focused()
        expect(suggestions(page)).to_be_hidden()
        expect(box(page)).to_have_value("宽带")

    def test_they_never_cover_an_answer(self, page, agents):
        page.goto(agents.url())
        with page.expect_response("**/api/suggest*") as found:
            box(page).fill("qftj")
        assert found.value.json()["suggestions"]
        expect(answer(page)).to_have_text(TITLE)
        page.wait_for_timeout(200)
        expect(suggestions(page)).to_be_hidden()
        expect(box(page)).to_have_attribute("aria-expanded", "false")
        page.keyboard.press("Alt+ArrowDown")
        expect(options(page).first).to_contain_text(TITLE)

    def test_late_suggestions_for_an_earlier_text_are_not_shown(self, page, agents):
        page.goto(agents.url())
        held, dropped = [], []

        def hold(route):
            held.append(route)

        page.on("requestfailed", lambda request: dropped.append(request.url))
        page.route("**/api/suggest?q=%E5%AE%BD%E5%B8%A6", hold)
        box(page).fill("宽带")
        expect(page.locator(".cs-hit").first).to_be_visible()
        box(page).fill("携号")
        expect(options(page).first).to_contain_text("携号")
        [route] = held
        route.continue_()
        page.wait_for_timeout(300)
        expect(options(page).first).to_contain_text("携号")
        assert len(dropped) == 1, "the earlier request was not called off"

    def test_the_list_does_not_flicker_while_somebody_types(self, page, agents):
        self.open(page, agents, "宽")
        page.evaluate(
            """() => {
              const list = document.querySelector('.cs-suggestions');
              window.blinks = 0;
              new MutationObserver(() => { window.blinks += list.hidden || !list.children.length; })
                .observe(list, { attributes: true, childList: true });
            }"""
        )
        box(page).press_sequentially("带", delay=10)
        expect(options(page).first).to_contain_text("宽带")
        box(page).press_sequentially("怎么", delay=200)
        expect(options(page).locator("mark").first).to_have_text("宽带怎么")
        assert page.evaluate("window.blinks") == 0

    def test_without_suggestions_results_come_all_the_same(self, page, agents, watch):
        watch.expect("ERR_FAILED|status of 503")
        for fulfil in (
            lambda route: route.abort(),
            lambda route: route.fulfill(status=503, body="{}"),
            lambda route: route.fulfill(status=200, body="<html>"),
        ):
            page.route("**/api/suggest*", fulfil)
            page.goto(agents.url())
            box(page).fill("宽带断了")
            expect(answer(page)).to_have_text(BROADBAND)
            expect(suggestions(page)).to_be_hidden()
            page.unroute("**/api/suggest*")

    def test_counting_that_fails_is_nobodys_concern(self, page, agents, watch):
        watch.expect("ERR_FAILED")
        page.route("**/api/chosen/*", lambda route: route.abort())
        self.open(page, agents)
        options(page).filter(has_text=BROADBAND).click()
        expect(answer(page)).to_have_text(BROADBAND)

    def test_suggestions_are_text(self, page, agents, watch):
        watch.expect("status of 404")  # there is no such document
        page.route(
            "**/api/suggest*",
            lambda route: route.fulfill(
                json={
                    "suggestions": [
                        {
                            "text": "<img src=x onerror=alert(1)>",
                            "text_html": "&lt;img src=x onerror=alert(1)&gt;",
                            "kind": "similar",
                            "id": "faq-x/../../y?",
                            "title": "<b>标题</b>",
                        }
                    ]
                }
            ),
        )
        self.open(page, agents)
        expect(options(page)).to_contain_text("<img src=x onerror=alert(1)>")
        expect(options(page)).to_contain_text("<b>标题</b>")
        assert suggestions(page).locator("img, b").count() == 0
        with page.expect_response("**/api/chosen/*") as counted:
            options(page).click()
        assert counted.value.url.endswith("/api/chosen/faq-x%2F..%2F..%2Fy%3F")

    def test_by_touch(self, open_page, agents):
        page = open_page(viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True)
        page.goto(agents.url())
        box(page).tap()
        box(page).press_sequentially("宽带", delay=10)
        options(page).filter(has_text=BROADBAND).tap()
        expect(answer(page)).to_have_text(BROADBAND)
        expect(suggestions(page)).to_be_hidden()
        expect(page.locator(".cs-say")).to_be_in_viewport(ratio=0.9)
        # The keyboard on the screen goes away.
        expect(box(page)).not_to_be_focused()

    def test_in_the_panel_of_a_site(self, page, agents):
        self.open(page, agents, path="/site/")
        panel = page.get_by_role("region", name="检索结果")
        expect(panel.get_by_role("listbox")).to_be_visible()
        expect(panel.locator(".cs-hit").first).to_be_visible()
        count = options(page).count()
        assert 1 < count <= 5
        for _ in range(count):
            page.keyboard.press("ArrowDown")
            assert active(page)
        page.keyboard.press("ArrowDown")
        expect(panel.locator("[data-item]").first).to_be_focused()
        expect(panel).to_be_visible()
        page.keyboard.press("ArrowUp")
        expect(box(page)).to_be_focused()
        page.mouse.click(20, 700)
        expect(panel).to_be_hidden()
        expect(box(page)).to_have_attribute("aria-expanded", "false")
        box(page).focus()
        expect(panel).to_be_visible()
        text = options(page).first.locator("span").first.inner_text()
        with page.expect_response("**/api/chosen/*") as counted:
            options(page).first.click()
        assert counted.value.status == 204
        expect(answer(page)).to_have_text(text)
        expect(panel.get_by_role("listbox")).to_be_hidden()
        assert page.url.endswith("/site/")
        page.keyboard.press("Escape")
        expect(panel).to_be_hidden()

    def test_a_result_of_the_panel_can_be_clicked_while_they_are_shown(self, page, agents):
        self.open(page, agents, path="/site/")
        result = page.get_by_role("region", name="检索结果").locator("[data-item]").first
        text = result.inner_text()
        result.click()
        page.wait_for_url("**/site/faq/**")
        expect(page.get_by_role("heading", name=text)).to_be_visible()


def test_what_was_probably_meant_is_a_click_away(page, agents):
    page.goto(agents.url("补咖"))
    page.evaluate("window.same = true")
    page.get_by_role("link", name="补卡", exact=True).click()
    expect(box(page)).to_have_value("补卡")
    expect(page.locator(".cs-meant")).to_have_count(0)
    expect(page.locator("main")).to_contain_text("补卡")
    assert unquote(page.url).endswith("?q=补卡")
    assert page.evaluate("window.same")


def test_a_key_while_results_are_on_their_way_is_not_lost(page, agents):
    page.goto(agents.url())
    held = []

    def hold(route):
        held.append(route)

    page.route("**/results?q=%E5%AE%BD%E5%B8%A6%E6%96%AD&*", hold)
    box(page).fill("宽带断")
    page.wait_for_timeout(250)
    [route] = held
    # The answer to the first text comes just after the next key.
    page.evaluate(
        """(text) => {
          const box = document.querySelector('.cs-box');
          box.value = text;
          box.dispatchEvent(new InputEvent('input', { bubbles: true }));
        }""",
        QUESTION,
    )
    route.continue_()
    expect(answer(page)).to_have_text(TITLE)


def test_why_results_are_in_this_order(page, agents):
    page.goto(agents.url("网断了咋办"))
    page.get_by_role("link", name="为什么这样排").click()
    table = page.locator(".cs-why table").first
    expect(table).to_be_hidden()
    page.locator(".cs-why summary").first.click()
    expect(table).to_contain_text("“网断了”的同义词“宽带断网”")
    # A new question begins without.
    box(page).fill(QUESTION)
    expect(answer(page)).to_have_text(TITLE)
    expect(page.locator(".cs-why")).to_have_count(0)
