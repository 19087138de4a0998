"""What an assistant is given: approved words with their source, and whether they hold today."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict, Field


class Record(BaseModel):
    """A part of what is given; its description goes to the assistant."""

    model_config = ConfigDict(frozen=True)


class Section(Record):
    """A part of a document."""

    heading: str = Field(description="段落标题")
    text: str = Field(description="正文，核准的原话")


class Source(Record):
    """A document that another one rests on, or that rests on it."""

    id: str = Field(description="编号；带条号的，# 后面是条号")
    title: str = Field(description="名称，带条号的连条名一起")
    text: str = Field(default="", description="这一条的原文；指整篇文件时是空的")
    url: str = Field(default="", description="页面的网址；没有站点时是空的")


class Document(Record):
    """A document as its audience may read it."""

    id: str = Field(description="编号，永远不变")
    kind: str = Field(description="faq 统一口径、case 案例、policy 政策")
    title: str = Field(description="标题；统一口径的标题就是客户的问题")
    standing: str = Field(
        description="current 现行；upcoming 还没有生效；ended 已经失效，不能再照它答复"
    )
    subject: str = Field(description="业务")
    owner: str = Field(description="负责的团队")
    approved_on: date = Field(description="最后一次核准的日期")
    effective_from: date | None = Field(description="生效的第一天；没有限定是 null")
    effective_until: date | None = Field(description="有效的最后一天；长期有效是 null")
    url: str = Field(description="页面的网址；没有站点时是空的")
    sections: list[Section] = Field(description="这个受众能看的段落，按顺序")


class Hit(Record):
    """A result of a search."""

    id: str = Field(description="编号，用 document 取全文")
    kind: str = Field(description="faq 统一口径、case 案例、policy 政策")
    title: str = Field(description="标题")
    excerpt: str = Field(description="最相关的一段里的文字")
    standing: str = Field(description="current 现行；upcoming 还没有生效；ended 已经失效")
    missing: list[str] = Field(description="问题里的词，这一篇没有的")
    url: str = Field(description="页面的网址；没有站点时是空的")


class Notice(Record):
    """An incident that goes on now."""

    title: str = Field(description="出了什么故障")
    text: str = Field(description="怎么对客户说，核准的原话")
    ends: str = Field(description="到什么时候为止")


class Found(Record):
    """What a search found."""

    total: int = Field(description="一共找到几篇")
    hits: list[Hit] = Field(description="这一页的结果，最好的在前")
    did_you_mean: str | None = Field(description="看起来打错了时，改正后的问题")
    notices: list[Notice] = Field(description="正在发生的、和这个问题有关的故障；先说它")


class Answer(Record):
    """The unified answer to a question, if there is one."""

    found: bool = Field(description="有没有合适的统一口径；没有时不要自己编，转人工")
    answer: Document | None = Field(description="统一口径；没有就是 null")
    sources: list[Source] = Field(description="这条口径依据的政策条文")
    notices: list[Notice] = Field(description="正在发生的、和这个问题有关的故障；先说它")


class Citations(Record):
    """What a document rests on, and what rests on it."""

    id: str = Field(description="编号")
    rests_on: list[Source] = Field(description="它依据的政策条文和相关口径")
    cited_by: list[Source] = Field(description="引用它的文档")


class Due(Record):
    """A document that is to be looked at."""

    id: str = Field(description="编号")
    title: str = Field(description="标题")
    owner: str = Field(description="负责的团队")
    day: date = Field(description="哪一天")
    what: str = Field(description="review 复核；end 失效")
    past: bool = Field(description="那一天是不是已经过了")
    url: str = Field(description="页面的网址；没有站点时是空的")


class DueList(Record):
    """What is to be looked at soon."""

    on: date = Field(description="今天")
    documents: list[Due] = Field(description="最早的在前，最多 200 条")
