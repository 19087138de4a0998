"""The command line ``casebook``, one file a group of commands.

Exit codes: 0 all is well, 1 problems were found (they are named), 2 it could not run. Results go
to standard output, progress and errors to standard error.
"""

from __future__ import annotations

import logging
import sys

import click

from casebook.cli.access import token
from casebook.cli.assisting import mcp
from casebook.cli.checking import check
from casebook.cli.common import Group
from casebook.cli.editing import editor
from casebook.cli.exporting import export
from casebook.cli.importing import import_
from casebook.cli.insights import insights
from casebook.cli.journal import journal
from casebook.cli.keeping import due, history, impact
from casebook.cli.notices import notice
from casebook.cli.notifying import notify
from casebook.cli.publishing import index, preview, site
from casebook.cli.repository import changed, codeowners, schema
from casebook.cli.searching import search, serve
from casebook.cli.state import backup, restore
from casebook.cli.tasks import task
from casebook.cli.watching import rollback, watch
from casebook.cli.writing import new

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(cls=Group, context_settings=_CONTEXT)
@click.version_option(package_name="casebook")
def main() -> None:
    """呼叫中心的知识与案例库：写、查、发布、检索。"""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)


for command in (
    check,
    new,
    index,
    site,
    watch,
    rollback,
    search,
    serve,
    token,
    mcp,
    editor,
    preview,
    import_,
    export,
    journal,
    schema,
    codeowners,
    changed,
    impact,
    due,
    history,
    insights,
    notify,
    notice,
    task,
    backup,
    restore,
):
    main.add_command(command)
