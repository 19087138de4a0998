"""An operator's own articles on words, for small libraries: other words than the sample's."""

from __future__ import annotations

from pathlib import Path

POLICY = "policies/policy-handling-norm.md"
ARTICLES = """
## 第二十条 不说的话

- “公司规定就是这样”——改说：“我给您讲讲原因。”
- “这事儿没法弄”、“弄不了的”：换成“我能做的有两样”。
- 「我不知道」——改说：「我核实以后告诉您。」

## 第二十一条 少说的词

1. **别许愿。** 不说“肯定能”“包您满意”。做到哪一步，说到哪一步。
2. 不单独使用“尽快”“马上”，后面要跟时间。

## 第二十二条 两个词

| 谁能说 | 用词 | 意思 |
|:--|:--|:--|
| 客服 | 退款 | 本来不该收的 |
| 经法律部批准 | **赔偿**、理赔 | 合同写明的 |

表示心意时说“小礼物”，不说“赔您”“赔偿”。

## 第二十三条 应得的

这些钱不叫“补偿”“人情”：

1. **多收、多扣**的费用：两天内退回；
2. 押金里的**余款**：原路退。
"""
SETTINGS = """
[check.wording]
forbidden = ["policy-handling-norm#20"]
avoided = ["policy-handling-norm#21"]
reserved = ["policy-handling-norm#22"]
owed = ["policy-handling-norm#23"]
"""


def add_wording(folder: Path) -> None:
    """Adds the articles to a library's handling norm, and their names to its settings."""
    for path, text in ((POLICY, ARTICLES), ("casebook.toml", SETTINGS)):
        with (folder / path).open("a", encoding="utf-8") as out:
            out.write(text)
