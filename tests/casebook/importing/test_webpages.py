"""Pages of other sites and Markdown with front matter: the text, and what stands around it."""

from __future__ import annotations

from pathlib import Path

import pytest

from casebook.documents import Kind
from tests.casebook.importing.conftest import Planner, front, only, section

NAVIGATION = "<nav><a href='/'>首页</a><ul><li>帮助中心</li></ul></nav>"
FOOTER = "<footer>版权所有 远汐通信</footer>"
TEXT = "<p>统一答复：本人来办。</p>"

PAGES = {
    "navigation": f"{NAVIGATION}<h1>停机保号怎么办</h1>{TEXT}{FOOTER}",
    "a header of the site": f"<header><h1>知识库</h1></header>"
    f"<main><h1>停机保号怎么办</h1>{TEXT}</main>{FOOTER}",
    "a header of the text": f"<article><header><h1>停机保号怎么办</h1></header>{TEXT}</article>",
    "a trail before the title": f"<div>首页 &gt; 停机</div><h1>停机保号怎么办</h1>{TEXT}",
    "only a tab": f"<title>停机保号怎么办</title>{NAVIGATION}{TEXT}",
    "a tab that says more": f"<title>帮助中心</title><h1>停机保号怎么办</h1>{TEXT}",
    "another heading": f"<title>停机保号怎么办</title><h2>热点问题</h2>{TEXT}",
    "nothing but a header": f"<header><h1>停机保号怎么办</h1>{TEXT}</header>",
    "a navigation that does not end": f"<nav>首页<main><h1>停机保号怎么办</h1>{TEXT}</main>",
}


@pytest.mark.parametrize("name", PAGES)
def test_the_title_and_the_text_of_a_page(name: str, tmp_path: Path, plan: Planner) -> None:
    file = tmp_path / "page.html"
    file.write_text(f"<!doctype html><html><body>{PAGES[name]}</body></html>", encoding="utf-8")
    document = only(plan(file))
    assert document.title == "停机保号怎么办"
    assert section(document.text, "统一答复") == "本人来办。"


def test_what_stands_around_a_page_is_kept_and_never_read_out(
    tmp_path: Path, plan: Planner
) -> None:
    file = tmp_path / "page.html"
    file.write_text(
        f"{NAVIGATION}<h1>停机保号怎么办</h1><p>本人来办。</p>{FOOTER}", encoding="utf-8"
    )
    document = only(plan(file, kind=Kind.FAQ))
    assert section(document.text, "统一答复") == "本人来办。"
    assert document.extra == (
        "网页上的其他文字：首页",
        "网页上的其他文字：帮助中心",
        "网页上的其他文字：版权所有 远汐通信",
    )
    assert "版权所有" in section(document.text, "禁用说法")


FRONT = {
    "ours": "---\nid: faq-x\ntitle: 老的\nowner: 资费产品组\naudience: dealer\nsimilar:\n  - 甲\n"
    "effective_from: 2026-01-02\npolicies:\n  - policy-a#3\n---\n",
    "hugo": '---\ntitle: "老的"\ndate: 2026-01-02\ntags: [停机, 保号]\ndraft: true\n---\n',
    "toml": "+++\ntitle = '老的'\ndate = 2026-01-02\ntags = ['停机', '保号']\n+++\n",
    "obsidian": "---\ntitle: 老的\naliases:\n  - 甲\ntags:\n  - 停机\n  - 保号\n---\n",
    "yaml of its own": "---\ntitle: 老的\nlink: [[别处]]: 半\n\tx: y\n---\n",
    "windows": "---\r\ntitle: 老的\r\nsource: 旧系统\r\n---\r\n",
}
KEPT = {
    "ours": ("受众：dealer",),
    "hugo": ("date：2026-01-02", "draft：true"),
    "toml": ("date：2026-01-02",),
    "obsidian": ("aliases：甲",),
    "yaml of its own": ("link：[[别处]]: 半", "信息块里的其他内容：x: y"),
    "windows": ("source：旧系统",),
}


@pytest.mark.parametrize("name", FRONT)
def test_front_matter_is_read_and_never_a_title(name: str, tmp_path: Path, plan: Planner) -> None:
    file = tmp_path / "page.md"
    text = f"{FRONT[name]}\n## 统一答复\n\n本人来办。\n"
    file.write_text(text, encoding="utf-8", newline="")
    document = only(plan(file))
    assert (document.kind, document.title) == (Kind.FAQ, "老的")
    assert section(document.text, "统一答复") == "本人来办。"
    assert document.extra == KEPT[name]
    if name in ("hugo", "toml", "obsidian"):
        assert "tags:\n  - 停机\n  - 保号\n" in document.text


def test_our_own_keys_come_back(tmp_path: Path, plan: Planner) -> None:
    file = tmp_path / "page.md"
    file.write_text(f"{FRONT['ours']}\n办理的说明。\n", encoding="utf-8")
    text = only(plan(file)).text
    assert front(text, "id") == "id: faq-x"
    assert front(text, "owner") == "owner: 资费产品组"
    assert front(text, "effective_from") == "effective_from: 2026-01-02"
    assert "similar:\n  - 甲\n" in text
    assert "policies:\n  - policy-a#3\n" in text
    # Nobody has read the text for dealers yet.
    assert front(text, "audience") == "audience: agent"
