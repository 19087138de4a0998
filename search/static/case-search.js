/*
 * <case-search>: a search box that shows results while somebody types.
 *
 * It goes around a form with an input named q. Without this script the form simply searches.
 *
 *   <case-search service="/"> … </case-search>               box of a site: results drop down
 *   <case-search service="/" mode="page"> … </case-search>   the search page: results replace
 *                                                            the contents of [data-results]
 * service: where the search service is; its `results?q=` gives the results as HTML, escaped.
 *
 * Keys: / goes to the box, arrows move through results, Enter opens, c copies the answer
 * (Ctrl+Enter or Cmd+Enter from the box), Esc goes back to the box and then clears it.
 *
 * Written for Chromium 88 and later: many call centres cannot update their browsers.
 */
const PAUSE = 120; // ms without a key before a search: a fast typist's gap is shorter
const PATIENCE = 4000; // ms; the service itself gives up long before
const CONFIRM = 2000; // ms for which the copy button says what it did
const OFFLINE = {
  page: '检索服务暂时连不上，请稍后再试。',
  panel: '检索服务暂时连不上，请用左侧目录查找。',
};

class CaseSearch extends HTMLElement {
  #shown = ''; // the question whose results are in place
  #timer;
  #request;
  #life;

  connectedCallback() {
    this.form = this.querySelector('form');
    this.box = this.form.querySelector('[name="q"]');
    this.mode = this.getAttribute('mode') === 'page' ? 'page' : 'panel';
    this.results = this.querySelector('[data-results]') || this.#add('div', 'cs-panel');
    this.status = this.querySelector('.cs-status') || this.#add('p', 'cs-status cs-hidden');
    this.status.setAttribute('role', 'status');
    if (this.mode === 'panel') this.#makePanel();
    this.#listen();
    // The box may hold more than the page was made for: typed before this script was there.
    if (this.mode === 'page') this.#shown = this.box.defaultValue.trim();
    if (this.mode === 'page' && this.box.value) this.box.select();
    this.#search();
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
    this.#request?.abort();
    this.#request = null;
    this.#life.abort();
  }

  #add(tag, names) {
    const element = document.createElement(tag);
    element.className = names;
    return this.appendChild(element);
  }

  #makePanel() {
    this.results.dataset.results = '';
    this.results.tabIndex = -1; // a click on its text must not count as leaving
    this.results.setAttribute('role', 'region');
    this.results.setAttribute('aria-label', '检索结果');
    this.#open(false);
  }

  #listen() {
    this.#life = new AbortController();
    const on = (target, type, act) => target.addEventListener(type, act, { signal: this.#life.signal });
    on(this.form, 'submit', (event) => {
      event.preventDefault();
      this.#shown = null; // asked for, so search even if nothing changed
      this.#search();
    });
    // While an input method composes, the box holds letters that nobody means to search for.
    on(this.box, 'input', (event) => event.isComposing || this.#soon());
    on(this.box, 'compositionstart', () => clearTimeout(this.#timer));
    on(this.box, 'compositionend', () => this.#soon());
    on(this.box, 'focus', () => this.#open(this.#shown));
    on(this, 'focusout', (event) => this.contains(event.relatedTarget) || this.#open(false));
    on(this.results, 'click', (event) => event.target.closest('[data-copy]') && this.#copy());
    on(document, 'keydown', (event) => this.#key(event));
  }

  #soon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#search(), PAUSE);
  }

  /* A new question searches everything: a filter left from the last call would hide the answer. */
  async #search() {
    clearTimeout(this.#timer);
    this.#request?.abort();
    this.#request = null;
    this.results.removeAttribute('aria-busy');
    const text = this.box.value.trim();
    if (text === this.#shown) return;
    const request = (this.#request = new AbortController());
    const late = setTimeout(() => request.abort('late'), PATIENCE);
    this.results.setAttribute('aria-busy', 'true');
    try {
      const address = new URL('results', this.#service);
      address.searchParams.set('q', text);
      const response = await fetch(address, { signal: request.signal });
      const html = await response.text();
      if (request !== this.#request) return;
      if (response.ok) this.#show(text, html);
      else this.#tell(new DOMParser().parseFromString(html, 'text/html').querySelector('[data-message]')?.textContent);
    } catch {
      if (request === this.#request) this.#tell();
    } finally {
      clearTimeout(late);
      if (request === this.#request) this.results.removeAttribute('aria-busy');
    }
  }

  get #service() {
    return new URL(this.getAttribute('service') || '/', location.href);
  }

  #show(text, html) {
    this.#shown = text;
    this.results.innerHTML = html;
    const { say, title } = this.results.firstElementChild.dataset;
    this.status.textContent = say;
    if (this.mode === 'page') {
      history.replaceState(null, '', text ? `?q=${encodeURIComponent(text)}` : location.pathname);
      document.title = title;
      scrollTo(0, 0);
    } else {
      this.results.querySelectorAll('a[href^="/"]').forEach((link) => {
        link.href = new URL(link.getAttribute('href'), this.#service);
      });
      this.#open(text);
    }
  }

  /* Takes the old results away: an answer to another question must not be read out. */
  #tell(message = OFFLINE[this.mode]) {
    this.#shown = null;
    this.results.innerHTML = '<p class="cs-note"></p>';
    this.results.firstElementChild.textContent = this.status.textContent = message;
    this.#open(true);
  }

  #open(wanted) {
    if (this.mode === 'panel') this.results.hidden = !wanted;
  }

  #key(event) {
    // 229: a key that an input method has taken, in browsers that do not say so otherwise.
    if (event.isComposing || event.keyCode === 229 || event.defaultPrevented) return;
    if (this.#act(event)) event.preventDefault();
  }

  /* What a key does; false leaves it to the browser. */
  #act({ key, target, ctrlKey, metaKey, altKey }) {
    const inBox = target === this.box;
    const here = this.mode === 'page' || this.contains(target);
    const typing = target.closest?.('input, textarea, select, [contenteditable]');
    if (ctrlKey || metaKey || altKey) return inBox && key === 'Enter' && !altKey && this.#copy();
    if (key === '/' && !typing) return this.#toBox();
    if (!here) return false;
    if (key === 'Escape') return inBox ? this.#clear() : !typing && this.#toBox();
    if (key === 'ArrowDown') return this.#move(1);
    if (key === 'ArrowUp') return this.#move(-1);
    return key.toLowerCase() === 'c' && !typing && this.#copy();
  }

  #toBox() {
    this.box.focus();
    this.box.select();
    return true;
  }

  #clear() {
    this.box.value = '';
    this.#open(false);
    this.#search();
    return true;
  }

  /* Moves the focus itself, so that Enter and screen readers need nothing more. */
  #move(step) {
    const items = [...this.results.querySelectorAll('[data-item]')];
    const from = items.indexOf(document.activeElement);
    if (this.results.hidden || (from < 0 && document.activeElement !== this.box)) return false;
    if (from === 0 && step < 0) return this.#toBox();
    const next = items[from + step];
    next?.focus();
    return Boolean(next) || from >= 0;
  }

  /* True when there was an answer to copy. */
  #copy() {
    const found = () => !this.results.hidden && this.results.querySelector('[data-copy]');
    if (!found()) return false;
    this.#copied(found);
    return true;
  }

  async #copied(found) {
    // The key may come before the results do; what is copied must belong to what was typed.
    if (this.box.value.trim() !== this.#shown) await this.#search();
    const button = found();
    if (!button) return;
    const done = await copyText(button.dataset.copy);
    const label = button.querySelector('span');
    label.textContent = done ? '已复制' : '没能复制，请选中文字复制';
    button.classList.toggle('cs-done', done);
    this.status.textContent = done ? '已复制统一答复' : '没能复制';
    clearTimeout(button.timer);
    button.timer = setTimeout(() => {
      label.textContent = '复制答复';
      button.classList.remove('cs-done');
    }, CONFIRM);
  }
}

/* The clipboard interface is there only over HTTPS and on localhost; the old command works anywhere. */
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
