/*
 * The offline copy: what was read, and the pages that matter at the counter, without a line.
 *
 * One rule makes it safe: nothing is held that is not on the list of what the site holds now. Each
 * contact with the site asks for `offline.json`; when the site has changed, the new list is fetched
 * and everything that is not on it (withdrawn, changed, another look) goes at once. Where a list
 * cannot be read, everything goes. What is shown without a line says how old it is.
 *
 * casebook.offline fills in SITE. As it stands here, or where a site is to have no offline copy, this
 * worker removes itself and whatever an earlier one has stored. Runs in Chromium 88.
 */
'use strict';

const SITE = null;

const SCOPE = new URL(self.registration.scope);
// Other sites on this host have names of their own, and so have other audiences at this address.
const PREFIX = `casebook:${SCOPE.pathname}:`;
const FILES = `${PREFIX}${SITE && SITE.audience}:files`;
const NOTES = `${PREFIX}${SITE && SITE.audience}:notes`;
const STATE = `${SCOPE.href}offline/state`;
const LIST = `${SCOPE.href}offline/list`;

const PATIENCE = 3000; // ms for the first line of an answer, where there is a copy
const GIVE_UP = 20000; // ms for what is asked of the site in the background
const BUDGET = 2000000; // bytes over the line that are fetched ahead for one version of the content
const HOUR = 3600000; // ms
const KEY = 6; // bytes of a key on the list
const SHOWN = 300; // copies that are offered where one is missing
const SEARCH = 'find/index.json'; // held, the whole of the site's search is

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(begin()));
if (SITE) {
  self.addEventListener('fetch', answer);
  self.addEventListener('message', (event) => event.waitUntil(asked(event.data || {}, event.source)));
}

async function begin() {
  for (const name of await caches.keys()) {
    const own = SITE && (name === FILES || name === NOTES);
    if (name.startsWith(PREFIX) && !own) await caches.delete(name);
  }
  if (SITE) await self.clients.claim();
  else await self.registration.unregister();
}

/* ---- answering ---------------------------------------------------------------------------- */

const copied = new Set(); // pages on screen that came from here
const shown = new Map(); // pages on screen that came from the site → a promise of their keys

function answer(event) {
  const { request } = event;
  const path = pathOf(request.url);
  if (request.method !== 'GET' || path === null || request.headers.has('range')) return;
  if (request.mode === 'navigate') event.respondWith(page(event, path));
  else if (SITE.folders.some((folder) => path.startsWith(folder))) event.respondWith(file(event));
}

/* A page: from the site; where it is slow or cannot be reached, the copy, which says so. */
async function page(event, path) {
  const { url } = event.request;
  const coming = fromSite(event, url);
  const slow = new Promise((resolve) => setTimeout(resolve, PATIENCE));
  const response = await Promise.race([coming.catch(() => null), slow]);
  if (response && !isAway(response)) return response;
  const copy = await held(url);
  const folder = `${url.split(/[?#]/)[0]}/`;
  if (!copy && !response && (await held(folder))) return Response.redirect(folder);
  if (!copy && response) return response;
  copied.add(event.resultingClientId);
  return copy ? withAge(copy) : coming.catch(() => nothing(path));
}

/* A file of the look or of the search: one with its version in its address never changes. */
async function file(event) {
  const { url } = event.request;
  const settled = copied.has(event.clientId) || /[?&]v=|\/[0-9a-f]{16}\//.test(url);
  const copy = settled && (await held(url));
  if (copy) return copy;
  try {
    const response = await fromSite(event, url);
    return (isAway(response) && (await held(url))) || response;
  } catch (error) {
    return (await held(url)) || Response.error();
  }
}

/* Asks the site past the browser's own cache, which may be older than ours, and keeps the answer. */
function fromSite(event, url) {
  const coming = fetch(url, { cache: 'no-cache', redirect: 'manual' });
  const client = event.resultingClientId || event.clientId;
  event.waitUntil(coming.then((response) => keep(url, response.clone(), client), () => null));
  return coming;
}

/* Whether somebody on the way answered, or a site that is just being restarted. */
function isAway(response) {
  return response.status >= 500 || response.status === 429;
}

/* What stands for a page that is not held: in the frame of one that is, what there is instead. */
async function nothing(path) {
  const cache = await caches.open(FILES);
  const found = await copies(cache);
  const frame = found.find(({ url }) => url === SCOPE.href) || found[0];
  const content = instead(path, found, await cache.match(SCOPE.href + SEARCH));
  const html = frame ? framed(content, await (await cache.match(frame.url)).text(), frame.url) : bare(content);
  return new Response(html, { status: 503, headers: { 'content-type': 'text/html; charset=utf-8' } });
}

// Headings, what they say, the addresses under them.
const ENTRY = /^(faq\/faq|cases\/case|policies\/policy)-/;
const GROUPS = [
  ['条目', '统一口径、案例和政策依据', ENTRY],
  ['卡片', '每类业务一张，站柜台用', /^cards\/./],
  ['其他', '首页、各种目录和术语', /^/],
];
const KINDS = { faq: '统一口径', cases: '案例', policies: '政策依据' };

function instead(path, found, searchable) {
  const groupOf = ({ url }) => GROUPS.findIndex(([, , addresses]) => addresses.test(pathOf(url)));
  const groups = GROUPS.map(([name, what], place) =>
    ({ name, what, id: `held-${place}`, members: found.filter((one) => groupOf(one) === place) }),
  ).filter(({ members }) => members.length);
  const ways = groups.map(({ name, id, members }) =>
    `<li><a href="#${id}">${name}</a> <span class="cb-count">${members.length} 页</span></li>`);
  const lists = groups.map(({ name, what, id, members }) =>
    `<h2 id="${id}">${name}</h2><p class="cb-lead">${what}</p>${rows(members)}`);
  return `<h1>没有联网，这一页也没有离线副本</h1>
<p class="cb-lead">联网后<a href="${SCOPE.href}${encodeURI(path)}">再打开一次</a>，以后没有网络也能看。</p>
${searchable ? '<p>检索照样能用：在上面的检索框里写客户的原话找一找。</p>' : ''}
${ways.length ? `<p>这台设备上有：</p><nav class="cb-browse" aria-label="离线副本"><ul>${ways.join('')}</ul></nav>` : ''}
${lists.join('\n')}`;
}

function rows(members) {
  const kind = ({ url }) => (ENTRY.test(pathOf(url)) ? KINDS[pathOf(url).split('/')[0]] : '');
  const order = (one) => Object.values(KINDS).indexOf(kind(one));
  members.sort((one, two) => order(one) - order(two) || one.title.localeCompare(two.title, 'zh'));
  const labelled = members.some(kind);
  const label = (one) => (labelled ? `<span class="cb-kind">${kind(one)}</span>` : '');
  const items = members.map((one) =>
    `<li>${label(one)}<span class="cb-list__title"><a href="${one.url}">${one.title}</a></span></li>`);
  return `<ul class="cb-list${labelled ? '' : ' cb-list--plain'}">${items.join('')}</ul>`;
}

/* A page with other content, at another address: its links become whole ones. */
function framed(content, html, url) {
  return html
    .replace(/(<main\b[^>]*>)[^]*(<\/main>)/, (_, start, end) => `${start}<article class="cb-text">${content}</article>${end}`)
    .replace(/<title>[^<]*<\/title>/, '<title>没有联网</title>')
    .replace(/<(link rel="(canonical|alternate)"|meta name="description")[^>]*>/g, '')
    .replace(/(<body\b[^>]*?) class="[^"]*"/, '$1 class="cb-page cb-page--missing"')
    .replace(/ aria-current="[^"]*"/g, '')
    .replace(/\b(href|src|action|index)="(?!#)([^"]*)"/g, (_, name, to) => `${name}="${new URL(to, url).href}"`);
}

function bare(content) {
  return `<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>没有联网</title></head>
<body class="cb-page cb-page--missing"><main class="cb-main" id="main">${content}</main></body></html>`;
}

/* The pages that are held, the latest first. */
async function copies(cache) {
  const found = [];
  for (const { url } of await cache.keys()) {
    const { headers } = await cache.match(url);
    const title = headers.get('x-casebook-title');
    if (title) found.push({ url, title: decodeURIComponent(title), at: Number(headers.get('x-casebook-at')) });
  }
  return found.sort((one, other) => other.at - one.at).slice(0, SHOWN);
}

/* ---- how old a copy is -------------------------------------------------------------------- */

/* The note stands before the text, so that it is read, and printed, with it. */
async function withAge(copy) {
  const { text, kind } = await ageOf(copy);
  const note = `<p class="${kind}" role="${kind === 'cb-age' ? 'note' : 'alert'}" data-age>${text}</p>`;
  const html = await copy.text();
  const place = [/<main\b[^>]*>(\s*<article\b[^>]*>)?/, /<body\b[^>]*>/].find((one) => one.test(html));
  const headers = new Headers(copy.headers);
  const shown = place ? html.replace(place, (found) => found + note) : note + html;
  return new Response(shown, { status: 200, headers });
}

/* What a page says of its copy. It counts from when the site last said that it still holds. */
async function ageOf(copy) {
  const state = await current();
  const taken = Number(copy.headers.get('x-casebook-at'));
  const checked = Math.max(taken, state.checked);
  const days = Math.floor((Date.now() - checked) / (24 * HOUR));
  const how = checked - taken > HOUR ? `${when(taken)} 取得，${when(checked)} 核对` : `${when(taken)} 取得`;
  if (days >= state.limit) {
    const text = `这份离线副本已经 ${days} 天没有核对，可能已经撤下或改动，不能照此答复。联网后会自动核对。`;
    return { text, kind: 'cb-age cb-age--expired' };
  }
  const text = `离线副本：${how}（${ago(checked, days)}）。联网后会自动核对。`;
  return { text, kind: days >= state.warn ? 'cb-age cb-age--old' : 'cb-age' };
}

function when(time) {
  const date = new Date(time);
  const minutes = String(date.getMinutes()).padStart(2, '0');
  return `${date.getMonth() + 1} 月 ${date.getDate()} 日 ${date.getHours()}:${minutes}`;
}

function ago(time, days) {
  const hours = Math.floor((Date.now() - time) / HOUR);
  if (days > 0) return `${days} 天前`;
  return hours > 0 ? `${hours} 小时前` : '不到 1 小时前';
}

/* ---- holding ------------------------------------------------------------------------------ */

/* A file's address under the site's root; null for what is no part of the site. */
function pathOf(url) {
  const { href } = new URL(url);
  if (!href.startsWith(SCOPE.href)) return null;
  try {
    return decodeURIComponent(href.slice(SCOPE.href.length).split(/[?#]/)[0]).replace(/(^|\/)index\.html$/, '$1');
  } catch (error) {
    return null;
  }
}

function isPage(url) {
  return /(^|\/)$/.test(pathOf(url));
}

/* Under which address it is held: a page's without a query, a file's with its version. */
function placeOf(url) {
  const path = pathOf(url);
  return isPage(url) ? SCOPE.href + encodeURI(path) : url.split('#')[0];
}

/* The copy, if it is on the list. */
async function held(url) {
  if (!(await current())) return undefined;
  return (await caches.open(FILES)).match(placeOf(url));
}

/* Keeps what the site just answered; what was held before goes in any case. */
async function keep(url, response, client) {
  if (isAway(response)) return;
  const reading = read(url, response);
  if (isPage(url) && !copied.has(client)) shown.set(client, reading.then(({ key }) => key, () => null));
  const found = await reading;
  await alone(() => forget(url, found.key));
  await contact();
  await alone(() => store(url, found));
}

async function read(url, response) {
  const body = response.status === 200 ? await response.arrayBuffer() : null;
  return { body, key: body && (await keyOf(pathOf(url), body)), headers: new Headers(response.headers) };
}

async function forget(url, key) {
  const old = await held(url);
  if (!old || old.headers.get('x-casebook-key') === key) return;
  await (await caches.open(FILES)).delete(placeOf(url));
  await tell([placeOf(url)], (still) => still === key);
}

/* Nothing is stored that is not on the list. */
async function store(url, { body, key, headers }) {
  if (!key || !(await validKeys()).has(key)) return;
  headers.delete('content-encoding');
  headers.delete('content-length');
  headers.set('x-casebook-key', key);
  headers.set('x-casebook-at', String(Date.now()));
  if (isPage(url)) headers.set('x-casebook-title', encodeURIComponent(titleOf(body)));
  await put(FILES, placeOf(url), new Response(body, { headers }));
}

function titleOf(body) {
  const found = /<title>([^<]*)<\/title>/.exec(new TextDecoder().decode(body));
  return found ? found[1].split(' · ')[0] : '';
}

/* As casebook.offline has it on the list: of the address and of the digest of the content. */
async function keyOf(path, body) {
  const content = hex(new Uint8Array(await crypto.subtle.digest('SHA-256', body)));
  const text = new TextEncoder().encode(`${path}\n${content}`);
  return hex(new Uint8Array(await crypto.subtle.digest('SHA-256', text)).slice(0, KEY));
}

function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/* A device that is full keeps less; nothing else changes. */
async function put(cache, url, response) {
  try {
    await (await caches.open(cache)).put(url, response);
  } catch (error) {
    console.info('casebook: not kept', url, error.name);
  }
}

let last = Promise.resolve();

/* One change of what is held at a time. */
function alone(change) {
  last = last.then(change, change);
  return last;
}

/* ---- fetching ahead ----------------------------------------------------------------------- */

let fetching = false;

/* What changed of what was held, then what matters most, until the budget is spent. */
async function fetchAhead() {
  const known = await current();
  const list = await noted(LIST);
  if (!known || !list || known.filled || fetching) return;
  fetching = true;
  try {
    for (const { url, goesOn } of [...known.again.map((url) => ({ url })), ...list.ahead.flatMap(parts)]) {
      const { version, spent } = (await current()) || {};
      if (version !== known.version) return; // the next idle page goes on with the new list
      if (await held(url)) continue;
      if (spent >= BUDGET && !goesOn) break;
      const bytes = await take(url);
      if (state && state.version === version) await note({ ...state, spent: state.spent + bytes });
    }
    if (state && state.version === known.version) await note({ ...state, again: [], filled: true });
  } finally {
    fetching = false;
  }
}

/* The addresses of an entry of the list: a page, or what is of no use in part. */
function parts(entry) {
  return [].concat(entry).map((path, place) => ({ url: SCOPE.href + encodeURI(path), goesOn: place > 0 }));
}

/* Fetches a page with the files of its look, or a file; says how many bytes came over the line. */
async function take(url) {
  const response = await fetch(url, { cache: 'no-cache', redirect: 'manual' });
  if (isAway(response)) throw new Error('away');
  const found = await read(url, response);
  if (!found.body) return 0;
  let bytes = cost(url, found);
  for (const part of isPage(url) ? partsOf(url, found.body) : []) {
    if (!(await held(part))) bytes += await take(part);
  }
  await alone(() => store(url, found)); // last: a page without its look is not worth having
  return bytes;
}

function partsOf(url, body) {
  const found = new TextDecoder().decode(body).matchAll(/<(?:script|link)\b[^>]*?\b(?:src|href)="([^"]+)"/g);
  const parts = Array.from(found, (match) => new URL(match[1], url).href);
  return parts.filter((one) => SITE.folders.some((folder) => (pathOf(one) || '').startsWith(folder)));
}

/* What came over the line: compressed, where the site compresses. */
function cost(url, { body, headers }) {
  const timed = performance.getEntriesByName(url).pop();
  performance.clearResourceTimings(); // the browser notes so many and no more
  return (timed && timed.transferSize) || Number(headers.get('content-length')) || body.byteLength;
}

/* ---- contact ------------------------------------------------------------------------------ */

/* A page asks: check now; keep me, if you do not know me; I am idle, fetch ahead. */
async function asked({ visited, ahead }, client) {
  const reached = await contact();
  if (client) {
    const copy = !reached && (await held(client.url));
    client.postMessage(copy ? { age: await ageOf(copy) } : { reached });
  }
  if (!reached) return;
  try {
    if (visited && !(await held(visited))) await take(visited);
    if (ahead) await fetchAhead();
  } catch (error) {
    console.info('casebook: not fetched ahead', error.message);
  }
}

const AWAY = Symbol('away');
let contacting = null;

/* Compares with the site; says whether it could be reached. Who asks meanwhile shares the answer. */
function contact() {
  contacting = contacting || compare().finally(() => { contacting = null; });
  return contacting;
}

async function compare() {
  let about = await ask('offline.json');
  if (about === AWAY) return false;
  const known = await current();
  if (about && known && about.version === known.version) {
    await note({ ...known, checked: Date.now() });
    return true;
  }
  let list = await listOf(about);
  if (!list) { // the site may have been replaced just now
    about = await ask('offline.json');
    list = await listOf(about);
  }
  await alone(() => (list ? renew(about, list) : drop()));
  return true;
}

async function listOf(about) {
  if (!about || !about.version || typeof about.list !== 'string') return null;
  const list = await ask(about.list);
  const whole = list && list.version === about.version && typeof list.valid === 'string';
  return whole && Array.isArray(list.ahead) && keysOf(list.valid) ? list : null;
}

/* JSON of the site: its value, null where there is none, AWAY where the site cannot be reached. */
async function ask(path) {
  const giveUp = new AbortController();
  const timer = setTimeout(() => giveUp.abort(), GIVE_UP);
  try {
    const options = { cache: 'no-store', redirect: 'manual', signal: giveUp.signal };
    const response = await fetch(SCOPE.href + path, options);
    if (isAway(response)) return AWAY;
    const text = await response.text();
    return response.status === 200 ? parsed(text) : null;
  } catch (error) {
    return AWAY;
  } finally {
    clearTimeout(timer);
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    return null;
  }
}

/* Takes over a new list: what is not on it goes first, whatever happens then. */
async function renew({ version, warn, limit }, list) {
  const keys = keysOf(list.valid);
  const cache = await caches.open(FILES);
  const gone = [];
  for (const request of await cache.keys()) {
    const copy = await cache.match(request);
    if (keys.has(copy.headers.get('x-casebook-key'))) continue;
    await cache.delete(request);
    gone.push(request.url);
  }
  valid = { version, keys };
  const again = gone.filter((url) => url.endsWith('/'));
  await note({ version, warn, limit, checked: Date.now(), again, spent: 0, filled: false });
  await put(NOTES, LIST, new Response(JSON.stringify(list)));
  await tell(gone, (still) => keys.has(still));
}

async function drop() {
  const gone = (await (await caches.open(FILES)).keys()).map((request) => request.url);
  await caches.delete(FILES);
  await caches.delete(NOTES);
  state = null;
  valid = null;
  await tell(gone, () => false);
}

/* Tells the pages on screen what is gone, unless what they show is what the site has now. */
async function tell(gone, isNow) {
  for (const client of await self.clients.matchAll({ type: 'window', includeUncontrolled: true })) {
    if (pathOf(client.url) === null || !gone.includes(placeOf(client.url))) continue;
    const still = await shown.get(client.id);
    if (still !== null && !isNow(still)) client.postMessage({ gone });
  }
}

/* ---- what is known of the site; it outlives this worker, which the browser stops when idle -- */

let state = null; // the version, when it was last compared, what is still to be fetched
let valid = null; // the keys of what that version holds

async function current() {
  state = state || (await noted(STATE));
  return state;
}

async function validKeys() {
  const { version } = (await current()) || {};
  if (!valid || valid.version !== version) {
    const list = await noted(LIST);
    valid = list && list.version === version ? { version, keys: keysOf(list.valid) } : null;
  }
  return valid ? valid.keys : new Set();
}

async function note(value) {
  state = value;
  await put(NOTES, STATE, new Response(JSON.stringify(value)));
}

async function noted(url) {
  const found = await (await caches.open(NOTES)).match(url);
  return found ? found.json() : null;
}

/* A list's keys, in hexadecimal; null where it is no list. */
function keysOf(base64) {
  let text;
  try {
    text = atob(base64);
  } catch (error) {
    return null;
  }
  const keys = new Set();
  for (let at = 0; at + KEY <= text.length; at += KEY) {
    keys.add(hex(Array.from(text.slice(at, at + KEY), (one) => one.charCodeAt(0))));
  }
  return text.length % KEY ? null : keys;
}
