/*
 * What the pages gain from scripts; all of them can be read without. Runs in Chromium 88.
 *
 * It is not deferred: the colours a reader chose must be there before the page is painted, and a
 * content security policy without inline scripts leaves no other way. The rest waits for the page.
 */
(() => {
  const root = document.documentElement;
  const stored = () => {
    try {
      return localStorage.getItem('cb-scheme') || '';
    } catch {
      return ''; // storage is blocked
    }
  };

  function setScheme(scheme) {
    if (scheme) root.dataset.scheme = scheme;
    else delete root.dataset.scheme;
    for (const button of document.querySelectorAll('.cb-scheme button')) {
      button.setAttribute('aria-pressed', String(button.dataset.scheme === scheme));
    }
  }
  setScheme(stored());

  document.addEventListener('DOMContentLoaded', () => {
    schemes();
    copyButtons();
    ended();
    menus();
  });
  document.addEventListener('visibilitychange', ended);

  function schemes() {
    const group = document.querySelector('.cb-scheme');
    if (!group) return;
    group.hidden = false;
    setScheme(stored());
    group.addEventListener('click', ({ target }) => {
      const { scheme } = target.dataset;
      if (scheme === undefined) return;
      try {
        localStorage.setItem('cb-scheme', scheme);
      } catch {
        // Kept for this page only.
      }
      setScheme(scheme);
    });
  }

  /* Copy buttons of unified answers. */
  function copyButtons() {
    for (const button of document.querySelectorAll('.cb-copy')) {
      const words = button.textContent;
      button.hidden = false;
      button.addEventListener('click', async () => {
        const answer = button.parentElement.querySelector('.cb-answer__text');
        button.textContent = (await copy(answer.innerText.trim())) ? '已复制' : select(answer);
        setTimeout(() => { button.textContent = words; }, 2000);
      });
    }
  }

  /* The clipboard interface needs HTTPS or localhost; the old command works anywhere. */
  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const before = document.activeElement;
      const field = document.body.appendChild(document.createElement('textarea'));
      field.className = 'cb-hidden';
      field.value = text;
      field.select();
      const done = document.execCommand('copy');
      field.remove();
      before?.focus();
      return done;
    }
  }

  /* The last resort: the text is marked, the reader copies it. */
  function select(element) {
    getSelection().selectAllChildren(element);
    return '请按 Ctrl+C';
  }

  /*
   * Answers that held until a day that is over. The page was made before: it is a device's own copy,
   * or of a site that nobody builds any more.
   */
  function ended() {
    const now = new Date();
    const today = new Date(now - now.getTimezoneOffset() * 60000).toISOString().slice(0, 10);
    for (const answer of document.querySelectorAll('[data-until]')) {
      const { until } = answer.dataset;
      if (today <= until) continue;
      delete answer.dataset.until;
      answer.classList.add(`${answer.classList[0]}--past`);
      answer.querySelector('.cb-copy')?.remove();
      const opening = answer.closest('.cb-opening');
      // The badge of that time says that it can be used.
      opening?.querySelector('.cb-trust dd').replaceChildren(made('span', 'cb-badge cb-badge--ended', '已失效'));
      (opening || answer.firstElementChild).before(notice(until, answer));
    }
  }

  function notice(until, answer) {
    const note = made('div', 'cb-notice cb-notice--ended', '这条答复的有效期到 ');
    note.setAttribute('role', 'note');
    note.append(made('time', '', until), ' 为止，已经过了，不能照此答复。');
    const now = instead(answer);
    if (now) note.append('现在看：', now, '。');
    return note;
  }

  /* Where to go: on a card to the entry; from there to what replaces it, else to its subject. */
  function instead(answer) {
    const above = document.querySelectorAll('.cb-trail a');
    const link = answer.querySelector('h2 a') || document.querySelector('#superseded-by + ul a') || above[above.length - 1];
    return link && Object.assign(made('a', '', link.textContent), { href: link.href });
  }

  function made(tag, className, text) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    element.textContent = text;
    return element;
  }

  /* The menu closes like one; a table of contents beside the text is open, above it closed. */
  function menus() {
    const more = document.querySelector('.cb-nav__more details');
    document.addEventListener('click', ({ target }) => {
      if (more?.open && !more.contains(target)) more.open = false;
    });
    more?.addEventListener('focusout', ({ relatedTarget }) => {
      if (relatedTarget && !more.contains(relatedTarget)) more.open = false;
    });
    document.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || !more?.open) return;
      event.preventDefault(); // the search box has its own use for the key
      more.open = false;
      more.firstElementChild.focus();
    });
    const toc = document.querySelector('.cb-toc');
    if (!toc) return;
    const wide = matchMedia('(min-width: 72rem)');
    const fit = () => { toc.open = wide.matches; };
    fit();
    wide.addEventListener('change', fit);
  }
})();
