/*
 * What somebody does with what <case-search> found: opens it, copies the answer, rates it, says that
 * there is no answer. Loaded only where the service keeps a journal: its results carry the id of the
 * question then. Nothing says who did it.
 */
const OPENED = 'case-search-opened'; // the last question whose results were opened, and which
const followed = new WeakSet();

/*
 * Follows one result list from now on.
 * box: the <case-search> element; its service, results, status and surface are used.
 */
export function follow(box) {
  if (!followed.has(box)) {
    followed.add(box);
    style();
    box.results.addEventListener('click', (event) => act(box, event));
    box.results.addEventListener('auxclick', (event) => event.button === 1 && opened(box, event.target));
    box.addEventListener('copied', ({ detail }) => copied(box, detail));
  }
  const answer = box.results.querySelector('.cs-answer[data-document]');
  if (answer) rate(box, answer, '这条答复');
  for (const id of openedBefore(question(box))) rateResult(box, id);
  const place = box.results.querySelector('.cs-results:not(.cs-with-answer)');
  if (place) offerReport(place);
}

function question(box) {
  return box.results.querySelector('[data-question]')?.dataset.question;
}

/* Why somebody may say that an answer did not help: the word that is sent, and that on the button. */
function reasons(box) {
  return JSON.parse(box.results.querySelector('[data-reasons]').dataset.reasons);
}

/* Sent so that it arrives even when the page is left at once; whether it does is nobody's concern. */
function send(box, event) {
  const id = question(box);
  if (!id) return;
  const body = JSON.stringify({ question: id, ...event });
  fetch(new URL('api/events', box.service), { method: 'POST', keepalive: true, body }).catch(() => {});
}

function act(box, event) {
  opened(box, event.target);
  const button = event.target.closest('.cs-rating button, .cs-report button');
  if (!button) return;
  if (button.closest('.cs-report')) report(box, button);
  else if (button.dataset.reason) giveReason(box, button);
  else giveRating(box, button);
}

function opened(box, target) {
  const link = target.closest('a[data-item], a[data-document]');
  const id = link?.closest('[data-document]')?.dataset.document;
  if (!id || !question(box)) return;
  send(box, { kind: 'opened', document: id });
  remember(question(box), id);
  rateResult(box, id);
  // Whoever comes back here looks again at the same question.
  if (box.surface !== 'page') return;
  const address = new URL(location.href);
  address.searchParams.set('question', question(box));
  history.replaceState(history.state, '', address);
}

/* An incident's text can be copied, too; it is no document. */
function copied(box, text) {
  const button = box.results.querySelector('.cs-answer [data-copy]');
  if (button?.dataset.copy !== text) return;
  send(box, { kind: 'copied', document: button.closest('[data-document]').dataset.document });
}

/* A rating: one tap, taken back by a second one; then why, for who wants to say. */
function rate(box, place, what) {
  if (place.querySelector('.cs-rating')) return;
  const group = element('div', 'cs-rating', { role: 'group', 'aria-label': `${what}有没有用` });
  group.append(toggle('有用', { helpful: 'true' }), toggle('没用', { helpful: 'false' }));
  const why = element('span', 'cs-reasons', { role: 'group', 'aria-label': '哪里不好，可以不选' });
  why.hidden = true;
  for (const [reason, label] of reasons(box)) why.append(toggle(label, { reason }));
  group.append(why);
  place.querySelector('.cs-facts').after(group);
}

function rateResult(box, id) {
  const place = box.results.querySelector(`.cs-hit[data-document="${id}"]`);
  if (place) rate(box, place, '这条结果');
}

function giveRating(box, button) {
  const group = button.closest('.cs-rating');
  const wanted = !isPressed(button);
  for (const one of group.querySelectorAll('button')) press(one, false);
  press(button, wanted);
  const helpful = wanted ? button.dataset.helpful === 'true' : null;
  group.querySelector('.cs-reasons').hidden = helpful !== false;
  send(box, { kind: 'rated', document: rated(group), helpful });
  box.status.textContent = wanted ? `已记下：${button.textContent}` : '评价已收回';
}

function giveReason(box, button) {
  const wanted = !isPressed(button);
  for (const one of button.parentElement.children) press(one, false);
  press(button, wanted);
  const reason = wanted ? button.dataset.reason : null;
  send(box, { kind: 'rated', document: rated(button), helpful: false, reason });
  box.status.textContent = wanted ? `已记下：${button.textContent}` : '原因已收回';
}

function rated(within) {
  return within.closest('[data-document]').dataset.document;
}

/* Where it says that nothing fits; else under what was found. */
function offerReport(place) {
  if (place.querySelector('.cs-report')) return;
  const line = element('p', 'cs-report', {});
  line.append('没有合适的答复？', element('button', '', { type: 'button' }));
  line.lastChild.textContent = '报告缺答复';
  const partly = place.querySelector('.cs-partly');
  if (partly) partly.after(line);
  else place.querySelector('.cs-none, .cs-list')?.append(line);
}

function report(box, button) {
  if (button.getAttribute('aria-disabled')) return;
  button.setAttribute('aria-disabled', 'true');
  button.textContent = box.status.textContent = '已报告，知识管理员会看到';
  send(box, { kind: 'missing' });
}

function element(name, names, attributes) {
  const made = document.createElement(name);
  if (names) made.className = names;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function toggle(label, data) {
  const button = element('button', '', { type: 'button', 'aria-pressed': 'false' });
  Object.assign(button.dataset, data);
  button.textContent = label;
  return button;
}

function isPressed(button) {
  return button.getAttribute('aria-pressed') === 'true';
}

function press(button, pressed) {
  button.setAttribute('aria-pressed', String(pressed));
}

/* Storage may be forbidden; then results that were opened cannot be rated after coming back. */
function openedBefore(id) {
  try {
    const [asked, ...ids] = (sessionStorage.getItem(OPENED) || '').split(' ');
    return asked === id ? ids : [];
  } catch {
    return [];
  }
}

function remember(id, one) {
  try {
    const ids = new Set(openedBefore(id)).add(one);
    sessionStorage.setItem(OPENED, [id, ...ids].join(' '));
  } catch {
    // See above.
  }
}

/* Beside this file, and only where it is needed. */
function style() {
  const address = new URL('case-events.css', import.meta.url).href;
  if (document.querySelector(`link[href="${address}"]`)) return;
  const link = element('link', '', { rel: 'stylesheet', href: address });
  document.head.append(link);
}
