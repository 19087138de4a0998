/*
 * Searches the site's own index (find/, made by casebook/static_search.py) where no service
 * answers. Made for Chinese: pairs of characters, single characters, words of letters and digits.
 *
 *   const index = new StaticIndex(address of find/, fetch);
 *   const found = await index.search('话费多扣了怎么办');
 *
 * Of the index only the shards are fetched that hold the query's terms, and the chunks that hold
 * the documents found. Runs in Chromium 88, and in Node for the tests.
 */

// What a term counts: a pair of characters or a word; one character; three first letters; a pair by
// its sound; times this for each character in it that only asks or joins.
const PAIR = 1;
const SINGLE = 0.5;
const INITIALS = 0.7;
const HOMOPHONE = 0.7;
const STOPPED = 0.8;
const STOP = new Set('的了吗呢吧啊呀么嘛是我你您他她它咱这那个和与及或就都也还又在有把被给让请问什怎为会要想得着过不没能可以啥咋哪几多少说到去来');
// As the service's ranking (docs/ranking.md): likeness to a question, words held, kinds.
const LIKENESS = 0.6;
const COVERAGE = 0.3;
const LABELS = { faq: '统一口径', case: '案例', policy: '政策依据' };
const KINDS = { faq: 1, case: 0.98, policy: 0.96 };
// How well an entry must fit to be given as the answer.
const ANSWER = 0.9;
const FIT_COVERAGE = 0.25;
const FIT_LEAD = 0.3;
// So much of a query's pairs must be unknown for them to be looked for by their sound.
const MISSING = 0.4;
// What a document must hold of the query, or how alike it must be, to be a result.
const HELD = 0.1;
const ALIKE = 0.4;
// Bounds on what a query costs.
const MOST_TERMS = 60;
const MOST_SHARDS = 14;
const CANDIDATES = 12;
// As casebook/static_search.py has them.
const LEVELS = 8;
const WORDS = 0xe0000000;
const LONGEST_WORD = 32;
const LONGEST_SYLLABLE = 6;
const LETTERS = [[0xc0, 0x24f], [0x370, 0x52f], [0x3005, 0x3007], [0x3041, 0x30ff], [0x3400, 0x9fff], [0xac00, 0xd7a3], [0xd800, 0xdfff]];
const HIDDEN = /[\u00ad\u200b-\u200f\u2060\ufeff]/g;

/* The letters and digits of a text in one form; a space for everything else. */
export function fold(text, simplified = new Map()) {
  let folded = '';
  for (const unit of text.replace(HIDDEN, '').split('')) {
    const code = unit.charCodeAt(0);
    const plain = code > 0xff00 && code < 0xff5f ? String.fromCharCode(code - 0xfee0) : unit;
    if (/[A-Za-z0-9]/.test(plain)) folded += plain.toLowerCase();
    else folded += LETTERS.some(([first, last]) => code >= first && code <= last) ? simplified.get(unit) || unit : ' ';
  }
  return folded;
}

/* The terms of a folded text: [{number, weight}], the weightiest first, each once. */
export function terms(folded) {
  const found = new Map();
  const add = (number, weight, run) => found.has(number) || found.set(number, { number, weight, run });
  for (const [run] of folded.matchAll(/[a-z0-9]+|[^a-z0-9 ]+/g)) {
    if (/[a-z0-9]/.test(run[0])) {
      add(word(run), PAIR, run);
      continue;
    }
    for (let place = 0; place < run.length; place++) {
      const [one, two] = [run[place], run[place + 1]];
      const stops = STOP.has(one) + (two ? STOP.has(two) : 0);
      if (two) add(pair(one, two), PAIR * STOPPED ** stops);
      add(pair(one), SINGLE * STOPPED ** (2 * STOP.has(one)));
    }
  }
  return weightiest([...found.values()]);
}

function weightiest(found) {
  return found.sort((one, two) => two.weight - one.weight);
}

function pair(one, two) {
  return one.charCodeAt(0) * 0x10000 + (two ? two.charCodeAt(0) : 0);
}

/*
 * The terms by which letters that are no word of the library may be found as pinyin: pairs of
 * syllables; where some are first letters only, these three by three.
 */
export function sounds(run, syllables) {
  const heard = spelled(run, syllables);
  const found = [];
  heard.forEach((one, place) => {
    const two = heard[place + 1];
    if (two && one.length > 1 && two.length > 1) found.push({ number: word(`${one} ${two}`), weight: PAIR });
  });
  if (heard.every((one) => one.length > 1)) return found;
  for (const letters of new Set([heard.map((one) => one[0]).join(''), run])) {
    for (let place = 0; place + 3 <= letters.length; place++) {
      found.push({ number: word(` ${letters.slice(place, place + 3)}`), weight: INITIALS });
    }
  }
  return found;
}

/* Whether pairs of characters are a good part of a query's. */
function isMostly(pairs, query) {
  const sum = (found) => found.reduce((total, { weight }) => total + weight, 0);
  return pairs.length > 0 && sum(pairs) >= MISSING * sum(query.filter(({ number }) => number < WORDS && number & 0xffff));
}

/* The terms by which pairs of characters may be found that sound as others do: 宽代, 宽带. */
function homophones(pairs, characters) {
  const sound = new Map();
  for (const [syllable, ones] of Object.entries(characters)) for (const one of ones) sound.set(one, syllable);
  const heard = pairs.map(({ number, weight }) => ({
    syllables: [number >>> 16, number & 0xffff].map((code) => sound.get(String.fromCharCode(code))),
    weight: HOMOPHONE * weight,
  }));
  return heard
    .filter(({ syllables }) => syllables.every(Boolean))
    .map(({ syllables, weight }) => ({ number: word(syllables.join(' ')), weight }));
}

/* Letters in as few pieces as can be, each a syllable or a single letter. */
function spelled(run, syllables) {
  const best = [[]];
  for (let end = 1; end <= run.length; end++) {
    for (let start = Math.max(0, end - LONGEST_SYLLABLE); start < end; start++) {
      const piece = run.slice(start, end);
      if (piece.length > 1 && !syllables.has(piece)) continue;
      if (!best[end] || best[start].length + 1 < best[end].length) best[end] = [...best[start], piece];
    }
  }
  return best[run.length];
}

function word(text) {
  let hash = 0;
  for (const letter of text.slice(0, LONGEST_WORD)) hash = (Math.imul(hash, 31) + letter.charCodeAt(0)) | 0;
  return WORDS + ((hash >>> 0) & (0xffffffff - WORDS));
}

/* Dice's coefficient over the characters of two texts. */
export function dice(one, two) {
  const counts = new Map();
  for (const character of one) counts.set(character, (counts.get(character) || 0) + 1);
  let shared = 0;
  for (const character of two) {
    const left = counts.get(character) || 0;
    if (left) shared += 1;
    counts.set(character, left - 1);
  }
  return one.length && two.length ? (2 * shared) / (one.length + two.length) : 0;
}

/* Numbers of seven bits a byte. */
class Varints {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  next() {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.bytes[this.at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }
}

/* A shard: which terms it holds, and where their postings are. */
class Shard {
  #bytes;
  #terms = new Map();

  constructor(buffer) {
    this.#bytes = new Uint8Array(buffer);
    const head = new Varints(this.#bytes);
    const rows = [];
    let number = 0;
    for (let left = head.next(); left; left--) rows.push([(number += head.next()), head.next(), head.next()]);
    let start = head.at;
    for (const [term, holders, size] of rows) {
      this.#terms.set(term, { holders, start, end: start + size });
      start += size;
    }
  }

  /* How many documents hold a term, and those that are kept with how much it says about them. */
  get(term) {
    const found = this.#terms.get(term);
    if (!found) return { holders: 0, postings: [] };
    const reader = new Varints(this.#bytes.subarray(found.start, found.end));
    const postings = [];
    let document = 0;
    while (reader.at < reader.bytes.length) {
      const value = reader.next();
      document += Math.floor(value / LEVELS);
      postings.push([document, ((value % LEVELS) + 0.5) / LEVELS]);
    }
    return { holders: found.holders, postings };
  }
}

export class StaticIndex {
  #base;
  #fetch;
  #manifest;
  #files = new Map();
  #simplified = new Map();

  constructor(base, fetch) {
    this.#base = base;
    this.#fetch = fetch;
  }

  /* What a text finds: {hits, total, answer}; rejects where the index cannot be fetched. */
  async search(text, day = new Date()) {
    try {
      return await this.#search(text, day);
    } catch {
      // A new version may have taken the place of the one that this page knows.
      this.#manifest = null;
      this.#files.clear();
      return this.#search(text, day);
    }
  }

  /*
   * Fetches what a search for a text that is still being typed will need: all records where one
   * chunk holds them, the shards of its terms.
   */
  async fetchAhead(text) {
    const index = await this.#open();
    const shards = this.#fetched(index, terms(fold(text, this.#simplified)));
    await Promise.all([shards, isSmall(index) && this.#document(index, 0)]);
  }

  async #search(text, day) {
    const index = await this.#open();
    let folded = fold(text, this.#simplified);
    let query = terms(folded);
    let found = await this.#scores(index, query);
    if (found.unknown && !this.#simplified.size) {
      const pairs = [...(await this.#file(index, 'hant.json'))];
      for (let place = 0; place < pairs.length; place += 2) this.#simplified.set(pairs[place], pairs[place + 1]);
      folded = fold(text, this.#simplified);
      found = await this.#scores(index, (query = terms(folded)));
    }
    if (found.strange.length || isMostly(found.missing, query)) {
      const characters = await this.#file(index, 'pinyin.json');
      const syllables = new Set(Object.keys(characters));
      const heard = found.strange.flatMap((run) => sounds(run, syllables));
      query = weightiest([...query, ...heard, ...homophones(found.missing, characters)]);
      found = await this.#scores(index, query);
    }
    const best = [...found.documents].sort((one, two) => two[1].score - one[1].score || one[0] - two[0]);
    const top = best.slice(0, CANDIDATES);
    const asked = folded.replace(/ /g, '');
    const records = await Promise.all(top.map(([number]) => this.#document(index, number)));
    const hits = top.map(([, { score, held }], place) =>
      ranked(records[place], asked, score / top[0][1].score, held / found.sum, isoDay(day)));
    return chosen(hits, best.filter(([, { held }]) => held >= HELD * found.sum).length);
  }

  /*
   * For each document that holds a term: its score, and the weight of the terms that it holds; the
   * weight of all; what the library does not know: words of letters, pairs, whether a character.
   */
  async #scores(index, query) {
    const documents = new Map();
    const known = new Set();
    const single = new Set();
    const strange = [];
    const missing = [];
    let sum = 0;
    for (const term of await this.#fetched(index, query)) {
      const { number, weight, run, shard } = term;
      const { holders, postings } = shard.get(number);
      const [one, two] = number < WORDS ? [number >>> 16, number & 0xffff] : [];
      if (one && !two) single.add(one);
      if (!holders) {
        if (run && /^[a-z]{2,}$/.test(run)) strange.push(run);
        if (two) missing.push(term);
        continue;
      }
      known.add(one).add(two);
      const counts = weight * Math.log(1 + (index.documents - holders + 0.5) / (holders + 0.5));
      sum += counts;
      for (const [document, level] of postings) {
        const { score, held } = documents.get(document) || { score: 0, held: 0 };
        documents.set(document, { score: score + counts * level, held: held + counts });
      }
    }
    return { documents, sum, strange, missing, unknown: [...single].some((code) => !known.has(code)) };
  }

  /* The weightiest terms of a query with their shards, as far as these may be fetched for one query. */
  async #fetched(index, query) {
    if (!index.documents) return [];
    const wanted = query.slice(0, MOST_TERMS).map((term) => [term, shardOf(index, term.number)]);
    const places = [...new Set(wanted.map(([, place]) => place))].slice(0, MOST_SHARDS);
    const shards = new Map(places.map((place) => [place, this.#file(index, `t${place}.bin`)]));
    const found = wanted.filter(([, place]) => shards.has(place));
    return Promise.all(found.map(async ([term, place]) => ({ ...term, shard: await shards.get(place) })));
  }

  #open() {
    this.#manifest ||= this.#readManifest();
    return this.#manifest;
  }

  async #readManifest() {
    const index = await (await this.#get('index.json', { cache: 'no-cache' })).json();
    let first = 0;
    index.firsts = index.shards.map((more) => (first += more));
    return index;
  }

  async #document(index, number) {
    const chunk = await this.#file(index, `d${Math.floor(number / index.chunk)}.json`);
    return chunk[number % index.chunk];
  }

  #file(index, name) {
    if (!this.#files.has(name)) this.#files.set(name, this.#read(`${index.version}/${name}`));
    return this.#files.get(name);
  }

  async #read(path) {
    const response = await this.#get(path);
    return path.endsWith('.bin') ? new Shard(await response.arrayBuffer()) : response.json();
  }

  async #get(path, options) {
    const response = await this.#fetch(new URL(path, this.#base).href, options);
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    return response;
  }
}

function isSmall({ documents, chunk }) {
  return documents > 0 && documents <= chunk;
}

/* The last shard that begins at or before a term. */
function shardOf({ firsts }, term) {
  let [low, high] = [0, firsts.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (firsts[middle] <= term) low = middle;
    else high = middle - 1;
  }
  return low;
}

function ranked(record, asked, share, held, today) {
  const questions = [fold(record.title).replace(/ /g, ''), ...(record.similar || [])];
  const alike = Math.max(...questions.map((question) => dice(asked, question)));
  const upcoming = record.from > today;
  const current = !upcoming && !(record.until < today);
  const score = (share + LIKENESS * alike + COVERAGE * held) * KINDS[record.kind];
  return { ...record, score, alike, held, share, current, upcoming };
}

/* The reader's day, not that of Greenwich. */
function isoDay(day) {
  const two = (number) => String(number).padStart(2, '0');
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
}

/* The results in their order, and the entry that answers the question, if one fits well enough. */
function chosen(hits, total) {
  const kept = hits.filter(({ held, alike }) => held >= HELD || alike >= ALIKE);
  kept.sort((one, two) => two.current - one.current || two.score - one.score || (one.path < two.path ? -1 : 1));
  const entries = kept.filter(({ current, kind }) => current && kind === 'faq');
  let answer = null;
  if (entries.length) {
    const lead = entries.length > 1 ? 1 - entries[1].score / entries[0].score : 1;
    const fit = entries[0].alike + FIT_COVERAGE * entries[0].held + FIT_LEAD * lead;
    entries[0].fit = fit;
    if (fit >= ANSWER) [answer] = entries;
  }
  return { hits: kept, total: Math.max(total, kept.length), answer };
}

/* What was found, as the service shows it. The answer is shown only when its page's data is there. */
export async function results(index, root, text, fetch) {
  const found = await index.search(text);
  const answer = found.answer && (await answerOf(new URL(found.answer.path, root).href, fetch));
  const hits = answer ? found.hits.filter((hit) => hit !== found.answer) : found.hits;
  const total = found.total - (answer ? 1 : 0);
  const box = element('div', `cs-results${answer ? ' cs-with-answer' : ''}`);
  const told = answer ? `，有统一答复：${found.answer.title}` : '，没有对应的统一答复';
  box.dataset.say = found.hits.length ? `离线检索，找到 ${found.total} 条${told}` : '离线检索，没有找到';
  box.dataset.title = `${text} · 检索`;
  if (answer) box.append(card(found.answer, answer, root));
  box.append(found.hits.length ? list(hits, total, Boolean(answer), root, text) : nothing(text));
  return box;
}

async function answerOf(page, fetch) {
  try {
    const data = await (await fetch(`${page}index.json`)).json();
    if (!data.answer_html || !data.answer_text) return null;
    return { html: data.answer_html, text: data.answer_text };
  } catch {
    return null;
  }
}

function element(name, names = '', text = '') {
  const made = document.createElement(name);
  if (names) made.className = names;
  made.textContent = text;
  return made;
}

function note(names = '') {
  return element('p', `cs-note ${names}`.trim(), '离线检索：只在本站页面里找。');
}

function link(record, root, asked = '') {
  const made = element('a');
  made.href = new URL(record.path, root).href;
  made.dataset.item = '';
  made.append(...marked(record.title, asked));
  return made;
}

function card(record, answer, root) {
  const made = element('article', 'cs-answer');
  made.setAttribute('aria-labelledby', 'cs-answer-title');
  const head = made.appendChild(element('div', 'cs-head'));
  const title = head.appendChild(element('h2'));
  title.id = 'cs-answer-title';
  title.append(element('span', 'cs-kind', '统一答复'), ' ', link(record, root));
  const copy = head.appendChild(element('button', 'cs-copy'));
  copy.type = 'button';
  copy.dataset.copy = answer.text;
  copy.setAttribute('aria-keyshortcuts', 'c Control+Enter');
  const key = element('kbd', '', 'C');
  key.setAttribute('aria-hidden', 'true');
  copy.append(element('span', '', '复制答复'), ' ', key);
  const say = made.appendChild(element('div', 'cs-say'));
  say.innerHTML = answer.html; // made clean for the page that it stands on
  // Its links lead on from its own page.
  for (const one of say.querySelectorAll('a[href]')) one.href = new URL(one.getAttribute('href'), new URL(record.path, root)).href;
  made.append(facts(record));
  return made;
}

function list(hits, total, answered, root, text) {
  const made = element('section', 'cs-list');
  made.setAttribute('aria-labelledby', 'cs-list-title');
  const head = made.appendChild(element('h2', '', answered ? '其他结果 ' : '结果 '));
  head.id = 'cs-list-title';
  head.append(element('small', '', `${total} 条${total > hits.length ? `，列出前 ${hits.length} 条` : ''}`));
  made.append(note());
  const rows = element('ol', 'cs-hits');
  const past = hits.findIndex(({ current }) => !current);
  hits.forEach((hit, place) => {
    if (place === past) rows.append(element('li', 'cs-note cs-border', '以下不是现行内容，不能照着答复客户。'));
    rows.append(row(hit, root, text));
  });
  if (hits.length) made.append(rows);
  return made;
}

function row(hit, root, text) {
  const made = element('li', `cs-hit${hit.current ? '' : ' cs-past'}`);
  const what = made.appendChild(element('p', 'cs-what'));
  what.append(element('span', 'cs-kind', LABELS[hit.kind]));
  if (!hit.current) what.append(' ', element('strong', 'cs-standing', hit.upcoming ? '未生效' : '已失效'));
  const more = [(hit.subject || '').replace(/\//g, ' / '), hit.level].filter(Boolean).join(' · ');
  if (more) what.append(` ${more}`);
  made.appendChild(element('h3')).append(link(hit, root, text));
  made.appendChild(element('p', 'cs-snippet')).append(...marked(hit.text || '', text));
  made.append(facts(hit));
  return made;
}

function facts({ current, upcoming, from, until, approved, owner }) {
  const made = element('p', 'cs-facts');
  if (!current) made.append(element('b', 'cs-warn', upcoming ? `${from} 起生效` : `${until} 失效`), ' · ');
  made.append(`最后核准 ${approved} · ${owner}${current && until ? ` · 有效到 ${until}` : ''}`);
  return made;
}

function nothing(text) {
  const made = element('section', 'cs-none');
  made.append(
    element('h2', '', `没有找到“${text}”`),
    note(),
    element('p', '', '换少一点、常用一点的词再试：只留业务和现象，例如“宽带 断网”。'),
  );
  return made;
}

/* A text as nodes; what stands in the question, two characters and more, is marked. */
function marked(text, asked) {
  const [folded, question] = [fold(text), fold(asked)];
  if (folded.length !== text.length) return [text];
  const on = new Array(text.length).fill(false);
  for (let place = 0; place + 1 < text.length; place++) {
    const two = folded.slice(place, place + 2);
    if (two.includes(' ') || [...two].every((one) => STOP.has(one)) || !question.includes(two)) continue;
    on[place] = on[place + 1] = true;
  }
  const nodes = [];
  for (let start = 0, end = 0; start < text.length; start = end) {
    while (end < text.length && on[end] === on[start]) end++;
    const part = text.slice(start, end);
    nodes.push(on[start] ? element('mark', '', part) : part);
  }
  return nodes;
}
