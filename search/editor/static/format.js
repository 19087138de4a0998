// A document's file ↔ what the forms show. Nothing here knows of the CMS or of the page.
//
// What an author does not change stays as it is in the file, byte for byte: writing starts from the
// text that was read, and only the lines of keys and sections whose value differs are replaced.
"use strict";

const Casebook = (() => {
  const KEY = /^([A-Za-z_]\w*):(?=\s|$)/;
  const SECTION = /^## (.*?)(?:\s+\{audience=([^{}]*)\})?\s*$/;
  const NEEDS_QUOTES = new RegExp(
    "^$|^\\s|\\s$|^[-?:,\\[\\]{}#&*!|>'\"%@`]|: |:$| #|[\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029\\ufeff]" +
      // Other readers of YAML would take these for a number or a truth.
      "|^[-+]?[\\d.,_]+$|^(?:y|n|yes|no|true|false|on|off|null|~)$",
    "i",
  );

  // What the check finds wherever somebody left it.
  const UNFILLED = "（待填）";

  // ---- reading ----

  // The file's lines as parts: front matter by key, body by section. Null when it is not of our form.
  function split(text) {
    const lines = text.split("\n");
    const end = lines.indexOf("---", 1);
    if (lines[0] !== "---" || end < 0) return null;
    const keys = [{ key: null, lines: [] }];
    for (const line of lines.slice(1, end)) {
      const match = KEY.exec(line);
      if (match) keys.push({ key: match[1], lines: [line] });
      else keys.at(-1).lines.push(line);
    }
    const sections = [{ line: null, lines: [] }];
    for (const line of lines.slice(end + 1)) {
      if (line.startsWith("## ")) sections.push({ line, lines: [] });
      else sections.at(-1).lines.push(line);
    }
    return { keys, sections };
  }

  function join({ keys, sections }) {
    const front = keys.flatMap((one) => one.lines);
    const body = sections.flatMap((one) => (one.line === null ? one.lines : [one.line, ...one.lines]));
    return ["---", ...front, "---", ...body].join("\n");
  }

  // A key's value: text, a list of texts, or undefined when it is neither.
  function value({ lines }) {
    const rest = lines[0].slice(lines[0].indexOf(":") + 1).trim();
    const more = lines.slice(1).filter((line) => line.trim() && !/^\s*#/.test(line));
    if (rest && !rest.startsWith("#")) {
      if (rest.startsWith("[")) return more.length ? undefined : flow(rest);
      return scalar([rest, ...more.map((line) => line.trim())].join(" "));
    }
    if (!more.length) return undefined;
    if (!more[0].trim().startsWith("- ")) return scalar(more.map((line) => line.trim()).join(" "));
    const items = [];
    for (const line of more) {
      const item = /^\s*- (.*)$/.exec(line);
      if (item) items.push(item[1].trim());
      else items[items.length - 1] += ` ${line.trim()}`;
    }
    return items.map(scalar);
  }

  function scalar(text) {
    if (text.startsWith('"')) {
      const quoted = /^"(?:[^"\\]|\\.)*"/.exec(text);
      try {
        return quoted ? JSON.parse(quoted[0]) : undefined;
      } catch {
        return undefined;
      }
    }
    if (text.startsWith("'")) {
      const quoted = /^'((?:[^']|'')*)'/.exec(text);
      return quoted ? quoted[1].replaceAll("''", "'") : undefined;
    }
    if (/^[|>&*!{]/.test(text)) return undefined;
    return text.replace(/\s#.*$/, "").trim();
  }

  function flow(text) {
    const match = /^\[(.*)\]\s*(?:#.*)?$/.exec(text);
    if (!match) return undefined;
    const items = match[1].match(/"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^,]+/g) ?? [];
    return items.map((item) => scalar(item.trim())).filter((item) => item !== "");
  }

  const trimmed = (lines) => lines.join("\n").trim();

  function article(section) {
    const match = SECTION.exec(section.line);
    return {
      heading: match ? match[1] : section.line.slice(3),
      ...(match?.[2] ? { audience: match[2] } : {}),
      text: trimmed(section.lines),
    };
  }

  // ---- writing ----

  const quoted = (text) => (NEEDS_QUOTES.test(text) ? JSON.stringify(text) : text);

  function keyLines(key, content) {
    if (!Array.isArray(content)) return [`${key}: ${quoted(content)}`];
    return [`${key}:`, ...content.map((item) => `  - ${quoted(item)}`)];
  }

  // What a form holds as it would be read again: no empty values, no line breaks in one line.
  function plain(content) {
    if (Array.isArray(content)) {
      const items = content.map(plain).filter((item) => item !== undefined);
      return items.length ? items : undefined;
    }
    if (content === null || content === undefined) return undefined;
    const text = String(content).replace(/\s*\n\s*/g, " ").trim();
    return text || undefined;
  }

  const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

  function writeKey(file, key, content, order) {
    const at = file.keys.findIndex((one) => one.key === key);
    if (at >= 0) {
      const part = file.keys[at];
      if (same(plain(value(part)), content)) return;
      // Remarks and blank lines behind a key belong to what follows.
      let end = part.lines.length;
      while (end > 1 && /^\s*(#.*)?$/.test(part.lines[end - 1])) end -= 1;
      const kept = part.lines.slice(end);
      if (content === undefined) file.keys.splice(at, 1, { key: null, lines: kept });
      else part.lines = [...keyLines(key, content), ...kept];
    } else if (content !== undefined) {
      const before = new Set(order.slice(0, order.indexOf(key)));
      const last = file.keys.findLastIndex((one) => before.has(one.key));
      const place = last < 0 ? file.keys.findIndex((one) => one.key !== null) : last + 1;
      const part = { key, lines: keyLines(key, content) };
      file.keys.splice(place < 0 ? file.keys.length : place, 0, part);
    }
  }

  // A section's lines with another text; blank lines around it stay as they were.
  function withText(lines, text) {
    const first = lines.findIndex((line) => line.trim());
    if (!text) return [""];
    if (first < 0) return ["", ...text.split("\n"), ""];
    const last = lines.findLastIndex((line) => line.trim());
    return [...lines.slice(0, first), ...text.split("\n"), ...lines.slice(last + 1)];
  }

  function writeSection(file, spec, specs, text, isNew) {
    const heading = (one) => (one.line === null ? null : SECTION.exec(one.line)?.[1]);
    const part = file.sections.find((one) => heading(one) === spec.heading);
    if (part) {
      if (trimmed(part.lines) !== text) part.lines = withText(part.lines, text);
      return;
    }
    if (!text && !isNew) return;
    const before = specs.slice(0, specs.indexOf(spec)).map((one) => one.heading);
    const place = file.sections.findLastIndex((one) => before.includes(heading(one)));
    const lines = text ? ["", ...text.split("\n"), ""] : [""];
    file.sections.splice(Math.max(place, 0) + 1, 0, { line: `## ${spec.heading}`, lines });
  }

  function writeArticles(file, articles) {
    const old = file.sections.filter((one) => one.line !== null);
    const written = articles.filter((one) => plain(one.heading) ?? plain(one.text));
    const sections = written.map((one) => {
      const wanted = { heading: plain(one.heading) ?? UNFILLED, text: String(one.text ?? "").trim() };
      if (one.audience) wanted.audience = one.audience;
      const key = (item) => JSON.stringify([item.heading, item.audience ?? null, item.text]);
      const at = old.findIndex((part) => key(article(part)) === key(wanted));
      if (at >= 0) return old.splice(at, 1)[0];
      const mark = wanted.audience ? ` {audience=${wanted.audience}}` : "";
      const twin = old.findIndex((part) => article(part).heading === wanted.heading);
      const lines = twin >= 0 ? old.splice(twin, 1)[0].lines : [];
      return { line: `## ${wanted.heading}${mark}`, lines: withText(lines, wanted.text) };
    });
    file.sections = [file.sections[0], ...sections];
  }

  // ---- a form ----

  // Reads and writes the files of one form.
  //   form: its `sections` (key and heading); none means that the file is written by articles.
  //   order: every key, in the order of a file.
  function format(form, order) {
    function fromFile(text) {
      // What the CMS gives where there is no file; its list shows it all the same.
      if (!text) return { title: "（没有这一篇）" };
      const file = split(text);
      if (!file) return { _source: text, title: "（这个文件的开头坏了）" };
      const data = { _source: text };
      for (const part of file.keys) {
        const content = part.key === null ? undefined : value(part);
        if (content !== undefined && order.includes(part.key)) data[part.key] = content;
      }
      const sections = file.sections.slice(1);
      for (const { key, heading } of form.sections) {
        const part = sections.find((one) => SECTION.exec(one.line)?.[1] === heading);
        if (part) data[key] = trimmed(part.lines);
      }
      if (!form.sections.length) data.articles = sections.map(article);
      data._shape = data.rank === "预案" ? "plan" : "articles";
      return data;
    }

    function toFile(data) {
      const source = data._source;
      const file = source ? split(source) : { keys: [], sections: [{ line: null, lines: [""] }] };
      // A file that cannot be read is not written over.
      if (!file) return source;
      for (const key of order) writeKey(file, key, plain(data[key]), order);
      for (const spec of form.sections) {
        writeSection(file, spec, form.sections, String(data[spec.key] ?? "").trim(), !source);
      }
      if (!form.sections.length) writeArticles(file, data.articles ?? []);
      return join(file);
    }

    return { fromFile, toFile };
  }

  // The key or the section's heading that a line of a file belongs to, from 1.
  function placeOf(text, line) {
    const lines = text.split("\n").slice(0, line);
    const inBody = lines.indexOf("---", 1) >= 0;
    for (const one of lines.reverse()) {
      if (inBody && one.startsWith("## ")) return { heading: SECTION.exec(one)?.[1] ?? "" };
      const key = inBody ? null : KEY.exec(one);
      if (key) return { key: key[1] };
    }
    return {};
  }

  return { format, placeOf };
})();
