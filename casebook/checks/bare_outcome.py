"""Outcomes that say that it is over, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.places import problem_at
from casebook.checks.prose import prose, shortened
from casebook.checks.substance import substance
from casebook.documents import Kind
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Example, Rule, Topic

RULE = Rule(
    "bare-outcome",
    "结果写出客户得到什么、公司付出什么、后来怎样。",
    "“已解决”看不出代价，也看不出会不会再来；下一个坐席不知道照着做值不值。",
    Example(
        Kind.CASE,
        "第四次由带班师傅上门，换下了楼道里进水的接头。减免三天月费，此后一个月没有再报障。"
        "同一栋楼还有两户雨后断线，一并换了接头。"
        "热线把“近一周报障记录”放到了报障页面的最上面。",
        "经过处理，问题已圆满解决，客户表示非常满意，并对我们的服务表示感谢。",
    ),
    severity=Severity.WARNING,
    topic=Topic.STRUCTURE,
    since="0.2",
)
_LEAST = 12
_ENDED = re.compile(
    "圆满|妥善|顺利|最终|成功|完毕|完成|办结|结案|归档|闭环|办理|表示|理解|感谢|认可|接受|撤诉|撤销|"
    "不再追究|无异议|没有异议|谢意|致谢|表扬|好评|五星|回访|反馈|结果|后续|情绪|平复|稳定|先生|女士|"
    "已经|得到|给予|经过|最后|非常|点赞|肯定|我司|我们的|事情|事件|工单|已|后|由|我|甲|乙|他|她|予|再|无"
)


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for an outcome that only says that all is well."""
    section = source.document.section("outcome")
    if section and substance(_ENDED.sub("", prose(section.text))) < _LEAST:
        message = f"结果只说“{shortened(section.text)}”。"
        hint = "写客户拿到什么、花了多少、有没有再来、改了什么；没有满意就写没有满意。"
        yield problem_at(RULE, source, section, 0, message, hint)
