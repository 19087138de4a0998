"""The agents' pages about writing: how to write, the rules of the check, the taxonomy."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator
from importlib import resources

from casebook.checks import RULES
from casebook.documents import Case, Faq, Kind, Policy, SectionSpec
from casebook.library import View
from casebook.pages import NavEntry, Page, markdown_text
from casebook.pages.design import design_page
from casebook.pages.page import GUIDE, HOME, described, linked, root_from, trail
from casebook.problems import Severity
from casebook.rules import Rule, Topic

_PAGES = (
    ("怎么写", "guide/writing/", "每种文档有哪几段、写什么、谁能看，各有一篇范例"),
    ("检查规则", "guide/rules/", "每条提示为什么要紧、怎么改、什么时候可以豁免"),
    ("分类表", "guide/taxonomy/", "信息块里能用的词"),
    ("版式", "design/", "站点的颜色、字和部件，各用在哪里"),
)


def model_text(kind: Kind) -> str:
    """The model document of a kind: complete, correct, and what the rules' examples change."""
    file = resources.files("casebook") / "models" / f"{kind.value}.md"
    return file.read_text(encoding="utf-8")


def guide_pages(view: View) -> Iterator[Page]:
    """The pages about writing, for the widest audience; none for others."""
    if view.internal:
        yield _overview()
        yield _writing(view.settings.widest.name)
        yield _rules()
        yield _taxonomy(view)
        yield design_page(view)


def guide_navigation(view: View) -> tuple[NavEntry, ...]:
    """The navigation of those pages."""
    if not view.internal:
        return ()
    return tuple(NavEntry(title, path, GUIDE[0]) for title, path, _ in _PAGES)


def _overview() -> Page:
    title, path = GUIDE
    rows = "".join(
        f"<li>{linked(name, root_from(path) + target)}"
        f'<span class="cb-list__note">{about}</span></li>'
        for name, target, about in _PAGES
    )
    return Page(
        path,
        title,
        f'<ul class="cb-related">{rows}</ul>',
        described(title, (name for name, *_ in _PAGES)),
        toc=False,
        trail=trail(path, HOME),
        kind="guide",
        section=path,
    )


def _guide(path: str, title: str, parts: list[str], has: Iterable[str]) -> Page:
    body = "\n\n".join(parts)
    about = described(title, has)
    return Page(
        path, title, body, about, trail=trail(path, HOME, GUIDE), kind="guide", section=path
    )


def _writing(widest: str) -> Page:
    parts = [
        "一篇文档是一个 Markdown 文件：开头是信息块，后面是规定的几个段落。"
        "先用 `casebook new` 生成空白稿，写好以后用 `casebook check` 检查，再提交审核。"
    ]
    for kind, specs in (
        (Kind.CASE, Case.spec),
        (Kind.FAQ, Faq.spec),
        (Kind.POLICY, Policy.plan_spec),
    ):
        parts.append(f"## {kind.label} {{#{kind.value}}}")
        if kind is Kind.POLICY:
            parts.append(
                "政策按条写：“## 第三条 标题”；没有确定条号时写“## 要点一 标题”。预案按下面几段写。"
            )
        parts.append(_sections(specs, widest))
        parts.append(f"### 范例 {{#{kind.value}-model}}\n\n{_code(model_text(kind))}")
    return _guide("guide/writing/", "怎么写", parts, (kind.label for kind in Kind))


def _sections(specs: tuple[SectionSpec, ...], widest: str) -> str:
    rows = "".join(
        f"<tr><td>{spec.heading}</td><td>{html.escape(spec.help)}</td>"
        f"<td>{f'仅{widest}' if spec.restricted else '与文档相同'}</td></tr>"
        for spec in specs
    )
    return (
        "<table><thead><tr><th>段落</th><th>写什么</th><th>谁能看</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )


def _rules() -> Page:
    parts = [
        "每条提示后面的方括号里是规则的名字，在这里查它为什么要紧、怎么改。"
        "错误要改好才能合并；提醒请看一看，有道理就改。",
        "确有理由不照办的，在信息块里写豁免，每条一行：规则名、可以加“@段落”、再写理由。\n\n"
        + _code("waivers:\n  - 规则名@细节 理由写在这里"),
    ]
    for topic in Topic:
        rules = [rule for rule in RULES if rule.topic is topic]
        if rules:
            parts += [f"## {topic.value} {{#topic-{topic.name.lower().replace('_', '-')}}}"]
            parts += [_rule(rule) for rule in rules]
    return _guide("guide/rules/", "检查规则", parts, (topic.value for topic in Topic))


def _rule(rule: Rule) -> str:
    severity = {
        Severity.ERROR: "错误，改好才能合并",
        Severity.WARNING: "提醒",
        Severity.NOTE: "备注，用 `--notes` 才列出",
    }[rule.severity]
    parts = [
        f"### {rule.code} {{#{rule.code}}}",
        f"**检查什么：**{markdown_text(rule.summary)}",
        f"**为什么：**{markdown_text(rule.reason)}",
        f"**程度：**{severity}。",
        f"**什么时候可以豁免：**{markdown_text(rule.waiver) or '不能豁免。'}",
    ]
    if rule.settings:
        keys = "、".join(f"`{key}`" for key in rule.settings)
        parts.append(f"**设置：**`casebook.toml` 的 {keys}。")
    if rule.example:
        wrong = _visible(rule.example.wrong) or "（没有写）"
        parts += [f"错误的写法：\n\n{_code(wrong)}", f"正确的写法：\n\n{_code(rule.example.right)}"]
    parts.append(f"从 {rule.since} 版起有。")
    return "\n\n".join(parts)


def _visible(text: str) -> str:
    """Shows the characters that nobody can see."""
    names = {"\ufeff": "〈BOM〉", "\r": "〈CR〉", "\t": "〈制表符〉", "\x08": "〈U+0008〉"}
    for character, name in names.items():
        text = text.replace(character, name)
    return text


def _code(text: str) -> str:
    return f"<pre><code>{html.escape(text.strip(chr(10)))}</code></pre>"


def _taxonomy(view: View) -> Page:
    taxonomy = view.settings.taxonomy
    lists = (
        ("级别", "level", taxonomy.levels),
        ("客户类型", "customer_types", taxonomy.customer_types),
        ("有理无理", "reason", taxonomy.reasons),
        ("正常非正常", "manner", taxonomy.manners),
        ("诉求", "needs", taxonomy.needs),
        ("渠道", "channel", taxonomy.channels),
        ("分析方法", "method", taxonomy.methods),
        ("效力级别", "rank", taxonomy.ranks),
        ("业务分类", "subject", taxonomy.subject_paths),
    )
    parts = ["信息块里的分类用下面的词，一字不差；要加新词，改 `casebook.toml`。"]
    for name, key, terms in lists:
        items = "".join(f"<li>{html.escape(term)}</li>" for term in terms)
        heading = f"## {name} {{#{key.replace('_', '-')}}}"
        parts.append(f'{heading}\n\n键：`{key}`\n\n<ul class="cb-terms">{items}</ul>')
    return _guide("guide/taxonomy/", "分类表", parts, (name for name, *_ in lists))
