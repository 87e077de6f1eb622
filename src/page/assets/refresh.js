// SPDX-License-Identifier: Apache-2.0
// Keeps the document as it is on the server: fetches it again and takes over what has changed (morph.js). The server draws,
// nothing here does. When it cannot be fetched, the page says so, and that its numbers are old.
import { morph } from './morph.js';

const EVERY_MS = 10_000;
const SOON_MS = 1_000;
const TIMEOUT_MS = 30_000;
const root = document.documentElement;
let title = document.title;
let running = null;
let soon;

/** Fetches the document of the present address; a fetch that goes on is given up. */
export async function refresh() {
  running?.abort();
  const mine = (running = new AbortController());
  const timeout = setTimeout(() => mine.abort(), TIMEOUT_MS);
  try {
    const fetched = await fetchDocument(mine.signal);
    if (running === mine) typeof fetched === 'string' ? lose(fetched) : take(fetched);
  } catch {
    if (running === mine) lose('gone');
  } finally {
    clearTimeout(timeout);
  }
}

/** From now on, while somebody looks. */
export function keepFresh() {
  refreshSoon();
  setInterval(() => document.hidden || refresh(), EVERY_MS);
  document.addEventListener('visibilitychange', () => document.hidden || refresh());
}

/** The document, or what was lost: a data-lost of the page. */
async function fetchDocument(signal) {
  const address = location.href.replace(/#.*/s, '');
  const response = await fetch(address, { headers: { Accept: 'text/html' }, cache: 'no-store', redirect: 'manual', signal });
  if (response.status === 401 || response.type === 'opaqueredirect') return 'session';
  if (response.status === 403 || response.status === 421) return 'refused';
  const fetched = new DOMParser().parseFromString(await response.text(), 'text/html');
  // A proxy's page of errors is none of ours.
  if (fetched.documentElement.dataset.at) return fetched;
  return response.status === 502 || response.status === 504 ? 'gone' : 'error';
}

function take(fetched) {
  const { at, assets } = fetched.documentElement.dataset;
  if (assets !== root.dataset.assets && !document.querySelector('form:focus-within')) return location.reload();
  for (const part of fetched.querySelectorAll('main > section[id]')) keepUnread(part);
  const focused = document.activeElement;
  morph(document.getElementById('main'), fetched.getElementById('main'));
  if (focused !== document.body && !focused.isConnected) document.getElementById('main').focus({ preventScroll: true });
  title = document.title = fetched.title;
  setIcon(fetched.querySelector('link[rel=icon]').getAttribute('href'));
  root.dataset.at = at;
  showLost(null);
  refreshSoon();
}

/** Where something is there in a moment. */
function refreshSoon() {
  clearTimeout(soon);
  if (document.querySelector('[data-soon]')) soon = setTimeout(() => document.hidden || refresh(), SOON_MS);
}

/** Where something cannot be read now, what was read before stands, under a word about it. */
function keepUnread(part) {
  const unread = part.querySelector('[data-unread]');
  const known = document.getElementById(part.id);
  if (!unread || !known || known.querySelector('[data-unread]:not([data-kept])')) return;
  const kept = known.cloneNode(true);
  for (const before of kept.querySelectorAll('[data-kept]')) before.remove();
  unread.dataset.kept = '';
  unread.append(' What stands here is old.');
  kept.classList.add('old-part');
  kept.querySelector('h1, h2').after(unread);
  part.replaceWith(kept);
}

function lose(what) {
  document.title = `OLD · ${title}`;
  setIcon(iconAddress().replace(/icon-\w+/, 'icon-unknown'));
  showLost(what);
}

function showLost(what) {
  if (what) root.dataset.lost = what;
  else delete root.dataset.lost;
  for (const text of document.querySelectorAll('[data-lost]:not(html)')) text.hidden = text.dataset.lost !== what;
  for (const last of document.querySelectorAll('[data-last]')) last.textContent = readable(root.dataset.at);
}

/** "2026-12-06 14:32 UTC" of "2026-12-06T14:32:11.5Z". */
function readable(at) {
  return `${at.slice(0, 10)} ${at.slice(11, 16)} UTC`;
}

function iconAddress() {
  return document.querySelector('link[rel=icon]').getAttribute('href');
}

function setIcon(address) {
  if (iconAddress() !== address) document.querySelector('link[rel=icon]').setAttribute('href', address);
}
