"""The names that other people's documents and sheets use, and what they mean here."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from casebook.documents import Kind

_SECTIONS: dict[Kind, dict[str, str]] = {
    Kind.CASE: {
        "theme": "主题 案例主题 中心主题 主题思想 案例主旨 主旨",
        "background": "背景 案例背景 事件背景 投诉背景 背景介绍 背景情况 起因 事情起因",
        "details": "细节 案例细节 经过 事件经过 处理经过 处理过程 案例经过 详细经过 投诉经过"
        " 案例描述 事件描述 投诉内容 案例细节描述 案例正文",
        "outcome": "结果 处理结果 案例结果 最终结果 结果反馈 处理结果及反馈",
        "analysis": "评析 讨论与评析 评析与讨论 案例评析 点评 案例点评 案例分析 分析与启示"
        " 案例启示 经验教训 分析与建议",
    },
    Kind.FAQ: {
        "answer": "统一答复 答复 答案 标准答案 回答 机器人答案 机器人回答 答案内容 标准回答"
        " 标准答复 统一口径 答复口径 知识内容 回复内容 答案(纯文本) 答案(富文本) 文本答案 默认答案",
        "procedure": "办理方式 办理流程 办理方法 操作步骤 办理渠道 怎么办理 办理步骤",
        "rationale": "设计思路 答复思路 设计说明 口径说明",
        "forbidden": "禁用说法 禁语 服务禁语 禁止用语 禁用语 不能说的话 禁忌用语",
    },
    Kind.POLICY: {},
}
PLAN_SECTIONS = {
    "situation": "5w1h 情形 适用情形",
    "process": "流程 处置流程 处理流程",
    "controls": "控制点 检查点",
    "wording": "口径 应答口径 对外口径",
    "drills": "演练 演练记录",
}
_KEYS = {
    "subject": "业务分类 分类 类目 类别 知识分类 业务类型 业务类别 投诉类型 投诉类别 知识类目"
    " 问题分类 所属分类 所属类目 分类路径 类目路径 一级分类 二级分类 三级分类"
    " 一级类目 二级类目 三级类目 问题类别 目录",
    "channel": "受理渠道 渠道 投诉渠道 来电渠道 来源渠道",
    "level": "级别 投诉级别 案例级别 投诉等级",
    "customer_types": "客户类型 客户性格类型",
    "needs": "诉求 客户诉求 诉求类型 投诉诉求",
    "reason": "是否有理 有理无理 有理/无理 投诉合理性",
    "manner": "是否正常 正常非正常 正常/非正常 投诉方式",
    "method": "分析方法 评析方法",
    "author": "编写人 撰写人 作者 填报人 编写者 案例编写人 报送人 编写岗位",
    "happened": "发生时间 发生日期 投诉时间 受理时间 案发时间 事发时间 受理日期 投诉日期",
    "written": "编写时间 编写日期 撰写日期 撰写时间 填报日期 填报时间",
    "approved_on": "核准日期 批准日期 审批日期 审核日期 核准时间 审核时间",
    "review_by": "复核日期 下次复核日期",
    "effective_from": "生效时间 生效日期 施行日期 实施日期 开始时间 有效期开始 开始生效时间"
    " 有效开始时间",
    "effective_until": "失效时间 失效日期 到期时间 到期日期 结束时间 有效期至 有效期结束 截止日期"
    " 有效结束时间",
    "tags": "标签 关键词 关键字 知识标签",
    "owner": "责任部门 归口部门 负责部门 归属部门 所属部门 责任单位 归口单位",
    "issuer": "发文机关 发布单位 制定机关 颁布单位 发布机关 发文单位 制定单位",
    "number": "文号 发文字号 发文文号",
    "rank": "效力级别 效力等级",
    "purpose": "目的性 目的",
    "typicality": "典型性",
    "timeliness": "时效性",
    "feasibility": "可行性",
    "similar": "相似问 相似问法 相似问题 扩展问 扩展问题 扩展问法 类似问题 类似问法 相似说法"
    " 用户问法 补充用户问法 同义问",
    "id": "编号",
    "policies": "依据政策",
    "faq": "关联口径",
    "supersedes": "取代政策",
    "replaced_by": "由哪条代替 代替口径 替代口径 被取代为",
    "status": "状态 知识状态 启用状态 发布状态 是否启用 生效状态",
}
_TITLES = (
    "标准问 标准问题 标准问法 问题 知识标题 标题 案例标题 案例名称 题目 案例题目 问题标题 faq标题"
    " 文件名称 制度名称 知识名称"
)
# What is written for colleagues, never for customers.
REMARK = "remark"
_REMARKS = (
    "备注 内部备注 内部说明 内部口径 内部提示 内部掌握 仅供内部 坐席备注 坐席提示 坐席须知"
    " 坐席注意 客服备注 客服提示 话务员备注 保密"
)
# Keys that a line at the end of a text may still name.
SIGNATURES = ("author", "written", "approved_on")
_NUMBERING = re.compile(
    r"(?:[第]?[（(]?(?:[一二三四五六七八九十]{1,3}|\d{1,2})(?:[)）、.．:：]|部分[:：]?)+|[●◆■★▲·•○*]+)\s*"
)
_HINT = re.compile(r"[（(][^（）()]*[)）]$")
_INTERNAL = re.compile("内部|坐席|客服|员工|保密|不对外|勿外传")


@dataclass(frozen=True)
class Meaning:
    """What a name stands for.

    Attributes:
        kind: of the documents that it belongs to; None for all.
        section: the section's key; empty when it names none.
        key: the key of the front matter, ``title``, ``status`` or ``remark``; empty when it names
            none.
    """

    kind: Kind | None = None
    section: str = ""
    key: str = ""


def _table() -> dict[str, list[Meaning]]:
    table: dict[str, list[Meaning]] = {}
    for kind, sections in _SECTIONS.items():
        for section, names in sections.items():
            for name in names.split():
                table.setdefault(name, []).append(Meaning(kind, section))
    for key, names in (*_KEYS.items(), ("title", _TITLES), (REMARK, _REMARKS)):
        for name in names.split():
            table.setdefault(name, []).append(Meaning(key=key))
    return table


_MEANINGS = _table()
_PLAN = {name: key for key, names in PLAN_SECTIONS.items() for name in names.split()}


def normal(label: str) -> str:
    """A name without numbers, brackets, spaces and colons around it."""
    text = unicodedata.normalize("NFKC", label).strip().strip("【】[]〔〕*:： ")
    text = _NUMBERING.sub("", text, count=1) if _NUMBERING.match(text) else text
    return re.sub(r"\s+", "", text).strip("【】[]〔〕:：").lower()


def meanings(label: str) -> list[Meaning]:
    """What a name may stand for; nothing when it is not known.

    Args:
        label: as the source writes it, with its number and its hint in brackets.
    """
    name = normal(label)
    candidates = (name, _HINT.sub("", name), re.sub(r"\d{1,2}$", "", name))
    found = next((_MEANINGS[one] for one in candidates if one in _MEANINGS), [])
    hint = _HINT.search(name)
    if found and hint and name not in _MEANINGS and _INTERNAL.search(hint[0]):
        return [Meaning(key=REMARK)]
    return found


def key_name(key: str) -> str:
    """The name that a source would use for a key; the key itself when it has none."""
    names = {**_KEYS, "title": "标题"}.get(key)
    return names.split()[0] if names else key


def meaning(label: str, kind: Kind | None) -> Meaning | None:
    """What a name stands for in a document of a kind."""
    return next((m for m in meanings(label) if m.kind in (None, kind)), None)


def plan_section(label: str) -> str | None:
    """The section of a contingency plan that a name stands for."""
    name = normal(label)
    return _PLAN.get(name) or _PLAN.get(_HINT.sub("", name))


def numbering(label: str) -> str:
    """The form of the number before a heading: ``一、`` and ``二、`` have the same."""
    match = _NUMBERING.match(unicodedata.normalize("NFKC", label).strip())
    return re.sub(r"[一二三四五六七八九十]+|\d+", "1", match[0].strip()) if match else ""
