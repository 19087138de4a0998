"""What is left of a sentence without phrases that always fit, and how alike two sentences are."""

from __future__ import annotations

import re
from collections.abc import Set

from casebook.checks.prose import HAN

_MEANT = re.compile(rf"[{HAN}A-Za-z0-9]")
# What stands in every case, and in every slogan about service.
_STOCK = re.compile(
    "进一步|全方位|代表性|典型性|可行性|时效性|目的性|操作性|针对性|重要性|必要性|责任心|责任感|"
    "满意度|幸福感|获得感|团队|处理|解决|问题|投诉|客户|用户|坐席|客服|员工|人员|一线|大家|我们|"
    "公司|提高|提升|增强|加强|强化|促进|改善|改进|优化|确保|保证|树立|牢固|切实|不断|持续|全面|"
    "高度|充分|认真|积极|耐心|细心|热情|重视|重要|关键|服务|意识|水平|质量|效率|能力|态度|满意|"
    "感知|体验|形象|口碑|沟通|技巧|素质|业务|工作|学习|借鉴|参考|意义|价值|作用|效果|普遍|常见|"
    "当前|目前|现在|及时|有效|可行|可操作|推广|复制|适用|指导|引导|通过|案例|总结|经验|教训|"
    "避免|防止|减少|类似|发生|再次|今后|以后|落实|做好|做到|开展|培训|管理|制度|流程|规范|要求|"
    "具有|具备|非常|十分|比较|一定|较强|较高|很强|很高|更好|优质|以客为尊|为中心|用心|真诚|"
    "继续|发扬|精神|每一[位个名]|当[成作]|亲人|家人|用情|发展|贡献|自己|力量|深刻|体会|赢得|信任|"
    "唯有|只有|付出|努力|站位|担当|新局面|不忘|初心|全体|广大|干部|"
    "使|让|能|够|对|的|和|与|及|等|为|以|从|而|了|在|有|是|很|较|强|高|好|本|此|该|这|个|也|并|且|"
    "要|将|把|更|都|就|会|可|性|类|其|于|到|起|上|中|下"
)


def substance(text: str) -> int:
    """How many characters of a text say something: all but phrases that fit everywhere."""
    return len(_MEANT.findall(_STOCK.sub("", text)))


def contained(text: str, other: str) -> float:
    """How much of a text stands in another, by pairs of characters: 0 to 1."""
    pairs = _pairs(text)
    return len(pairs & _pairs(other)) / len(pairs) if pairs else 0.0


def _pairs(text: str) -> Set[str]:
    plain = "".join(_MEANT.findall(text)).lower()
    return {plain[at : at + 2] for at in range(len(plain) - 1)}
