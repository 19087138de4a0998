"""The search page and the search box as people use them: keyboard, input method, phone, dark."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from playwright.sync_api import Page, expect

# One browser and one service for all of these, whatever the number of workers.
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

QUESTION = "欠费停机多久能恢复"
TITLE = "欠费停机后多久能恢复？"
ANSWER = "欠费缴清后系统会自动给您复机"
BROADBAND = "宽带断网了怎么报修？"


def box(page: Page):
    return page.get_by_role("searchbox")


def answer(page: Page):
    return page.locator(".cs-answer h2 [data-item]")


def say(page: Page) -> str:
    return page.locator(".cs-say").inner_text().strip()


def clipboard(page: Page) -> str:
    return page.evaluate("navigator.clipboard.readText()")


def asked(page: Page) -> list[str]:
    """The questions that the page has sent, as they go out."""
    sent: list[str] = []

    def note(request):
        if "/results" in request.url:
            sent.append(unquote(request.url.partition("q=")[2]))

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
    box(page).press_sequentially(QUESTION, delay=20)
    expect(answer(page)).to_have_text(TITLE)
    assert page.evaluate("window.same")
    assert len(sent) <= 2, "a search for each key instead of one after a pause"
    assert unquote(page.url).endswith(f"?q={QUESTION}")
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
    sent = asked(page)
    session = page.context.new_cdp_session(page)
    for letters in ("m", "ma", "man", "man you"):
        composing = {"text": letters, "selectionStart": len(letters), "selectionEnd": len(letters)}
        session.send("Input.imeSetComposition", composing)
        page.wait_for_timeout(200)
    expect(box(page)).to_have_value("man you")
    assert sent == []
    session.send("Input.insertText", {"text": "漫游"})
    expect(page.locator(".cs-hits")).to_contain_text("国际漫游")
    assert sent == ["漫游"]


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
    page.goto(f"{agents.address}/api/")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_script(open_page, agents):
    page = open_page(java_script_enabled=False)
    page.goto(agents.url())
    box(page).fill("宽带断了")
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
        f"{agents.address}/api/",
    ):
        page.goto(url)
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
    expect(panel).to_have_text("检索服务暂时连不上，请用左侧目录查找。")
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
