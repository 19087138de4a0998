// The editor's page: forms, widgets, saving and publishing, in the CMS (Decap CMS).
"use strict";

window.CMS_MANUAL_INIT = true;

const compareAddress = followAddress();
const PAUSE = 600; // milliseconds without typing before the draft is checked

// ---- asking the service ----

async function ask(address, options) {
  const response = await fetch(address, options);
  if (!response.ok) {
    const said = response.status === 503 && (await response.json().catch(() => null))?.errors?.[0]?.message;
    throw Object.assign(new Error(`${response.status}`), { said });
  }
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

const RANKS = ["error", "warning", "note"];

// What the check says of a draft: { problems, text }, or { failed } when it could not be asked.
async function check(forms, name, data) {
  const form = forms[name];
  try {
    const id = data.id || (await newId(form.kind, data.title ?? ""));
    const text = form.toFile({ ...data, id });
    const body = JSON.stringify({ kind: form.kind, text });
    const headers = { "Content-Type": "application/json" };
    const { problems } = await ask("/api/check", { method: "POST", headers, body });
    const rank = (one) => RANKS.indexOf(one.severity);
    problems.sort((one, other) => rank(one) - rank(other) || one.line - other.line);
    return { text, problems };
  } catch (error) {
    return { failed: error.said || "没能检查：连不上检索服务。草稿照样可以保存。" };
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

  // Every form has it, so it tells when a document is shown, and which.
  const DocumentId = createClass({
    componentDidMount() {
      shown.tell(this.props.getEntry);
      compareAddress();
    },
    componentWillUnmount() {
      shown.tell(null);
    },
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

// ---- saving ----

const clearNotice = () => document.querySelector(".cb-notice")?.remove();

function notice(text, good) {
  clearNotice();
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

// What is said of one document is not said of another; a new one gets its address when it is saved.
addEventListener("hashchange", ({ oldURL }) => {
  if (!oldURL.endsWith("/new")) clearNotice();
});

function watchSaving(CMS, forms) {
  let result = null;
  CMS.registerEventListener({
    name: "preSave",
    handler: async ({ entry }) => {
      const name = entry.get("collection");
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
      notice(`草稿存好了。${summary(result)}${next}`, good);
      result = null;
    },
  });
  CMS.registerEventListener({
    name: "prePublish",
    handler: async ({ entry }) => {
      const { problems, failed } = await check(forms, entry.get("collection"), entry.get("data").toJS());
      if (!failed && !problems.some(isError)) return;
      clearNotice();
      const reason = failed ? "没能检查，过一会儿再发布。" : `${counted(problems)}。先改好、保存，再发布。`;
      // Without a name an error is shown by its words alone.
      throw Object.assign(new Error(reason), { name: "" });
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
  watchSaving(CMS, forms);
  watchFinding(documents, cms.collections);
  keepInOrder();
  introduce(cms.backend.name);
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
