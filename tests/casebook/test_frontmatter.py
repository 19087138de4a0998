"""Front matter is text, lists and tables of text, with the line of each; all else is refused."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from casebook.frontmatter import MAX_FRONT_MATTER, FrontMatterError, read_front_matter


def _read(block: str) -> dict[str, Any]:
    return read_front_matter(f"---\n{block}\n---\n正文").values


VALUES = {
    "scalars": ("a: no\nb: 010\nc: 1.10", {"a": "no", "b": "010", "c": "1.10"}),
    "base sixty": ("a: 22:22", {"a": "22:22"}),
    "date": ("a: 2026-01-01", {"a": "2026-01-01"}),
    "no such date": ("a: 2024-13-02", {"a": "2024-13-02"}),
    "null": ("a: null\nb: ~\nc:", {"a": "null", "b": "~", "c": ""}),
    "quotes": ("a: \"x: y\"\nb: 'it''s'", {"a": "x: y", "b": "it's"}),
    "comment": ("a: x # y\n# z: w", {"a": "x"}),
    "hash in a word": ("a: policy-x#3", {"a": "policy-x#3"}),
    "list": ("a:\n  - x\n  - y", {"a": ["x", "y"]}),
    "list at the margin": ("a:\n- x\n- y", {"a": ["x", "y"]}),
    "flow list": ("a: [x, 1, no]", {"a": ["x", "1", "no"]}),
    "empty list": ("a: []", {"a": []}),
    "table": ("a:\n  b: x\n  c:\n    d: y", {"a": {"b": "x", "c": {"d": "y"}}}),
    "folded": ("a: >-\n  x\n  y", {"a": "x y"}),
    "chinese": ("标题: 欠费“停机”", {"标题": "欠费“停机”"}),
    "number as a key": ("1: x", {"1": "x"}),
    "merge key is a word": ("<<: x", {"<<": "x"}),
    "four deep": ("a: {b: {c: {d: x}}}", {"a": {"b": {"c": {"d": "x"}}}}),
    "directive-like text": ('a: "%YAML"', {"a": "%YAML"}),
}


@pytest.mark.parametrize(("block", "values"), VALUES.values(), ids=VALUES)
def test_values_are_text(block: str, values: dict[str, Any]) -> None:
    assert _read(block) == values


REFUSED = {
    "list at the top": ("- a\n- b", "yaml-syntax", 2, "信息块不是“键: 值”的形式。"),
    "text at the top": ("words", "yaml-syntax", 2, "信息块不是“键: 值”的形式。"),
    "nothing": ("", "yaml-syntax", 2, "信息块不是“键: 值”的形式。"),
    "only a comment": ("# a", "yaml-syntax", 2, "信息块不是“键: 值”的形式。"),
    "five deep": ("a: {b: {c: {d: {e: x}}}}", "yaml-syntax", 2, "信息块嵌套超过 4 层。"),
    "key twice": ("a: x\nb: y\na: z", "yaml-duplicate-key", 4, "键 a 写了两次。"),
    "key twice, quoted": ('a: x\n"a": z', "yaml-duplicate-key", 3, "键 a 写了两次。"),
    "key twice in a list": ("a:\n  - {b: x, b: y}", "yaml-duplicate-key", 3, "键 b 写了两次。"),
    "key of two parts": ("a: x\n[b, c]: y", "yaml-syntax", 3, "键不是一个词。"),
    "anchor": ("a: &b x", "yaml-alias", 2, "信息块里用了 & 或 * 引用。"),
    "anchor on a key": ("&b a: x", "yaml-alias", 2, "信息块里用了 & 或 * 引用。"),
    "anchor on a list": ("a: &b\n  - x", "yaml-alias", 2, "信息块里用了 & 或 * 引用。"),
    "alias": ("a: x\nb: *a", "yaml-alias", 3, "信息块里用了 & 或 * 引用。"),
    "alias in a list": ("a:\n  - *b", "yaml-alias", 3, "信息块里用了 & 或 * 引用。"),
    "merge": ("<<: *a", "yaml-alias", 2, "信息块里用了 & 或 * 引用。"),
    "tag": ("a: !!int 3", "yaml-tag", 2, "信息块里有类型标记 tag:yaml.org,2002:int。"),
    "own tag": ("a: x\nb: !c y", "yaml-tag", 3, "信息块里有类型标记 !c。"),
    "tag on a table": ("a: !c\n  b: x", "yaml-tag", 2, "信息块里有类型标记 !c。"),
    "tag that does nothing": ("a: ! x", "yaml-tag", 2, "信息块里有类型标记 !。"),
    "call": (
        "a: !!python/object/apply:os.system [x]",
        "yaml-tag",
        2,
        "信息块里有类型标记 tag:yaml.org,2002:python/object/apply:os.system。",
    ),
    "tab": ("a: x\nb:\ty", "tab-in-front-matter", 3, "信息块里有制表符。"),
    "second block": ("a: x\n--- \nb: y", "yaml-syntax", 3, "信息块里又开始了一块。"),
    "second block after dots": (
        "a: x\n...\nb: y",
        "yaml-syntax",
        4,
        "信息块不是正确的 YAML：前面几行没有顶格，或者多了一行 ...。",
    ),
    "open bracket": (
        "a: x\nb: [c\nd: y",
        "yaml-syntax",
        3,
        "信息块不是正确的 YAML：方括号没有成对。",
    ),
    "colon in a value": (
        "a: x\nb: y: z",
        "yaml-syntax",
        3,
        "信息块不是正确的 YAML：一行里有两个英文冒号，或者缩进不对。",
    ),
}


@pytest.mark.parametrize(("block", "code", "line", "message"), REFUSED.values(), ids=REFUSED)
def test_what_authors_cannot_mean_is_refused(
    block: str, code: str, line: int, message: str
) -> None:
    with pytest.raises(FrontMatterError) as raised:
        _read(block)
    error = raised.value
    assert (error.code, error.line, error.message) == (code, line, message)
    assert error.hint.endswith("。")


BROKEN_YAML = {
    "a: b\n  c: d": "一行里有两个英文冒号，或者缩进不对",
    "a\nb: c": "一行里有两个英文冒号，或者缩进不对",
    "a: [b, c": "方括号没有成对",
    "a: [b, c]]": "这一行没有和上面对齐，或者引号后面还有字",
    "a: {b": "花括号没有成对",
    'a: "b\nc: d': "引号没有结束",
    "a: 'b": "引号没有结束",
    'a: "\\q"': "双引号里有单个的 \\",
    'a: "\\u12"': "双引号里有单个的 \\",
    'a: "b" c': "这一行没有和上面对齐，或者引号后面还有字",
    "a:\n  - b\n c": "这一行没有和上面对齐，或者引号后面还有字",
    "- a\nb: c": "列表里混进了别的内容",
    "a: - b": "“- ”和键写在了一行",
    "a: b\nc：d\ne: f": "这一行没有英文冒号",
    "a: \x01": "有看不见的控制字符",
    "a: |b": "| 或 > 后面还有字",
    "a: `b": "值以特殊的符号开头",
    "a: @b": "值以特殊的符号开头",
    "a: %b": "值以特殊的符号开头",
    "a: ]": "值以特殊的符号开头",
    "a: *": "值以特殊的符号开头",
    "a: &": "值以特殊的符号开头",
    "a: !<b": "值以特殊的符号开头",
}


@pytest.mark.parametrize("loader", ["SafeLoader", "CSafeLoader"])
@pytest.mark.parametrize(("block", "cause"), BROKEN_YAML.items(), ids=map(repr, BROKEN_YAML))
def test_broken_yaml_is_explained(
    block: str, cause: str, loader: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not hasattr(yaml, loader):
        pytest.skip("PyYAML was built without libyaml")
    monkeypatch.setattr("casebook.frontmatter._LOADER", getattr(yaml, loader))
    with pytest.raises(FrontMatterError) as raised:
        _read(block)
    assert raised.value.code == "yaml-syntax"
    assert raised.value.message == f"信息块不是正确的 YAML：{cause}。"
    assert not re.search("[a-z]{2,} [a-z]{2,}", raised.value.message + raised.value.hint)


@pytest.mark.parametrize(("extra", "refused"), [(0, False), (1, True)])
def test_largest_front_matter(extra: int, refused: bool) -> None:
    value = "x" * (MAX_FRONT_MATTER - len("a: ") + extra)
    if not refused:
        assert _read(f"a: {value}") == {"a": value}
        return
    with pytest.raises(FrontMatterError) as raised:
        _read(f"a: {value}")
    assert raised.value.message == f"开头的信息块有 {MAX_FRONT_MATTER + 1} 字节。"


def test_deep_nesting_is_refused_early() -> None:
    with pytest.raises(FrontMatterError) as raised:
        _read("a: " + "[" * 8000)
    assert raised.value.code == "yaml-syntax"


def test_alias_bomb_is_refused() -> None:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    with pytest.raises(FrontMatterError) as raised:
        _read("\n".join(rows))
    assert (raised.value.code, raised.value.line) == ("yaml-alias", 2)


def test_lines_and_body() -> None:
    front = read_front_matter("---\na: x\nb:\n  - y\n  - z\nc:\n  d: w\n---\n\n正文\n---\n完")
    assert front.lines == {
        (): 2,
        ("a",): 2,
        ("b",): 3,
        ("b", 0): 4,
        ("b", 1): 5,
        ("c",): 6,
        ("c", "d"): 7,
    }
    assert front.body_line == 9
    assert front.body.split("\n") == ["", "", "正文", "---", "完"]


PLAIN = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=20
)
TREE = st.dictionaries(
    PLAIN.filter(lambda key: len(key) < 20),
    PLAIN | st.lists(PLAIN, max_size=3) | st.dictionaries(PLAIN, PLAIN, max_size=2),
    min_size=1,
    max_size=5,
)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _flow(value: Any) -> str:
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return "{" + ", ".join(f"? {_quoted(k)} : {_flow(v)}" for k, v in value.items()) + "}"


@examples(max_examples=300, deadline=None)
@given(TREE)
def test_what_is_written_is_what_is_read(values: dict[str, Any]) -> None:
    block = "\n".join(f"? {_quoted(key)}\n: {_flow(value)}" for key, value in values.items())
    try:
        found = _read(block)
    except FrontMatterError as error:
        # YAML has no place for a few characters; the error is typed all the same.
        assert error.code == "yaml-syntax"
        assert "\ufffe" in block or "\uffff" in block or "\ufeff" in block
    else:
        assert found == values


@examples(max_examples=300, deadline=None)
@given(st.text(alphabet="ab:-?[]{}&*!|>'\"%@`#,. \n~<", max_size=40))
def test_any_block_is_read_or_refused_with_a_line(block: str) -> None:
    text = f"---\n{block}\n---\n"
    try:
        front = read_front_matter(text)
    except FrontMatterError as error:
        assert 1 <= error.line <= text.count("\n") + 1
    else:
        assert all(isinstance(key, str) for key in front.values)
        assert front.body_line <= text.count("\n") + 1
