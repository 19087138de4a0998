"""Incident notices: what is down now, pinned above the questions that it explains.

``notice`` is what a notice is, ``places`` the files that they are kept in, ``board`` sets and ends
them, ``watching`` finds those that fit a question.
"""

from search.notices.notice import Notice
from search.notices.watching import Notices

__all__ = ["Notice", "Notices"]
