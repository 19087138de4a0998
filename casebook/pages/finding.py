"""The page to search from where the search service cannot be reached, and where to look else."""

from __future__ import annotations

import html

from casebook.pages.browse import ways_html
from casebook.pages.page import HOME, Crumb, Page, trail
from casebook.pages.site import Site

SEARCH: Crumb = ("检索", "search/")

_FORM = (
    '<form class="cb-search-page" action="./" method="get" role="search">'
    '<label for="search-q">要找什么</label>'
    '<input id="search-q" type="search" name="q" maxlength="200" autocomplete="off">'
    '<button class="cb-button cb-button--main">检索</button></form>'
)
# The box of search/static/case-search.js, in a block that Markdown leaves alone.
_SEARCH = (
    '<div><case-search mode="page" service="{service}" index="../find/">{form}'
    '<div class="cb-results" data-results></div></case-search></div>'
)
_NOTE = (
    '<p class="cb-lead">把客户的话照原样写进去就行。没有网络时，只找得到这台设备上存下来的内容；'
    "浏览器不运行脚本时不能检索，请按下面的办法找。</p>"
)


def search_page(site: Site) -> Page:
    """The page to search from; a script fills it when it is asked with ``?q=``."""
    path = SEARCH[1]
    service = html.escape(site.view.settings.search.service)
    box = _SEARCH.format(service=service, form=_FORM)
    parts = (box, _NOTE, ways_html(site, path))
    return Page(
        path,
        SEARCH[0],
        "\n\n".join(parts),
        f"在{site.view.audience.title}里检索：把客户的话照原样写进去。",
        toc=False,
        trail=trail(path, HOME),
        kind="search",
        section=path,
    )
