/*
 * <case-search>: suggests, and shows results, while somebody types. It goes around a form with an
 * input named q; without this script the form simply searches.
 *
 *   <case-search service="/">              in a site's header: results drop down under the box
 *   <case-search service="/" mode="page">  the search page: they replace what [data-results] holds
 *
 * service: the search service's address; its results?q= gives escaped HTML, api/suggest?q= JSON.
 * surface: what the journal calls this box; "site" unless it says otherwise.
 * index: where the site's own index is (its find/); it is searched while no service answers, and
 * always where service is empty. Fetched only then, with static-search.js beside this script: from
 * the moment the box has the focus, and what a question needs while it is still being typed.
 * Keys: / to the box, arrows through suggestions and results, Enter, c copies the answer (in the
 * box Ctrl+Enter), Esc, Alt+↓ brings the suggestions back.
 * Runs in Chromium 88: many call centres cannot update their browsers.
 */
const PAUSE = 120; // ms without a key
const PATIENCE = 4000; // ms
const RETRY = 60000; // ms before a service that was away is asked again
const AWAY = 'case-search-away'; // since when, for this visit
const OFFLINE = { page: '请稍后再试。', panel: '请从网站的栏目里找。' };
const MOST = { page: 8, panel: 5 }; // suggestions; in a panel the results come below them
const KINDS = { question: '问题', similar: '相似问法', case: '案例', policy: '政策', term: '词语' };

class CaseSearch extends HTMLElement {
  #shown = ''; // the question whose results are in place
  #offered = []; // the suggestions that are in the list
  #active = -1; // which of them the arrow keys have reached
  #passed = false; // whether the arrow keys have gone on from them to the results
  #timer;
  #request;
  #asking;
  #life;

  connectedCallback() {
    const page = this.getAttribute('mode') === 'page';
    this.mode = page ? 'page' : 'panel';
    this.service = new URL(this.getAttribute('service') || '/', location.href);
    this.surface = this.getAttribute('surface') || 'site';
    this.visit = newVisit();
    const index = this.getAttribute('index');
    this.index = index && new URL(index, document.baseURI);
    this.box = this.querySelector('[name="q"]');
    this.panel = page ? null : this.querySelector('.cs-panel') || this.#makePanel();
    this.results = this.querySelector('[data-results]');
    this.list = this.querySelector('.cs-suggestions') || this.#makeList();
    this.status = this.querySelector('.cs-status') || this.#add('p', 'cs-status cs-hidden', 'status');
    this.#suggest(false);
    this.#open(false);
    this.#listen();
    if (!page) return;
    // A page from plain files holds no results yet for the question in its address.
    if (!this.results.children.length) this.box.value ||= new URLSearchParams(location.search).get('q') || '';
    // Somebody may have typed before this script was there.
    this.#shown = this.box.defaultValue.trim();
    if (this.box.value && this.box.value === this.box.defaultValue) this.box.select();
    this.#search();
    this.#follow();
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
    panel.tabIndex = -1; // a click on its text must not count as leaving
    panel.appendChild(document.createElement('div')).dataset.results = '';
    return panel;
  }

  /* A combobox as ARIA 1.2 has it: the focus stays in the box, which names the active suggestion. */
  #makeList() {
    const list = this.#add('ul', 'cs-suggestions', 'listbox');
    list.id = `cs-suggestions-${this.mode}`; // a site's search page has a box in its header as well
    list.setAttribute('aria-label', '联想');
    if (this.panel) this.panel.prepend(list);
    else this.box.form.append(list);
    this.box.setAttribute('role', 'combobox');
    this.box.setAttribute('aria-autocomplete', 'list');
    this.box.setAttribute('aria-controls', list.id);
    return list;
  }

  #listen() {
    this.#life = new AbortController();
    const on = (target, type, act) => target.addEventListener(type, act, { signal: this.#life.signal });
    on(this.querySelector('form'), 'submit', (event) => {
      event.preventDefault();
      this.#find();
    });
    // While an input method composes, the box holds letters that nobody means to search for.
    on(this.box, 'input', (event) => event.isComposing || this.#soon());
    on(this.box, 'blur', () => this.panel || this.#suggest(false));
    on(this.list, 'mousedown', (event) => event.preventDefault()); // the focus stays in the box
    on(this.list, 'click', (event) => this.#choose([...this.list.children].indexOf(event.target.closest('li'))));
    on(this.box, 'compositionstart', () => this.#cancel());
    on(this.box, 'compositionend', () => this.#soon());
    on(this.box, 'focus', () => {
      this.#open(this.#shown);
      this.#fetchAhead();
    });
    on(this, 'focusout', (event) => this.contains(event.relatedTarget) || this.#open(false));
    on(this.results, 'click', (event) => {
      const ask = event.target.closest('[data-ask]');
      const copy = event.target.closest('[data-copy]');
      if (copy && copy.closest('.cs-notice')) this.#take(copy);
      else if (copy) this.#copy();
      if (!ask || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.#toBox();
      this.#find(ask.dataset.ask);
    });
    on(document, 'keydown', (event) => {
      // 229: a key that an input method has taken, in browsers that do not say so otherwise.
      if (event.isComposing || event.keyCode === 229 || event.defaultPrevented) return;
      if (this.#act(event) !== false) event.preventDefault();
    });
  }

  #soon() {
    this.#mark(-1);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#typed(), PAUSE);
    this.#fetchAhead();
  }

  /* What was typed brings results and suggestions: one request for each. */
  async #typed() {
    const text = this.box.value.trim();
    const searching = this.#search();
    const suggestions = text && !this.#isAway ? await this.#ask(text) : [];
    await searching;
    // Where no results came, suggestions would lead nowhere.
    if (suggestions && text === this.box.value.trim()) this.#offer(this.#shown === text ? suggestions : []);
  }

  /* What was decided on brings results only. */
  #find(text = this.box.value) {
    this.box.value = text;
    this.#shown = null; // search in any case
    this.#offered = [];
    this.#suggest(false);
    return this.#search();
  }

  #cancel() {
    clearTimeout(this.#timer);
    this.#request?.abort();
    this.#request = null;
    this.#stopAsking();
    this.results.removeAttribute('aria-busy');
  }

  #stopAsking() {
    this.#asking?.abort();
    this.#asking = null;
  }

  async #fetch(path, text, request) {
    const late = setTimeout(() => request.abort(), PATIENCE);
    const address = new URL(path, this.service);
    address.searchParams.set('q', text);
    if (path === 'results') {
      address.searchParams.set('surface', this.surface);
      address.searchParams.set('visit', this.visit);
    }
    try {
      return await (await fetch(address, { signal: request.signal })).text();
    } catch {
      return ''; // unreachable, late or called off
    } finally {
      clearTimeout(late);
    }
  }

  /* A new question searches everything: a filter left from the last call would hide the answer. */
  async #search() {
    this.#cancel();
    const text = this.box.value.trim();
    if (!text) this.visit = newVisit(); // what is typed next is another question
    if (text === this.#shown) return;
    const request = (this.#request = new AbortController());
    this.results.setAttribute('aria-busy', 'true');
    const { found, reason } = await this.#results(text, request);
    if (request !== this.#request) return;
    this.#request = null;
    this.results.removeAttribute('aria-busy');
    if (found) this.#show(text, found);
    else this.#tell(reason);
  }

  /* What the service found or why it refuses; while it is away, what the site's own index holds. */
  async #results(text, request) {
    if (!this.#isAway) {
      const html = await this.#fetch('results', text, request);
      const parsed = new DOMParser().parseFromString(html, 'text/html');
      const found = parsed.querySelector('.cs-results');
      const reason = parsed.querySelector('[data-message]');
      if (found || reason || !this.index || request !== this.#request) {
        if (found || reason) this.#noteAway(false);
        return { found, reason };
      }
      this.#noteAway(true);
    }
    try {
      return { found: text ? await this.#searchFiles(text) : nothingAsked() };
    } catch {
      return {}; // nor can the index be fetched
    }
  }

  async #searchFiles(text) {
    const { files, results } = await this.#ownSearch();
    return results(files, new URL('..', this.index), text, load);
  }

  /* What the site's own index will be asked for is under way before the pause in typing is over. */
  async #fetchAhead() {
    if (!this.#isAway) return;
    try {
      const { files } = await this.#ownSearch();
      await files.fetchAhead(this.box.value.trim());
    } catch {
      // The search itself will say so.
    }
  }

  async #ownSearch() {
    const { StaticIndex, results } = await import('./static-search.js');
    this.files ||= new StaticIndex(this.index, load);
    return { files: this.files, results };
  }

  /* Whether to spare the service a request, and the reader the wait for it. */
  get #isAway() {
    if (!this.index) return false;
    return this.getAttribute('service') === '' || Date.now() - (stored(AWAY) || 0) < RETRY;
  }

  #noteAway(away) {
    if (away || stored(AWAY)) store(AWAY, away ? Date.now() : '');
  }

  #show(text, found) {
    this.#shown = text;
    this.results.replaceChildren(found);
    this.status.textContent = found.dataset.say;
    this.#follow();
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

  /* Where the service keeps a journal, it is told what is done with the results. */
  async #follow() {
    if (!this.results.querySelector('[data-question]')) return;
    try {
      (await import('./case-events.js')).follow(this);
    } catch {
      // Nothing can be rated then.
    }
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
    if (!this.panel) return;
    this.panel.hidden = !wanted || !this.contains(document.activeElement);
    this.#suggest(!this.list.hidden);
  }

  /* The suggestions for a text; null when nobody waits for them any more. */
  async #ask(text) {
    const request = (this.#asking = new AbortController());
    const found = await this.#fetch('api/suggest', text, request);
    if (request !== this.#asking) return null;
    try {
      return JSON.parse(found).suggestions || [];
    } catch {
      return [];
    }
  }

  /* No suggestions over an answer: whoever sees it is done. */
  #offer(suggestions) {
    this.#passed = false;
    this.#offered = suggestions.slice(0, MOST[this.mode]);
    this.list.replaceChildren(...this.#offered.map((one, place) => option(one, `${this.list.id}-${place}`)));
    this.#suggest(document.activeElement === this.box && !this.results.querySelector('.cs-answer'));
  }

  #suggest(wanted) {
    this.list.hidden = !wanted || !this.#offered.length;
    this.box.setAttribute('aria-expanded', String(this.#isOpen));
    if (!this.#isOpen) this.#mark(-1);
  }

  get #isOpen() {
    return !this.list.hidden && !this.panel?.hidden;
  }

  #mark(place) {
    const options = this.list.children;
    options[this.#active]?.setAttribute('aria-selected', 'false');
    this.#active = place;
    const now = options[place];
    if (!now) return this.box.removeAttribute('aria-activedescendant');
    now.setAttribute('aria-selected', 'true');
    now.scrollIntoView({ block: 'nearest' });
    this.box.setAttribute('aria-activedescendant', now.id);
  }

  /* A word of the glossary goes on being typed; anything else is the question itself. */
  #choose(place) {
    const { kind, text, id } = this.#offered[place] || {};
    if (!text) return;
    this.box.focus();
    if (kind === 'term') {
      this.box.value = text;
      this.#mark(-1);
      this.#typed();
      return;
    }
    this.#find(text);
    // Counted so that it comes sooner next time; whether that works is nobody's concern here.
    const address = new URL(`api/chosen/${encodeURIComponent(id)}`, this.service);
    fetch(address, { method: 'POST', keepalive: true }).catch(() => {});
    // A keyboard on the screen would cover the answer.
    if (matchMedia('(hover: none)').matches) (this.panel || document.querySelector('main')).focus({ preventScroll: true });
  }

  /* Does what a key is for; false leaves it to the browser. */
  #act({ key, target, ctrlKey, metaKey, altKey }) {
    const inBox = target === this.box;
    if (inBox && altKey && key === 'ArrowDown') return this.#suggest(true);
    const typing = target.closest?.('input, textarea, select, [contenteditable]');
    if (ctrlKey || metaKey || altKey) return inBox && key === 'Enter' && !altKey && this.#copy();
    if (key === '/' && !typing) return this.#toBox();
    if (this.mode === 'panel' && !this.contains(target)) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[key];
    if (step) return inBox && this.#isOpen ? this.#step(step) : this.#move(step);
    if (inBox && key === 'Enter' && this.#active >= 0) return this.#choose(this.#active);
    if (key === 'Escape') return inBox ? this.#escape() : this.#toBox();
    return !typing && key.toLowerCase() === 'c' && this.#copy();
  }

  #toBox() {
    this.box.focus();
    this.box.select();
  }

  /* First the suggestions go, then the question. */
  #escape() {
    this.#stopAsking();
    if (this.#isOpen) return this.#suggest(false);
    this.box.value = '';
    this.#offered = [];
    this.#search();
  }

  /* Through the suggestions; above the first is the box, below the last are the results. */
  #step(step) {
    const last = this.#offered.length - 1;
    const to = this.#active + step;
    if (to <= last) return this.#mark(to < -1 ? last : to);
    this.#mark(-1);
    this.#passed = true;
    this.#move(1);
  }

  /* Moves the real focus: Enter and screen readers need nothing more. */
  #move(step) {
    const items = [...this.results.querySelectorAll('[data-item]')];
    const from = items.indexOf(document.activeElement);
    if (this.panel?.hidden || (from < 0 && document.activeElement !== this.box)) return false;
    if (from === 0 && step < 0) return this.#back();
    return items[from + step]?.focus();
  }

  /* From the results back to the last suggestion, or into the box. */
  #back() {
    this.#toBox();
    if (!this.#passed) return;
    this.#suggest(true);
    if (this.#isOpen) this.#mark(this.#offered.length - 1);
  }

  async #copy() {
    // The key may come before the results do: never copy the answer to another question.
    if (this.box.value.trim() !== this.#shown) await this.#search();
    const button = !this.panel?.hidden && this.results.querySelector('.cs-answer [data-copy]');
    if (button) await this.#take(button);
  }

  /* Copies what a button holds, and says so. */
  async #take(button) {
    const done = await copyText(button.dataset.copy);
    if (done) this.dispatchEvent(new CustomEvent('copied', { detail: button.dataset.copy }));
    const label = button.firstElementChild;
    button.dataset.label ||= label.textContent;
    label.textContent = this.status.textContent = done ? '已复制' : '没能复制，请选中文字复制';
    button.classList.toggle('cs-done', done);
    setTimeout(() => {
      label.textContent = button.dataset.label;
      button.classList.remove('cs-done');
    }, 2000);
  }
}

function load(...request) {
  return fetch(...request);
}

/* Names what is typed into a box until it is empty again: at random, and kept nowhere. */
function newVisit() {
  return [...crypto.getRandomValues(new Uint32Array(2))].map((part) => part.toString(36).padStart(7, '0')).join('');
}

/* What stands for results where nothing is asked. */
function nothingAsked() {
  const found = document.createElement('div');
  found.className = 'cs-results cs-starting';
  found.dataset.say = '';
  found.dataset.title = document.title;
  return found;
}

/* Storage may be forbidden; then each page finds out for itself. */
function stored(key) {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

function store(key, value) {
  try {
    sessionStorage.setItem(key, value);
  } catch {
    // Nothing depends on it.
  }
}

/* A suggestion in the list: its text with marks, the question that it is another wording of. */
function option({ text_html: html, kind, id, title }, name) {
  const item = document.createElement('li');
  item.id = name;
  item.className = 'cs-option';
  item.setAttribute('role', 'option');
  item.setAttribute('aria-selected', 'false');
  const text = item.appendChild(document.createElement('span'));
  text.innerHTML = html; // escaped by the service, but for its marks
  if (kind === 'similar') item.appendChild(document.createElement('small')).textContent = title;
  const label = item.appendChild(document.createElement('span'));
  label.className = 'cs-kind';
  label.textContent = KINDS[kind === 'title' ? id.split('-')[0] : kind];
  return item;
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
