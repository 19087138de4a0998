// The editor's page: forms, widgets and the check's panel, in the CMS (Decap CMS).
"use strict";

window.CMS_MANUAL_INIT = true;

const PAUSE = 600; // milliseconds without typing before the draft is checked

// ---- asking the service ----

async function ask(address, options) {
  const response = await fetch(address, options);
  if (!response.ok) throw new Error(`${response.status}`);
  return response.json();
}

const newId = (() => {
  const known = new Map();
  return async (kind, title) => {
    const query = new URLSearchParams({ kind, title });
    if (!known.has(`${query}`)) known.set(`${query}`, (await ask(`/api/new-id?${query}`)).id);
    return known.get(`${query}`);
  };
})();

// What the check says of a draft: { problems, text }, or { failed } when it could not be asked.
async function check(forms, name, data) {
  const form = forms[name];
  try {
    const id = data.id || (await newId(form.kind, data.title ?? ""));
    const text = form.toFile({ ...data, id });
    const body = JSON.stringify({ kind: form.kind, text });
    const headers = { "Content-Type": "application/json" };
    const { problems } = await ask("/api/check", { method: "POST", headers, body });
    problems.sort((one, other) => one.severity.localeCompare(other.severity) || one.line - other.line);
    return { text, problems };
  } catch (error) {
    return { failed: error.message };
  }
}

// ---- widgets: each is a plain input of the browser ----

function widgets({ createClass, h, documents }) {
  const box = (props, extra) => ({
    id: props.forID,
    className: props.classNameWrapper,
    onFocus: props.setActiveStyle,
    onBlur: props.setInactiveStyle,
    ...extra,
  });

  const Day = createClass({
    render() {
      const { value, onChange, field } = this.props;
      const change = (event) => onChange(event.target.value);
      return h("input", box(this.props, { type: field.get("type"), value: value ?? "", onChange: change }));
    },
  });

  const DocumentId = createClass({
    render() {
      const shown = this.props.value || "第一次保存时生成";
      return h("div", { className: `${this.props.classNameWrapper} cb-fixed`, id: this.props.forID }, shown);
    },
  });

  const listOf = (value) => (value?.toJS ? value.toJS() : value ?? []);

  const Lines = createClass({
    getInitialState() {
      return { text: listOf(this.props.value).join("\n") };
    },
    change(event) {
      const text = event.target.value;
      this.setState({ text });
      this.props.onChange(text.split("\n").map((line) => line.trim()).filter(Boolean));
    },
    render() {
      const { text } = this.state;
      const rows = Math.max(3, text.split("\n").length);
      return h("textarea", box(this.props, { rows, value: text, onChange: this.change }));
    },
  });

  // What the buttons above a section do to the lines that are chosen.
  const marks = [
    { name: "小标题", title: "把这一行变成小标题", line: (text) => `### ${text}` },
    { name: "列表", title: "每行前面加一个点", line: (text) => `- ${text}` },
    { name: "步骤", title: "每行前面加序号", line: (text, number) => `${number}. ${text}` },
    { name: "对话", title: "把说的话排成引文", line: (text) => `> ${text}`.trimEnd() },
  ];
  const MARKED = /^(?:#{3,} |[-*] |\d+\. |> ?)/;

  const Section = createClass({
    getInitialState() {
      return { linking: false, found: "" };
    },
    componentDidMount() {
      this.grow();
    },
    componentDidUpdate() {
      this.grow();
    },
    // State changes, too, must show, which the CMS would otherwise hold back.
    shouldComponentUpdate() {
      return true;
    },
    grow() {
      const { area } = this;
      if (!area) return;
      area.style.height = "auto";
      area.style.height = `${area.scrollHeight + 2}px`;
    },
    replace(start, end, text) {
      const value = this.props.value ?? "";
      this.props.onChange(value.slice(0, start) + text + value.slice(end));
      requestAnimationFrame(() => {
        this.area.focus();
        this.area.setSelectionRange(start + text.length, start + text.length);
      });
    },
    mark({ line }) {
      const value = this.props.value ?? "";
      const { selectionStart, selectionEnd } = this.area;
      const start = value.lastIndexOf("\n", selectionStart - 1) + 1;
      const after = value.indexOf("\n", selectionEnd);
      const end = after < 0 ? value.length : after;
      const lines = value.slice(start, end).split("\n").map((text) => text.replace(MARKED, ""));
      const gap = start > 0 && value.slice(0, start).trimEnd() && !value.slice(0, start).endsWith("\n\n");
      const text = lines.map((one, index) => line(one, index + 1)).join("\n");
      this.replace(start, end, (gap ? "\n" : "") + text);
    },
    link() {
      const found = documents.find((one) => `${one.label}（${one.value}）` === this.state.found);
      if (!found) return;
      const { selectionStart, selectionEnd } = this.area;
      const chosen = (this.props.value ?? "").slice(selectionStart, selectionEnd);
      this.setState({ linking: false, found: "" });
      this.replace(selectionStart, selectionEnd, `[${chosen || found.label}](${found.value})`);
    },
    linkBox() {
      const list = `${this.props.forID}-documents`;
      const options = documents.map((one) => h("option", { key: one.value, value: `${one.label}（${one.value}）` }));
      return h(
        "div",
        { className: "cb-link" },
        h("input", {
          list,
          autoFocus: true,
          value: this.state.found,
          "aria-label": "找一篇文档",
          placeholder: "打几个字，选一篇文档",
          onChange: (event) => this.setState({ found: event.target.value }),
        }),
        h("datalist", { id: list }, options),
        h("button", { type: "button", onClick: this.link }, "插入"),
      );
    },
    button(name, title, act) {
      // The text keeps its selection while a button is pressed.
      const keep = (event) => event.preventDefault();
      return h("button", { key: name, type: "button", title, onMouseDown: keep, onClick: act }, name);
    },
    render() {
      const { value, onChange, field } = this.props;
      const example = field.get("example");
      return h(
        "div",
        { className: `${this.props.classNameWrapper} cb-section` },
        h(
          "div",
          { className: "cb-tools", role: "toolbar", "aria-label": "排版" },
          marks.map((one) => this.button(one.name, one.title, () => this.mark(one))),
          this.button("链接", "链接到另一篇文档", () => this.setState({ linking: !this.state.linking })),
        ),
        this.state.linking && this.linkBox(),
        h("textarea", {
          id: this.props.forID,
          ref: (area) => {
            this.area = area;
          },
          rows: 4,
          value: value ?? "",
          onChange: (event) => onChange(event.target.value),
          onFocus: this.props.setActiveStyle,
          onBlur: this.props.setInactiveStyle,
        }),
        example && h("details", { className: "cb-example" }, h("summary", null, "看一个写好的例子"), h("pre", null, example)),
      );
    },
  });

  return { day: Day, "document-id": DocumentId, lines: Lines, section: Section };
}

// ---- the panel beside the form ----

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

function show(name) {
  const label = document.querySelector(`label[for^="${name}-field-"]`);
  const control = document.getElementById(label?.htmlFor);
  (label ?? control)?.scrollIntoView({ behavior: "smooth", block: "center" });
  control?.focus({ preventScroll: true });
}

const EMPTY = ["missing-key", "missing-section", "empty-section"];
const isEmpty = (problem) => EMPTY.includes(problem.code);
const isError = (problem) => problem.severity === "error";

function summary({ problems, failed }) {
  if (failed) return "没能检查：连不上检索服务。草稿照样可以保存。";
  if (!problems.length) return "没有问题，可以交给审核。";
  const empty = problems.filter(isEmpty).length;
  const errors = problems.filter((one) => isError(one) && !isEmpty(one)).length;
  const others = problems.length - empty - errors;
  const counts = [empty && `还有 ${empty} 项没填`, errors && `${errors} 个错误`, others && `${others} 个提醒`];
  const end = empty + errors ? "草稿可以先存，填好、改好以前不会发布。" : "看过以后可以交给审核。";
  return `${counts.filter(Boolean).join("，")}。${end}`;
}

function panel({ createClass, h, forms, name }) {
  const form = forms[name];

  const toField = (field) =>
    h("button", { key: field.label, type: "button", onClick: () => show(field.name) }, field.label);

  function item(problem, text, index) {
    const severity = isError(problem) ? "错误" : "提醒";
    return h(
      "li",
      { key: index, className: `cb-${problem.severity}` },
      h("p", { className: "cb-where" }, h("strong", null, severity), toField(fieldOf(form, text, problem))),
      h("p", null, problem.message),
      problem.hint && h("p", { className: "cb-hint" }, problem.hint),
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
      if (!this.gone && this.turn === turn) this.setState({ result, checking: false });
    },
    render() {
      const { result, checking } = this.state;
      const state = !result ? "正在检查……" : summary(result);
      const mood = result?.problems && !result.problems.some(isError) ? "cb-good" : "";
      return h(
        "section",
        { className: `cb-panel ${checking ? "cb-checking" : ""}` },
        h("h2", null, "检查"),
        h("p", { className: `cb-state ${mood}`, role: "status" }, state),
        result?.problems && list(result),
      );
    },
  });
}

// ---- saving ----

function notice(text, good) {
  document.querySelector(".cb-notice")?.remove();
  const box = document.createElement("div");
  box.className = `cb-notice ${good ? "cb-good" : ""}`;
  box.setAttribute("role", "status");
  const close = document.createElement("button");
  close.type = "button";
  close.textContent = "知道了";
  close.addEventListener("click", () => box.remove());
  box.append(text, close);
  document.body.append(box);
}

function watchSaving(CMS, forms, nameOf) {
  let result = null;
  CMS.registerEventListener({
    name: "preSave",
    handler: async ({ entry }) => {
      const name = nameOf();
      const form = forms[name];
      let data = entry.get("data");
      if (!data.get("id")) data = data.set("id", await newId(form.kind, data.get("title") ?? ""));
      result = await check(forms, name, data.toJS());
      return data;
    },
  });
  CMS.registerEventListener({
    name: "postSave",
    handler: () => {
      if (!result) return;
      const good = Boolean(result.problems) && !result.problems.some(isError);
      const next = good ? "写完了就把上面的“草稿”改成“审核中”。" : "";
      notice(`草稿存好了。检查：${summary(result)}${next}`, good);
      result = null;
    },
  });
}

// ---- start ----

async function start() {
  const { cms, forms, order, documents } = await ask("/write/forms.json");
  const { CMS, createClass, h } = window;
  for (const collection of cms.collections) {
    const form = forms[collection.name];
    Object.assign(form, { collection }, Casebook.format(form, order));
    CMS.registerCustomFormat(collection.format, collection.extension, form);
    CMS.registerPreviewTemplate(collection.name, panel({ createClass, h, forms, name: collection.name }));
  }
  for (const [name, control] of Object.entries(widgets({ createClass, h, documents }))) {
    CMS.registerWidget(name, control);
  }
  CMS.registerPreviewStyle("/write/static/panel.css");
  // Documents hold no pictures, so there is no library of them.
  CMS.registerMediaLibrary({ name: "none", init: () => ({ show() {}, enableStandalone: () => false }) });
  CMS.registerLocale("zh_Hans", withOurWords(CMS.getLocale("zh_Hans")));
  watchSaving(CMS, forms, () => /^#\/collections\/([^/]+)/.exec(location.hash)?.[1]);
  cms.display_url = `${location.origin}/`;
  localStorage.setItem("cms.scroll-sync-enabled", "false");
  // The configuration is complete, so the CMS need not compile a schema to check it: that would
  // take a content security policy that allows any script.
  window.CMS_CONFIG = cms;
  document.getElementById("wait").remove();
  CMS.init();
}

document.addEventListener("DOMContentLoaded", () => {
  start().catch((error) => {
    const status = document.querySelector("#wait [role=status]");
    if (status) status.textContent = `打不开（${error.message}）。过一会儿再试；还不行就告诉管理员。`;
    else throw error;
  });
});
