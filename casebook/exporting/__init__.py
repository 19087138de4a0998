"""A View → files for other programs and for paper.

``records`` writes JSON Lines for programs, ``sheet`` the table that bot platforms import and
``booklet`` a PDF to print. Each takes a View and writes nothing that is not in it.
"""
