"""What a case, a FAQ entry and a policy are.

A document is front matter (typed here) and sections of Markdown. It knows nothing of files:
neither its path nor its lines, so that no page or index made from it can tell them.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue, SkipJsonSchema
from pydantic_core import CoreSchema, PydanticCustomError
from pydantic_core.core_schema import with_info_after_validator_function

from casebook.validation import Matching, nearest

ID_PATTERN = re.compile(r"(case|faq|policy)(-[a-z0-9]+)+")
MAX_ID = 64
MAX_LINE = 200
# What an author must still fill in, as `casebook new` writes it.
FILL = "（待填）"
_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"两": 2}
_DIGIT = "[一二三四五六七八九]"
# 零 stands for skipped places and nowhere else; 十 without a digit only at the start.
_NUMERAL = re.compile(
    rf"(?:({_DIGIT}|两)千)?(?:({_DIGIT}|两)百)?"
    rf"(?:(?<=千)[零〇](?={_DIGIT}十|{_DIGIT}$)|(?<=百)[零〇](?={_DIGIT}$))?"
    rf"(?:(?<!千)(?:({_DIGIT})|^)十)?(?:(?<![千百])({_DIGIT}))?"
)


class Kind(StrEnum):
    """The three kinds of document."""

    CASE = "case"
    FAQ = "faq"
    POLICY = "policy"

    @property
    def folder(self) -> str:
        """The folder of the library that holds this kind."""
        return {"case": "cases", "faq": "faq", "policy": "policies"}[self.value]

    @property
    def label(self) -> str:
        """Its Chinese name."""
        return {"case": "案例", "faq": "统一口径", "policy": "政策依据"}[self.value]

    def address(self, document_id: str) -> str:
        """The page of a document of this kind, under the site's root; it never changes."""
        return f"{self.folder}/{document_id}/"


class Standing(StrEnum):
    """Whether a document holds on a day."""

    CURRENT = "current"
    UPCOMING = "upcoming"
    ENDED = "ended"

    @property
    def label(self) -> str:
        """Its Chinese name."""
        return {"current": "现行有效", "upcoming": "未生效", "ended": "已失效"}[self.value]


def standing(effective_from: date | None, effective_until: date | None, on: date) -> Standing:
    """Whether something holds on a day.

    Args:
        effective_from: the first day it holds; None when it holds from the start.
        effective_until: the last day it holds; None when it holds until further notice.
        on: the day.
    """
    if effective_from and on < effective_from:
        return Standing.UPCOMING
    if effective_until and on > effective_until:
        return Standing.ENDED
    return Standing.CURRENT


def _fault(code: str, message: str, hint: str, key: str = "") -> PydanticCustomError:
    escaped = message.replace("{", "｛").replace("}", "｝")
    return PydanticCustomError(code, escaped, {"hint": hint, "key": key})


def _day(value: object) -> object:
    """Text like 2026-03-01 → date; nothing else is a date."""
    if isinstance(value, datetime):
        raise _fault("invalid-date", f"“{value}”带着时间", f"写成 {value.date()}，只写到日")
    if isinstance(value, date):
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise _fault("invalid-date", f"“{value}”不是日期", "写成 2026-03-01 这样的年-月-日")


def _month(value: str) -> str:
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", value, re.ASCII):
        raise _fault("invalid-date", f"“{value}”不是月份", "写成 2026-03 这样的年-月")
    return value


def _document_id(value: str, info: ValidationInfo) -> str:
    kind = info.context["kind"] if info.context else None
    if not ID_PATTERN.fullmatch(value) or len(value) > MAX_ID:
        raise _fault(
            "invalid-id",
            f"“{value}”不是编号",
            f"用小写字母、数字和连字符，以 case-、faq- 或 policy- 开头，不超过 {MAX_ID} 个字符",
        )
    if kind and not value.startswith(f"{kind.value}-"):
        raise _fault("invalid-id", f"“{value}”的开头和种类不符", f"以 {kind.value}- 开头")
    return value


def _audience(value: str, info: ValidationInfo) -> str:
    known = [audience.id for audience in info.context["settings"].audiences] if info.context else []
    if known and value not in known:
        raise _fault("invalid-audience", f"没有受众“{value}”", "写 " + " 或 ".join(known))
    return value


@dataclass(frozen=True)
class TermOf:
    """A validator that asks for a term of one list of the taxonomy; its JSON Schema names the list.

    Attributes:
        taxonomy: the list, an attribute of the settings' taxonomy.
    """

    taxonomy: str

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return with_info_after_validator_function(self._known, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return handler(schema) | {"taxonomy": self.taxonomy}

    def _known(self, value: str, info: ValidationInfo) -> str:
        if not info.context:
            return value
        known = getattr(info.context["settings"].taxonomy, self.taxonomy)
        if value not in known:
            guess = nearest(value, known)
            hint = f"是不是“{guess}”？" if guess else ""
            raise _fault(
                "unknown-term", f"分类里没有“{value}”", f"{hint}可选：" + "、".join(known[:40])
            )
        return value


def _enough(key: str) -> AfterValidator:
    """A validator that asks for as many items as the settings demand of a FAQ entry's key."""

    def check(value: tuple[Any, ...], info: ValidationInfo) -> tuple[Any, ...]:
        least = getattr(info.context["settings"].faq, key) if info.context else 0
        if len(value) < least:
            raise PydanticCustomError("too_short", "too few items", {"min_length": least})
        return value

    return AfterValidator(check)


class Record(BaseModel):
    """A frozen record, strict about names."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Citation(Record):
    """A pointer to a policy, or to one article of it, written ``policy-x`` or ``policy-x#3``."""

    policy: str
    article: str | None = None

    def __str__(self) -> str:
        return f"{self.policy}#{self.article}" if self.article else self.policy


def _citation(value: object) -> object:
    return value if isinstance(value, Citation) else _parsed_citation(str(value))


@functools.cache
def _parsed_citation(value: str) -> Citation:
    """A citation from its written form; one object however many documents cite the same."""
    policy, mark, article = value.partition("#")
    if (
        not ID_PATTERN.fullmatch(policy)
        or not policy.startswith("policy-")
        or (mark and not re.fullmatch(r"[a-z0-9]+", article))
    ):
        raise _fault(
            "invalid-citation", f"“{value}”不是引用", "写成 policy-编号 或 policy-编号#条号"
        )
    return Citation(policy=policy, article=article or None)


class Waiver(Record):
    """A rule that a document does not keep, and why; written ``rule-name@place reason``.

    Attributes:
        rule: the rule's code.
        place: the key or the heading of the section where it is not kept; None for the document.
        reason: why, for whoever reviews it.
    """

    rule: str
    place: str | None = None
    reason: str

    def __str__(self) -> str:
        return f"{self.rule}{f'@{self.place}' if self.place else ''} {self.reason}"


def _waiver(value: object) -> object:
    if isinstance(value, Waiver):
        return value
    match = re.fullmatch(r"([a-z0-9]+(?:-[a-z0-9]+)*)(?:@(\S+))?\s+(\S.*)", str(value))
    if not match:
        raise _fault(
            "invalid-value", f"“{value}”不是豁免", "写成“规则名 理由”，或“规则名@段落 理由”"
        )
    return Waiver(rule=match[1], place=match[2], reason=match[3])


Day = Annotated[date, BeforeValidator(_day)]
Month = Annotated[
    str, AfterValidator(_month), Field(json_schema_extra={"pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$"})
]
Line = Annotated[str, Field(min_length=1, max_length=MAX_LINE)]
DocumentId = Annotated[str, AfterValidator(_document_id)]
AudienceId = Annotated[str, AfterValidator(_audience)]
Subject = Annotated[
    str,
    TermOf("subject_paths"),
    Field(title="业务分类", description="这件事属于哪一类业务，写到最细的一级，如 资费/套餐变更。"),
]
Cited = Annotated[
    Citation,
    BeforeValidator(_citation),
    PlainSerializer(str, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": "^policy(-[a-z0-9]+)+(#[a-z0-9]+)?$"}),
]
RestsOn = Annotated[
    tuple[Cited, ...],
    Field(
        title="依据",
        description="依据的政策，每行一个，写成 policy-编号 或 policy-编号#条号。",
    ),
]
Waived = Annotated[
    Waiver,
    BeforeValidator(_waiver),
    PlainSerializer(str, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": r"^[a-z0-9]+(-[a-z0-9]+)*(@\S+)?\s+\S"}),
]
FaqId = Annotated[
    str, Matching("^faq(-[a-z0-9]+)+$", "写统一口径的编号，如 faq-arrears-resume：都是小写")
]
PolicyId = Annotated[
    str, Matching("^policy(-[a-z0-9]+)+$", "写政策的编号，如 policy-service-spec：都是小写")
]


class SectionSpec(Record):
    """A section that a kind of document must have.

    Attributes:
        key: its name in code, anchors and citations.
        heading: its heading in the file.
        restricted: only the widest audience may see it.
        help: what it holds, for authors.
    """

    key: str
    heading: str
    help: str
    restricted: bool = False


class Section(Record):
    """A section of a document.

    Attributes:
        key: ``theme``, ``answer``, … or an article's key, ``55`` or ``p1``.
        heading: as written, without the marks.
        audience: who may see it, an audience's id.
        text: its Markdown.
        html: the text as clean HTML; links to documents are still ids (``href="faq-x#3"``).
    """

    key: str
    heading: str
    audience: str
    text: str
    html: str = ""

    @property
    def anchor(self) -> str:
        """Its anchor on a page: its key, or ``a55`` for an article's number."""
        return f"a{self.key}" if self.key.isdigit() else self.key


class Document(Record):
    """What all kinds share.

    Attributes:
        id: stable; never depends on where the file lies.
        title: the standard question, the case's or the policy's name.
        audience: the narrowest audience that may see it.
        owner: the team that answers for it.
        approved_on: when its text was last approved.
        review_by: when it must be looked at again; None in views that do not show it.
        subject: a path of the taxonomy.
        policies: what it rests on.
        waivers: rules that it does not keep, and why; never shown to readers.
        sections: in order.
        digest: changes whenever the document does: that of the file's bytes in a Library, in a View
            one that tells nothing of what the View leaves out.
    """

    kind: ClassVar[Kind]
    spec: ClassVar[tuple[SectionSpec, ...]]
    # What only the widest audience may know of a document that others may read.
    internal: ClassVar[tuple[str, ...]] = ("review_by",)
    # What reading fills in and no author writes.
    derived: ClassVar[tuple[str, ...]] = ("sections", "digest")

    id: DocumentId = Field(
        title="编号", description="小写字母、数字和连字符；一旦发布不再改，网址和引用都靠它。"
    )
    title: Line = Field(title="标题", description="一行；案例写出冲突，统一口径写客户的标准问。")
    audience: AudienceId = Field(
        title="受众", description="能看这一篇的最窄的受众；没有写或写错就不会发布。"
    )
    owner: Line = Field(title="负责人", description="对内容负责的班组或岗位，不写姓名。")
    approved_on: Day = Field(title="核准日期", description="这一版文字核准的日期。")
    review_by: Day | None = Field(
        None, title="复核日期", description="最迟哪一天要再看一遍；到期前后会提醒负责人。"
    )
    subject: Subject | None = None
    tags: tuple[Line, ...] = Field(
        (), title="标签", description="另外几个便于检索的词，每行一个；可以不写。"
    )
    policies: RestsOn = ()
    waivers: tuple[Waived, ...] = Field(
        (),
        title="豁免",
        description="这一篇不照办的检查规则和理由，每行一条：规则名 理由，或 规则名@段落 理由。",
    )
    sections: tuple[Section, ...] = ()
    digest: SkipJsonSchema[str] = ""

    @model_validator(mode="after")
    def _dates_in_order(self) -> Self:
        if self.review_by and self.review_by < self.approved_on:
            raise _fault(
                "date-order",
                f"复核日期 {self.review_by} 早于核准日期 {self.approved_on}",
                "review_by 写下次复核的日期",
                "review_by",
            )
        start, end = self.effective_from_or_none, self.effective_until_or_none
        if start and end and end < start:
            raise _fault(
                "date-order",
                f"失效日期 {end} 早于生效日期 {start}",
                "检查 effective_from 和 effective_until",
                "effective_until",
            )
        return self

    @property
    def effective_from_or_none(self) -> date | None:
        """The first day it holds, None when it holds from the start."""
        return getattr(self, "effective_from", None)

    @property
    def effective_until_or_none(self) -> date | None:
        """The last day it holds, None when it holds until further notice."""
        return getattr(self, "effective_until", None)

    def standing(self, on: date) -> Standing:
        """Whether it holds on a day."""
        return standing(self.effective_from_or_none, self.effective_until_or_none, on)

    def section(self, key: str) -> Section | None:
        """The section of that key, if there is one."""
        return next((section for section in self.sections if section.key == key), None)


class Case(Document):
    """A case: a hard complaint written up so that the next agent learns from it."""

    kind = Kind.CASE
    internal = ("review_by", "author", "purpose", "typicality", "timeliness", "feasibility")
    spec = (
        SectionSpec(
            key="theme", heading="主题", help="这个案例要说明的一个道理，以及它涉及的问题。"
        ),
        SectionSpec(key="background", heading="背景", help="时间、人物、业务、起因：只写事实。"),
        SectionSpec(
            key="details", heading="细节", help="一步一步的经过：说了什么、试了什么、客户怎样反应。"
        ),
        SectionSpec(
            key="outcome", heading="结果", help="客户得到什么，公司付出什么，有没有再发生。"
        ),
        SectionSpec(
            key="analysis",
            heading="评析",
            help="用哪种方法分析，讨论什么问题，学到什么；也写不同看法。",
        ),
    )

    subject: Subject
    author: Line | None = Field(None, title="编写人", description="写岗位，不写姓名。")
    level: Annotated[str, TermOf("levels")] = Field(
        title="级别", description="这件事到了哪一步：从建议、抱怨到投诉、危机。"
    )
    customer_types: tuple[Annotated[str, TermOf("customer_types")], ...] = Field(
        title="客户类型", description="客户当时的样子，可以不止一种，每行一个。", min_length=1
    )
    reason: Annotated[str, TermOf("reasons")] = Field(
        title="有理无理", description="查清事实以后，客户的要求有没有道理。"
    )
    manner: Annotated[str, TermOf("manners")] = Field(
        title="正常非正常", description="客户表达的方式是否正常；与有没有道理是两回事。"
    )
    needs: tuple[Annotated[str, TermOf("needs")], ...] = Field(
        title="诉求", description="客户真正想要的，可以不止一个，每行一个。", min_length=1
    )
    channel: Annotated[str, TermOf("channels")] = Field(title="渠道", description="投诉从哪里来。")
    method: Annotated[str, TermOf("methods")] = Field(
        title="分析方法", description="评析主要用哪一种方法。"
    )
    happened: Month = Field(
        title="发生月份", description="写成 2026-03；只到月，认不出是哪一位客户。"
    )
    written: Day = Field(title="成稿日期", description="写成 2026-03-01。")
    purpose: Line = Field(
        title="目的性", description="读完这一篇，同事能做到什么以前做不到的事？写成“读后能够……”。"
    )
    typicality: Line = Field(title="典型性", description="它代表哪一类问题，这一类一个月有多少件？")
    timeliness: Line = Field(title="时效性", description="现在写，谁用得上？")
    feasibility: Line = Field(
        title="可行性", description="里面的做法，一个普通坐席明天照着能不能做？"
    )
    faq: tuple[FaqId, ...] = Field(
        (), title="统一口径", description="当时该用的统一口径，每行一个编号；可以不写。"
    )


class Faq(Document):
    """A FAQ entry: one question, one approved answer."""

    kind = Kind.FAQ
    spec = (
        SectionSpec(
            key="answer", heading="统一答复", help="对客户说的话，一字不差；第一句就回答。"
        ),
        SectionSpec(
            key="procedure", heading="办理方式", help="渠道、步骤、要带什么、多久、多少钱。"
        ),
        SectionSpec(
            key="rationale",
            heading="设计思路",
            restricted=True,
            help="为什么这样答；只给内部看。",
        ),
        SectionSpec(
            key="forbidden",
            heading="禁用说法",
            restricted=True,
            help="不能说的话，以及该怎么说；只给内部看。",
        ),
    )

    subject: Subject
    similar: Annotated[tuple[Line, ...], _enough("similar")] = Field(
        title="相似问",
        description="客户的另几种说法，每行一个，照客户的原话写；只用来检索，不显示。",
    )
    effective_from: Day = Field(title="生效日期", description="从哪一天起可以这样答。")
    effective_until: Day | None = Field(
        None, title="失效日期", description="最后一天；没有定就不写。过了这一天，只有内部还看得到。"
    )
    replaced_by: tuple[FaqId, ...] = Field(
        (),
        title="由哪条代替",
        description="失效以后看哪一条，每行一个统一口径的编号；老网址会指过去。没有就不写。",
    )
    policies: Annotated[RestsOn, _enough("policies")]

    @property
    def answer(self) -> str:
        """The unified answer, as Markdown."""
        section = self.section("answer")
        return section.text if section else ""


@dataclass(frozen=True)
class Withdrawal:
    """That an entry which readers could open once is gone; its address says where to go now.

    Attributes:
        id: of the entry that is gone.
        kind: what it was.
        on: the first day on which it was gone.
        subject: a path of the taxonomy; empty where that is not known.
        replaced_by: the ids of what holds instead, as far as the reader may see it.
    """

    id: str
    kind: Kind
    on: date
    subject: str = ""
    replaced_by: tuple[str, ...] = ()


class Policy(Document):
    """A policy: a law, a rule or a contingency plan, article by article."""

    kind = Kind.POLICY
    spec = ()
    # A contingency plan (预案) is written by parts instead of articles.
    plan_spec: ClassVar[tuple[SectionSpec, ...]] = (
        SectionSpec(key="situation", heading="5W1H", help="何事、何因、何时、何地、何人、如何。"),
        SectionSpec(key="process", heading="流程", help="谁在第几分钟做什么。"),
        SectionSpec(key="controls", heading="控制点", help="逐条打勾的检查。"),
        SectionSpec(key="wording", heading="口径", help="热线、门店、短信各怎么说。"),
        SectionSpec(key="drills", heading="演练", help="哪天演练过，发现了什么。"),
    )
    PLAN: ClassVar[str] = "预案"

    rank: Annotated[str, TermOf("ranks")] = Field(
        title="效力级别", description="上一级的规定优先；预案按预案的段落写。"
    )
    issuer: Line = Field(title="发布单位", description="谁发布的。")
    number: Line | None = Field(None, title="文号", description="照原文写；没有确定的就不写。")
    effective_from: Day = Field(title="生效日期", description="从哪一天起执行。")
    effective_until: Day | None = Field(
        None, title="失效日期", description="最后一天；没有定就不写。"
    )
    supersedes: tuple[PolicyId, ...] = Field(
        (), title="取代", description="被这一份取代的政策，每行一个编号；没有就不写。"
    )
    replaced_by: tuple[PolicyId, ...] = Field(
        (),
        title="由哪份代替",
        description="失效以后看哪一份，每行一个政策的编号；新的一份里写了“取代”的，这里不用再写。",
    )


MODELS: dict[Kind, type[Case | Faq | Policy]] = {
    Kind.CASE: Case,
    Kind.FAQ: Faq,
    Kind.POLICY: Policy,
}


def article_key(heading: str) -> str | None:
    """The key of an article's heading.

    Args:
        heading: ``第五十五条 …`` gives ``55``; ``要点一 …`` gives ``p1``.

    Returns:
        The key, or None when the heading is of neither form.
    """
    match = re.match(
        r"(第)?(要点)?([0-9]{1,4}|[零〇一二两三四五六七八九十百千]+)(条)?(?:\s|$)", heading
    )
    if not match or not ((match[1] and match[4] and not match[2]) or (match[2] and not match[4])):
        return None
    number = int(match[3]) if match[3].isdecimal() else chinese_number(match[3])
    return None if number is None else f"p{number}" if match[2] else str(number)


def chinese_number(text: str) -> int | None:
    """A Chinese numeral from 1 to 9999 as laws write it → number; None when it is not one."""
    match = _NUMERAL.fullmatch(text)
    if not match or not text:
        return None
    thousands, hundreds, tens, ones = (_DIGITS.get(digit or "", 0) for digit in match.groups())
    return 1000 * thousands + 100 * hundreds + 10 * (tens or "十" in text) + ones
