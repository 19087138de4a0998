// Which document a form shows: unsaved changes are offered when it is open, and it must be the one
// that the address names. In both the CMS goes wrong by itself.
"use strict";

const shown = (() => {
  let get = null;
  let waiting = [];
  // What a form shows; null when none is open.
  const now = () => {
    const entry = get?.();
    return (
      entry && {
        collection: entry.get("collection"),
        slug: entry.get("slug"),
        isNew: entry.get("newRecord"),
        isMissing: Boolean(entry.get("slug")) && !entry.hasIn(["data", "_source"]),
      }
    );
  };
  return {
    now,
    // A form is opened, which gives its entry, or closed.
    tell(entry) {
      get = entry;
      waiting = waiting.filter((one) => !one(now()));
    },
    when: (isIt) =>
      new Promise((resolve) => {
        const test = (document) => Boolean(document && isIt(document)) && (resolve(document), true);
        if (!test(now())) waiting.push(test);
      }),
  };
})();

// The CMS keeps unsaved changes in its store, but asks for them before it has loaded the document,
// which it then puts over them. So the store answers only when the form is there.
function keepInOrder() {
  const { get } = IDBObjectStore.prototype;
  IDBObjectStore.prototype.get = function (key) {
    const request = get.call(this, key);
    const [, collection, slug] = /^backup\.([^.]+)(?:\.(.+))?$/.exec(key) ?? [];
    if (!collection) return request;
    const later = { error: null, result: undefined };
    request.onsuccess = async () => {
      if (request.result) {
        const isIt = (one) => one.collection === collection && (slug ? one.slug === slug : one.isNew);
        await shown.when(isIt);
      }
      later.result = request.result;
      later.onsuccess?.({ target: later });
    };
    request.onerror = () => later.onerror?.({ target: request });
    return later;
  };
}

// An address that was typed: the CMS shows the document that was open before, or an empty form.
function followAddress() {
  const ENTRY = /^#\/collections\/([^/]+)\/entries\/([^?]+)/;
  const WAIT = 700; // milliseconds that the CMS may take, or that it takes to go back
  let timer = 0;

  function compare() {
    const at = ENTRY.exec(location.hash);
    const document = shown.now();
    const name = at && decodeURIComponent(at[2]);
    // While it is loading there is no name.
    if (!at || !document?.slug || document.isNew) return;
    if (document.slug === name && !document.isMissing) return;
    const wanted = location.hash;
    location.replace(`#/collections/${at[1]}`);
    if (document.slug !== name) setTimeout(() => location.replace(wanted), WAIT);
    else setTimeout(() => notice(`没有“${name}”这一篇：也许改了编号，也许还没有写。在列表里找，或者用上面的框找。`), WAIT);
  }

  function later() {
    clearTimeout(timer);
    timer = setTimeout(compare, WAIT);
  }
  addEventListener("hashchange", later);
  return later;
}
