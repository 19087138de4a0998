"""What the page and the command line say about insights, in Chinese."""

from __future__ import annotations

from dataclasses import dataclass

from search.insights.counts import WATCHED
from search.insights.growth import FALSE_ALARMS, LEAST, WORTH
from search.insights.lists import ENDING_DAYS, LEAST_ASKED, NEW_DAYS
from search.journal import records
from search.journal.records import SURFACES


@dataclass(frozen=True)
class Listing:
    """What is said about a list.

    Attributes:
        title: its name.
        about: what it holds and how it is counted.
        none: what it means that it is empty.
    """

    title: str
    about: str
    none: str


LISTS = {
    "not_found": Listing(
        "没有找到",
        "没有统一答复，也没有一篇文档含有全部的词；或者有人按了“报告缺答复”。"
        "换了说法问同一件事的，算在一起；次数多的在前。",
        "这段时间问的都找到了。",
    ),
    "growing": Listing(
        "正在变多",
        f"占全部提问的份额比前一期大的业务、产品、级别、渠道和入口。至少问了 {LEAST} 次，"
        f"并且除去偶然的波动也增长了 {WORTH - 1:.0%} 以上才列出来；"
        f"如果其实什么都没有变，{1 / FALSE_ALARMS:.0f} 次里最多有一次会误报。",
        "和前一期比，没有哪一类确实变多了。",
    ),
    "first_seen": Listing(
        f"近 {NEW_DAYS} 天第一次问",
        f"最近 {NEW_DAYS} 天里至少问了 {LEAST_ASKED} 次、留存的日志里以前从来没有人问过的。"
        f"日志不满 {2 * NEW_DAYS} 天时不列。",
        f"近 {NEW_DAYS} 天没有新冒出来的问题，或者日志还太短，看不出新旧。",
    ),
    "not_opened": Listing(
        "找到了没人看",
        "有含全部词的结果，没有统一答复，提问的人一篇也没有打开、复制或评价。"
        f"只算{'、'.join(SURFACES[name] for name in WATCHED)}，至少 {LEAST_ASKED} 次。",
        "找到的都有人看。",
    ),
    "bad_ratings": Listing(
        "评价没用",
        "有人按了“没用”的文档，最近被评的在前；没用的占比是它在“有用”和“没用”里的份额。"
        "同一个问题反复评价同一篇，只算最后一次。",
        "没有人说哪一篇没用。",
    ),
    "unverified": Listing(
        "常用而没有核准",
        "过了复核日期，或者很久没有重新核准，却还在用的文档。"
        "用一次，是作为统一答复给出、被打开或被复制一次；用得多的在前。",
        "在用的文档都在复核期内。",
    ),
    "ending": Listing(
        "快要失效",
        f"{ENDING_DAYS} 天内失效、没有下一篇接上、还在用的文档；先失效的在前。",
        f"{ENDING_DAYS} 天内没有在用的文档失效。",
    ),
}
# Who rates need not say why.
REASONS = {**records.REASONS, "none": "没有说"}
# How the sums of a period are counted.
NOTES = (
    ("提问", "一句话问一次，边打边搜的算一次；同一个人过一会儿再问，再算一次。"),
    ("有统一答复", "检索给出了统一口径的提问，占全部提问的份额。"),
    (
        "没找到",
        "没有统一答复，也没有一篇文档含有全部的词，或者有人按了“报告缺答复”。"
        "只有“你好”“请问”这些话、没有问什么的，只算次数，不列在清单里。",
    ),
    ("评价", "按“有用”和“没用”的次数；改了主意的，只算最后一次。"),
    ("95% 的检索在", "从收到提问到得出结果的毫秒数，从快到慢排，第 95% 个；不算网络。"),
    ("前一期", "紧挨着这段时间之前、同样多天；那些天的日志不全时写“—”。"),
)
