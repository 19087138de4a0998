"""Text → terms: the only code that knows how Chinese is cut for searching.

Engines store and rank the terms that come from here, so that every engine finds the same.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import opencc
import rjieba

from casebook.settings import Term

# Bound on the terms of one query, so that no query costs much more than another.
MAX_TERMS = 128
WORD_WEIGHT = 1.0
CHARACTER_WEIGHT = 0.8
PAIR_WEIGHT = 0.5
SYNONYM_WEIGHT = 0.7
STOP_WEIGHT = 0.15
# Unicode's categories of what nobody sees: format, control, half of a pair.
_HIDDEN = ("Cf", "Cc", "Cs")
# Words that ask, join or soften; they say nothing about what is asked.
STOP_WORDS = frozenset(
    """
    的 了 吗 呢 吧 啊 呀 么 嘛 是 我 你 您 他 她 它 我们 你们 咱 这 那 这个 那个 和 与 及 或
    就 都 也 还 又 在 有 把 被 给 让 请 请问 一下 怎么 怎么样 怎样 如何 什么 为什么 为何
    多少 多久 几 哪 哪里 哪些 能 能不能 可以 可不可以 会 要 想 需要 应该 办 怎么办 咋 咋办
    啥 为啥 没 不 没有 不能 一个 个 到 去 来 说 问 人 家 做 今天
    """.split()
)


@dataclass(frozen=True)
class WeightedTerm:
    """A term of a query and how much it counts, above 0."""

    text: str
    weight: float


class Analyzer:
    """Cuts text into terms: words, as a search would want them, and single characters.

    Args:
        terms: the glossary's words; the cutter keeps them whole, and their synonyms find each
            other in queries.
    """

    def __init__(self, terms: Iterable[Term] = ()) -> None:
        self._simplify = opencc.OpenCC("t2s")
        self._jieba = rjieba.Jieba()
        self._related: dict[str, set[str]] = {}
        for term in terms:
            names = [self.normalize(name) for name in (term.term, *term.synonyms)]
            finds = [self.normalize(name) for name in term.finds]
            for name in (*names, *finds):
                if len(name) > 1:
                    self._jieba.add_word(name, None, None)
            for name in names:
                self._related.setdefault(name, set()).update({*names, *finds} - {name})
        self._names = sorted(self._related, key=lambda name: (-len(name), name))

    def normalize(self, text: str) -> str:
        """One form for what is the same to a reader.

        Compatibility forms (full width), case, traditional characters and invisible characters
        are folded; white space becomes single spaces.
        """
        folded = unicodedata.normalize("NFKC", text)
        visible = "".join(
            c for c in folded if c.isspace() or unicodedata.category(c) not in _HIDDEN
        )
        return " ".join(self._simplify.convert(visible).lower().split())

    def words(self, text: str) -> list[str]:
        """The words of a text in their order, each once for each time it stands there."""
        return [word for word in self._jieba.cut(self.normalize(text)) if _is_term(word)]

    def terms(self, text: str) -> list[str]:
        """The terms to index: words, the words inside long ones, characters and pairs of them.

        Characters find what was cut differently; pairs keep the order that characters lose.
        """
        normal = self.normalize(text)
        words = [word for word in self._jieba.cut_for_search(normal) if _is_term(word)]
        known = set(words)
        singles = [c for c in normal if _is_han(c) and c not in known]
        pairs = [a + b for a, b in pairwise(normal) if _is_han(a) and _is_han(b)]
        return [*words, *singles, *(pair for pair in pairs if pair not in known)]

    def query(self, text: str) -> list[WeightedTerm]:
        """The terms to look for, each once, the weightiest first."""
        words = set(self.words(text)) | set(self._jieba.cut_for_search(self.normalize(text)))
        weights: dict[str, float] = {}
        for term in self.terms(text):
            weight = CHARACTER_WEIGHT if len(term) == 1 else WORD_WEIGHT
            if term not in words and len(term) > 1:
                weight = PAIR_WEIGHT
            weights.setdefault(term, weight * (STOP_WEIGHT if term in STOP_WORDS else 1.0))
        for synonym in self.synonyms(text):
            for term in self.terms(synonym):
                if len(term) > 1:
                    weights.setdefault(term, SYNONYM_WEIGHT)
        ranked = sorted(weights.items(), key=lambda item: -item[1])
        return [WeightedTerm(term, weight) for term, weight in ranked[:MAX_TERMS]]

    def synonyms(self, text: str) -> list[str]:
        """The words that the glossary gives for words in a query.

        Of names that overlap the longest counts: 转网码 is one word, not 转网 and a character.
        """
        rest = self.normalize(text)
        found: set[str] = set()
        for name in self._names:
            if name in rest:
                rest = rest.replace(name, "\n")
                found |= self._related[name]
        normal = self.normalize(text)
        return sorted(name for name in found if name not in normal)

    def content_words(self, text: str) -> list[str]:
        """The words of a query that say what it is about; all of them when none does."""
        words = list(dict.fromkeys(self.words(text)))
        return [word for word in words if word not in STOP_WORDS] or words


def _is_han(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff" or "\U00020000" <= character <= "\U0003ffff"


def _is_term(word: str) -> bool:
    return any(character.isalnum() for character in word)
