"""A file → a document, or Problems with line numbers; never a traceback.

Everything that is wrong with a file is found before it becomes a document. A file with an error
gives no document at all: it cannot be published by mistake.
"""

from __future__ import annotations

import functools
import os
import re
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import ValidationError

from casebook import reading_rules as rules
from casebook.digests import bytes_digest
from casebook.documents import (
    FILL,
    MODELS,
    Document,
    Kind,
    Policy,
    Section,
    SectionSpec,
    article_key,
)
from casebook.errors import reason
from casebook.frontmatter import FrontMatter, FrontMatterError, read_front_matter
from casebook.privacy import personal_names, personal_problems
from casebook.problems import Edit, Problem, has_errors
from casebook.rules import Rule
from casebook.settings import Settings
from casebook.validation import Fault, explain, nearest

MAX_FILE = 256 * 1024
_SHOWN = 30
# What may stand before a heading: spaces, quote marks and list marks.
_INDENT = r"(?:\s|>|[*+-]\s|\d++[.)]\s)*+"
# A heading of level 1 or 2, or anything that a reader or another parser may take for one.
_HEADING_LIKE = re.compile(_INDENT + r"#{1,2}(?!#)")
_SMALL_HEADING = re.compile(_INDENT + r"#{3,}")
_SECTION = re.compile(
    r"## (?P<heading>[^\s{}](?:[^{}]*[^\s{}])?)(?:\s+\{audience=(?P<audience>[^{}]*)\})?"
)
# What was meant to say who may read on.
_ATTRIBUTE = re.compile(r"\{[^{}]*audience|audience\s*[=:]", re.IGNORECASE)
_REFERENCE = re.compile(_INDENT + r"\[[^\[\]]+\]:")
_UNDERLINE = re.compile(r"[\s>]*(=+|-+)\s*")
_IMAGE = re.compile(r"(?<!<)!\[")
_TAG = re.compile(r"<(/?[a-zA-Z][^<>\n]*|!--|![A-Za-z\[]|\?)")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x85\u2028\u2029]")


@dataclass(frozen=True)
class Reading:
    """What reading one file gave.

    Attributes:
        document: the document, or None when the file has an error.
        problems: everything found wrong; only warnings where there is a document.
        lines: where things stand in the file, from 1: keys (``policies.0``), sections by key, and
            the first lines of their texts (``answer.text``).
        targets: what the document points to, in order; known when its sections are rendered.
    """

    document: Document | None
    problems: tuple[Problem, ...]
    lines: dict[str, int] = field(default_factory=dict)
    targets: tuple[str, ...] = ()


def read_bytes(file: Path, path: str) -> bytes | Problem:
    """The bytes of one file, or why they cannot be had: only plain files of some size are read.

    Args:
        file: where it is.
        path: its name in problems.
    """
    try:
        info = os.lstat(file)
        if stat.S_ISLNK(info.st_mode):
            target = file.readlink()
            return rules.SYMLINK.problem(
                path, 1, f"这是指向“{target}”的符号链接。", "放真正的文件，不要用链接。"
            )
        if not stat.S_ISREG(info.st_mode):
            # A pipe would keep its reader waiting for ever.
            return rules.UNREADABLE.problem(
                path, 1, "这不是普通文件。", "放真正的文件，不要放文件夹、管道或设备。"
            )
        if info.st_size > MAX_FILE:
            return _too_large(path, info.st_size)
        return file.read_bytes()
    except OSError as error:
        return rules.UNREADABLE.problem(
            path, 1, f"读不了：{reason(error)}。", "检查文件是否还在、权限是否可读。"
        )


def read_document(raw: bytes, path: str, kind: Kind, settings: Settings) -> Reading:
    """Reads the bytes of one file; touches no disk.

    Args:
        raw: the whole file.
        path: its name in problems.
        kind: what it must be.
        settings: audiences and taxonomy.
    """
    if len(raw) > MAX_FILE:
        return Reading(None, (_too_large(path, len(raw)),))
    text, problems = _decode(raw, path)
    if problems:
        return Reading(None, tuple(problems))
    try:
        front = read_front_matter(text)
    except FrontMatterError as error:
        rule = rules.BY_CODE[error.code]
        return Reading(None, (rule.problem(path, error.line, error.message, error.hint),))
    reading = _typed(front, path, kind, settings, bytes_digest(raw))
    unfilled = _placeholders(text, path)
    # That a placeholder is no date and no term goes without saying.
    lines = {problem.line for problem in unfilled}
    problems = [*(one for one in reading.problems if one.line not in lines), *unfilled]
    problems += personal_problems(text, path, reading.lines, settings.check)
    problems += personal_names(path, (Path(path).stem, str(front.values.get("id", ""))))
    document = None if has_errors(problems) else reading.document
    return replace(reading, document=document, problems=tuple(problems))


def _too_large(path: str, size: int) -> Problem:
    return rules.TOO_LARGE.problem(
        path, 1, f"文件有 {size} 字节。", f"不要超过 {MAX_FILE} 字节；拆成几篇。"
    )


def _decode(raw: bytes, path: str) -> tuple[str, list[Problem]]:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        found = f"第 {error.start + 1} 个字节 0x{raw[error.start]:02X} 不是 UTF-8。"
        hint = "用 UTF-8 编码另存（不要用 GBK、UTF-16）。"
        return "", [rules.INVALID_UTF8.problem(path, line, found, hint)]
    problems = []
    if text.startswith("\ufeff"):
        problems.append(
            rules.BYTE_ORDER_MARK.problem(
                path,
                1,
                "文件开头有看不见的字节顺序标记（BOM）。",
                "另存为“UTF-8（无 BOM）”。",
                fix=(Edit(1, 0, "\ufeff", ""),),
            )
        )
    if "\r" in text:
        line = text.replace("\r\n", "\n").count("\n", 0, text.index("\r")) + 1
        problems.append(
            rules.CARRIAGE_RETURN.problem(
                path,
                line,
                "行尾是 Windows 的 CRLF。",
                "编辑器里把行尾改成 LF 再保存。",
                fix=tuple(
                    Edit(number, len(row) - 1, "\r", "")
                    for number, row in enumerate(text.split("\n"), 1)
                    if row.endswith("\r")
                ),
            )
        )
    elif control := _CONTROL.search(text):
        line = text.count("\n", 0, control.start()) + 1
        problems.append(
            rules.CONTROL_CHARACTER.problem(
                path,
                line,
                f"有控制字符 U+{ord(control[0]):04X}。",
                "删掉它；多半是复制时带进来的。",
            )
        )
    return text, problems


def _typed(front: FrontMatter, path: str, kind: Kind, settings: Settings, digest: str) -> Reading:
    """Front matter and body → a document of its model."""
    lines = {".".join(map(str, place)): line for place, line in front.lines.items()}
    document, problems = _front_document(front, lines, path, kind, settings)
    plan = kind is Kind.POLICY and front.values.get("rank") == Policy.PLAN
    specs = Policy.plan_spec if plan else MODELS[kind].spec
    body = _Body(front, path, kind, specs, settings, str(front.values.get("audience", "")))
    sections = body.read()
    lines.update(body.lines)
    problems += body.problems
    if document is None or has_errors(problems):
        return Reading(None, tuple(problems), lines)
    derived = {"sections": sections, "digest": digest}
    return Reading(document.model_copy(update=derived), tuple(problems), lines)


def _front_document(
    front: FrontMatter, lines: dict[str, int], path: str, kind: Kind, settings: Settings
) -> tuple[Document | None, list[Problem]]:
    """Front matter → a document without sections, and what is wrong with it."""
    problems = [
        rules.MISSING_KEY.problem(
            path, lines[key], f"{key} 后面是空的。", f"写上 {key} 的值，或删掉这一行。"
        )
        for key, value in front.values.items()
        if value == ""
    ]
    values = {key: value for key, value in front.values.items() if value != ""}
    for key, hint in (("sections", "段落写在正文里。"), ("digest", "删掉这一行。")):
        if values.pop(key, None) is not None:
            message = f"不认识的键 {key}。"
            problems.append(rules.UNKNOWN_KEY.problem(path, lines[key], message, hint))
    model = MODELS[kind]
    try:
        context = {"settings": settings, "kind": kind}
        return model.model_validate(values, context=context), problems
    except ValidationError as error:
        problems += [
            _fault_problem(fault, path, lines)
            for fault in explain(error, model)
            if not (fault.code == "missing-key" and fault.location[0] in front.values)
        ]
        return None, problems


def _fault_problem(fault: Fault, path: str, lines: dict[str, int]) -> Problem:
    """A validation fault as a Problem on the line of its value, or of the key above it."""
    rule = rules.BY_CODE.get(fault.code, rules.INVALID_VALUE)
    if fault.location[:1] == ("audience",):
        rule = rules.INVALID_AUDIENCE
    names = (".".join(map(str, fault.location)), str(next(iter(fault.location), "")))
    line = next((lines[name] for name in names if name in lines), 2)
    return rule.problem(path, line, fault.message, fault.hint)


def _placeholders(text: str, path: str) -> list[Problem]:
    """The lines of a template that nobody filled in."""
    return [
        rules.PLACEHOLDER.problem(path, number, f"还没有填{_asked(line)}。", "换成真正的内容。")
        for number, line in enumerate(text.split("\n"), 1)
        if FILL in line
    ]


def _asked(line: str) -> str:
    """What a line of a template asks for, as far as it says so."""
    words = " ".join(line.partition("#")[0].replace(FILL, " ").strip(" -").split())
    return f"：{words.rstrip(':。')[:_SHOWN]}" if words else ""


class _Body:
    """Splits a body into its sections and says what is wrong with them."""

    def __init__(
        self,
        front: FrontMatter,
        path: str,
        kind: Kind,
        specs: tuple[SectionSpec, ...],
        settings: Settings,
        audience: str,
    ) -> None:
        self.path = path
        self.kind = kind
        self.specs = specs
        self.settings = settings
        self.audience = audience
        self.restricted = [spec.heading for spec in specs if spec.restricted]
        self.text = front.body.split("\n")[1:]
        self._plain = _plain(front.body).split("\n")[1:]
        self.first_line = front.body_line
        self.problems: list[Problem] = []
        self.lines: dict[str, int] = {}

    def read(self) -> tuple[Section, ...]:
        """The sections in the file's order."""
        sections: list[Section] = []
        for line, heading, first, text in self._parts():
            section = self._section(line, heading, text)
            if section and section.key in self.lines:
                self._report(
                    rules.DUPLICATE_SECTION,
                    line,
                    f"段落“{section.heading}”出现了两次。",
                    "合成一段。",
                )
            elif section:
                self.lines[section.key] = line
                self.lines[f"{section.key}.text"] = first
                sections.append(section)
        self._complete([section.key for section in sections])
        return tuple(sections)

    def _report(self, rule: Rule, line: int, message: str, hint: str) -> None:
        self.problems.append(rule.problem(self.path, line, message, hint))

    def _parts(self) -> Iterator[tuple[int, str, int, str]]:
        """Line, heading, first line of text and text of each part that begins with ``## ``."""
        start, heading, part = 0, "", list[str]()
        for number, (line, plain) in enumerate(
            zip(self.text, self._plain, strict=True), self.first_line
        ):
            self._look_at(number, line, plain, part[-1] if part else "")
            if line.startswith("## "):
                yield from self._close(start, heading, part)
                start, heading, part = number, line, []
            else:
                part.append(line)
        yield from self._close(start, heading, part)

    def _close(
        self, start: int, heading: str, part: list[str]
    ) -> Iterator[tuple[int, str, int, str]]:
        text = "\n".join(part).strip()
        blank = next((i for i, row in enumerate(part) if row.strip()), 0)
        if heading:
            yield start, heading, start + 1 + blank, text
        elif text:
            self._report(
                rules.TEXT_BEFORE_SECTIONS,
                self.first_line + blank,
                "第一个段落标题前面有文字。",
                "把它移到一个段落里，或删掉。",
            )

    def _look_at(self, number: int, line: str, plain: str, before: str) -> None:
        """Refuses lines that another reader could take for the start of a section."""
        if self._misleads(line, plain):
            self._report(
                rules.MALFORMED_HEADING,
                number,
                f"“{line.strip()[:30]}”像段落标题，但写法不对。",
                "段落标题顶格写成“## 标题”，可以加“ {audience=受众}”；小标题用三个 #。",
            )
        if _UNDERLINE.fullmatch(line) and before.strip(" >"):
            self._report(
                rules.MALFORMED_HEADING,
                number,
                "文字下面紧接着横线，会变成标题。",
                "横线前空一行；标题写成“### 小标题”。",
            )
        if _IMAGE.search(line):
            self._report(rules.IMAGE, number, "有图片。", "把图里的要点写成文字或表格。")
        if _REFERENCE.match(line):
            self._report(
                rules.REFERENCE_LINK,
                number,
                "链接的地址单独写成了一行。",
                "写成 [文字](地址)，或 [文字](文档编号#条号)。",
            )
        if tag := _TAG.search(line):
            self._report(
                rules.RAW_HTML,
                number,
                f"有 HTML：“{tag[0][:30]}”。",
                "只用 Markdown；尖括号写成全角〈〉。",
            )

    def _misleads(self, line: str, plain: str) -> bool:
        """Whether a line looks like the start of a section, or says who may read, and does not."""
        section = line.startswith("## ") and _SECTION.fullmatch(line.rstrip())
        if section:
            heading = _plain(section["heading"])
            return "{" in heading or "}" in heading or bool(_ATTRIBUTE.search(heading))
        if _HEADING_LIKE.match(plain) or _ATTRIBUTE.search(plain):
            return True
        # Words that only a restricted section may have at its head, standing alone.
        small = _SMALL_HEADING.match(plain)
        return any(
            name in plain if small else re.match(rf"[\W\d_]*+{name}(?![^\W_])", plain)
            for name in self.restricted
        )

    def _section(self, line: int, heading_line: str, text: str) -> Section | None:
        match = _SECTION.fullmatch(heading_line.rstrip())
        if not match:
            return None
        heading = match["heading"]
        spec = next((spec for spec in self.specs if spec.heading == heading), None)
        key = spec.key if spec else self._article(line, heading)
        if key is None:
            return None
        if not text:
            self._report(rules.EMPTY_SECTION, line, f"段落“{heading}”是空的。", "写上内容。")
        audience = self._section_audience(line, match["audience"], spec)
        return Section(key=key, heading=heading, audience=audience, text=text)

    def _article(self, line: int, heading: str) -> str | None:
        known = [spec.heading for spec in self.specs]
        if known:
            guess = nearest(heading, known)
            hint = f"是不是“{guess}”？" if guess else ""
            self._report(
                rules.UNKNOWN_SECTION,
                line,
                f"没有“{heading}”这个段落。",
                f"{hint}段落依次是：{'、'.join(known)}。",
            )
            return None
        key = article_key(heading)
        if key is None:
            self._report(
                rules.INVALID_ARTICLE,
                line,
                f"“{heading}”不是条款标题。",
                "写成“第三条 标题”；没有确定条号时写“要点一 标题”。",
            )
        return key

    def _section_audience(self, line: int, named: str | None, spec: SectionSpec | None) -> str:
        """Who may see a section: never more readers than its document or its kind allows."""
        known = [audience.id for audience in self.settings.audiences]
        if named is not None and named not in known:
            self._report(
                rules.INVALID_AUDIENCE,
                line,
                f"没有受众“{named}”。",
                "写 " + " 或 ".join(known) + "。",
            )
            return known[-1]
        if self.audience not in known:
            return known[-1]
        floor = known[-1] if spec and spec.restricted else self.audience
        if named and known.index(named) < known.index(floor):
            self._report(
                rules.WIDER_SECTION,
                line,
                f"段落的受众 {named} 比允许的 {floor} 更广。",
                f"去掉 {{audience={named}}}，或写 {{audience={floor}}}。",
            )
            return floor
        return named or floor

    def _complete(self, found: list[str]) -> None:
        wanted = [spec.key for spec in self.specs]
        names = {spec.key: spec.heading for spec in self.specs}
        last = self.first_line + len(self.text) - 1
        for key in wanted:
            if key not in found:
                self._report(
                    rules.MISSING_SECTION,
                    last,
                    f"缺少段落“{names[key]}”。",
                    "段落依次是：" + "、".join(names.values()) + "。",
                )
        if not wanted and not found:
            self._report(
                rules.MISSING_SECTION, last, "没有任何条款。", "至少写一条“## 第一条 标题”。"
            )
        known = [key for key in wanted if key in found]
        if [key for key in found if key in known] != known:
            self._report(
                rules.SECTION_ORDER,
                self.lines[found[0]],
                "段落的顺序不对：" + "、".join(names[key] for key in found) + "。",
                "依次写：" + "、".join(names[key] for key in known) + "。",
            )


def _plain(text: str) -> str:
    """A text as the eye takes it: usual letters, nothing that cannot be seen."""
    plain = unicodedata.normalize("NFKC", text)
    unseen = {ord(character): None for character in set(plain) if _is_unseen(character)}
    return plain.translate(unseen) if unseen else plain


@functools.lru_cache(maxsize=1 << 16)
def _is_unseen(character: str) -> bool:
    # U+115F and U+1160 are letters that show nothing.
    return unicodedata.category(character) in ("Cf", "Mn") or character in "\u115f\u1160"
