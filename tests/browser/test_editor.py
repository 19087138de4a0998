"""The editor as a team leader uses it: the real CMS, a real git repository, a real service."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from casebook.documents import Kind
from casebook.frontmatter import read_front_matter
from casebook.library import Library
from casebook.reading import read_document
from casebook.settings import EditorSettings
from search.editor import package
from search.editor.forms import configuration
from search.engines import get_engine
from search.generations import publish
from tests.browser.conftest import ON, free_port, npm, npm_installed, wait_for

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

STATIC = Path(package.__file__).parent / "static"
SENTENCE = "欠费缴清后系统会自动给您复机"
CHANGED = "欠费缴清以后，系统马上自动给您复机"
ANSWER = "faq-arrears-resume"


@dataclass(frozen=True)
class Editor:
    """A running editor.

    Attributes:
        address: the service's.
        repository: where drafts are saved.
    """

    address: str
    repository: Path

    def git(self, *arguments: str) -> str:
        """What git says of the repository."""
        return git(self.repository, *arguments)


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, check=True)
    return done.stdout.decode()


@pytest.fixture(scope="session")
def cms_files(root: Path) -> Path:
    """The CMS, fetched once; its hash is checked as for everybody."""
    folder = package.folder_of(root)
    if not package.is_installed(folder):
        fetched = root / "build" / "npm"
        npm(fetched, "pack", "--silent", f"{package.NAME}@{package.VERSION}")
        file = fetched / f"{package.NAME}-{package.VERSION}.tgz"
        package.install(file.read_bytes(), folder)
    return folder


@pytest.fixture(scope="session")
def git_server(root: Path) -> Path:
    """The program of the CMS's local git server, installed from its lock file."""
    packages = npm_installed(root, Path(__file__).parent / "editor")
    return packages / "decap-server" / "dist" / "index.js"


@pytest.fixture(scope="module")
def editor(
    root: Path,
    library: Library,
    cms_files: Path,
    git_server: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Editor]:
    """The service with the editor, and a repository for its drafts."""
    ports = free_port(), free_port()
    tmp_path = tmp_path_factory.mktemp("editor")
    folder = tmp_path / "library"
    copy_library(root, folder, f"http://127.0.0.1:{ports[0]}/api/v1")
    repository = tmp_path / "repository"
    git(tmp_path, "clone", "--quiet", str(folder), str(repository))
    settle(repository)
    shutil.copytree(cms_files, package.folder_of(folder))
    view = library.view("agent", on=ON)
    publish(view, folder / "build" / "index" / "agent", get_engine("memory"), "test")
    log = tmp_path / "log"
    environment = {
        **os.environ,
        "MODE": "git",
        "GIT_REPO_DIRECTORY": str(repository),
        "BIND_HOST": "127.0.0.1",
        "PORT": str(ports[0]),
    }
    command = "from casebook.cli import main; main()"
    serve = ["serve", "--audience", "agent", "--port", str(ports[1]), "--library", str(folder)]
    with log.open("wb") as opened:
        processes = [
            subprocess.Popen(
                ["node", str(git_server)], env=environment, stdout=opened, stderr=opened
            ),
            subprocess.Popen([sys.executable, "-c", command, *serve], stdout=opened, stderr=opened),
        ]
    try:
        address = f"http://127.0.0.1:{ports[1]}"
        wait_for(address, processes[1], log)
        yield Editor(address, repository)
    finally:
        for process in processes:
            process.terminate()
            process.wait(60)


def copy_library(root: Path, folder: Path, git_server: str) -> None:
    """A repository with a copy of the sample library on its main branch."""
    for kind in Kind:
        shutil.copytree(root / kind.folder, folder / kind.folder)
    settings = (root / "casebook.toml").read_text(encoding="utf-8")
    own = f'\n[editor]\nbackend = "local"\napi_root = "{git_server}"\n'
    (folder / "casebook.toml").write_text(settings + own, encoding="utf-8")
    shutil.copy(root / "glossary.toml", folder)
    (folder / ".gitignore").write_text("build/\n", encoding="utf-8")
    git(folder, "init", "--quiet", "--initial-branch", "main")
    settle(folder)
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "初稿")


def settle(repository: Path) -> None:
    """Git's settings, none of which come from whoever runs the tests."""
    for key, value in {
        "user.name": "班长",
        "user.email": "author@example.com",
        "commit.gpgsign": "false",
        "core.quotepath": "false",
    }.items():
        git(repository, "config", key, value)


@pytest.fixture
def page(editor: Editor, open_page: Callable[..., sync_api.Page]) -> sync_api.Page:
    """A team leader's screen; closed before the service ends."""
    return open_page()


@pytest.fixture
def hosts(page: sync_api.Page) -> set[str | None]:
    """The hosts that the page asks."""
    asked: set[str | None] = set()
    page.on("request", lambda request: asked.add(urlsplit(request.url).hostname))
    return asked


def sign_in(page: sync_api.Page, editor: Editor) -> None:
    page.goto(f"{editor.address}/write/")
    page.get_by_role("button", name="开始写作").click()


def findings(page: sync_api.Page) -> sync_api.FrameLocator:
    return page.frame_locator("#preview-pane")


def choose(page: sync_api.Page, label: str, *words: str) -> None:
    """Finds terms in a list by some of their letters."""
    for word in words:
        box = page.get_by_label(re.compile(rf"^{label}( \(可以不填\))?$"))
        box.fill(word)
        page.get_by_role("option", name=word).first.click()


def picture(page: sync_api.Page, root: Path, name: str) -> None:
    """For whoever wants to see what the test saw."""
    page.screenshot(path=root / "build" / "editor-pictures" / f"{name}.png")


CHOSEN = {
    "业务分类": ("宽带 / 故障",),
    "级别": ("投诉",),
    "客户类型": ("情绪发泄型", "理性刁难型"),
    "有理无理": ("有理",),
    "正常非正常": ("正常",),
    "诉求": ("解决问题",),
    "渠道": ("热线",),
    "分析方法": ("因素分析法",),
    "依据": ("投诉处理规范 · 第七条",),
    "统一口径": ("宽带断网了怎么报修",),
}
WRITTEN = {
    "标题": "雨天断网，三次派单：同一个接头",
    "目的性": "接到重复报障时，先看前几次的记录再派单。",
    "典型性": "同一条线路一周内报障两次以上的工单，每月有几十张。",
    "时效性": "雨季前写成，正好用在报障的高峰。",
    "可行性": "只要多看一眼历史工单，不需要新的权限。",
    "负责人": "投诉处理组",
    "主题": "重复报障不能当作新故障处理。",
    "背景": "四月的一个周末，客户甲的宽带晚上断线。此前一周他已报障两次。",
    "细节": "> 客户甲：“你们已经来过两次了。”\n\n坐席A又请他重启光猫，客户甲的声音一下子高了起来。",
    "结果": "第四次由带班师傅上门，换下了进水的接头，此后一个月没有再报障。",
}


def test_a_new_case_becomes_a_branch_that_passes_the_check(
    page, editor, hosts, watch, root, tmp_path
):
    watch.expect("status of 404")  # the CMS asks whether there is a draft already
    sign_in(page, editor)
    page.get_by_role("link", name="新写案例").click()
    expect(findings(page).get_by_role("status")).to_contain_text("还有 21 项没填")
    picture(page, root, "new")
    for label, text in WRITTEN.items():
        page.get_by_label(label, exact=True).fill(text)
    for label, words in CHOSEN.items():
        choose(page, label, *words)
    page.get_by_label("发生月份").fill("2026-04")
    page.get_by_label("核准日期").fill("2026-11-20")
    page.get_by_label("评析").fill("三张工单各写各的。<b>没有人</b>看见都在雨后。")
    # The check names the section that somebody has to mend, and what is wrong with it.
    problem = findings(page).locator("li.cb-error")
    expect(problem).to_contain_text("评析")
    expect(problem).to_contain_text("有 HTML")
    picture(page, root, "problem")
    problem.get_by_role("button", name="评析").click()
    expect(page.get_by_label("评析")).to_be_focused()
    page.get_by_label("评析").fill("三张工单各写各的，没有人看见都在雨后。也要为坐席说一句。")
    expect(findings(page).locator("li.cb-error")).to_have_count(0)
    save(page)
    expect(page.locator(".cb-notice")).to_contain_text("草稿存好了")
    picture(page, root, "saved")

    (branch,) = drafts(editor, "case")
    name = branch.removeprefix("cms/case/")
    assert name.startswith("case-yu-tian-duan-wang")
    assert editor.git("rev-list", "--count", f"main..{branch}").strip() == "1"
    changed = editor.git("diff", "--name-status", "main", branch).split()
    assert changed == ["A", f"cases/{name}.md"]
    text = editor.git("show", f"{branch}:cases/{name}.md")
    assert text.startswith(f"---\nid: {name}\ntitle: {WRITTEN['标题']}\naudience: agent\nowner: ")
    assert "policies:\n  - policy-handling-norm#7\nfaq:\n  - faq-broadband-fault\n---\n" in text
    assert re.findall("^## (.*)$", text, re.MULTILINE) == ["主题", "背景", "细节", "结果", "评析"]
    assert checked(editor, branch, tmp_path) == 0
    assert hosts == {"127.0.0.1"}


def test_one_changed_sentence_is_all_that_changes(page, editor, hosts, watch, root):
    watch.expect("status of 404")
    sign_in(page, editor)
    page.goto(f"{editor.address}/write/#/collections/faq")
    page.get_by_role("link", name="欠费停机后多久能恢复？").click()
    answer = page.get_by_label("统一答复")
    answer.fill(answer.input_value().replace(SENTENCE, CHANGED))
    expect(findings(page).get_by_role("status")).to_contain_text(re.compile("没有问题|提醒"))
    save(page)
    expect(page.locator(".cb-notice")).to_contain_text("草稿存好了")
    picture(page, root, "changed")
    (branch,) = drafts(editor, "faq")
    assert branch == f"cms/faq/{ANSWER}"
    before = editor.git("show", f"main:faq/{ANSWER}.md")
    assert editor.git("show", f"{branch}:faq/{ANSWER}.md") == before.replace(SENTENCE, CHANGED)
    assert editor.git("diff", "--numstat", "main", branch).split() == ["1", "1", f"faq/{ANSWER}.md"]
    page.goto(f"{editor.address}/write/#/workflow")
    expect(page.get_by_role("heading", name="欠费停机后多久能恢复？")).to_be_visible()
    picture(page, root, "workflow")
    assert hosts == {"127.0.0.1"}


def test_a_draft_may_be_incomplete_and_is_told_so(page, editor, watch):
    watch.expect("status of 404")
    sign_in(page, editor)
    page.goto(f"{editor.address}/write/#/collections/plan/new")
    page.get_by_label("名称").fill("台风天热线预案")
    save(page)
    expect(page.locator(".cb-notice")).to_contain_text("项没填")
    (branch,) = drafts(editor, "plan")
    text = editor.git("show", f"{branch}:policies/{branch.removeprefix('cms/plan/')}.md")
    assert "rank: 预案\n" in text
    assert text.endswith("## 5W1H\n\n## 流程\n\n## 控制点\n\n## 口径\n\n## 演练\n")


def test_unsaved_changes_are_offered_when_the_document_is_opened_again(page, editor, watch):
    watch.expect("status of 404")
    sign_in(page, editor)
    open_entry(page, editor, OTHER)
    page.get_by_label("禁用说法").fill("- 没有存的一句。")
    wait_until_kept(page, "没有存的一句")
    again = page.context.new_page()
    page.close(run_before_unload=False)
    asked = []
    again.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.accept()))
    sign_in(again, editor)
    open_entry(again, editor, OTHER)
    expect(again.get_by_label("禁用说法")).to_have_value("- 没有存的一句。")
    expect(again.get_by_text("含未保存的修改")).to_be_visible()
    # In place, too; and then the changes are kept on, until they are saved.
    wait_until_kept(again, "没有存的一句")
    again.reload()
    again.get_by_role("button", name="开始写作").click()
    expect(again.get_by_label("禁用说法")).to_have_value("- 没有存的一句。")
    assert [one for one in asked if one] == [OFFER] * 2
    save(again)
    again.reload()
    again.get_by_role("button", name="开始写作").click()
    expect(again.get_by_label("禁用说法")).to_have_value("- 没有存的一句。")
    assert [one for one in asked if one] == [OFFER] * 2


def test_a_new_document_that_was_not_saved_is_offered_again(page, editor, watch):
    watch.expect("status of 404")
    sign_in(page, editor)
    page.goto(f"{editor.address}/write/#/collections/case/new")
    page.get_by_label("标题", exact=True).fill("没有存的新案例")
    wait_until_kept(page, "没有存的新案例")
    again = page.context.new_page()
    page.close(run_before_unload=False)
    again.on("dialog", lambda dialog: dialog.accept())
    sign_in(again, editor)
    again.goto(f"{editor.address}/write/#/collections/case/new")
    expect(again.get_by_label("标题", exact=True)).to_have_value("没有存的新案例")


def test_the_box_finds_words_of_two_letters(page, editor, watch):
    watch.expect("status of 404")
    sign_in(page, editor)
    page.get_by_label("找一篇", exact=True).fill("漫游")
    found = page.get_by_role("list", name="找到的").get_by_role("link")
    expect(found.filter(has_text="漫游").first).to_be_visible()
    page.get_by_label("种类").select_option(label="案例")
    expect(page.get_by_role("list", name="找到的").locator("span").first).to_have_text("案例")
    title = found.first.inner_text()
    found.first.click()
    expect(page.get_by_label("标题", exact=True)).to_have_value(title)
    expect(page.get_by_label("找一篇", exact=True)).to_be_hidden()


def test_what_has_errors_is_not_published(page, editor, watch):
    watch.expect("status of 404")
    sign_in(page, editor)
    page.goto(f"{editor.address}/write/#/collections/faq/new")
    page.get_by_label("标准问").fill("充错号码还能退吗？")
    page.get_by_label("统一答复").fill("您先别急，<b>可以</b>退。")
    save(page)
    (branch,) = [one for one in drafts(editor, "faq") if "chong-cuo" in one]
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="草稿", exact=True).click()
    page.get_by_role("menuitem", name="可以发布").click()
    # The CMS names the new state when the repository has it; before that it refuses by a dialog.
    expect(page.get_by_role("button", name="可以发布", exact=True)).to_be_visible()
    page.get_by_role("button", name="发布", exact=True).click()
    page.get_by_role("menuitem").first.click()
    said = page.get_by_text(re.compile("没有发布：还有 8 项没填，1 个错误。先改好"))
    expect(said).to_be_visible()
    expect(page.locator(".cb-notice")).to_have_count(0)
    assert branch in drafts(editor, "faq")
    assert "chong-cuo" not in editor.git("ls-tree", "-r", "--name-only", "main")


def test_a_draft_says_what_comes_before_publishing(page, editor, watch):
    watch.expect("status of 404")
    sign_in(page, editor)
    page.goto(f"{editor.address}/write/#/collections/faq/new")
    page.get_by_label("标准问").fill("宽带移机几天能好？")
    save(page)
    page.get_by_role("button", name="发布", exact=True).click()
    with page.expect_event("dialog") as shown:
        page.once("dialog", lambda dialog: dialog.accept())
        page.get_by_role("menuitem").first.click()
    assert shown.value.message == "先把状态改成“可以发布”，再发布。"
    assert any("kuan-dai-yi-ji" in one for one in drafts(editor, "faq"))


def test_what_is_said_of_a_document_does_not_stay(page, editor, watch):
    watch.expect("status of 404")
    sign_in(page, editor)
    page.goto(f"{editor.address}/write/#/collections/plan/new")
    page.get_by_label("名称").fill("暴雨天热线预案")
    save(page)
    page.goto(f"{editor.address}/write/#/workflow")
    expect(page.locator(".cb-notice")).to_have_count(0)


def test_an_address_shows_its_own_document_or_says_that_there_is_none(page, editor, watch):
    watch.expect("status of 404")
    sign_in(page, editor)
    open_entry(page, editor, ANSWER)
    page.goto(f"{editor.address}/write/#/collections/faq/entries/{OTHER}")
    expect(page.get_by_label("标准问")).to_have_value("宽带断网了怎么报修？")
    page.goto(f"{editor.address}/write/#/collections/faq/entries/faq-nowhere")
    expect(page.locator(".cb-notice")).to_contain_text("没有“faq-nowhere”这一篇")
    expect(page.get_by_role("link", name="新写统一口径")).to_be_visible()


NOTE = {
    "line": 3,
    "column": 1,
    "code": "x",
    "severity": "note",
    "message": "一条备注。",
    "hint": "",
}
WARNING = {**NOTE, "severity": "warning", "message": "一条提醒。", "hint": "改 casebook.toml。"}


@pytest.mark.parametrize(
    ("problems", "state", "items"),
    [
        ([NOTE], "没有要改的，可以交给审核。", ["备注"]),
        ([NOTE, WARNING], "1 个提醒。看过以后可以交给审核。", ["提醒", "备注"]),
    ],
)
def test_notes_come_last_and_are_nothing_to_mend(page, editor, watch, problems, state, items):
    watch.expect("status of 404")
    answer = json.dumps({"ok": True, "problems": problems})
    page.route("**/api/check", lambda route: route.fulfill(body=answer, content_type=JSON))
    sign_in(page, editor)
    open_entry(page, editor, ANSWER)
    expect(findings(page).get_by_role("status")).to_have_text(state)
    expect(findings(page).locator("li strong")).to_have_text(items)
    ask = findings(page).get_by_text("请找知识管理员")
    expect(ask).to_have_count(len(problems) - 1)


@pytest.mark.parametrize(
    ("status", "said"), [(503, "同时检查的人太多。"), (500, "没能检查：连不上检索服务。")]
)
def test_a_check_that_cannot_be_made_hinders_no_saving(page, editor, watch, status, said):
    watch.expect("status of (404|503|500)")
    answer = json.dumps({"status": status, "errors": [{"message": "同时检查的人太多。"}]})
    page.route("**/api/check", lambda route: route.fulfill(status=status, body=answer))
    sign_in(page, editor)
    page.goto(f"{editor.address}/write/#/collections/faq/new")
    page.get_by_label("标准问").fill(f"没查成也能存吗（{status}）？")
    expect(findings(page).get_by_role("status")).to_contain_text(said)
    save(page)
    expect(page.locator(".cb-notice")).to_contain_text(f"草稿存好了。{said}")


def test_who_cannot_sign_in_is_told_what_to_do(page, editor):
    page.goto(f"{editor.address}/write/")
    expect(page.get_by_text("本机试用，不用账号")).to_be_visible()
    expect(page.get_by_text("git 服务器上的账号登录")).to_be_hidden()
    page.get_by_text("登录不了怎么办").click()
    expect(page.get_by_text("草稿的小服务器没有运行")).to_be_visible()
    page.get_by_role("link", name="回到检索").click()
    expect(page).to_have_url(f"{editor.address}/")


def test_on_a_phone_all_of_it_is_in_reach(open_page, editor, watch, root):
    watch.expect("status of 404")
    page = open_page(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    sign_in(page, editor)
    width = "[innerWidth, document.documentElement.scrollWidth]"
    expect(page.get_by_role("link", name="新写案例")).to_be_visible()
    assert page.evaluate(width) == [390, 390]
    page.goto(f"{editor.address}/write/#/collections/case/new")
    page.get_by_label("标题", exact=True).fill("手机上写的案例")
    expect(findings(page).get_by_role("status")).to_contain_text("项没填")
    findings(page).get_by_role("button", name="展开或收起").click()
    findings(page).get_by_role("button", name="评析").click()
    expect(page.get_by_label("评析")).to_be_focused()
    save(page)
    picture(page, root, "phone")
    assert page.evaluate(width) == [390, 390]
    for one in (
        page.get_by_role("button", name="草稿", exact=True),
        page.get_by_role("button", name="发布", exact=True),
        page.get_by_role("button", name="知道了"),
        page.locator("#preview-pane"),
    ):
        place = one.bounding_box()
        assert place["x"] >= 0
        assert place["x"] + place["width"] <= 390
        assert place["y"] + place["height"] <= 844 + 1


OTHER = "faq-broadband-fault"
JSON = "application/json"
OFFER = "上次没有存的修改还在这台电脑上。接着改吗？点“取消”就丢掉它，打开存过的那一份。"
# Whether the CMS has kept unsaved changes that hold a text.
KEPT = """(text) => new Promise((resolve) => {
  const opened = indexedDB.open("localforage");
  opened.onsuccess = () => {
    const got = opened.result.transaction("keyvaluepairs").objectStore("keyvaluepairs").getAll();
    got.onsuccess = () => resolve(JSON.stringify(got.result).includes(text));
  };
})"""


def wait_until_kept(page: sync_api.Page, text: str) -> None:
    for _ in range(100):
        if page.evaluate(KEPT, text):
            return
        page.wait_for_timeout(100)
    pytest.fail(f"not kept: {text}")


def open_entry(page: sync_api.Page, editor: Editor, name: str) -> None:
    page.goto(f"{editor.address}/write/#/collections/faq/entries/{name}")
    expect(page.get_by_label("标准问")).not_to_have_value("")


def save(page: sync_api.Page) -> None:
    page.get_by_role("button", name="保存草稿").click()
    expect(page.locator(".cb-notice")).to_be_visible()


def drafts(editor: Editor, form: str) -> list[str]:
    """The branches that hold drafts of a form."""
    return editor.git("branch", "--list", f"cms/{form}/*", "--format", "%(refname:short)").split()


def checked(editor: Editor, branch: str, tmp_path: Path) -> int:
    """What `casebook check` ends with on a branch's tree."""
    done = subprocess.run(
        ["git", "archive", branch], cwd=editor.repository, capture_output=True, check=True
    )
    tree = tmp_path / "tree"
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(tree, filter="data")
    command = "from casebook.cli import main; main()"
    check = [sys.executable, "-c", command, "check", "--library", str(tree)]
    return subprocess.run(check, capture_output=True, check=False).returncode


# ---- the format: files ↔ forms ----

Format = Callable[[str, str], Any]


@pytest.fixture(scope="module")
def forms(library: Library) -> dict[str, Any]:
    return configuration(library.view("agent", ON), EditorSettings(), date(2026, 11, 22))


@pytest.fixture
def script(open_page, forms) -> Format:
    """Runs our script: ``result = …`` with a form's format, on an argument."""
    page = open_page()
    page.add_script_tag(path=STATIC / "format.js")

    def run(code: str, form: str, argument: Any = None) -> Any:
        make = f"Casebook.format({json.dumps(forms['forms'][form])}, {json.dumps(forms['order'])})"
        return page.evaluate(f"argument => {{ const format = {make}; {code} }}", argument)

    return run


def form_of(kind: Kind, text: str) -> str:
    return "plan" if "\nrank: 预案\n" in text else kind.value


def test_what_is_opened_and_saved_is_the_same_file(script, settings, root):
    """The whole sample library, byte for byte; and the forms show what our reader reads."""
    files = [file for kind in Kind for file in sorted((root / kind.folder).rglob("*.md"))]
    assert len(files) > 100
    for file in files:
        text = file.read_text(encoding="utf-8")
        kind = next(kind for kind in Kind if kind.folder == file.parent.name)
        data, written = script(
            "const data = format.fromFile(argument); return [data, format.toFile(data)];",
            form_of(kind, text),
            text,
        )
        assert written == text, file
        values = read_front_matter(text).values
        assert {key: data[key] for key in values} == values, file
        document = read_document(text.encode(), file.name, kind, settings).document
        shown = [one["text"] for one in data["articles"]] if "articles" in data else None
        for number, section in enumerate(document.sections):
            assert section.text == (shown[number] if shown else data[section.key]), file


WHOLE = """---
# 一条说明
id: case-x
title: "带 # 号的标题"
tags: [甲, "乙, 丙"]

audience: agent  # 给坐席
owner: 投诉处理组
---
## 主题
一句话。

## 背景 {audience=agent}


两个空行。
## 细节

细节。
"""


@pytest.mark.parametrize(
    ("change", "old", "new"),
    [
        ({}, "", ""),
        ({"title": "新标题"}, 'title: "带 # 号的标题"', "title: 新标题"),
        ({"tags": ["甲"]}, 'tags: [甲, "乙, 丙"]\n', "tags:\n  - 甲\n"),
        ({"tags": None}, 'tags: [甲, "乙, 丙"]\n', ""),
        ({"level": "投诉"}, "owner: 投诉处理组\n", "owner: 投诉处理组\nlevel: 投诉\n"),
        ({"audience": "dealer"}, "audience: agent  # 给坐席", "audience: dealer"),
        ({"theme": "两句话。\n\n- 还有列表"}, "一句话。", "两句话。\n\n- 还有列表"),
        ({"background": "改了。"}, "两个空行。", "改了。"),
        ({"outcome": "结果。"}, "细节。\n", "细节。\n\n## 结果\n\n结果。\n"),
    ],
)
def test_only_what_an_author_changes_changes(script, change, old, new):
    code = "return format.toFile({ ...format.fromFile(argument[0]), ...argument[1] });"
    assert script(code, "case", [WHOLE, change]) == WHOLE.replace(old, new, 1)


@pytest.mark.parametrize(
    "text", ["没有开头\n", "---\nid: faq-x\n没有结束\n", "\ufeff---\nid: faq-x\n---\n"]
)
def test_a_file_that_cannot_be_read_is_not_written_over(script, text):
    code = 'return format.toFile({ ...format.fromFile(argument), title: "新的", answer: "新的" });'
    assert script(code, "faq", text) == text


AWKWARD = (
    *("12345", "1.10", "no", "~", "- 连字符", "-减", "# 井号", "有 # 井号", "键: 值", "结尾:"),
    *(
        '"引号"',
        "'单引号'",
        "[方括号]",
        "{花括号}",
        "&甲",
        "*乙",
        "!丙",
        "|",
        "> 引",
        "%",
        "@",
        "`",
    ),
    *(
        "反斜线\\n",
        "？问",
        "? 问",
        "，",
        ",",
        ": ",
        "https://example.com/#x",
        "2026-03-01",
        "甲：乙",
    ),
    *("\u3000全角空格", "tab\t里", "\u2028行", "😀", "null", "0x1F", "a, b", "---", "..."),
)


def test_our_reader_reads_every_text_as_it_was_typed(script):
    code = "return format.toFile({ title: argument, similar: [argument, argument] });"
    for text in AWKWARD:
        values = read_front_matter(script(code, "faq", text)).values
        wanted = script("return argument.trim();", "faq", text)
        assert values == {"title": wanted, "similar": [wanted, wanted]}, text
        again = script("return format.fromFile(format.toFile({ title: argument }));", "faq", text)
        assert again["title"] == wanted


def test_a_heading_keeps_its_spaces(script):
    text = "---\nid: policy-x\nrank: 法律\n---\n\n## 要点一  旧的   {audience=agent} \n内容。\n"
    data = script("return format.fromFile(argument);", "policy", text)
    assert data["articles"] == [{"heading": "要点一  旧的", "audience": "agent", "text": "内容。"}]
    assert script("return format.toFile(argument);", "policy", data) == text


def test_articles_keep_their_lines_when_others_move(script, root):
    text = (root / "policies" / "policy-handling-norm.md").read_text(encoding="utf-8")
    code = """
      const data = format.fromFile(argument);
      const [first, second, ...rest] = data.articles;
      const added = { heading: "第九十九条 新的", audience: "agent", text: "内容。" };
      data.articles = [second, first, ...rest, added];
      return format.toFile(data);
    """
    written = script(code, "policy", text)
    front, *parts = re.split(r"^(?=## )", text, flags=re.MULTILINE)
    old_last = parts[-1]
    wanted = [parts[1], parts[0], *parts[2:-1], f"{old_last}\n"]
    added = "## 第九十九条 新的 {audience=agent}\n\n内容。\n"
    assert written == front + "".join(wanted) + added


@pytest.mark.parametrize(
    ("article", "written"),
    [
        ({}, ""),
        ({"heading": "要点二 新的"}, "\n## 要点二 新的\n"),
        ({"text": "没有标题。"}, "\n## （待填）\n\n没有标题。\n"),
    ],
)
def test_an_article_that_is_not_finished_is_not_lost(script, article, written):
    text = "---\nid: policy-x\nrank: 法律\n---\n\n## 要点一 旧的\n\n内容。\n"
    code = """
      const data = format.fromFile(argument[0]);
      return format.toFile({ ...data, articles: [...data.articles, argument[1]] });
    """
    assert script(code, "policy", [text, article]) == text + written
