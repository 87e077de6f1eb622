// SPDX-License-Identifier: Apache-2.0
// Sends what an operator decides, in two steps: first what would change, then the change. Forms with data-action are the
// server's; without them nothing can be sent.
import { refresh } from './refresh.js';

/** Takes over every form of decisions, now and later. */
export function takeForms() {
  document.addEventListener('submit', (event) => {
    const form = event.target.closest('[data-action]');
    if (!form) return;
    event.preventDefault();
    preview(form);
  });
  document.addEventListener('click', (event) => {
    const form = event.target.closest('[data-action]');
    if (form && event.target.closest('[data-confirm]')) confirm(form);
    if (form && event.target.closest('[data-cancel]')) reset(form);
  });
  document.addEventListener('input', (event) => {
    const form = event.target.closest('[data-action]');
    if (form) showConfirm(form, false);
  });
}

async function preview(form) {
  delete form.dataset.doubted;
  const answer = await send(form, '?preview=true');
  // Whoever confirms has read them.
  if (answer.ok && answer.doubts?.length > 0) form.dataset.doubted = '';
  show(form, answer, answer.ok ? answer.summary : answer.detail);
  showConfirm(form, answer.ok);
  if (answer.ok) form.querySelector('[data-confirm]').focus();
}

async function confirm(form) {
  const answer = await send(form, '');
  show(form, answer, answer.ok ? `Done. ${answer.summary ?? ''}` : answer.detail);
  showConfirm(form, false);
  if (!answer.ok) return;
  form.reset();
  await refresh();
}

function reset(form) {
  showConfirm(form, false);
  form.querySelector('.answer').replaceChildren();
  form.querySelector('[type=submit]').focus();
}

/** The members of the answer, and `ok`; `detail` says why it was refused. */
async function send(form, query) {
  setBusy(form, true);
  try {
    const response = await fetch(form.dataset.action + query, {
      method: form.dataset.method,
      headers: { 'Content-Type': 'application/json', 'X-Keyshift-Action': '1' },
      body: form.dataset.method === 'DELETE' ? undefined : JSON.stringify(membersOf(form)),
    });
    const answer = await response.json().catch(() => ({}));
    return { detail: `Refused (${response.status}).`, ...answer, ok: response.ok };
  } catch {
    return { detail: 'keyshift does not answer. Nothing is known to have changed: load the page again.', ok: false };
  } finally {
    setBusy(form, false);
  }
}

/** Fields that were left empty are not sent. A pair of which something is doubted is made all the same once that was read. */
function membersOf(form) {
  const members = Object.fromEntries([...new FormData(form)].filter(([, value]) => value.trim() !== ''));
  return 'doubted' in form.dataset && form.id === 'pair' ? { ...members, force: true } : members;
}

function show(form, answer, text) {
  const place = form.querySelector('.answer');
  place.classList.toggle('failed', !answer.ok);
  place.replaceChildren(element('p', text));
  const doubts = answer.ok ? (answer.doubts ?? []) : [];
  if (doubts.length === 0) return;
  const list = document.createElement('ul');
  list.append(...doubts.map((doubt) => element('li', doubt)));
  place.append(element('p', 'Doubts:'), list);
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

function showConfirm(form, shown) {
  for (const button of form.querySelectorAll('[data-confirm], [data-cancel]')) button.hidden = !shown;
}

function setBusy(form, busy) {
  form.setAttribute('aria-busy', busy);
  for (const button of form.querySelectorAll('button')) button.disabled = busy;
}
