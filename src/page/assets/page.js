// SPDX-License-Identifier: Apache-2.0
// What the page does beyond what the server has drawn: it stays fresh, searches while one types, opens a key by its row, copies
// the letter. Without any of this it can be read and used.
import { takeForms } from './actions.js';
import { keepFresh, refresh } from './refresh.js';

const TYPING_MS = 250;
let typing = 0;

function addressOf(form) {
  const parameters = new URLSearchParams([...new FormData(form)].filter(([name, value]) => value !== '' || name === 'owner'));
  const text = parameters.toString();
  return form.getAttribute('action') + (text && `?${text}`);
}

async function find(form) {
  const found = document.getElementById('found');
  history.replaceState(null, '', addressOf(form));
  const busy = setTimeout(() => found?.setAttribute('aria-busy', 'true'), 150);
  await refresh();
  clearTimeout(busy);
  found?.removeAttribute('aria-busy');
}

function searchWhileTyping() {
  document.addEventListener('input', (event) => {
    const form = event.target.closest('form[role=search]');
    if (!form) return;
    clearTimeout(typing);
    typing = setTimeout(() => find(form), event.target.matches('select') ? 0 : TYPING_MS);
  });
  document.addEventListener('submit', (event) => {
    if (!event.target.matches('form[role=search]')) return;
    event.preventDefault();
    clearTimeout(typing);
    find(event.target);
  });
}

function openByRow() {
  document.addEventListener('click', (event) => {
    const row = event.target.closest('table.keys tbody tr');
    if (!row || event.target.closest('a') || String(getSelection())) return;
    row.querySelector('th a').click();
  });
}

async function copy(button) {
  const text = document.getElementById(button.dataset.copy);
  const said = document.getElementById('copied');
  try {
    await navigator.clipboard.writeText(text.textContent);
    said.textContent = 'Copied.';
  } catch {
    getSelection().selectAllChildren(text);
    said.textContent = 'It is selected: copy it by Ctrl+C.';
  }
}

document.documentElement.classList.add('js');
searchWhileTyping();
openByRow();
takeForms();
keepFresh();
document.addEventListener('click', (event) => {
  const button = event.target.closest('[data-copy]');
  if (button) copy(button);
});
