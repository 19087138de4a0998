// The check's panel beside the form.
"use strict";

// The field that a problem is about: its label, and its name in the form.
function fieldOf(form, text, { code, message, line }) {
  const place = Casebook.placeOf(text, line);
  // What is missing stands nowhere: the message names it.
  const missing = /^缺少(?:段落“(.+)”| (\w+))。$/.exec(message);
  const key = missing ? missing[2] : place.key;
  const heading = missing ? missing[1] : place.heading;
  const section = form.sections.find((one) => one.heading === heading)?.key;
  const { fields } = form.collection;
  const field = fields.find((one) => one.name === (section ?? key));
  if (field) return { label: field.label, name: field.name };
  const inBody = heading || code === "missing-section";
  return inBody ? { label: heading || "条款", name: "articles" } : { label: "整篇", name: key };
}

const fold = (open) => document.documentElement.classList.toggle("cb-unfolded", open);

function show(name) {
  fold(false);
  const label = document.querySelector(`label[for^="${name}-field-"]`);
  const control = document.getElementById(label?.htmlFor);
  (label ?? control)?.scrollIntoView({ behavior: "smooth", block: "center" });
  control?.focus({ preventScroll: true });
}

// A screen on which the panel lies under the form instead of beside it; as in editor.css.
const NARROW = matchMedia("(max-width: 799px)");
const AGAIN = 10_000; // milliseconds until a check that could not be made is tried again, a few times
const TRIES = 3;

const EMPTY = ["missing-key", "missing-section", "empty-section"];
const isEmpty = (problem) => EMPTY.includes(problem.code);
const isError = (problem) => problem.severity === "error";
const SEVERITIES = { error: "错误", warning: "提醒", note: "备注" };
// What speaks of files and settings, which a form does not show.
const OF_FILES = /\.toml|\{audience|信息块|不认识的键|\bcheck\.|[“ ]## /;

// How many are left of each sort, in words; empty when nothing is to be mended.
function counted(problems) {
  const empty = problems.filter(isEmpty).length;
  const errors = problems.filter((one) => isError(one) && !isEmpty(one)).length;
  const others = problems.filter((one) => one.severity === "warning" && !isEmpty(one)).length;
  const counts = [empty && `还有 ${empty} 项没填`, errors && `${errors} 个错误`, others && `${others} 个提醒`];
  return counts.filter(Boolean).join("，");
}

function summary({ problems, failed }) {
  if (failed) return failed;
  const counts = counted(problems);
  if (!counts) return `没有${problems.length ? "要改的" : "问题"}，可以交给审核。`;
  const end = problems.some(isError) ? "草稿可以先存；填好、改好以前，这里不发布它。" : "看过以后可以交给审核。";
  return `${counts}。${end}`;
}

function panel({ createClass, h, forms, name }) {
  const form = forms[name];

  const toField = (field) =>
    h("button", { key: field.label, type: "button", onClick: () => show(field.name) }, field.label);

  function item(problem, text, index) {
    return h(
      "li",
      { key: index, className: `cb-${problem.severity}` },
      h("p", { className: "cb-where" }, h("strong", null, SEVERITIES[problem.severity]), toField(fieldOf(form, text, problem))),
      h("p", null, problem.message),
      problem.hint && h("p", { className: "cb-hint" }, problem.hint),
      OF_FILES.test(problem.message + problem.hint) &&
        h("p", { className: "cb-hint" }, "表格里改不了的，请找知识管理员，把这一条给他看。"),
    );
  }

  // What is not filled in yet is no mistake: one list of it, in the order of the form.
  function open(problems, text) {
    const names = form.collection.fields.map((one) => one.name);
    const fields = problems.map((one) => fieldOf(form, text, one));
    fields.sort((one, other) => names.indexOf(one.name) - names.indexOf(other.name));
    return h("li", { key: "open", className: "cb-open" }, h("strong", null, "还没填"), fields.map(toField));
  }

  function list({ problems, text }) {
    const empty = problems.filter(isEmpty);
    const rest = problems.filter((one) => !isEmpty(one));
    return h("ol", null, empty.length > 0 && open(empty, text), rest.map((one, at) => item(one, text, at)));
  }

  return createClass({
    getInitialState() {
      return { result: null, checking: true };
    },
    componentDidMount() {
      this.run();
    },
    componentDidUpdate(before) {
      if (before.entry.get("data") !== this.props.entry.get("data")) {
        clearTimeout(this.timer);
        this.tries = 0;
        this.timer = setTimeout(this.run, PAUSE);
      }
    },
    componentWillUnmount() {
      clearTimeout(this.timer);
      this.gone = true;
    },
    async run() {
      const turn = (this.turn ?? 0) + 1;
      this.turn = turn;
      this.setState({ checking: true });
      const result = await check(forms, name, this.props.entry.get("data").toJS());
      if (this.gone || this.turn !== turn) return;
      this.setState({ result, checking: false });
      this.tries = result.failed ? (this.tries ?? 0) + 1 : 0;
      if (result.failed && this.tries < TRIES) this.timer = setTimeout(this.run, AGAIN);
    },
    render() {
      const { result, checking } = this.state;
      const state = !result ? "正在检查……" : summary(result);
      const mood = result?.problems && !result.problems.some(isError) ? "cb-good" : "";
      return h(
        "section",
        { className: `cb-panel ${checking ? "cb-checking" : ""} ${NARROW.matches ? "cb-narrow" : ""}` },
        h("h2", null, "检查"),
        NARROW.matches && h("button", { type: "button", onClick: () => fold() }, "展开或收起"),
        h("p", { className: `cb-state ${mood}`, role: "status" }, state),
        result?.problems && list(result),
      );
    },
  });
}
