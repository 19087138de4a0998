"""casebook: a knowledge base and case library for call centres.

Markdown documents go in (cases, FAQ entries, policies); what each audience may see comes
out as a :class:`~casebook.library.View`, from which sites and search indexes are made.

Nothing is imported here: the processes that one piece of work is left to start with what they need.
"""
