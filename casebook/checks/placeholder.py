"""Template text that nobody filled in."""

from __future__ import annotations

from collections.abc import Iterator

from casebook.documents import Kind
from casebook.library import Library
from casebook.problems import Problem
from casebook.rules import Example, Rule

# What an author must still fill in, as `casebook new` writes it.
FILL = "（待填）"
RULE = Rule(
    "placeholder",
    "模板里“（待填）”的地方都填好了。",
    "没填完的稿子一旦发布，坐席会把提示当成答复念出来。",
    Example(Kind.FAQ, "owner: 资费产品组", "owner: （待填）"),
)


def check(library: Library) -> Iterator[Problem]:
    """Yields a problem for each front matter value and each section that is not filled in."""
    for source in library.sources.values():
        document = source.document
        values = document.model_dump(exclude={"sections"})
        places = [key for key, value in values.items() if FILL in str(value)]
        places += [section.key for section in document.sections if FILL in section.text]
        for place in places:
            line = source.lines.get(place, 1)
            yield RULE.problem(source.path, line, "还有没填的地方。", "换成真正的内容。")
