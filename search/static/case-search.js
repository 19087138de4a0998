/*
 * <case-search>: shows results while somebody types. It goes around a form with an input named q;
 * without this script the form simply searches.
 *
 *   <case-search service="/">              in a site's header: results drop down under the box
 *   <case-search service="/" mode="page">  the search page: they replace what [data-results] holds
 *
 * service: the search service's address; its results?q= gives escaped HTML.
 * Keys: / to the box, arrows, Enter, c copies the answer (in the box Ctrl+Enter), Esc.
 * Runs in Chromium 88: many call centres cannot update their browsers.
 */
const PAUSE = 120; // ms without a key
const PATIENCE = 4000; // ms
const OFFLINE = { page: '请稍后再试。', panel: '请用左侧目录查找。' };

class CaseSearch extends HTMLElement {
  #shown = ''; // the question whose results are in place
  #timer;
  #request;
  #life;

  connectedCallback() {
    const page = this.getAttribute('mode') === 'page';
    this.mode = page ? 'page' : 'panel';
    this.service = new URL(this.getAttribute('service') || '/', location.href);
    this.box = this.querySelector('[name="q"]');
    this.results = this.querySelector('[data-results]') || this.#makePanel();
    this.status = this.querySelector('.cs-status') || this.#add('p', 'cs-status cs-hidden', 'status');
    this.#open(false);
    this.#listen();
    if (!page) return;
    // Somebody may have typed before this script was there.
    this.#shown = this.box.defaultValue.trim();
    if (this.box.value && this.box.value === this.box.defaultValue) this.box.select();
    this.#search();
  }

  disconnectedCallback() {
    this.#cancel();
    this.#life.abort();
  }

  #add(tag, names, role) {
    const element = this.appendChild(document.createElement(tag));
    element.className = names;
    element.setAttribute('role', role);
    return element;
  }

  #makePanel() {
    const panel = this.#add('div', 'cs-panel', 'region');
    panel.setAttribute('aria-label', '检索结果');
    panel.dataset.results = '';
    panel.tabIndex = -1; // a click on its text must not count as leaving
    return panel;
  }

  #listen() {
    this.#life = new AbortController();
    const on = (target, type, act) => target.addEventListener(type, act, { signal: this.#life.signal });
    on(this.querySelector('form'), 'submit', (event) => {
      event.preventDefault();
      this.#shown = null; // search in any case
      this.#search();
    });
    // While an input method composes, the box holds letters that nobody means to search for.
    on(this.box, 'input', (event) => event.isComposing || this.#soon());
    on(this.box, 'compositionstart', () => this.#cancel());
    on(this.box, 'compositionend', () => this.#soon());
    on(this.box, 'focus', () => this.#open(this.#shown));
    on(this, 'focusout', (event) => this.contains(event.relatedTarget) || this.#open(false));
    on(this.results, 'click', (event) => event.target.closest('[data-copy]') && this.#copy());
    on(document, 'keydown', (event) => {
      // 229: a key that an input method has taken, in browsers that do not say so otherwise.
      if (event.isComposing || event.keyCode === 229 || event.defaultPrevented) return;
      if (this.#act(event) !== false) event.preventDefault();
    });
  }

  #soon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#search(), PAUSE);
  }

  #cancel() {
    clearTimeout(this.#timer);
    this.#request?.abort();
    this.#request = null;
    this.results.removeAttribute('aria-busy');
  }

  /* A new question searches everything: a filter left from the last call would hide the answer. */
  async #search() {
    this.#cancel();
    const text = this.box.value.trim();
    if (text === this.#shown) return;
    const request = (this.#request = new AbortController());
    const late = setTimeout(() => request.abort(), PATIENCE);
    this.results.setAttribute('aria-busy', 'true');
    const address = new URL('results', this.service);
    address.searchParams.set('q', text);
    let html = '';
    try {
      html = await (await fetch(address, { signal: request.signal })).text();
    } catch {
      // Unreachable or late: said below.
    }
    clearTimeout(late);
    if (request !== this.#request) return;
    this.#cancel();
    const parsed = new DOMParser().parseFromString(html, 'text/html');
    const found = parsed.querySelector('.cs-results');
    if (found) this.#show(text, found);
    else this.#tell(parsed.querySelector('[data-message]'));
  }

  #show(text, found) {
    this.#shown = text;
    this.results.replaceChildren(found);
    this.status.textContent = found.dataset.say;
    if (this.mode === 'page') {
      history.replaceState(null, '', text ? `?q=${encodeURIComponent(text)}` : location.pathname);
      document.title = found.dataset.title;
      scrollTo(0, 0);
      return;
    }
    for (const link of found.querySelectorAll('a[href^="/"]')) {
      link.href = new URL(link.getAttribute('href'), this.service);
    }
    this.#open(text);
  }

  /* The old results go: they answer another question. */
  #tell(reason) {
    const message = reason?.textContent || `检索服务暂时连不上，${OFFLINE[this.mode]}`;
    this.#shown = null;
    this.results.innerHTML = '<p class="cs-note"></p>';
    this.results.firstElementChild.textContent = this.status.textContent = message;
    this.#open(true);
  }

  #open(wanted) {
    if (this.mode === 'panel') this.results.hidden = !wanted || !this.contains(document.activeElement);
  }

  /* Does what a key is for; false leaves it to the browser. */
  #act({ key, target, ctrlKey, metaKey, altKey }) {
    const inBox = target === this.box;
    const typing = target.closest?.('input, textarea, select, [contenteditable]');
    if (ctrlKey || metaKey || altKey) return inBox && key === 'Enter' && !altKey && this.#copy();
    if (key === '/' && !typing) return this.#toBox();
    if (this.mode === 'panel' && !this.contains(target)) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[key];
    if (step) return this.#move(step);
    if (key === 'Escape') return inBox ? this.#clear() : this.#toBox();
    return !typing && key.toLowerCase() === 'c' && this.#copy();
  }

  #toBox() {
    this.box.focus();
    this.box.select();
  }

  #clear() {
    this.box.value = '';
    this.#search();
  }

  /* Moves the real focus: Enter and screen readers need nothing more. */
  #move(step) {
    const items = [...this.results.querySelectorAll('[data-item]')];
    const from = items.indexOf(document.activeElement);
    if (this.results.hidden || (from < 0 && document.activeElement !== this.box)) return false;
    if (from === 0 && step < 0) return this.#toBox();
    return items[from + step]?.focus();
  }

  async #copy() {
    // The key may come before the results do: never copy the answer to another question.
    if (this.box.value.trim() !== this.#shown) await this.#search();
    const button = !this.results.hidden && this.results.querySelector('[data-copy]');
    if (!button) return;
    const done = await copyText(button.dataset.copy);
    const label = button.firstElementChild;
    label.textContent = this.status.textContent = done ? '已复制' : '没能复制，请选中文字复制';
    button.classList.toggle('cs-done', done);
    setTimeout(() => {
      label.textContent = '复制答复';
      button.classList.remove('cs-done');
    }, 2000);
  }
}

/* The clipboard interface needs HTTPS or localhost; the old command works anywhere. */
async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const before = document.activeElement;
    const field = document.body.appendChild(document.createElement('textarea'));
    field.className = 'cs-hidden';
    field.value = text;
    field.select();
    const done = document.execCommand('copy');
    field.remove();
    before?.focus();
    return done;
  }
}

customElements.define('case-search', CaseSearch);
