"""MkDocs started by hand: stages one audience's View, has MkDocs read that, completes the site.

``casebook site`` does the same by itself and leaves these hooks out.
"""

import logging
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError

from casebook.errors import CasebookError
from casebook.publishing import complete, refuse_taken, stage_for_builder

# Warnings under MkDocs' name are shown and counted by it, so `--strict` fails on a bad file.
log = logging.getLogger("mkdocs.casebook")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Points MkDocs at the staged copy of the audience's View."""
    options = config.extra.get("casebook", {})
    try:
        refuse_taken(Path(config.site_dir))
        prepared = stage_for_builder(Path(config.config_file_path), options)
    except CasebookError as error:
        raise PluginError(str(error)) from None
    for problem in prepared.problems:
        log.warning("%s", problem)
    config.docs_dir = str(prepared.stage.pages)
    told = prepared.stage.options
    config.site_name = told["site_name"]
    config.site_url = told["site_url"]
    config.extra.update(told["extra"])
    config.watch.extend(str(path) for path in prepared.inputs)
    config.extra["staged"] = prepared.stage
    return config


def on_post_build(config: MkDocsConfig) -> None:
    """Adds feeds, data and the like; fails when the site holds what its audience must not see."""
    try:
        complete(Path(config.site_dir), config.extra["staged"])
    except CasebookError as error:
        raise PluginError(str(error)) from None
