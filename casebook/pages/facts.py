"""A document's facts in words: what its kind has, whether it is reviewed, how far to trust it."""

from __future__ import annotations

from datetime import date, timedelta

from casebook.documents import Case, Document, Kind, Policy, Standing
from casebook.library import View
from casebook.pages.page import chinese_day, dated, escaped
from casebook.trust import Badge, Trust

# What ends within so many days says so wherever it is named.
SOON = timedelta(days=7)
_USE = {
    Kind.FAQ: "照此答复",
    Kind.CASE: "照此参考",
    Kind.POLICY: "作为依据",
}


def shows_customer_types(view: View) -> bool:
    """Whether readers see what type of customer a case is about: anybody might be that customer."""
    return view.internal or not view.public


def kind_facts(document: Document, *, customer_types: bool = True) -> list[tuple[str, str]]:
    """The facts that only one kind of document has, with their Chinese names, in order.

    Args:
        document: of any kind.
        customer_types: whether a case says what type of customer it is about.
    """
    if isinstance(document, Case):
        author = [("编写", document.author)] if document.author else []
        types = [("客户类型", "、".join(document.customer_types))] if customer_types else []
        return [
            ("级别", document.level),
            *types,
            ("性质", f"{document.reason} · {document.manner}"),
            ("诉求", "、".join(document.needs)),
            ("渠道", document.channel),
            ("分析方法", document.method),
            ("发生", document.happened),
            *author,
        ]
    if isinstance(document, Policy):
        number = [("文号", document.number)] if document.number else []
        return [("效力", document.rank), ("制定机关", document.issuer), *number]
    return []


def review_state(document: Document, on: date, due_soon: int) -> str:
    """A document's review state on a day, in words.

    Args:
        document: with its review date.
        on: the day.
        due_soon: how many days before its date a review counts as near.
    """
    if document.review_by is None:
        return "未定"
    if on > document.review_by:
        return f"{document.review_by} 已过期，待复核"
    if on + timedelta(days=due_soon) >= document.review_by:
        return f"{document.review_by} 前，即将到期"
    return f"{document.review_by} 前"


def until_words(document: Document, on: date) -> str:
    """The last day of a document that ends soon, in words; empty for all others.

    Args:
        document: with its last day.
        on: the day that counts as today.
    """
    until = document.effective_until_or_none
    near = until is not None and document.standing(on) is Standing.CURRENT and until - on <= SOON
    return f"只到 {chinese_day(until)}" if until and near else ""


def trust_box(document: Document, trust: Trust, review: str, rests_on: str, until: str = "") -> str:
    """How far a document can be trusted, in words for whoever must answer now.

    An audience that is told no review state is told no more than that it was approved, and when:
    the badge cannot say whether the review is overdue.

    Args:
        document: whose page it stands on.
        trust: the same as data.
        review: its review state; empty where the audience is not told.
        rests_on: what it rests on, as HTML; may be empty.
        until: the last day of what ends soon, in words; may be empty.
    """
    badge = trust.badge
    ends = f'<span class="cb-state cb-state--ends">{dated(until)}</span>' if until else ""
    advice = "" if badge is Badge.VERIFIED and not review else escaped(_advice(document, trust))
    rows = [
        ("可信程度", " ".join(filter(None, (badge_mark(badge), ends, advice)))),
        ("核准于", f"<time>{trust.verified_on}</time>"),
        ("负责", escaped(trust.verified_by)),
    ]
    if trust.valid_from:
        until = f"至 <time>{trust.valid_until}</time>" if trust.valid_until else "起，长期有效"
        rows.append(("有效期", f"<time>{trust.valid_from}</time> {until}"))
    if review and badge is not Badge.ENDED:
        rows.append(("复核", dated(review)))
    if rests_on:
        rows.append(("依据", rests_on))
    cells = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in rows)
    return f'<dl class="cb-trust">{cells}</dl>'


def last_day(document: Document) -> str:
    """The attribute by which a script sees that an answer held only until yesterday.

    Pages may be read long after they were made: from a device's own copy, from a site that nobody
    builds any more.
    """
    until = document.effective_until_or_none
    return f' data-until="{until}"' if until else ""


def badge_mark(badge: Badge) -> str:
    """A badge as HTML."""
    return f'<span class="cb-badge cb-badge--{badge.value}">{badge.label}</span>'


def _advice(document: Document, trust: Trust) -> str:
    use = _USE[document.kind]
    return {
        Badge.VERIFIED: f"可以{use}",
        Badge.DUE: f"可以{use}，快到复核日期",
        Badge.OVERDUE: f"过了复核日期，{use}以前先问{trust.verified_by}",
        Badge.UPCOMING: f"还不能{use}",
        Badge.ENDED: f"不能再{use}",
    }[trust.badge]
