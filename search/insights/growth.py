"""How much the share of something has grown for certain, whatever chance has added.

Two counts are compared, each of so many questions in all. Where both come about by chance at the
same rate (Poisson), the new one is, of both together, a binomial count whose probability is the new
period's part of all questions (Przyborowski and Wilenski, Biometrika 31, 1940). The exact lower
bound of that probability (Clopper and Pearson, Biometrika 26, 1934) gives the least growth of the
share. So it holds for small counts as for large ones.

Of many things that are looked at some always grow by chance; the level is divided by their number
(Bonferroni): where nothing grows, hardly a report in twenty names anything.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

# In so many reports in which nothing grows, one thing at least is named.
FALSE_ALARMS = 0.05
# Fewer questions are no growth, whatever they were before.
LEAST = 10
# Less growth is certain sooner or later, where counts are large, and worth no work.
WORTH = 1.1
_STEPS = 50
# What is smaller adds nothing to a sum of probabilities.
_NOTHING = 1e-17


@dataclass(frozen=True)
class Change:
    """A count in two periods.

    Attributes:
        now: in the period.
        before: in the period before.
        all_now: all questions of the period.
        all_before: all questions of the period before.
    """

    now: int
    before: int
    all_now: int
    all_before: int

    @property
    def growth(self) -> float | None:
        """The share as a multiple of that before; None where there was none."""
        if not self.before or not self.all_now:
            return None
        return (self.now / self.all_now) / (self.before / self.all_before)

    def has_grown(self, times: float, level: float) -> bool:
        """Whether the share has certainly become so many times what it was.

        Args:
            times: how many.
            level: how probable so many questions or more may be, had it become just that.
        """
        if not self.now or not self.all_before:
            return False
        odds = times * self.all_now / self.all_before
        share = odds / (1 + odds)
        both = self.now + self.before
        return self.now > share * both and _tail(self.now, both, share) < level

    def least_growth(self, level: float) -> float:
        """The greatest number of times that the share has certainly become; 0 where that is none.

        Args:
            level: as for :meth:`has_grown`.
        """
        low, high = 0.0, 1.0
        while self.has_grown(high, level):
            low, high = high, 2 * high
        for _ in range(_STEPS):
            middle = (low + high) / 2
            low, high = (middle, high) if self.has_grown(middle, level) else (low, middle)
        return low


def grown(changes: list[Change]) -> list[tuple[int, float]]:
    """What has certainly grown.

    Args:
        changes: everything that is looked at.

    Returns:
        The place of each that has, and how much at least; the most grown first.
    """
    # How many there are must not depend on how they are parted between the periods.
    tested = [place for place, one in enumerate(changes) if one.now + one.before >= LEAST]
    level = FALSE_ALARMS / max(1, len(tested))
    found = [
        (place, changes[place].least_growth(level))
        for place in tested
        if changes[place].now >= LEAST and changes[place].has_grown(WORTH, level)
    ]
    return sorted(found, key=lambda one: -one[1])


def _tail(successes: int, trials: int, probability: float) -> float:
    """How probable so many successes or more are; they must be more than is usual."""
    odds = probability / (1 - probability)
    term = math.exp(
        math.lgamma(trials + 1)
        - math.lgamma(successes + 1)
        - math.lgamma(trials - successes + 1)
        + successes * math.log(probability)
        + (trials - successes) * math.log1p(-probability)
    )
    total = 0.0
    # Beyond what is usual each term is smaller than the one before.
    for count in range(successes, trials + 1):
        total += term
        term *= (trials - count) / (count + 1) * odds
        if term < _NOTHING:
            break
    return total
