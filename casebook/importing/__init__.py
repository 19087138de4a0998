"""What exists elsewhere → documents of this library: Word, Excel, CSV, PDF, HTML, other systems.

A file goes through five steps, each a module or two:

    converting   the foreign file → Entries: a title, fields, blocks of text (in a killable child)
    recognising  an Entry → a Draft: its kind, keys, sections, and what has no place
    drafting     a Draft → the text of a file that this library's reader accepts
    comparing    a document that is there beside what the source says now → where they differ
    planning     all files → a Plan: what becomes what, without writing; and the writing of it

Nothing is lost on the way: each word of the source stands in the document or in the report.
"""
