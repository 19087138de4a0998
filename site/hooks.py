"""MkDocs started by hand: stages the View of one audience and has MkDocs read that.

``casebook site`` stages by itself and leaves these hooks out.
"""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig

from casebook.publishing import refuse_tracked, stage_for_builder


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Points MkDocs at the staged copy of the audience's View."""
    refuse_tracked(Path(config.site_dir))
    staged = stage_for_builder(Path(config.config_file_path), config.extra.get("casebook", {}))
    config.docs_dir = str(staged.pages)
    config.site_name = staged.name
    config.nav = staged.nav
    return config
