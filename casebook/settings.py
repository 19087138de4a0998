"""``casebook.toml`` and ``glossary.toml`` → Settings: audiences, taxonomy, words, periods."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Never, Self, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic_core import PydanticCustomError

from casebook.errors import SettingsError, UnknownAudience
from casebook.service_settings import (
    AccessSettings,
    JournalSettings,
    OpenSearchSettings,
    ServiceSettings,
)
from casebook.tables import Address, OptionalVariable, Table, Variable, one_of
from casebook.toml_files import read_toml
from casebook.validation import Matching, explain, nearest

T = TypeVar("T", bound=BaseModel)
SETTINGS_FILE = "casebook.toml"
GLOSSARY_FILE = "glossary.toml"
WITHDRAWN_FILE = "withdrawn.toml"
# What the editor needs to know of each kind of git host.
EDITOR_BACKENDS = {
    "local": (),
    "github": ("repo", "base_url"),
    "gitlab": ("repo", "app_id"),
    "gitea": ("repo", "base_url", "app_id"),
}
WEBHOOK_FORMATS = ("wecom", "dingtalk", "feishu", "json")
# What happened to a document, as ``casebook.news`` names it, and the kinds of document.
EVENTS = ("withdrawn", "new", "revised", "in_force", "ends")
# What happens at work: told only to those who see everything.
WORK_EVENTS = ("bad_rating", "missing", "task_due")
KINDS = ("case", "faq", "policy")
SITE_BUILDERS = ("mkdocs", "zensical")


class Audience(Table):
    """One level of readers.

    Attributes:
        id: its name in front matter, options and folders.
        name: its Chinese name.
        title: the name of its site and search page.
        url: where its site is published, for its sitemap and error page; may be empty.
        engine: which engine builds and asks its index; empty for that of ``[search]``.
        offline: whether readers' devices may hold a copy of its site; where this is not said, only
            the narrowest audience's, and no internal site's.
    """

    id: Annotated[
        str,
        Matching("^[a-z][a-z0-9-]{0,30}$", "小写字母开头，后面是小写字母、数字、连字符"),
    ]
    name: str = Field(min_length=1)
    title: str = Field(min_length=1)
    url: str = ""
    engine: str = ""
    offline: bool | None = None


def _known_timezone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        guess = nearest(value, available_timezones())
        raise PydanticCustomError(
            "invalid-value",
            "没有时区“{found}”",
            {
                "found": value,
                "hint": "中国写 Asia/Shanghai" + (f"；拼法最像的是 {guess}" if guess else ""),
            },
        ) from None
    return value


class LibrarySettings(Table):
    """What the library is called and whose it is."""

    title: str
    company: str
    language: str = "zh-CN"
    timezone: Annotated[str, AfterValidator(_known_timezone)] = "Asia/Shanghai"


class ReviewSettings(Table):
    """Days until a new document is due for review, by kind, and when "soon" begins."""

    case: int = Field(365, ge=1, le=3650)
    faq: int = Field(180, ge=1, le=3650)
    policy: int = Field(365, ge=1, le=3650)
    due_soon: int = Field(30, ge=0, le=365)


class FaqSettings(Table):
    """What a FAQ entry must have at least; a library of entries from elsewhere may ask for less.

    Attributes:
        similar: similar questions.
        policies: policies that it rests on.
    """

    similar: int = Field(3, ge=0, le=50)
    policies: int = Field(1, ge=0, le=50)


class Ranking(Table):
    """How much each thing counts when results are put in order; see the page on ranking.

    Attributes:
        names: terms in what a document is called (title, other questions, tags).
        text: terms in a passage's own heading and text.
        word: a word; a name of the glossary is one word.
        character: a single character, which finds what was cut into other words.
        stop: in sentences, times this for words that only ask or join (怎么, 可以, 的).
        synonym: a word that the glossary gives for one that was typed.
        sound: two syllables that stand together, for characters that were typed wrong.
        heard: a word of the library that sounds like what was typed wrong, or as pinyin.
        pinyin: syllables and first letters of a query that was typed as pinyin.
        likeness: how alike the query and a question are as wholes, for sentences.
        likeness_pinyin: the same for queries in pinyin.
        likeness_listed: the same for words with spaces between.
        coverage: how much of the query's words, rare ones before common ones, the document holds.
        other_question: times this for likeness to a similar question instead of the title.
        asked: for queries in pinyin, added where a document has further questions: an entry that
            got other wordings is asked more often.
        faq: times this for FAQ entries.
        case: times this for cases.
        policy: times this for policies.
        overdue: times this for what is past its review date.
        old: times this for what was approved more than ``old_days`` ago.
        old_days: see ``old``.
        answer: how well an entry must fit to be given as the answer, 0 to 1.55: how alike the
            question and the nearest of its questions are (0 to 1), a quarter of how much of the
            question's words it holds, and 0.3 times how far the next entry is behind.
    """

    names: float = Field(default=1.5, gt=0, le=10)
    text: float = Field(default=1.0, gt=0, le=10)
    word: float = Field(default=1.0, gt=0, le=10)
    character: float = Field(default=1.0, gt=0, le=10)
    stop: float = Field(default=0.5, gt=0, le=1)
    synonym: float = Field(default=0.7, gt=0, le=10)
    sound: float = Field(default=0.5, gt=0, le=10)
    heard: float = Field(default=0.7, gt=0, le=10)
    pinyin: float = Field(default=1.0, gt=0, le=10)
    likeness: float = Field(default=1.2, ge=0, le=10)
    likeness_pinyin: float = Field(default=8.0, ge=0, le=10)
    likeness_listed: float = Field(default=0.0, ge=0, le=10)
    coverage: float = Field(default=0.2, ge=0, le=10)
    other_question: float = Field(default=0.8, gt=0, le=1)
    asked: float = Field(default=0.8, ge=0, le=10)
    faq: float = Field(default=1.0, gt=0, le=2)
    case: float = Field(default=0.98, gt=0, le=2)
    policy: float = Field(default=0.96, gt=0, le=2)
    overdue: float = Field(default=0.98, gt=0, le=2)
    old: float = Field(default=0.99, gt=0, le=2)
    old_days: int = Field(default=730, ge=1)
    answer: float = Field(default=0.89, ge=0, le=1.55)


class Allowed(Table):
    """A value that looks like personal data and is none.

    Attributes:
        value: as it is written somewhere; spaces, hyphens and full-width forms do not matter.
        reason: why it may stand there, for whoever reviews it.
    """

    value: str = Field(min_length=1)
    reason: str = Field(min_length=1)


ARTICLE = "^policy(-[a-z0-9]+)+#[a-z0-9]+$"
Articles = tuple[
    Annotated[str, Matching(ARTICLE, "写政策的编号加条号，如 policy-service-spec#p4")], ...
]


class WordingSettings(Table):
    """The articles of policies that say which words are used; see the page on wording.

    Attributes:
        forbidden: lists of phrases that are never said to customers.
        avoided: articles that name words to avoid, or not to use without a time.
        reserved: tables of words that are said only once somebody has confirmed them.
        owed: lists of what customers are owed, and what it is not called.
    """

    forbidden: Articles = ()
    avoided: Articles = ()
    reserved: Articles = ()
    owed: Articles = ()


class CheckSettings(Table):
    """What the check looks for.

    Attributes:
        allowed: values that are no personal data: the company's own numbers, sample numbers.
        case_shortest: the fewest 字 of a case: characters, and words of letters or digits.
        case_longest: the most 字 of a case.
        answer_longest: the most 字 of a unified answer, which is read aloud.
        sentence_longest: the most 字 of a sentence.
        spoken_sentence_longest: the most 字 of a sentence of a unified answer.
        question_alike: how alike two questions are from which on they ask the same, 0.6 to 1.
        case_alike: how alike title, theme and purpose of two cases are that tell the same,
            0.3 to 1.
        wording: the articles that say which words are used.
    """

    allowed: tuple[Allowed, ...] = ()
    case_shortest: int = Field(default=600, ge=0, le=100_000)
    case_longest: int = Field(default=1500, ge=1, le=100_000)
    answer_longest: int = Field(default=150, ge=1, le=100_000)
    sentence_longest: int = Field(default=80, ge=1, le=100_000)
    spoken_sentence_longest: int = Field(default=60, ge=1, le=100_000)
    question_alike: float = Field(default=0.85, ge=0.6, le=1)
    case_alike: float = Field(default=0.4, ge=0.3, le=1)
    wording: WordingSettings = WordingSettings()


class SearchSettings(Table):
    """The search service.

    Attributes:
        engine: which engine builds and asks the index of an audience that names none itself.
        hosts: names by which the service may be called, besides this machine's own.
        service: where the static sites find the service; a path or an address.
        examples: queries that the empty search page offers.
        ranking: how much each thing counts when results are put in order.
    """

    engine: str = "auto"
    hosts: tuple[str, ...] = ()
    service: str = "/"
    examples: tuple[str, ...] = ()
    ranking: Ranking = Ranking()


def _known_backend(value: str) -> str:
    if value not in EDITOR_BACKENDS:
        raise PydanticCustomError(
            "invalid-value",
            "没有 backend “{found}”",
            {"found": value, "hint": "写 " + "、".join(EDITOR_BACKENDS) + " 里的一个"},
        )
    return value


class EditorSettings(Table):
    """The editor in the browser: where drafts go; see the page on the editor.

    Attributes:
        backend: which kind of git host it talks to; ``local`` is a small server on this machine.
        repo: the repository there, as ``team/library``.
        branch: the branch that drafts start from and are merged into.
        base_url: the git host's address; for GitHub that of the sign-in server.
        api_root: the address of its API, where it is not the usual one.
        app_id: the id of the OAuth application, for GitLab and Gitea.
    """

    backend: Annotated[str, AfterValidator(_known_backend)] = "local"
    repo: str = ""
    branch: str = "main"
    base_url: Address = ""
    api_root: Address = ""
    app_id: str = ""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        missing = [key for key in EDITOR_BACKENDS[self.backend] if not getattr(self, key)]
        if missing:
            raise PydanticCustomError(
                "missing-key",
                "backend 是 {backend}，还缺 {missing}",
                {
                    "backend": self.backend,
                    "missing": "、".join(missing),
                    "hint": "写上它们；docs/editor.zh-CN.md 说明每一项写什么",
                },
            )
        return self


Handle = Annotated[
    str,
    Matching(
        r"^(@[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9_.-]+)*|[^@\s]+@[^@\s]+)$",
        "写代码托管平台上的用户名或团队名，如 @yuanxi/tariff，或者一个邮箱",
    ),
]
Handles = tuple[Handle, ...]


class Reviewers(Table):
    """Who reviews what, as names on the git host: people, teams or e-mail addresses.

    Attributes:
        default: who reviews what nobody else does, settings included.
        subjects: by subject, a path of the taxonomy; the longest that fits counts.
        kinds: by kind of document, besides those of its subject.
    """

    default: Handles = ()
    subjects: dict[str, Handles] = Field(default_factory=dict)
    kinds: dict[str, Handles] = Field(default_factory=dict)


class SiteSettings(Table):
    """The static sites.

    Attributes:
        builder: the program that makes their pages.
    """

    builder: Annotated[str, one_of(SITE_BUILDERS)] = "mkdocs"


class WebhookSettings(Table):
    """A robot or program that is told what is new; see the page on notifying.

    Attributes:
        name: its name in options and in the file that says what it was told.
        audience: what it may be told; the narrowest audience's when none is named.
        format: whose robot it is, or ``json`` for a program.
        url_env: the environment variable that holds its address, which is a secret.
        secret_env: the environment variable that holds the secret for signing; may be empty.
        subjects: only these subjects and what is below them; all when none is named.
        kinds: only these kinds of document; all when none is named.
        owners: of what happens at work only what these teams are to do; all when none is named.
        events: only what happened in one of these ways.
    """

    name: Annotated[
        str,
        Matching("^[a-z][a-z0-9-]{0,30}$", "小写字母开头，后面是小写字母、数字、连字符"),
    ]
    audience: str = ""
    format: Annotated[str, one_of(WEBHOOK_FORMATS)]
    url_env: Variable
    secret_env: OptionalVariable = ""
    subjects: tuple[str, ...] = ()
    kinds: tuple[Annotated[str, one_of(KINDS)], ...] = ()
    owners: tuple[str, ...] = ()
    events: tuple[Annotated[str, one_of((*EVENTS, *WORK_EVENTS))], ...] = (
        "withdrawn",
        "new",
        "revised",
        "in_force",
    )

    @model_validator(mode="after")
    def _signs_if_it_can(self) -> Self:
        if self.format == "wecom" and self.secret_env:
            raise PydanticCustomError(
                "invalid-value",
                "企业微信的群机器人没有签名密钥",
                {"hint": "删掉 secret_env；它的地址本身就是秘密", "key": "secret_env"},
            )
        return self


class Taxonomy(Table):
    """The terms that documents are sorted by, each list in its natural order."""

    levels: tuple[str, ...]
    customer_types: tuple[str, ...]
    reasons: tuple[str, ...]
    manners: tuple[str, ...]
    needs: tuple[str, ...]
    channels: tuple[str, ...]
    methods: tuple[str, ...]
    ranks: tuple[str, ...]
    subjects: dict[str, tuple[str, ...]]

    @property
    def subject_paths(self) -> tuple[str, ...]:
        """Every subject as a path, parents before their children."""
        return tuple(
            path
            for parent, children in self.subjects.items()
            for path in (parent, *(f"{parent}/{child}" for child in children))
        )


def _known_audience(value: str, info: ValidationInfo) -> str:
    known = info.context["audiences"] if info.context else ()
    if value not in known:
        raise PydanticCustomError(
            "invalid-audience",
            "没有受众“{found}”",
            {"found": value, "hint": "写 " + " 或 ".join(known)},
        )
    return value


class Term(Table):
    """A word of the trade.

    Attributes:
        term: the word as the library writes it.
        audience: the narrowest audience that may see it.
        definition: one or two sentences.
        synonyms: words that mean the same; each finds the others.
        finds: words that it also finds, but not the other way round.
        product: a name that is kept whole when text is cut into words.
    """

    term: str = Field(min_length=1, max_length=40)
    audience: Annotated[str, AfterValidator(_known_audience)]
    definition: str = ""
    synonyms: tuple[str, ...] = ()
    finds: tuple[str, ...] = ()
    product: bool = False


class Glossary(Table):
    """The library's words."""

    terms: tuple[Term, ...] = ()


def _refuse(key: str, message: str, hint: str) -> Never:
    escaped = message.replace("{", "｛").replace("}", "｝")
    raise PydanticCustomError("invalid-value", f"{key} 里{escaped}", {"key": key, "hint": hint})


class Settings(Table):
    """All settings of a library."""

    library: LibrarySettings
    audiences: tuple[Audience, ...] = Field(min_length=1)
    review: ReviewSettings = Field(default_factory=lambda: ReviewSettings.model_validate({}))
    faq: FaqSettings = Field(default_factory=lambda: FaqSettings.model_validate({}))
    check: CheckSettings = CheckSettings()
    search: SearchSettings = SearchSettings()
    site: SiteSettings = SiteSettings()
    editor: EditorSettings = EditorSettings()
    reviewers: Reviewers = Reviewers()
    notify: tuple[WebhookSettings, ...] = ()
    service: ServiceSettings = ServiceSettings.model_validate({})
    access: dict[str, AccessSettings] = Field(default_factory=dict)
    journal: JournalSettings = JournalSettings.model_validate({})
    opensearch: OpenSearchSettings = OpenSearchSettings.model_validate({})
    taxonomy: Taxonomy
    glossary: Glossary = Glossary()

    @model_validator(mode="after")
    def _audiences_differ(self) -> Self:
        ids = [audience.id for audience in self.audiences]
        if len(set(ids)) != len(ids):
            raise PydanticCustomError(
                "duplicate-audience",
                "audiences 里有两个相同的 id",
                {"hint": "每个受众的 id 只能出现一次"},
            )
        return self

    @model_validator(mode="after")
    def _reviewers_know_the_terms(self) -> Self:
        known = {"subjects": self.taxonomy.subject_paths, "kinds": ("case", "faq", "policy")}
        for table, terms in known.items():
            for found in getattr(self.reviewers, table):
                if found not in terms:
                    guess = nearest(found, terms)
                    raise PydanticCustomError(
                        "unknown-term",
                        "reviewers.{table} 里的“{found}”不是分类里的词",
                        {
                            "table": table,
                            "found": found,
                            "key": "reviewers",
                            "hint": f"是不是“{guess}”？" if guess else "可选：" + "、".join(terms),
                        },
                    )
        return self

    @model_validator(mode="after")
    def _webhooks_are_known(self) -> Self:
        names = [webhook.name for webhook in self.notify]
        subjects = self.taxonomy.subject_paths
        audiences = [audience.id for audience in self.audiences]
        for webhook in self.notify:
            if names.count(webhook.name) > 1:
                _refuse("notify", f"有两个叫“{webhook.name}”", "换一个名字：按名字记着告诉过它什么")
            if webhook.audience and webhook.audience not in audiences:
                _refuse("notify", f"没有受众“{webhook.audience}”", "写 " + " 或 ".join(audiences))
            work = [event for event in webhook.events if event in WORK_EVENTS]
            if work and (webhook.audience or audiences[0]) != audiences[-1]:
                _refuse(
                    "notify",
                    f"“{webhook.name}”不能要 {'、'.join(work)}",
                    f'里面有内部的事，只能发给看得到全部内容的：写 audience = "{audiences[-1]}"',
                )
            for found in webhook.subjects:
                if found not in subjects:
                    guess = nearest(found, subjects)
                    hint = f"是不是“{guess}”？" if guess else "可选：" + "、".join(subjects)
                    _refuse("notify", f"“{found}”不是分类里的词", hint)
        return self

    @model_validator(mode="after")
    def _access_is_of_known_audiences(self) -> Self:
        audiences = [audience.id for audience in self.audiences]
        for name, access in self.access.items():
            if name not in audiences:
                _refuse("access", f"没有受众“{name}”", "写 " + " 或 ".join(audiences))
            if access.sign_in == "open" and name == audiences[-1] and len(audiences) > 1:
                _refuse("access", f"“{name}”看得到全部内容，不能是 open", "写 oidc、proxy 或 token")
            if access.sign_in == "oidc" and not (access.oidc.issuer and access.oidc.client_id):
                _refuse("access", f"“{name}”用 oidc 登录，还缺 issuer 或 client_id", "写上它们")
            if access.sign_in == "proxy" and not self.service.proxies:
                _refuse("access", f"“{name}”由代理登录，service 的 proxies 是 0", "写有几层代理")
        return self

    def engine_of(self, audience: Audience) -> str:
        """The name of the engine that builds an audience's index."""
        return audience.engine or self.search.engine

    def access_of(self, audience: str) -> AccessSettings:
        """Who may use an audience's service; where nothing is said, this machine only."""
        return self.access.get(audience, AccessSettings.model_validate({}))

    @property
    def narrowest(self) -> Audience:
        """The audience that sees least: the default everywhere."""
        return self.audiences[0]

    @property
    def widest(self) -> Audience:
        """The audience that sees everything."""
        return self.audiences[-1]

    def audience(self, name: str | None = None) -> Audience:
        """The audience of that id; the narrowest when none is named.

        Raises:
            UnknownAudience: there is none of that id.
        """
        if name is None:
            return self.narrowest
        return self.audiences[self.level(name)]

    def level(self, audience: str) -> int:
        """The audience's place, from 0, the narrowest.

        Raises:
            UnknownAudience: there is none of that id.
        """
        ids = [known.id for known in self.audiences]
        if audience not in ids:
            raise UnknownAudience(audience, ids)
        return ids.index(audience)

    def may_read(self, reader: str, audience: str) -> bool:
        """Whether readers of one audience may see what is meant for another."""
        return self.level(audience) <= self.level(reader)


def load_settings(library: Path) -> Settings:
    """Reads a library's settings and glossary.

    Args:
        library: the folder that holds ``casebook.toml`` (and, where there is one,
            ``glossary.toml``).

    Raises:
        SettingsError: a file is missing or wrong; it names every fault.
    """
    settings = _load(library / SETTINGS_FILE, Settings, {})
    glossary_file = library / GLOSSARY_FILE
    if not glossary_file.exists():
        return settings
    context = {"audiences": [audience.id for audience in settings.audiences]}
    glossary = _load(glossary_file, Glossary, context)
    return settings.model_copy(update={"glossary": glossary})


def _load(file: Path, model: type[T], context: dict[str, Any]) -> T:
    read = read_toml(file)
    try:
        return model.model_validate(read.values, context=context)
    except ValidationError as error:
        faults = explain(error, model, toml=True)
        raise SettingsError(
            [read.problem(fault.location, fault.message, fault.hint) for fault in faults]
        ) from None
