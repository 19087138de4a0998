/* Inside the frame: talks with the page that shows it, if that page is one of ours or allowed. */

const allowed = new Set([location.origin, ...document.body.dataset.origins.split(' ').filter(Boolean)]);
const search = document.querySelector('case-search');
let partner = null;

function tell(message) {
  if (partner) parent.postMessage(message, partner);
}

function tellSize() {
  tell({ casebook: 'size', height: Math.ceil(document.documentElement.getBoundingClientRect().height) });
}

addEventListener('message', ({ source, origin, data }) => {
  if (source !== parent || !allowed.has(origin)) return;
  if (data?.casebook === 'hello') {
    partner = origin;
    tellSize();
  }
  if (data?.casebook === 'ask' && search) {
    search.box.value = String(data.text).slice(0, 200);
    search.querySelector('form').requestSubmit();
  }
});

new ResizeObserver(tellSize).observe(document.documentElement);
search?.addEventListener('copied', ({ detail }) => tell({ casebook: 'copied', text: detail }));
// Whoever signed in in the other window comes back to a box that works.
if (!search) addEventListener('focus', () => location.reload());
// It says nothing but that it is there: to whom is not known yet.
if (parent !== window) parent.postMessage({ casebook: 'ready' }, '*');
