// SPDX-License-Identifier: Apache-2.0
// Turns an element into another one by touching only what differs, so that focus, scroll positions, selected and typed text
// stay where they are. Elements are known again by their id, others by their place. One with data-keep is a person's: it is
// left alone while it is there.

/** Makes `from`, which is in the document, equal to `to`, which is not. */
export function morph(from, to) {
  if (from.hasAttribute('data-keep') || from.isEqualNode(to)) return;
  copyAttributes(from, to);
  morphChildren(from, to);
}

function copyAttributes(from, to) {
  // Whether details are open, the reader decides.
  for (const { name } of [...from.attributes]) {
    if (!to.hasAttribute(name) && name !== 'open' && name !== 'aria-busy') from.removeAttribute(name);
  }
  for (const { name, value } of to.attributes) {
    if (from.getAttribute(name) !== value) from.setAttribute(name, value);
  }
}

function morphChildren(from, to) {
  const wantedIds = new Set([...to.children].map((child) => child.id).filter(Boolean));
  let at = from.firstChild;
  for (const wanted of [...to.childNodes]) {
    while (at && at.id && !wantedIds.has(at.id)) at = removed(at);
    const known = wanted.id ? [...from.children].find((child) => child.id === wanted.id) : null;
    if (known) {
      if (known === at) at = at.nextSibling;
      else from.insertBefore(known, at);
      morph(known, wanted);
    } else if (at && !at.id && !wanted.id && at.nodeName === wanted.nodeName) {
      if (at.nodeType === Node.ELEMENT_NODE) morph(at, wanted);
      else if (at.data !== wanted.data) at.data = wanted.data;
      at = at.nextSibling;
    } else {
      from.insertBefore(document.importNode(wanted, true), at);
    }
  }
  while (at) at = removed(at);
}

/** What followed it. */
function removed(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}
