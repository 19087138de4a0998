"""Front matter, read one way only: python-frontmatter with a handler of our own.

Every scalar is text; the document's model gives it a type. So ``1.10`` stays ``1.10`` and ``no``
stays ``no``. What YAML allows and authors cannot mean is refused: a key twice, aliases, tags,
deep nesting. The rest of the product never reads YAML from an author's file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import frontmatter
import yaml
from frontmatter.default_handlers import BaseHandler

MAX_FRONT_MATTER = 16 * 1024
MAX_DEPTH = 4
_LOADER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_QUOTE = '整个值用英文双引号括起来，如 title: "说明：先看这里"。'
_ALIGN = "和上面的键左边对齐；列表的每一项写成两个空格加“- ”。"
_ESCAPE = "把 \\ 写成 \\\\，或者把双引号换成英文单引号。"
# What the parser finds, and what it mostly means; the first that fits counts.
_CAUSES = (
    ("mapping values", "一行里有两个英文冒号，或者缩进不对", _QUOTE),
    ("flow sequence", "方括号没有成对", f"补上 ]；值以 [ 开头的，{_QUOTE}"),
    ("flow mapping", "花括号没有成对", f"补上 }}；值以 {{ 开头的，{_QUOTE}"),
    ("escape|hexdecimal", "双引号里有单个的 \\", _ESCAPE),
    ("quoted scalar", "引号没有结束", "在值的末尾补上同样的英文引号。"),
    ("block collection", "列表里混进了别的内容", "每一项以“- ”开头；下一个键顶格写。"),
    ("sequence entries", "“- ”和键写在了一行", "“- ”另起一行，前面两个空格。"),
    ("block mapping", "这一行没有和上面对齐，或者引号后面还有字", f"{_ALIGN}要引用的话，{_QUOTE}"),
    ("expected ':'", "这一行没有英文冒号", "写成“键: 值”：冒号用半角，后面空一格。"),
    ("control characters|not allowed", "有看不见的控制字符", "删掉这一处，重新打一遍。"),
    ("document start", "前面几行没有顶格，或者多了一行 ...", "键都顶格写，信息块里不写 ...。"),
    ("block scalar", "| 或 > 后面还有字", f"文字另起一行；{_QUOTE}"),
    ("token|node content|alias|anchor|tag|directive", "值以特殊的符号开头", _QUOTE),
)
_OTHERWISE = ("这一行的写法不对", f"写成“键: 值”；{_QUOTE}")

Location = tuple[str | int, ...]


class FrontMatterError(Exception):
    """Front matter that cannot be read.

    Args:
        code: the rule it breaks.
        line: in the file, from 1.
        message: what was found.
        hint: what to write instead.
    """

    def __init__(self, code: str, line: int, message: str, hint: str) -> None:
        self.code = code
        self.line = line
        self.message = message
        self.hint = hint
        super().__init__(message)


@dataclass(frozen=True)
class FrontMatter:
    """What a file says before its text.

    Attributes:
        values: text, lists and tables of text.
        lines: where each value stands in the file, from 1, by its location.
        body: the text behind it.
        body_line: the file's line on which the body begins.
    """

    values: dict[str, Any]
    lines: dict[Location, int]
    body: str
    body_line: int


def read_front_matter(text: str) -> FrontMatter:
    """Reads a file's front matter.

    Args:
        text: the whole file, with LF line ends.

    Raises:
        FrontMatterError: it is missing, not closed, too large or not plain YAML.
    """
    size = _block_size(text)
    handler = _Handler()
    values, _ = frontmatter.parse(text, handler=handler)
    return FrontMatter(dict(values), handler.lines, handler.body, size + 3)


def _block_size(text: str) -> int:
    """The number of lines between the two marks; refuses what is not a block."""
    first, _, rest = text.partition("\n")
    if first != "---":
        found = "空行" if not first.strip() else f"“{first[:20]}”"
        raise FrontMatterError(
            "front-matter-missing",
            1,
            f"第一行是{found}，不是 ---。",
            "文件第一行就写 ---，前面什么都不要有。",
        )
    lines = rest.split("\n")
    if "---" not in lines:
        dots = lines.index("...") + 2 if "..." in lines else 1
        raise FrontMatterError(
            "front-matter-unclosed",
            dots,
            "开头的信息块没有结束。" if dots == 1 else "信息块用 ... 结束。",
            "信息块后面单独写一行 ---。",
        )
    size = lines.index("---")
    block = "\n".join(lines[:size])
    if len(block.encode()) > MAX_FRONT_MATTER:
        raise FrontMatterError(
            "front-matter-too-large",
            1,
            f"开头的信息块有 {len(block.encode())} 字节。",
            f"不要超过 {MAX_FRONT_MATTER} 字节；长的文字写到正文里。",
        )
    if "\t" in block:
        line = next(number for number, text in enumerate(lines, 2) if "\t" in text)
        raise FrontMatterError(
            "tab-in-front-matter", line, "信息块里有制表符。", "用两个空格缩进。"
        )
    return size


def _explained(error: yaml.YAMLError) -> tuple[str, str]:
    """What is mostly meant by what the parser says, and what to write instead."""
    said = f"{getattr(error, 'context', None)} {getattr(error, 'problem', None) or error}"
    for sign, cause, hint in _CAUSES:
        if re.search(sign, said):
            return cause, hint
    return _OTHERWISE


class _Handler(BaseHandler):
    """YAML as text-only scalars, with the line of each value."""

    FM_BOUNDARY = re.compile(r"^---$", re.MULTILINE)
    START_DELIMITER = END_DELIMITER = "---"

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[Location, int] = {}
        self.body = ""

    def split(self, text: str) -> tuple[str, str]:
        block, self.body = super().split(text)
        return block, self.body

    def load(self, fm: str) -> dict[str, Any]:
        try:
            value = self._document(yaml.parse(fm, Loader=_LOADER))
        except yaml.YAMLError as error:
            # Of brackets and quotes that are not closed, the start is what to mend.
            left_open = re.search("flow|quoted", getattr(error, "context", None) or "")
            mark = getattr(error, "context_mark" if left_open else "problem_mark", None)
            line = mark.line + 1 if mark else 1
            cause, hint = _explained(error)
            raise FrontMatterError(
                "yaml-syntax", line, f"信息块不是正确的 YAML：{cause}。", hint
            ) from None
        if not isinstance(value, dict):
            raise FrontMatterError(
                "yaml-syntax", 2, "信息块不是“键: 值”的形式。", "每行写成“键: 值”。"
            )
        return value

    def _document(self, events: Iterator[Any]) -> Any:
        value = None
        for event in events:
            if not isinstance(event, yaml.DocumentStartEvent):
                continue
            if self.lines:
                mark = event.start_mark
                raise FrontMatterError(
                    "yaml-syntax",
                    mark.line + 1 if mark else 1,
                    "信息块里又开始了一块。",
                    "信息块只在结束处单独写一行 ---，后面不要有空格。",
                )
            value = self._value(next(events), events, ())
        return value

    def _value(self, event: Any, events: Iterator[Any], place: Location) -> Any:
        line = event.start_mark.line + 1
        self.lines[place] = line
        self._refuse(event, line, place)
        if isinstance(event, yaml.ScalarEvent):
            return event.value
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(events, place)
        return self._mapping(events, place)

    def _refuse(self, event: Any, line: int, place: Location) -> None:
        if isinstance(event, yaml.AliasEvent) or event.anchor:
            raise FrontMatterError(
                "yaml-alias",
                line,
                "信息块里用了 & 或 * 引用。",
                "把值直接写出来；文字以 & 或 * 开头时加英文双引号。",
            )
        if event.tag:
            raise FrontMatterError(
                "yaml-tag",
                line,
                f"信息块里有类型标记 {event.tag}。",
                "去掉以 ! 开头的标记，只写文字。",
            )
        if len(place) > MAX_DEPTH:
            raise FrontMatterError(
                "yaml-syntax",
                line,
                f"信息块嵌套超过 {MAX_DEPTH} 层。",
                "照模板写，不要再往下缩进。",
            )

    def _sequence(self, events: Iterator[Any], place: Location) -> list[Any]:
        values: list[Any] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            values.append(self._value(event, events, (*place, len(values))))
        return values

    def _mapping(self, events: Iterator[Any], place: Location) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            line = event.start_mark.line + 1
            self._refuse(event, line, place)
            if not isinstance(event, yaml.ScalarEvent):
                raise FrontMatterError("yaml-syntax", line, "键不是一个词。", "键只写一个英文词。")
            if event.value in values:
                raise FrontMatterError(
                    "yaml-duplicate-key", line, f"键 {event.value} 写了两次。", "只留一个。"
                )
            values[event.value] = self._value(next(events), events, (*place, event.value))
            self.lines[(*place, event.value)] = line
        return values
