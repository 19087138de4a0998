"""What each audience sees on a day, and that a view holds no trace of the rest."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest

from casebook.documents import Case, Document, Kind, Policy, Standing
from casebook.errors import UnknownAudience
from casebook.guide import model_text
from casebook.library import MARKDOWN_LINK, Library, View, load_library
from casebook.library import fingerprint as library_fingerprint

ON = date(2026, 11, 22)
Write = Callable[[Kind, str, dict[str, str]], Path]
FRONT = model_text(Kind.POLICY).split("## 5W1H")[0]


def dump(view: View) -> str:
    """Everything a view holds, settings too."""
    documents = [document.model_dump(mode="json") for document in view.documents]
    return json.dumps(
        [documents, view.settings.model_dump(mode="json"), view.audience.model_dump()],
        ensure_ascii=False,
    )


def _policy(small: Path, name: str, body: str, **changes: str) -> None:
    """Writes a policy by articles, for dealers unless changed."""
    front = FRONT.replace("rank: 预案", "rank: 公司规定").replace("policy-plan-outage", name)
    for key, value in ({"audience": "dealer"} | changes).items():
        line = f"{key}: {value}\n" if value else ""
        if re.search(rf"^{key}:", front, re.MULTILINE):
            front = re.sub(rf"^{key}:.*\n", line, front, flags=re.MULTILINE)
        else:
            front = front.replace("approved_on:", f"{line}approved_on:")
    (small / "policies" / f"{name}.md").write_text(front + body, encoding="utf-8")


def _load(small: Path) -> Library:
    library = load_library(small)
    assert library.problems == ()
    return library


def _ids(view: View) -> list[str]:
    return [document.id for document in view.documents]


@pytest.fixture
def three(small: Path) -> Path:
    """A library of three audiences, public < dealer < agent, one policy for each."""
    file = small / "casebook.toml"
    narrowest = '[[audiences]]\nid = "public"\nname = "公众"\ntitle = "服务问答"\n\n[[audiences]]\n'
    text = file.read_text(encoding="utf-8").replace("[[audiences]]\n", narrowest, 1)
    file.write_text(text, encoding="utf-8")
    for name in ("public", "dealer", "agent"):
        _policy(small, f"policy-for-{name}", "## 第一条 甲\n\n乙。\n", audience=name)
    return small


def test_audience_sees_what_is_meant_for_it_and_for_narrower_ones(three: Path) -> None:
    library = _load(three)
    assert _ids(library.view("public", ON)) == ["policy-for-public"]
    assert _ids(library.view("dealer", ON)) == ["policy-for-dealer", "policy-for-public"]
    assert _ids(library.view("agent", ON)) == [
        "policy-for-agent",
        "policy-for-dealer",
        "policy-for-public",
    ]


def test_sections_follow_three_audiences(three: Path) -> None:
    body = "## 第一条 甲\n\n一。\n\n## 第二条 乙 {audience=dealer}\n\n二。\n\n"
    _policy(
        three, "policy-mixed", body + "## 第三条 丙 {audience=agent}\n\n三。\n", audience="public"
    )
    library = _load(three)
    for audience, keys in (("public", ["1"]), ("dealer", ["1", "2"]), ("agent", ["1", "2", "3"])):
        document = library.view(audience, ON).get("policy-mixed")
        assert document
        assert [section.key for section in document.sections] == keys


def test_only_the_widest_of_three_is_internal(three: Path) -> None:
    _policy(three, "policy-old", "## 第一条\n\n甲。\n", effective_until="2026-02-01")
    library = _load(three)
    for audience, internal in (("public", False), ("dealer", False), ("agent", True)):
        view = library.view(audience, ON)
        assert view.internal is internal
        assert ("policy-old" in _ids(view)) is internal
        assert any(document.review_by for document in view.documents) is internal


def test_view_names_no_other_audience(three: Path) -> None:
    library = _load(three)
    assert [a.id for a in library.view("public", ON).settings.audiences] == ["public"]
    assert [a.id for a in library.view("dealer", ON).settings.audiences] == ["dealer"]
    assert "坐席" not in dump(library.view("dealer", ON))


def test_restricted_sections_are_the_widest_audiences(three: Path) -> None:
    (three / "faq" / "a.md").write_text(
        model_text(Kind.FAQ).replace("audience: dealer", "audience: public"), encoding="utf-8"
    )
    library = _load(three)
    for audience, count in (("public", 2), ("dealer", 2), ("agent", 4)):
        document = library.view(audience, ON).get("faq-arrears-resume")
        assert document
        assert len(document.sections) == count


def test_document_without_a_visible_section_is_not_in_the_view(small: Path) -> None:
    _policy(small, "policy-a", "## 第一条 甲 {audience=agent}\n\n乙。\n")
    library = _load(small)
    assert _ids(library.view("dealer", ON)) == []
    assert _ids(library.view("agent", ON)) == ["policy-a"]


def test_unknown_audience_is_refused(small: Path) -> None:
    with pytest.raises(UnknownAudience) as raised:
        load_library(small).view("boss")
    assert str(raised.value) == "没有受众“boss”；casebook.toml 里有 “dealer”、“agent”。"


DATES = [
    ("2026-11-23", "", Standing.UPCOMING),
    ("2026-11-22", "", Standing.CURRENT),
    ("2026-01-01", "2026-11-22", Standing.CURRENT),
    ("2026-01-01", "2026-11-21", Standing.ENDED),
    ("2026-11-22", "2026-11-22", Standing.CURRENT),
]


@pytest.mark.parametrize(("start", "end", "standing"), DATES)
def test_only_agents_see_what_does_not_hold(
    start: str, end: str, standing: Standing, small: Path
) -> None:
    _policy(small, "policy-a", "## 第一条\n\n甲。\n", effective_from=start, effective_until=end)
    library = _load(small)
    agent = library.view("agent", ON).get("policy-a")
    assert agent
    assert agent.standing(ON) is standing
    assert _ids(library.view("dealer", ON)) == (
        ["policy-a"] if standing is Standing.CURRENT else []
    )


def test_citations_of_hidden_documents_and_articles_are_taken_out(small: Path) -> None:
    body = "## 第一条 甲\n\n一。\n\n## 第二条 乙 {audience=agent}\n\n二。\n"
    _policy(small, "policy-open", body)
    _policy(small, "policy-secret", "## 第一条 甲\n\n一。\n", audience="agent")
    _policy(small, "policy-past", "## 第一条 甲\n\n一。\n", effective_until="2026-03-01")
    cited = ["policy-open", "policy-open#1", "policy-open#2", "policy-open#9", "policy-secret"]
    cited += ["policy-secret#1", "policy-past", "policy-none"]
    text = model_text(Kind.FAQ).replace("policy-service-spec#p4", "\n  - ".join(cited))
    (small / "faq" / "a.md").write_text(text, encoding="utf-8")
    library = _load(small)

    def citations(audience: str) -> list[str]:
        document = library.view(audience, ON).get("faq-arrears-resume")
        assert document
        return [str(citation) for citation in document.policies]

    assert citations("dealer") == ["policy-open", "policy-open#1"]
    assert citations("agent") == [
        "policy-open",
        "policy-open#1",
        "policy-open#2",
        "policy-secret",
        "policy-secret#1",
        "policy-past",
    ]


def test_links_of_cases_and_policies_are_taken_out(small: Path, write: Write) -> None:
    write(Kind.FAQ, "hidden", {"audience: dealer": "audience: agent"})
    case = {
        "audience: agent": "audience: dealer",
        "faq-broadband-fault": "faq-arrears-resume",
    }
    write(Kind.CASE, "case", case)
    _policy(small, "policy-old", "## 第一条\n\n甲。\n", effective_until="2026-03-01")
    _policy(small, "policy-new", "## 第一条\n\n甲。\n", supersedes="[policy-old]")
    library = _load(small)
    for audience, faq, supersedes in (
        ("dealer", (), ()),
        ("agent", ("faq-arrears-resume",), ("policy-old",)),
    ):
        view = library.view(audience, ON)
        document, policy = view.get("case-broadband-three-visits"), view.get("policy-new")
        assert isinstance(document, Case)
        assert isinstance(policy, Policy)
        assert document.faq == faq
        assert policy.supersedes == supersedes


LINKS = [
    "[那篇](policy-secret)",
    "[那篇](policy-secret#1)",
    "[那篇](<policy-secret>)",
    "[那篇]( policy-secret )",
    "[那篇](\npolicy-secret)",
    "[那篇](policy-secret\n)",
    "[那\n篇](policy-secret)",
    "[那[一]篇](policy-secret)",
    "[那\\]篇](policy-secret)",
    "[**那**篇](policy-secret)",
    "[那篇](policy-secret '题')",
    '[那篇](policy-secret "题(目)")',
    "[那篇](policy-secret.md)",
    "[那篇](policy-secret#第一条)",
    "[那篇](policy-secret?a=b)",
    "[那篇](policy-secret/)",
    "[那篇](policy-secret#)",
    "- 一\n  - [那篇](policy-secret)",
    "| 甲 |\n|---|\n| [那篇](policy-secret) |",
    "> [那篇](policy-secret)",
]


@pytest.mark.parametrize("link", [link for link in LINKS if "<" not in link])
def test_link_to_a_hidden_document_leaves_its_words_only(link: str, small: Path) -> None:
    _policy(small, "policy-secret", "## 第一条 甲\n\n一。\n", audience="agent")
    _policy(small, "policy-open", f"## 第一条 甲\n\n见下。\n\n{link}\n")
    library = _load(small)
    view = library.view("dealer", ON)
    assert "policy-secret" not in dump(view)
    document = view.get("policy-open")
    assert document
    assert "那" in document.sections[0].html
    assert "那" in document.sections[0].text
    assert "policy-secret" in dump(library.view("agent", ON))


def test_link_to_what_is_held_stays(small: Path) -> None:
    _policy(small, "policy-a", "## 第一条 甲\n\n见[那条](policy-b#2)。\n")
    _policy(small, "policy-b", "## 第二条 甲\n\n一。\n")
    document = _load(small).view("dealer", ON).get("policy-a")
    assert document
    assert document.sections[0].text == "见[那条](policy-b#2)。"
    assert '<a href="policy-b#2"' in document.sections[0].html


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        "[](faq-" + "a" * 200_000,
        "[](faq-a" * 20_000,
        "[](" + " " * 200_000,
        "[[]" * 50_000,
    ],
    ids=["brackets", "long id", "open links", "spaces", "closed brackets"],
)
def test_no_text_keeps_the_link_pattern_busy(text: str) -> None:
    import time

    start = time.process_time()
    assert MARKDOWN_LINK.sub("", text) == text
    assert time.process_time() - start < 2


def test_internal_fields_are_agents_only(small: Path, write: Write) -> None:
    write(Kind.CASE, "case", {"audience: agent": "audience: dealer"})
    library = _load(small)
    dealer = library.view("dealer", ON).get("case-broadband-three-visits")
    agent = library.view("agent", ON).get("case-broadband-three-visits")
    assert isinstance(dealer, Case)
    assert isinstance(agent, Case)
    assert (dealer.review_by, dealer.author) == (None, None)
    assert (agent.review_by, agent.author) == (date(2027, 5, 12), "热线二组班长")
    assert "热线二组班长" not in dump(library.view("dealer", ON))


def test_subjects_are_those_of_visible_documents(small: Path, write: Write) -> None:
    write(Kind.FAQ, "faq", {})
    write(Kind.CASE, "case", {})
    library = _load(small)
    assert library.view("dealer", ON).settings.taxonomy.subjects == {"资费": ("充值与欠费",)}
    assert library.view("agent", ON).settings.taxonomy == library.settings.taxonomy


def test_taxonomy_lists_are_those_of_visible_documents(small: Path, write: Write) -> None:
    write(Kind.CASE, "case", {"audience: agent": "audience: dealer"})
    write(Kind.POLICY, "policy", {})
    taxonomy = _load(small).view("dealer", ON).settings.taxonomy
    assert taxonomy.levels == ("投诉",)
    assert taxonomy.customer_types == ("情绪发泄型",)
    assert taxonomy.methods == ("因素分析法",)
    assert taxonomy.ranks == ()


def test_glossary_holds_the_words_of_the_audience(small: Path) -> None:
    (small / "glossary.toml").write_text(
        '[[terms]]\nterm = "套餐"\naudience = "dealer"\nsynonyms = ["资费包"]\n'
        '[[terms]]\nterm = "红线"\naudience = "agent"\ndefinition = "不能退让的数"\n',
        encoding="utf-8",
    )
    library = _load(small)
    assert [t.term for t in library.view("dealer", ON).settings.glossary.terms] == ["套餐"]
    assert [t.term for t in library.view("agent", ON).settings.glossary.terms] == ["套餐", "红线"]
    assert "红线" not in dump(library.view("dealer", ON))
    assert "不能退让" not in dump(library.view("dealer", ON))


def test_same_id_twice_excludes_both(small: Path, write: Write) -> None:
    write(Kind.FAQ, "a", {})
    write(Kind.FAQ, "b", {"欠费停机后": "另一篇："})
    library = load_library(small)
    assert library.sources == {}
    assert [str(problem) for problem in library.problems] == [
        f"faq/{one}.md:2: duplicate-id 编号 faq-arrears-resume 也在 faq/{other}.md 里。 "
        "给新写的那一篇换一个编号。"
        for one, other in ("ab", "ba")
    ]


# Every field of a case that a person fills with words.
FIELDS = "title owner author purpose typicality timeliness feasibility".split()


def _canaries(kind: Kind, visible: bool) -> tuple[str, list[str]]:
    """A hidden document with a word of its own in every field and section."""
    text, words = model_text(kind), []
    for key in FIELDS:
        text, count = re.subn(rf"^{key}: ", f"{key}: canary{key}q", text, flags=re.MULTILINE)
        words += [f"canary{key}q"] * count
    headings = re.findall(r"^## .+\n\n", text, re.MULTILINE)
    for number, heading in enumerate(headings):
        text = text.replace(heading, f"{heading}canary{number}q\n\n")
        words.append(f"canary{number}q")
    text = re.sub(r"^(id: \w+)-.*$", r"\1-canaryidq", text, flags=re.MULTILINE)
    text = re.sub(r"^approved_on:", "tags:\n  - canarytagq\napproved_on:", text, flags=re.MULTILINE)
    text = re.sub(
        r"^audience:.*$", f"audience: {'dealer' if visible else 'agent'}", text, flags=re.M
    )
    return text, [*words, "canaryidq", "canarytagq"]


@pytest.mark.parametrize("kind", Kind)
def test_view_holds_no_trace_of_a_hidden_document(kind: Kind, small: Path) -> None:
    text, words = _canaries(kind, visible=False)
    (small / kind.folder / "canarypathq.md").write_text(text, encoding="utf-8")
    library = _load(small)
    agent, dealer = library.view("agent", ON), library.view("dealer", ON)
    assert [word for word in words if word not in dump(agent)] == []
    assert "canary" not in dump(dealer)
    assert dealer.documents == ()
    # No view tells where a file lies.
    assert "canarypathq" not in dump(agent)


@pytest.mark.parametrize("kind", Kind)
def test_canaries_are_seen_where_the_document_is_open(kind: Kind, small: Path) -> None:
    text, words = _canaries(kind, visible=True)
    (small / kind.folder / "a.md").write_text(text, encoding="utf-8")
    shown = dump(_load(small).view("dealer", ON))
    internal = ("author", "purpose", "typicality", "timeliness", "feasibility")
    hidden = {f"canary{key}q" for key in internal}
    hidden |= {"canary2q", "canary3q"} if kind is Kind.FAQ else set()
    assert {word for word in words if word not in shown} == hidden & set(words)


def test_citing_counts_only_what_is_visible(small: Path, write: Write) -> None:
    _policy(small, "policy-service-spec", "## 要点四 复机\n\n两小时。\n")
    write(Kind.FAQ, "faq", {})
    case = {
        "policy-handling-norm#7": "policy-service-spec",
        "faq-broadband-fault": "faq-arrears-resume",
    }
    write(Kind.CASE, "case", case)
    library = _load(small)
    dealer, agent = library.view("dealer", ON), library.view("agent", ON)

    def citing(view: View, name: str, article: str | None = None) -> list[str]:
        return [document.id for document in view.citing(name, article)]

    assert citing(dealer, "policy-service-spec") == ["faq-arrears-resume"]
    assert citing(agent, "policy-service-spec") == [
        "case-broadband-three-visits",
        "faq-arrears-resume",
    ]
    assert citing(agent, "policy-service-spec", "p4") == ["faq-arrears-resume"]
    assert citing(agent, "policy-service-spec", "p5") == []
    assert citing(dealer, "faq-arrears-resume") == []
    assert citing(agent, "faq-arrears-resume") == ["case-broadband-three-visits"]


def test_documents_of_a_kind_newest_approval_first(small: Path) -> None:
    days = {"policy-b": "2026-03-01", "policy-a": "2026-03-01", "policy-c": "2026-04-01"}
    for name, day in days.items():
        _policy(small, name, "## 第一条\n\n甲。\n", approved_on=day)
    view = _load(small).view("dealer", ON)
    assert [document.id for document in view.of(Kind.POLICY)] == [
        "policy-c",
        "policy-a",
        "policy-b",
    ]
    assert view.of(Kind.FAQ) == []


def test_moving_a_file_changes_no_view(small: Path, write: Write) -> None:
    file = write(Kind.FAQ, "a", {})
    before = _load(small)
    (small / "faq" / "deep" / "deeper").mkdir(parents=True)
    shutil.move(file, small / "faq" / "deep" / "deeper" / "其他.md")
    after = _load(small)
    assert after.sources.keys() == before.sources.keys()
    assert after.view("agent", ON) == before.view("agent", ON)
    assert after.fingerprint != before.fingerprint


def test_a_view_changes_with_what_is_seen_only(small: Path, write: Write) -> None:
    write(Kind.FAQ, "a", {})
    first = _load(small)
    write(Kind.FAQ, "a", {"客户这时": "这时客户"})
    second = _load(small)
    write(Kind.FAQ, "a", {"欠费缴清以后": "缴清欠费以后"})
    third = _load(small)
    assert first.view("agent", ON) != second.view("agent", ON) != third.view("agent", ON)
    assert first.view("dealer", ON) == second.view("dealer", ON) != third.view("dealer", ON)


def test_library_fingerprint_changes_with_every_input(small: Path, write: Write) -> None:
    seen = {library_fingerprint(small)}

    def changed() -> bool:
        digest = library_fingerprint(small)
        new = digest not in seen
        seen.add(digest)
        return new

    assert not changed()
    file = write(Kind.FAQ, "a", {})
    assert changed()
    file.write_text(file.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert changed()
    (small / "glossary.toml").write_text("", encoding="utf-8")
    assert changed()
    with (small / "casebook.toml").open("a", encoding="utf-8") as settings:
        settings.write("\n# x\n")
    assert changed()
    (small / "README.md").write_text("x", encoding="utf-8")
    assert not changed()
    file.unlink()
    assert changed()


def test_fingerprint_does_not_follow_links(small: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.md"
    outside.write_text("a", encoding="utf-8")
    (small / "faq" / "a.md").symlink_to(outside)
    before = library_fingerprint(small)
    outside.write_text("b", encoding="utf-8")
    assert library_fingerprint(small) == before


def test_linked_folders_are_not_entered(small: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.md").write_text(model_text(Kind.FAQ), encoding="utf-8")
    (small / "faq" / "linked").symlink_to(outside)
    (small / "cases").rmdir()
    (small / "cases").symlink_to(outside)
    library = load_library(small)
    assert library.sources == {}
    assert [(problem.path, problem.code) for problem in library.problems] == [
        ("cases", "symlink"),
        ("faq/linked", "symlink"),
    ]


def test_files_that_are_no_markdown_are_named(small: Path) -> None:
    for name in ("a.docx", "b.MD", "c.md~", ".hidden.md"):
        (small / "faq" / name).write_text(model_text(Kind.FAQ), encoding="utf-8")
    library = load_library(small)
    assert [str(problem) for problem in library.problems] == [
        f"faq/{name}:1: not-markdown “{name}”不是 .md 文件，不会发布。 "
        "内容写成 Markdown；别的文件放到文件夹外面。"
        for name in ("a.docx", "b.MD", "c.md~")
    ]


def test_missing_folders_are_an_empty_library(small: Path) -> None:
    for kind in Kind:
        (small / kind.folder).rmdir()
    library = load_library(small)
    assert (library.files, library.problems, dict(library.sources)) == (0, (), {})


def test_progress_counts_every_file(small: Path, write: Write) -> None:
    write(Kind.FAQ, "a", {})
    write(Kind.CASE, "b", {})
    calls: list[tuple[int, int]] = []
    load_library(small, progress=lambda done, of: calls.append((done, of)))
    assert calls == [(1, 2), (2, 2)]


def test_good_files_are_kept_beside_bad_ones(small: Path, write: Write) -> None:
    write(Kind.FAQ, "a", {})
    (small / "faq" / "b.md").write_bytes(b"\xff")
    library = load_library(small)
    assert list(library.sources) == ["faq-arrears-resume"]
    assert library.files == 2
    assert [problem.path for problem in library.problems] == ["faq/b.md"]


def test_today_is_the_day_of_the_librarys_people(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import UTC, datetime

    import casebook.library

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(2026, 11, 22, 17, 0, tzinfo=UTC).astimezone(tz)

    monkeypatch.setattr(casebook.library, "datetime", Clock)
    assert load_library(small).view().on == date(2026, 11, 23)


def test_library_tells_the_digest_of_every_file(small: Path, write: Write) -> None:
    for kind in Kind:
        file = write(kind, "a", {})
        sources = _load(small).sources.values()
        digests = {source.path: source.document.digest for source in sources}
        assert digests[f"{kind.folder}/a.md"] == sha256(file.read_bytes()).hexdigest()


def _digest(small: Path, audience: str) -> str:
    document = load_library(small).view(audience, ON).get("faq-arrears-resume")
    assert document
    return document.digest


def test_digest_in_a_view_tells_nothing_of_what_is_hidden(small: Path, write: Write) -> None:
    _policy(small, "policy-service-spec", "## 要点四 复机\n\n两小时。\n")
    file = write(Kind.FAQ, "a", {})
    dealer, agent = _digest(small, "dealer"), _digest(small, "agent")
    assert dealer != agent == sha256(file.read_bytes()).hexdigest()
    for hidden in ({"客户这时": "这时客户"}, {"review_by: 2027-06-01": "review_by: 2027-06-02"}):
        write(Kind.FAQ, "a", hidden)
        assert _digest(small, "dealer") == dealer
        assert _digest(small, "agent") != agent
    write(Kind.FAQ, "a", {"欠费缴清以后": "缴清欠费以后"})
    assert _digest(small, "dealer") != dealer


def test_digest_in_a_view_of_a_document_that_hides_nothing(small: Path) -> None:
    """Not the file's: a comment in its front matter is not shown."""
    _policy(small, "policy-a", "## 第一条\n\n甲。\n", review_by="")
    file = small / "policies" / "policy-a.md"
    document = _load(small).view("dealer", ON).get("policy-a")
    assert document
    assert document.digest != sha256(file.read_bytes()).hexdigest()


@pytest.mark.parametrize("audience", ["dealer", "agent"])
def test_digest_in_a_view_changes_with_what_the_document_may_point_to(
    audience: str, small: Path
) -> None:
    _policy(small, "policy-a", "## 第一条 甲\n\n见[那条](policy-b#2)。\n")
    _policy(small, "policy-b", "## 第二条 甲\n\n一。\n")

    def shown() -> Document:
        document = _load(small).view(audience, ON).get("policy-a")
        assert document
        return document

    linked = shown()
    _policy(small, "policy-b", "## 第三条 甲\n\n一。\n")
    unlinked = shown()
    assert linked.sections != unlinked.sections
    assert linked.digest != unlinked.digest


def test_what_a_view_shows_whole_is_the_same_object(small: Path, write: Write) -> None:
    _policy(small, "policy-service-spec", "## 要点四 复机\n\n两小时。\n")
    write(Kind.FAQ, "faq", {})
    library = _load(small)
    for document in library.view("agent", ON).documents:
        assert document is library.sources[document.id].document
