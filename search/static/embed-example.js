/* What somebody else's page may do with the box. */

const box = document.querySelector('casebook-search');

document.querySelector('#ask').addEventListener('click', () => box.ask(document.querySelector('#said').value));
box.addEventListener('casebook-copied', ({ detail }) => {
  document.querySelector('#reply').value = detail;
});
