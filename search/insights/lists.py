"""The lists: from what a journal adds up to, the rows that somebody should do something about."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from search.insights.counts import About, Asked, Bad, Period, Used
from search.insights.digest import Digest
from search.insights.documents import NOBODY, Documents
from search.insights.growth import Change, grown
from search.insights.rows import Row
from search.insights.wordings import Cluster, Lookup, Wording, Wordings, clusters
from search.journal.records import SURFACES
from search.store import Stored

# So many rows of a list are given.
MOST = 50
EXAMPLES = 5
_NEVER = Asked()
# The last days of a period count as new.
NEW_DAYS = 7
# What was asked once may be a slip.
LEAST_ASKED = 2
# Answers that end within so many days end soon.
ENDING_DAYS = 30
# How things are called by which questions are counted.
DIMENSIONS = {
    "subject": "业务",
    "product": "产品",
    "level": "级别",
    "channel": "渠道",
    "surface": "入口",
}


@dataclass(frozen=True)
class Material:
    """What lists are made from.

    Attributes:
        audience: whose journal it is.
        period: the days.
        digest: the journal, added up.
        documents: the audience's documents.
        wordings: reads questions.
        questions: how many were asked in the period.
    """

    audience: str
    period: Period
    digest: Digest
    documents: Documents
    wordings: Wordings
    questions: int

    def share(self, count: int) -> float:
        """A count as a share of the period's questions."""
        return count / self.questions if self.questions else 0.0


@dataclass(frozen=True)
class Counted:
    """A wording with what was counted of it.

    Attributes:
        wording: the wording.
        count: how often, in the period.
        before: how often in the period before.
        asked: what is known of it.
    """

    wording: Wording
    count: int
    before: int
    asked: Asked


def not_found(material: Material) -> list[Row]:
    """Questions that got no answer and no document that holds every word."""
    return [
        _question_row(
            material,
            "not_found",
            cluster,
            "看看这些文档里有没有答案：有，就把这种说法加进相似问；没有，就新写一条统一口径。"
            if _shown(material, cluster)
            else "没有相近的文档：新写一条统一口径。",
        )
        for cluster in _asked_clusters(material, "not_found")
    ]


def not_opened(material: Material) -> list[Row]:
    """Questions that found something that nobody wanted to see."""
    advice = (
        "看看排在前面的文档答不答得上：答得上，就改标题，把这种说法加进相似问；"
        "答不上，就新写一条统一口径。"
    )
    return [
        _question_row(material, "not_opened", cluster, advice)
        for cluster in _asked_clusters(material, "not_opened")
        if cluster.count >= LEAST_ASKED
    ]


def first_seen(material: Material) -> list[Row]:
    """Questions of the last days that nobody had asked before."""
    until = material.period.until
    week = Period(until - timedelta(days=NEW_DAYS - 1), until)
    kept = material.digest.first_day()
    if kept is None or kept > week.before.since:
        # Where nothing older is kept, everything is new.
        return []
    counted = (
        Counted(material.wordings.of(_most(asked.texts)[0]), asked.count, 0, asked)
        for asked in material.digest.first_asked(week).values()
    )
    found = [cluster for cluster in clusters(counted) if cluster.count >= LEAST_ASKED][: 2 * MOST]
    known = _asked_before(material, week, found)
    return [
        _question_row(
            material,
            "first_seen",
            cluster,
            "以前没有人问过：先核实怎么答，赶在下一个人问之前写好统一口径。",
        )
        for place, cluster in enumerate(found)
        if place not in known
    ]


def growing(material: Material) -> list[Row]:
    """What is asked about more than before, by subject, product, level, channel and surface."""
    now = groups(material, material.period)
    before = groups(material, material.period.before)
    all_before = sum(one.asked for one in material.digest.about(material.period.before))
    names = sorted(now.keys() | before.keys())
    changes = [
        Change(count(now, name), count(before, name), material.questions, all_before)
        for name in names
    ]
    return [
        _group_row(material, names[place], now[names[place]], changes[place], least)
        for place, least in grown(changes)
    ]


def unverified(material: Material) -> list[Row]:
    """Documents in use that are past their review or were approved long ago."""
    on = material.period.until
    rows = []
    for document, used, before in _used(material):
        overdue = document.review_due(on)
        if overdue or material.documents.long_ago(document):
            details = {
                "approved_on": document.approved_on.isoformat(),
                "review_by": document.review_by.isoformat() if document.review_by else None,
                "overdue_days": (on - document.review_by).days
                if document.review_by and overdue
                else None,
            }
            why = "过了复核日期" if overdue else "很久没有核准过"
            advice = f"{why}，还在用：请{document.owner}核对，改好或者重新核准。"
            rows.append(
                _document_row(material, "unverified", document, used, before, advice, details)
            )
    return sorted(rows, key=lambda row: (-row.count, row.keys))


def ending(material: Material) -> list[Row]:
    """Documents in use that end soon, with nothing to take their place."""
    on = material.period.until
    rows = []
    for document, used, before in _used(material):
        end = document.effective_until
        if end is None or not on <= end <= on + timedelta(days=ENDING_DAYS):
            continue
        if material.documents.has_successor(document, end + timedelta(days=1)):
            continue
        details = {"effective_until": end.isoformat(), "days": (end - on).days}
        advice = f"{end} 以后就没有答复了：请{document.owner}定下来，续期，还是写一条代替它的。"
        rows.append(_document_row(material, "ending", document, used, before, advice, details))
    return sorted(rows, key=lambda row: (row.details["effective_until"], -row.count, row.keys))


def bad_ratings(material: Material) -> list[Row]:
    """Documents that were rated bad, the one with the newest rating first."""
    used = material.digest.used(material.period)
    before = material.digest.used(material.period.before)
    rated: dict[str, list[Bad]] = defaultdict(list)
    for one in material.digest.bad(material.period):
        rated[one.document].append(one)
    return [
        _rated_row(material, document, ratings, used[name].good, before.get(name))
        for name, ratings in rated.items()
        if (document := material.documents.get(name))
    ]


Groups = Mapping[tuple[str, str], Sequence[About]]


def groups(material: Material, period: Period) -> Groups:
    """The questions of a period by dimension and name; one question may be in several."""
    found: dict[tuple[str, str], list[About]] = defaultdict(list)
    for one in material.digest.about(period):
        for name in _groups_of(material, one):
            found[name].append(one)
    return found


def _groups_of(material: Material, about: About) -> set[tuple[str, str]]:
    names = {("surface", SURFACES.get(about.surface, about.surface))}
    names.update(("product", product) for product in about.products)
    for document in material.documents.known(about.documents):
        names.update(("product", one) for one in material.wordings.products(document.title))
        names.update(("subject", one) for one in document.keywords.get("category", ()))
        names.update(("level", one) for one in document.keywords.get("level", ()))
        if channel := document.facts.get("渠道"):
            names.add(("channel", channel))
    return names


def count(found: Groups, name: tuple[str, str]) -> int:
    """How many questions are in a group."""
    return sum(one.asked for one in found.get(name, ()))


def _group_row(
    material: Material,
    name: tuple[str, str],
    about: Sequence[About],
    change: Change,
    least: float,
) -> Row:
    dimension, value = name
    documents: Counter[str] = Counter()
    texts: Counter[str] = Counter()
    surfaces: Counter[str] = Counter()
    for one in about:
        documents.update(dict.fromkeys(one.documents, one.asked))
        texts[one.text] += one.asked
        surfaces[one.surface] += one.asked
    shown = [one for one, _ in documents.most_common() if material.documents.get(one)]
    owner = material.documents.owner_of(value) if dimension == "subject" else NOBODY
    return Row(
        kind="growing",
        audience=material.audience,
        keys=(f"{dimension}:{value}",),
        title=f"{DIMENSIONS[dimension]}：{value.replace('/', ' / ')}",
        owner=owner if owner != NOBODY else material.documents.owner(shown[:EXAMPLES]),
        advice="看看最近为什么问得多：口径够不够用，要不要写案例，是不是出了故障、改了资费、搞了活动。",
        examples=_most(texts),
        documents=tuple(shown[:EXAMPLES]),
        count=change.now,
        before=change.before,
        share=material.share(change.now),
        surfaces=dict(surfaces),
        details={
            "dimension": dimension,
            "value": value,
            "growth": change.growth,
            "least_growth": least,
            "share_before": change.before / change.all_before,
        },
    )


def _used(material: Material) -> Iterator[tuple[Stored, Used, int]]:
    """The documents in use, how often, and how often before."""
    before = material.digest.used(material.period.before)
    for name, used in material.digest.used(material.period).items():
        document = material.documents.get(name)
        if document and used.uses:
            yield document, used, before[name].uses if name in before else 0


def _document_row(
    material: Material,
    kind: str,
    document: Stored,
    used: Used,
    before: int,
    advice: str,
    details: Mapping[str, object],
) -> Row:
    return Row(
        kind=kind,
        audience=material.audience,
        keys=(document.id,),
        title=document.title,
        owner=document.owner,
        advice=advice,
        documents=(document.id,),
        count=used.uses,
        before=before,
        share=material.share(used.uses),
        details={
            "answered": used.answered,
            "opened": used.opened,
            "copied": used.copied,
            **details,
        },
    )


def _rated_row(
    material: Material, document: Stored, ratings: Sequence[Bad], good: int, before: Used | None
) -> Row:
    reasons = Counter(one.reason or "none" for one in ratings)
    texts = Counter(one.text for one in ratings)
    bad = len(ratings)
    return Row(
        kind="bad_ratings",
        audience=material.audience,
        keys=(document.id,),
        title=document.title,
        owner=document.owner,
        advice=f"请{document.owner}照着理由和问题看一遍：该改的改，问的其实是别的事，就新写一条。",
        question=next(iter(_most(texts)), ""),
        examples=_most(texts),
        documents=(document.id,),
        count=bad,
        before=before.bad if before else 0,
        share=material.share(bad),
        first=ratings[-1].at,
        last=ratings[0].at,
        details={
            "good": good,
            "bad_share": bad / (bad + good),
            "reasons": dict(reasons.most_common()),
            "by_day": dict(Counter(one.day for one in reversed(ratings))),
        },
    )


def _asked_clusters(material: Material, column: str) -> list[Cluster[Counted]]:
    """The wordings of the period for which something was counted, those that ask the same together.

    Those of the period before are put to them, so that it is known how often it was before.
    """
    now = material.digest.asked(material.period, column)
    before = material.digest.asked(material.period.before, column)
    counted = [
        Counted(
            material.wordings.of(_most((now.get(key) or before[key]).texts)[0]),
            now[key].count if key in now else 0,
            before[key].count if key in before else 0,
            now.get(key, _NEVER),
        )
        for key in now.keys() | before.keys()
    ]
    return [cluster for cluster in clusters(counted) if cluster.count]


def _asked_before(
    material: Material, week: Period, found: Sequence[Cluster[Counted]]
) -> frozenset[int]:
    """The places of the clusters that were asked before in other words."""
    places: dict[Wording, int] = {}
    lookup = Lookup()
    for place, cluster in enumerate(found):
        for member in cluster.members:
            places[member.wording] = place
            lookup.add(member.wording)
    older = material.digest.words_before(week.since) if found else ()
    return frozenset(
        places[near]
        for words in older
        for near in lookup.near(material.wordings.from_words(words.split()))
    )


def _question_row(material: Material, kind: str, cluster: Cluster[Counted], advice: str) -> Row:
    texts: Counter[str] = Counter()
    surfaces: Counter[str] = Counter()
    for member in cluster.members:
        texts.update(member.asked.texts)
        surfaces.update(member.asked.surfaces)
    asked = [member.asked for member in cluster.members if member.count]
    examples = _most(texts)
    shown = _shown(material, cluster)
    return Row(
        kind=kind,
        audience=material.audience,
        keys=cluster.keys,
        title=examples[0],
        owner=material.documents.owner(shown),
        advice=advice,
        question=examples[0],
        examples=examples,
        documents=shown,
        count=cluster.count,
        before=sum(member.before for member in cluster.members),
        share=material.share(cluster.count),
        surfaces=dict(surfaces.most_common()),
        first=datetime.fromisoformat(min(one.first for one in asked)),
        last=datetime.fromisoformat(max(one.last for one in asked)),
        details={"wordings": sum(1 for member in cluster.members if member.count)},
    )


def _shown(material: Material, cluster: Cluster[Counted]) -> tuple[str, ...]:
    """The documents that were shown most for questions, of which none was used."""
    shown: Counter[str] = Counter()
    for member in cluster.members:
        shown.update(member.asked.shown)
    names = (name for name, _ in shown.most_common() if material.documents.get(name))
    return tuple(islice(names, EXAMPLES))


def _most(texts: Counter[str]) -> tuple[str, ...]:
    """The most frequent texts."""
    ordered = sorted(texts, key=lambda text: (-texts[text], text))
    return tuple(ordered[:EXAMPLES])
