"""The pages at the addresses of what was withdrawn: that it is gone, and where to go now."""

from __future__ import annotations

from collections.abc import Iterator

from casebook.documents import Kind, Withdrawal
from casebook.page_data import gone_data
from casebook.pages.browse import ways_html
from casebook.pages.finding import SEARCH
from casebook.pages.page import HOME, Crumb, Page, escaped, heading, linked, root_from, trail
from casebook.pages.site import Site
from casebook.pages.subjects import subject_path

_TITLES = {
    Kind.FAQ: "这条统一口径已撤下",
    Kind.CASE: "这个案例已撤下",
    Kind.POLICY: "这份政策已撤下",
}


def gone_pages(site: Site) -> Iterator[Page]:
    """A page for each address that would lead nowhere; it knows no title and no text."""
    for withdrawal in site.view.withdrawn:
        if site.view.get(withdrawal.id) is None:
            yield _gone(withdrawal, site)


def _gone(withdrawal: Withdrawal, site: Site) -> Page:
    path = withdrawal.kind.address(withdrawal.id)
    up = root_from(path)
    links = site.links(withdrawal.replaced_by)
    crumbs = [HOME]
    if withdrawal.kind in site.kinds:
        crumbs.append((withdrawal.kind.label, f"{withdrawal.kind.folder}/"))
    crumbs += _subject(withdrawal, site)
    said = (
        '<div class="cb-gone" role="note">'
        f"<p>从 <time>{withdrawal.on}</time> 起不再使用，不能照此答复；"
        "打印的、抄下来的，请换掉。</p></div>"
    )
    if links:
        rows = "".join(
            f'<li><span class="cb-kind">{link.kind}</span> '
            f"{linked(link.title, up + link.path)}</li>"
            for link in links
        )
        now = f'{heading(2, "现在看这里", "now")}\n\n<ul class="cb-related">{rows}</ul>'
    else:
        ways = [*_subject(withdrawal, site), SEARCH]
        rows = "".join(f"<li>{linked(text, up + target)}</li>" for text, target in ways)
        now = (
            f"{heading(2, '现在怎么办', 'now')}\n\n<p>没有一条直接代替它，到这里找：</p>\n\n"
            f'<ul class="cb-related">{rows}</ul>'
        )
    number = f'<p class="cb-lead">原来的编号：{escaped(withdrawal.id)}</p>'
    return Page(
        path,
        _TITLES[withdrawal.kind],
        "\n\n".join((said, now, number, ways_html(site, path))),
        f"{_TITLES[withdrawal.kind]}：{withdrawal.id}，从 {withdrawal.on} 起不再使用。",
        toc=False,
        trail=trail(path, *crumbs),
        kind="gone",
        section=f"{withdrawal.kind.folder}/",
        data=gone_data(withdrawal, site.view),
    )


def _subject(withdrawal: Withdrawal, site: Site) -> list[Crumb]:
    """The nearest subject that still has a page."""
    subjects = site.view.settings.taxonomy.subjects
    parent, _, child = withdrawal.subject.partition("/")
    if parent not in subjects:
        return []
    found = [(parent, subject_path(site.view, parent))]
    if child in subjects[parent]:
        found.append((child, subject_path(site.view, withdrawal.subject)))
    return found
