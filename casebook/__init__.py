"""casebook: a knowledge base and case library for call centres.

Markdown documents go in (cases, FAQ entries, policies); what each audience may see comes
out as a :class:`~casebook.library.View`, from which sites and search indexes are made.
"""

from casebook.documents import Case, Document, Faq, Kind, Policy, Section
from casebook.errors import CasebookError
from casebook.library import Library, View, load_library
from casebook.problems import Problem, Severity
from casebook.settings import Audience, Settings, load_settings

__all__ = [
    "Audience",
    "Case",
    "CasebookError",
    "Document",
    "Faq",
    "Kind",
    "Library",
    "Policy",
    "Problem",
    "Section",
    "Settings",
    "Severity",
    "View",
    "load_library",
    "load_settings",
]
