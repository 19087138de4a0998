/*
 * Runs the site's own search (site/theme/assets/static-search.js) in Node, on an index in a folder.
 *
 *   node benchmarks/site_search.mjs terms < texts.json            the terms of each text
 *   node benchmarks/site_search.mjs search FOLDER < queries.json  what each query finds
 *
 * In: {texts, pairs, syllables}: pairs of traditional and simplified characters, and syllables where
 * the texts are pinyin; or {queries, day, kept}: kept says whether one visit asks them all. Out: a
 * line of JSON for each.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { StaticIndex, fold, sounds, terms } from '../site/theme/assets/static-search.js';

const [mode, folder] = process.argv.slice(2);
const asked = JSON.parse(readFileSync(0, 'utf8'));
const sizes = new Map();
let requests = [];

/* As fetch, of files; tells what a server that compresses would have sent. */
async function load(address) {
  const file = fileURLToPath(address);
  let bytes;
  try {
    bytes = readFileSync(file);
  } catch {
    return { ok: false, status: 404 };
  }
  if (!sizes.has(file)) sizes.set(file, gzipSync(bytes).length);
  requests.push(sizes.get(file));
  return {
    ok: true,
    json: async () => JSON.parse(bytes),
    arrayBuffer: async () => bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
  };
}

function say(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

if (mode === 'terms') {
  const pairs = [...(asked.pairs || '')];
  const simplified = new Map();
  for (let place = 0; place < pairs.length; place += 2) simplified.set(pairs[place], pairs[place + 1]);
  const syllables = new Set(asked.syllables);
  for (const text of asked.texts) {
    const found = syllables.size ? sounds(text, syllables) : terms(fold(text, simplified));
    say(found.map(({ number }) => number));
  }
} else {
  const base = pathToFileURL(`${folder}/`).href;
  let index = new StaticIndex(base, load);
  for (const query of asked.queries) {
    if (!asked.kept) index = new StaticIndex(base, load);
    requests = [];
    const started = performance.now();
    const { hits, total, answer } = await index.search(query, new Date(`${asked.day}T12:00:00`));
    say({
      paths: hits.map(({ path }) => path),
      current: hits.map(({ current }) => current),
      answer: answer && answer.path,
      fit: answer ? answer.fit : null,
      total,
      requests: requests.length,
      bytes: requests.reduce((sum, size) => sum + size, 0),
      took: performance.now() - started,
    });
  }
}
