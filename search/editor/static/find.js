// The bar above the lists: a way back to the search, and a box that finds a document to open.
"use strict";

const MOST = 20;

function watchFinding(documents, collections) {
  const bar = document.getElementById("bar");
  const [box, choice] = bar.querySelectorAll("input, select");
  const list = bar.querySelector("ul");
  const forms = new Map(documents.map((one) => [one.value, one]));
  const names = new Map(collections.map((one) => [one.name, one.label]));
  for (const [name, label] of names) choice.append(new Option(label, name));
  let turn = 0;

  function item({ value, label, form }) {
    const link = document.createElement("a");
    link.href = `#/collections/${form}/entries/${value}`;
    link.textContent = label;
    const kind = document.createElement("span");
    kind.textContent = names.get(form);
    const one = document.createElement("li");
    one.append(kind, link);
    return one;
  }

  function say(text) {
    const one = document.createElement("li");
    one.textContent = text;
    list.replaceChildren(one);
  }

  // What the service finds, then titles that hold the words: its index may be older than the files.
  async function search(words) {
    const query = new URLSearchParams({ q: words, size: 50 });
    const { hits } = await ask(`/api/search?${query}`);
    const ids = hits.map((hit) => hit.id);
    const byTitle = documents.filter((one) => one.label.includes(words)).map((one) => one.value);
    const found = [...new Set([...ids, ...byTitle])].map((id) => forms.get(id)).filter(Boolean);
    return found.filter((one) => !choice.value || one.form === choice.value).slice(0, MOST);
  }

  async function find() {
    const words = box.value.trim();
    turn += 1;
    const mine = turn;
    if (!words) return list.replaceChildren();
    try {
      const found = await search(words);
      if (mine !== turn) return;
      if (found.length) list.replaceChildren(...found.map(item));
      else say("没有找到；换个说法，或者选“全部”。还没发布的在“草稿与审核”里。");
    } catch {
      if (mine === turn) say("现在找不了：连不上检索服务，稍等再试。");
    }
  }

  let timer = 0;
  box.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(find, 250);
  });
  box.addEventListener("focus", find);
  choice.addEventListener("change", find);
  bar.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    find();
  });
  bar.addEventListener("keydown", (event) => {
    if (event.key === "Escape") list.replaceChildren();
  });
  addEventListener("hashchange", () => list.replaceChildren());
}

// What the page is and what to do when signing in fails, below the button.
function introduce(backend) {
  const own = backend === "proxy" ? "local" : "account";
  for (const one of document.querySelectorAll("[data-backend]")) one.hidden = one.dataset.backend !== own;
}
