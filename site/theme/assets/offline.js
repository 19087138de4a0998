// The page's side of the offline copy (see sw.js): starts the worker, asks it to compare with the site,
// says when what is on screen has been changed or withdrawn. Without HTTPS there is no worker: nothing
// happens.
(() => {
  const workers = navigator.serviceWorker;
  if (!workers) return;
  const scope = new URL('..', document.currentScript.src).href;
  const here = location.href.split(/[?#]/)[0].replace(/\/index\.html$/, '/');
  let gone = false;

  function ask(more) {
    workers.ready.then(({ active }) => active && active.postMessage({ ...more }));
  }

  function say(text, kind) {
    let note = document.querySelector('[data-age]');
    if (!note) {
      note = document.createElement('p');
      note.dataset.age = '';
      (document.querySelector('main > article') || document.querySelector('main')).prepend(note);
    }
    note.setAttribute('role', kind === 'cb-age' ? 'note' : 'alert');
    note.className = kind;
    note.textContent = text;
    note.hidden = false;
    if (/gone|expired/.test(kind)) stopCopying();
    return note;
  }

  // What may be withdrawn is not to be passed on with one click.
  function stopCopying() {
    for (const button of document.querySelectorAll('.cb-copy')) button.remove();
  }

  function sayGone() {
    gone = true;
    const link = document.createElement('a');
    link.href = here;
    link.textContent = '请刷新';
    say('这条内容已经更新或撤下，', 'cb-age cb-age--gone').append(link, '。');
  }

  workers.addEventListener('message', ({ data }) => {
    if (data.gone && data.gone.includes(here)) sayGone();
    const note = document.querySelector('[data-age]');
    if (data.age && !gone) say(data.age.text, data.age.kind);
    if (data.reached && note && !gone) note.remove();
  });
  if (document.querySelector('.cb-age--expired')) stopCopying();

  addEventListener('online', () => ask());
  addEventListener('pageshow', (event) => event.persisted && ask());
  document.addEventListener('visibilitychange', () => document.hidden || ask());

  // Only when the page is there and at rest; ahead of need nothing where each byte counts.
  function start() {
    const line = navigator.connection || {};
    const ahead = !line.saveData && !/2g/.test(line.effectiveType);
    const script = `${scope}sw.js`;
    // Where it runs the browser looks for a newer one by itself.
    const runs = workers.controller && workers.controller.scriptURL === script;
    const started = runs ? Promise.resolve() : workers.register(script, { scope, updateViaCache: 'none' });
    started.then(() => ask({ visited: here, ahead }), () => {});
  }
  const idle = window.requestIdleCallback || ((act) => setTimeout(act, 200));
  addEventListener('load', () => setTimeout(() => idle(start), 1000));
})();
