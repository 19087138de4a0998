"""The page that shows the parts of the site's style, and says when to use each.

Colours and their contrasts are read from the theme's stylesheet, so that the page cannot say
anything else than what readers see.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from casebook.library import View
from casebook.pages.facts import badge_mark
from casebook.pages.page import GUIDE, HOME, Page, escaped, heading, trail
from casebook.trust import Badge

PATH = "design/"
_STYLESHEET = "site/theme/assets/casebook.css"
_COLOUR = re.compile(
    r"--cb-([a-z-]+): var\(--light, (#[0-9a-f]{6})\) var\(--dark, (#[0-9a-f]{6})\)"
)

# Up to here sRGB is linear.
_LINEAR = 0.04045


class Colour(NamedTuple):
    """A colour's values on light and on dark paper, as ``#rrggbb``."""

    light: str
    dark: str


class Pair(NamedTuple):
    """Two colours that meet.

    Attributes:
        front: text, or the edge of a control.
        back: what it stands on.
        least: the contrast that WCAG 2.2 AA asks for: 4.5 for text, 3 for edges.
    """

    front: str
    back: str
    least: float = 4.5


_USES = {
    "paper": "页面的底色",
    "sheet": "统一答复、检索框、弹出的面板",
    "tint": "选中的一行、代码",
    "ink": "正文和标题",
    "soft": "次要的字：位置、日期、负责部门",
    "line": "分隔线；只作装饰，不单独表示任何意思",
    "edge": "按钮和输入框的边",
    "accent": "唯一的强调色：链接、统一答复的上边线、可以按的东西",
    "on-accent": "强调色上的字",
    "inner": "只给内部看的段落，和快到期的标记",
    "inner-ink": "同上，字",
    "warn": "不能照用：已失效、待复核、拒绝",
    "warn-tint": "同上，底色",
    "mark": "检索命中的字、选中的字",
}
PAIRS = (
    *(Pair(front, back) for front in ("ink", "soft", "accent") for back in ("paper", "sheet")),
    Pair("ink", "tint"),
    Pair("accent", "tint"),
    Pair("on-accent", "accent"),
    Pair("ink", "inner"),
    Pair("accent", "inner"),
    Pair("inner-ink", "inner"),
    Pair("warn", "paper"),
    Pair("warn", "sheet"),
    Pair("warn", "warn-tint"),
    Pair("ink", "mark"),
    Pair("edge", "paper", 3),
    Pair("edge", "sheet", 3),
)


@cache
def colours() -> Mapping[str, Colour]:
    """The theme's colours by name, without the prefix ``--cb-``."""
    package = Path(__file__).parents[1]
    # In a checkout beside the package, in an installed copy inside it.
    files = (folder / _STYLESHEET for folder in (package.parent, package / "_site"))
    text = next(file for file in files if file.is_file()).read_text(encoding="utf-8")
    return {name: Colour(light, dark) for name, light, dark in _COLOUR.findall(text)}


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours as WCAG 2.2 defines it.

    Args:
        one: ``#rrggbb``.
        other: likewise; the order does not matter.
    """
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    """A part of a colour in sRGB, as light."""
    return part / 12.92 if part <= _LINEAR else ((part + 0.055) / 1.055) ** 2.4


def design_page(view: View) -> Page:
    """The page of the style; for the site of the widest audience."""
    parts = [
        '<p class="cb-lead">像一本排得好的小册子：纸色的底，细线，一种强调色。'
        "统一答复大到一臂之外能念；其余的排成栏，一眼扫过去就够。</p>",
        heading(2, "颜色", "colours"),
        "每种颜色有浅色、深色两个值，写样式时只用名字，前面加 <code>--cb-</code>。"
        "强调色只给链接和可以按的东西；颜色从不单独表示意思，旁边总有字。",
        _colour_table(),
        heading(2, "对比度", "contrast"),
        "按 WCAG 2.2 AA：字不低于 4.5，按钮和输入框的边不低于 3。",
        _contrast_table(),
        heading(2, "字号", "type"),
        "标题用宋体（系统里有好的宋体才用，否则用黑体），其余用系统黑体；不下载字体。"
        "字号跟着读者的浏览器设置走，放大到两倍也不横向滚动。",
        _type_table(),
        *_parts(view),
    ]
    return Page(
        PATH,
        "版式",
        "\n\n".join(parts),
        "站点样式的各个部件，和什么时候用。",
        trail=trail(PATH, HOME, GUIDE),
        kind="guide",
        section=PATH,
    )


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]], kind: str = "") -> str:
    names = "".join(f'<th scope="col">{name}</th>' for name in head)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    mark = f' class="{kind}"' if kind else ""
    return f"<table{mark}><thead><tr>{names}</tr></thead><tbody>{body}</tbody></table>"


def _colour_table() -> str:
    def value(colour: str) -> str:
        box = f'<rect width="100%" height="100%" fill="{colour}"></rect>'
        return f'<svg class="cb-swatch" aria-hidden="true">{box}</svg>{colour}'

    return _table(
        ("名字", "浅色", "深色", "用在"),
        (
            (f"<code>{name}</code>", value(light), value(dark), _USES.get(name, ""))
            for name, (light, dark) in colours().items()
        ),
        "cb-values",
    )


def _contrast_table() -> str:
    found = colours()
    return _table(
        ("字或边", "底", "浅色", "深色", "至少"),
        (
            (
                f"<code>{front}</code>",
                f"<code>{back}</code>",
                f"{contrast(found[front].light, found[back].light):.1f}",
                f"{contrast(found[front].dark, found[back].dark):.1f}",
                str(least),
            )
            for front, back, least in PAIRS
        ),
    )


def _type_table() -> str:
    sizes = (
        ("cb-type--answer", "统一答复", "1.3–1.5 倍，行距 1.85，一行 28 到 34 字"),
        ("cb-type--title", "页面标题", "1.5–2.1 倍，宋体"),
        ("cb-type--heading", "二级标题", "1.3 倍，宋体"),
        ("", "正文", "1.06 倍，行距 1.8，一行不超过 43 字"),
        ("cb-type--note", "次要的字", "0.88 倍，不再小"),
    )
    return _table(
        ("样子", "大小"),
        ((f'<span class="{kind}">{name}</span>', size) for kind, name, size in sizes),
    )


# ---- the parts ------------------------------------------------------------------------------


def _parts(view: View) -> Iterator[str]:
    for title, anchor, use, sample in _samples(escaped(view.audience.name)):
        yield f"{heading(2, title, anchor)}\n\n{use}"
        yield f'<div class="cb-sample">{sample}</div>'


def _samples(audience: str) -> tuple[tuple[str, str, str, str], ...]:
    """Title, anchor, when to use it, what it looks like."""
    return (
        (
            "统一答复",
            "sample-answer",
            "每篇统一口径只有一个，紧跟在标题下面。只放照念的话；办理步骤、内部提示都在它外面。",
            '<section class="cb-answer" aria-label="统一答复（示例）"><div class="cb-answer__text">'
            "<p>您的号码缴清以后自动恢复，一般三十分钟以内，不用再办手续。</p></div>"
            '<button class="cb-copy" type="button" aria-live="polite" hidden>复制答复</button>'
            "</section>",
        ),
        (
            "不能照用的答复",
            "sample-past",
            "还没生效或已经失效的统一口径：上面一条横幅说清楚，答复变小变灰、虚线，没有复制按钮。",
            '<div class="cb-notice" role="note"><strong>已失效</strong> 不能照此答复。'
            '现在看：<a href="#sample-past">新的统一口径</a>。</div>'
            '<section class="cb-answer cb-answer--past" aria-label="已失效的答复（示例）">'
            '<div class="cb-answer__text"><p>活动期间办理，当月生效。</p></div></section>',
        ),
        (
            "可信程度",
            "sample-trust",
            "每篇文档都有，和数据里的标记是同一个。标记先说能不能用，再说依据是什么。",
            f'<dl class="cb-trust"><div><dt>可信程度</dt><dd>{_badges()}</dd></div>'
            "<div><dt>核准于</dt><dd><time>2026-10-12</time></dd></div>"
            "<div><dt>负责</dt><dd>资费产品组</dd></div>"
            "<div><dt>有效期</dt><dd>2026-01-01 起，长期有效</dd></div></dl>",
        ),
        (
            "事实",
            "sample-facts",
            "要扫一眼的短事实：左边名称，右边值，有几栏排几栏。长句子不放进来。",
            '<dl class="cb-facts"><div><dt>级别</dt><dd>投诉</dd></div><div><dt>渠道</dt>'
            "<dd>热线</dd></div><div><dt>诉求</dt><dd>解决问题</dd></div></dl>",
        ),
        (
            "内部段落",
            "sample-internal",
            "只给最宽的读者看的段落。别的读者的站点里没有它，不是藏起来。",
            f'<div class="cb-section cb-section--internal"><p class="cb-only">仅{audience}，'
            "不对客户说</p><p>先看停机原因，再开口。</p></div>",
        ),
        (
            "目录列表",
            "sample-list",
            "文档一行一篇：种类、标题、负责、核准日期各一栏，数字等宽对齐。超过一百篇就翻页。",
            '<ul class="cb-list"><li><span class="cb-kind">统一口径</span>'
            '<span class="cb-list__title"><a href="#sample-list">欠费停机后多久能恢复？</a></span>'
            '<span class="cb-list__owner">资费产品组</span>'
            '<time class="cb-list__date">2026-10-12</time></li>'
            '<li><span class="cb-kind">统一口径</span><span class="cb-list__title">'
            '<a href="#sample-list">暑期优惠还能办吗？</a> '
            '<span class="cb-state cb-state--ended">已失效</span></span>'
            '<span class="cb-list__owner">国际业务组</span>'
            '<time class="cb-list__date">2026-05-26</time></li></ul>'
            '<nav class="cb-pager" aria-label="翻页（示例）"><a href="#sample-list" '
            'aria-current="page">1</a> <a href="#sample-list">2</a> <span>…</span> '
            '<a href="#sample-list">9</a> <a href="#sample-list">下一页</a></nav>',
        ),
        (
            "分类入口",
            "sample-tiles",
            "十几个以内的入口，带篇数和一行说明；再多就用目录列表。",
            '<ul class="cb-tiles"><li><a href="#sample-tiles">资费</a>'
            '<span class="cb-count">25 篇</span><span>计费争议、套餐变更、流量</span></li>'
            '<li><a href="#sample-tiles">宽带</a><span class="cb-count">12 篇</span>'
            "<span>装机、故障、移机与拆机</span></li></ul>"
            '<nav class="cb-browse" aria-label="找法（示例）"><ul>'
            '<li><a href="#sample-tiles">按产品</a></li>'
            '<li><a href="#sample-tiles">按客户类型</a></li></ul></nav>',
        ),
        (
            "按钮",
            "sample-buttons",
            "按钮做事，链接去别处。一页最多一个实心按钮；高度不低于 44 像素，手指按得准。",
            '<p class="cb-buttons"><button class="cb-button cb-button--main" type="button">检索'
            '</button> <button class="cb-button" type="button">复制答复</button> '
            '<button class="cb-button" type="button" disabled>不能按</button></p>',
        ),
        (
            "状态",
            "sample-states",
            "状态总有字，颜色只是帮忙。打印、高对比度模式和色觉不同的人看到的是同样的意思。",
            f"<p>{_badges()}</p>"
            '<p><span class="cb-state cb-state--new">新增</span> '
            '<span class="cb-state">更新</span> '
            '<span class="cb-state cb-state--ended">已失效</span></p>',
        ),
        (
            "柜台卡片",
            "sample-card",
            "放在柜台上照着念：一问一答，答复是全文，屏幕上两栏，打印正好一页，内容少的字就大。",
            '<section class="cb-card cb-card--18" aria-label="卡片（示例）">'
            '<article class="cb-card__item"><h3><a href="#sample-card">欠费停机后多久能恢复？</a>'
            "</h3>"
            '<p class="cb-card__answer">缴清以后自动恢复，一般三十分钟以内。</p>'
            '<p class="cb-card__date"><time>2026-10-12</time> 核准</p></article></section>',
        ),
        (
            "已撤下",
            "sample-gone",
            "撤下的内容原地址不变：第一句说不能再用，接着说现在看哪里；不写原来的标题和内容。",
            '<div class="cb-gone" role="note"><p>从 <time>2026-09-15</time> 起不再使用，'
            "不能照此答复；打印的、抄下来的，请换掉。</p></div>",
        ),
    )


def _badges() -> str:
    return " ".join(map(badge_mark, Badge))
