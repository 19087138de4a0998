"""The search service: what one audience may see, found by what people type.

A :class:`~casebook.library.View` becomes passages, an engine indexes them, a generation is
published in one step, and a Flask service answers from it.
"""
