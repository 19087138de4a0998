"""Text around a match, as HTML that holds escaped text and ``<mark>``, nothing else.

Escape once, mark last: the text is cut into pieces, each piece is escaped, and marks are put
around whole pieces.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable

LENGTH = 96


def snippet(
    text: str, words: Iterable[str], normalize: Callable[[str], str], length: int = LENGTH
) -> str:
    """The part of a text that holds most of the words.

    Args:
        text: plain text; line ends count as spaces.
        words: normal forms to mark.
        normalize: how the words were made normal.
        length: the most characters of text to show.

    Returns:
        Escaped HTML; ``…`` stands where text was left out.
    """
    flat = " ".join(text.split())
    spans = _spans(flat, list(words), normalize)
    start = _window(spans, len(flat), length)
    end = min(len(flat), start + length)
    pieces = ["…" if start else ""]
    position = start
    for left, right in spans:
        if left < position or right > end:
            continue
        pieces.append(html.escape(flat[position:left]))
        pieces.append(f"<mark>{html.escape(flat[left:right])}</mark>")
        position = right
    pieces.append(html.escape(flat[position:end]))
    pieces.append("…" if end < len(flat) else "")
    return "".join(pieces)


def _spans(text: str, words: list[str], normalize: Callable[[str], str]) -> list[tuple[int, int]]:
    """Where words stand in a text, joined where they touch.

    Normal forms may differ in length from the text (full-width digits do not, ligatures do), so
    positions are kept character by character.
    """
    normal, places = [], []
    for place, character in enumerate(text):
        for one in normalize(character) or (" " if character == " " else ""):
            normal.append(one)
            places.append(place)
    flat = "".join(normal)
    marked = [False] * len(text)
    for word in words:
        start = flat.find(word) if word else -1
        while start >= 0:
            for offset in range(start, start + len(word)):
                marked[places[offset]] = True
            start = flat.find(word, start + len(word))
    spans: list[tuple[int, int]] = []
    for place, on in enumerate(marked):
        if on and spans and spans[-1][1] == place:
            spans[-1] = (spans[-1][0], place + 1)
        elif on:
            spans.append((place, place + 1))
    return spans


def _window(spans: list[tuple[int, int]], size: int, length: int) -> int:
    """Where to begin so that most marked characters are shown, a little before the first."""
    if size <= length or not spans:
        return 0
    lead = length // 6
    starts = [max(0, left - lead) for left, _ in spans]

    def shown(start: int) -> int:
        return sum(r - left for left, r in spans if left >= start and r <= start + length)

    return min(max(starts, key=lambda start: (shown(start), -start)), size - length)
