"""Models, settings and a view → the CMS's configuration: one form a kind of document.

What a document may say is decided in :mod:`casebook.documents` and ``casebook.toml`` alone; here
each key gets its widget, and words for those who fill in a form instead of writing a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, TypeVar, get_args, get_origin

from pydantic.fields import FieldInfo

from casebook.authoring import proposals
from casebook.documents import MODELS, Document, Kind, Policy, SectionSpec, TermOf
from casebook.guide import model_text
from casebook.library import View
from casebook.reading import read_document
from casebook.settings import EditorSettings, Settings
from search.editor.backends import backend

T = TypeVar("T")
Field = dict[str, Any]
# The house's order of keys in a file, of all kinds together.
ORDER = (
    *("id", "title", "audience", "owner", "author", "subject", "rank", "issuer", "number"),
    *("level", "customer_types", "reason", "manner", "needs", "channel", "method"),
    *("happened", "written", "similar", "effective_from", "effective_until", "replaced_by"),
    *("approved_on", "review_by", "purpose", "typicality", "timeliness", "feasibility"),
    *("supersedes", "tags", "policies", "faq", "waivers"),
)
# A form begins with what happened; its sections follow, then what is for the files.
_FIRST = (
    *("title", "audience", "subject", "rank", "issuer", "number", "similar", "level"),
    *("customer_types", "reason", "manner", "needs", "channel", "happened"),
)
_LAST = (
    *("method", "purpose", "typicality", "timeliness", "feasibility", "policies", "faq"),
    *("supersedes", "effective_from", "effective_until", "replaced_by", "owner", "author"),
    *("written", "approved_on", "review_by", "tags", "waivers", "id"),
)
# What a form says otherwise than the model, whose words are for those who write files.
_OWN_WORDS: Mapping[tuple[Kind | None, str], tuple[str, str]] = {
    (None, "id"): ("编号", "不用填：第一次保存时由标题的拼音生成，以后不变。"),
    (None, "audience"): ("受众", ""),
    (None, "subject"): ("业务分类", "打几个字就能找到，选到最细的一级。"),
    (None, "policies"): ("依据", "打几个字，找到政策或其中一条；可以选几个。"),
    (None, "tags"): ("标签", "另外几个便于检索的词，一行一个。"),
    (None, "waivers"): (
        "豁免",
        "这一篇不照办的检查规则，一行一条：规则名 理由，或 规则名@段落 理由。",
    ),
    (Kind.CASE, "customer_types"): ("客户类型", "客户当时的样子，可以选几个。"),
    (Kind.CASE, "needs"): ("诉求", "客户真正想要的，可以选几个。"),
    (Kind.CASE, "happened"): ("发生月份", "只到月，认不出是哪一位客户。"),
    (Kind.CASE, "written"): ("成稿日期", ""),
    (Kind.CASE, "faq"): ("统一口径", "当时该用的统一口径：打几个字找，可以选几个。"),
    (Kind.FAQ, "title"): ("标准问", "客户最常用的那句话，带问号。"),
    (Kind.FAQ, "similar"): ("相似问", "客户的另几种说法，一行一种，照原话写；只用来检索，不显示。"),
    (Kind.FAQ, "replaced_by"): ("由哪条代替", "失效以后请客户看哪一条：打几个字找。"),
    (Kind.POLICY, "title"): ("名称", "政策的全名。"),
    (Kind.POLICY, "supersedes"): ("取代", "被这一份取代的政策：打几个字找，可以选几个。"),
    (Kind.POLICY, "replaced_by"): ("由哪份代替", "失效以后看哪一份：打几个字找。"),
}
ARTICLES = "articles"
_ARTICLE_EXAMPLE = "坐席接到投诉，先听完再问，确认客户要什么，再说谁来处理、多久答复。"


def configuration(view: View, editor: EditorSettings, on: date) -> dict[str, Any]:
    """Everything that the page needs.

    Args:
        view: the widest audience's, whose documents can be cited.
        editor: where drafts go.
        on: the day to write as today.
    """
    forms = _forms(view, on)
    return {
        "cms": {
            "backend": backend(editor),
            "publish_mode": "editorial_workflow",
            "media_folder": "build/media",
            "public_folder": "/media",
            "media_library": {"name": "none"},
            "locale": "zh_Hans",
            "logo": {"src": "/static/icon.svg", "show_in_header": True},
            "show_preview_links": False,
            "search": True,
            "slug": {"encoding": "ascii", "clean_accents": False, "sanitize_replacement": "-"},
            "editor": {"preview": True, "notes": False},
            "collections": [form["collection"] for form in forms],
        },
        "forms": {
            form["collection"]["name"]: {key: form[key] for key in ("kind", "folder", "sections")}
            for form in forms
        },
        "order": ORDER,
        "documents": [
            {"value": one.id, "label": one.title, "form": _form_of(one)} for one in view.documents
        ],
    }


def _form_of(document: Document) -> str:
    """The name of the form in which a document is written."""
    is_plan = isinstance(document, Policy) and document.rank == Policy.PLAN
    return "plan" if is_plan else document.kind.value


def _forms(view: View, on: date) -> list[dict[str, Any]]:
    """The forms, plans apart from other policies: they are written by other sections."""
    settings = view.settings
    forms = [_form(view, kind, kind.value, kind.label, MODELS[kind].spec, on) for kind in Kind]
    if Policy.PLAN not in settings.taxonomy.ranks:
        return forms
    plan = _form(view, Kind.POLICY, "plan", Policy.PLAN, Policy.plan_spec, on)
    for form, shape in ((forms[-1], "articles"), (plan, "plan")):
        form["collection"]["filter"] = {"field": "_shape", "value": shape}
    return [*forms, plan]


def _form(
    view: View, kind: Kind, name: str, label: str, specs: tuple[SectionSpec, ...], on: date
) -> dict[str, Any]:
    first, last = (
        [_field(view, kind, key, on) for key in keys if key in written_keys(kind)]
        for keys in (_FIRST, _LAST)
    )
    if kind is Kind.POLICY:
        first = [_rank(field, name) if field["name"] == "rank" else field for field in first]
    written = _sections(view.settings, kind, specs) if specs else [_articles(view.settings)]
    fields = [*first, *written, *last]
    collection = {
        "name": name,
        "label": label,
        "label_singular": label,
        "type": "folder_based_collection",
        "folder": kind.folder,
        "extension": "md",
        "format": f"casebook-{name}",
        "create": True,
        "delete": False,
        "publish": True,
        "identifier_field": "title",
        "slug": "{{fields.id}}",
        "summary": "{{title}}",
        "sortable_fields": [
            {"field": key, "label": words(kind, key)[0]} for key in ("title", "approved_on")
        ],
        "view_filters": [],
        "view_groups": [_group(kind, key) for key in ("subject", "owner", "audience")],
        "editor": {"preview": True, "notes": False},
        "fields": fields,
    }
    sections = [{"key": spec.key, "heading": spec.heading} for spec in specs]
    return {
        "collection": collection,
        "kind": kind.value,
        "folder": kind.folder,
        "sections": sections,
    }


def _group(kind: Kind, key: str) -> Field:
    return {"label": words(kind, key)[0], "field": key, "id": f"{key}__undefined"}


def written_keys(kind: Kind) -> tuple[str, ...]:
    """The keys that an author may write of a kind."""
    model = MODELS[kind]
    return tuple(key for key in model.model_fields if key not in model.derived)


def _field(view: View, kind: Kind, key: str, on: date) -> Field:
    """One key's field. Nothing but the title is demanded: a draft may be incomplete."""
    label, hint = words(kind, key)
    needed = MODELS[kind].model_fields[key].is_required()
    field = {
        "name": key,
        "label": label,
        "hint": hint,
        # False would call it optional; None only does not demand it.
        "required": True if key == "title" else None if needed else False,
        **_widget(view, MODELS[kind], key),
    }
    if key == "audience":
        field["hint"] = _readers(view.settings)
    default = proposals(kind, view.settings, on).get(key)
    return {**field, "default": default} if default else field


def _readers(settings: Settings) -> str:
    """Who will read what is written for each audience, the narrowest first."""
    names = [one.name for one in settings.audiences]
    readers = [f"选“{name}”，{'、'.join(names[at:])}都看得到" for at, name in enumerate(names)]
    readers[-1] = f"选“{names[-1]}”，只有{names[-1]}看得到"
    return f"谁会看到这一篇：{'；'.join(readers)}。"


def words(kind: Kind, key: str) -> tuple[str, str]:
    """A key's Chinese name and help: the form's own, or the model's."""
    field = MODELS[kind].model_fields[key]
    described = next((info for info in (field, *_marks(field, FieldInfo)) if info.title), field)
    own = _OWN_WORDS.get((kind, key)) or _OWN_WORDS.get((None, key))
    return own or (described.title or key, described.description or "")


def _marks(field: FieldInfo, kind: type[T]) -> Iterator[T]:
    """What is noted of a kind beside a field's type, or beside a type inside of it."""
    pending: list[Any] = [*field.metadata, field.annotation]
    while pending:
        one = pending.pop(0)
        if isinstance(one, kind):
            yield one
        pending += [*get_args(one), *getattr(one, "__metadata__", ())]


def _widget(view: View, model: type[Document], key: str) -> Field:
    """How a key is filled in, by what its values are."""
    field = model.model_fields[key]
    several = {"multiple": True} if get_origin(field.annotation) is tuple else {}
    if key == "id":
        return {"widget": "document-id"}
    if options := _options(view, model, key):
        return {"widget": "select", "options": options, **several}
    if several:
        return {"widget": "lines"}
    if key == "happened":
        return {"widget": "day", "type": "month"}
    is_day = date in (field.annotation, *map(_plain, get_args(field.annotation)))
    return {"widget": "day", "type": "date"} if is_day else {"widget": "string"}


def _plain(annotation: Any) -> Any:
    return getattr(annotation, "__origin__", annotation)


def _options(view: View, model: type[Document], key: str) -> list[Field]:
    """What a key's values are chosen from; nothing when they are written freely."""
    settings = view.settings
    for terms in _marks(model.model_fields[key], TermOf):
        known: Iterable[str] = getattr(settings.taxonomy, terms.taxonomy)
        return [{"value": term, "label": term.replace("/", " / ")} for term in known]
    if key == "audience":
        return [{"value": one.id, "label": one.name} for one in settings.audiences]
    if key == "policies":
        return list(_citations(view))
    kind = {"faq": Kind.FAQ, "supersedes": Kind.POLICY, "replaced_by": model.kind}.get(key)
    found = (document for document in view.documents if document.kind is kind)
    return [{"value": one.id, "label": f"{one.title}（{one.id}）"} for one in found]


def _citations(view: View) -> Iterator[Field]:
    for policy in view.documents:
        if policy.kind is not Kind.POLICY:
            continue
        yield {"value": policy.id, "label": f"{policy.title}（全文）"}
        for section in policy.sections:
            label = f"{policy.title} · {section.heading}"
            yield {"value": f"{policy.id}#{section.key}", "label": label}


def _rank(field: Field, form: str) -> Field:
    """A plan's rank is settled, and no other policy has it."""
    if form == "plan":
        return {key: field[key] for key in ("name", "label")} | {
            "widget": "hidden",
            "default": Policy.PLAN,
        }
    others = [option for option in field["options"] if option["value"] != Policy.PLAN]
    return {**field, "options": others}


def _sections(settings: Settings, kind: Kind, specs: tuple[SectionSpec, ...]) -> Iterator[Field]:
    example = read_document(model_text(kind).encode(), "", kind, settings).document
    for spec in specs:
        shown = example.section(spec.key) if example else None
        only = f"（只给{settings.widest.name}看）" if spec.restricted else ""
        yield {
            "name": spec.key,
            "label": f"{spec.heading}{only}",
            "hint": spec.help,
            "widget": "section",
            "required": None,
            "example": shown.text if shown else "",
        }


def _articles(settings: Settings) -> Field:
    audiences = [{"value": one.id, "label": one.name} for one in settings.audiences]
    return {
        "name": ARTICLES,
        "label": "条款",
        "label_singular": "一条",
        "hint": "一条一格，依次写；拖动可以换顺序。",
        "widget": "list",
        "required": None,
        "collapsed": True,
        "summary": "{{fields.heading}}",
        "fields": [
            {
                "name": "heading",
                "label": "条号和标题",
                "hint": "写“第三条 标题”；没有确定条号时写“要点一 标题”。",
                "widget": "string",
                "required": None,
            },
            {
                "name": "audience",
                "label": "给谁看",
                "hint": "和整份政策一样就不选；选了，这一条只给他们看。",
                "widget": "select",
                "required": False,
                "options": audiences,
            },
            {
                "name": "text",
                "label": "内容",
                "hint": "这一条规定什么；一线怎么用。",
                "widget": "section",
                "required": None,
                "example": _ARTICLE_EXAMPLE,
            },
        ],
    }
