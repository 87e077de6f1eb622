// SPDX-License-Identifier: Apache-2.0
// What the cases share.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

export { assert };

/** A case with other settings of the browser: {colorScheme, viewport, javaScriptEnabled ...}. */
export function under(options, work) {
  return Object.assign(work, { options });
}

/** The page as if somebody had come back to it: it fetches itself. */
export async function refresh(page) {
  const answered = page.waitForEvent('requestfinished').catch(() => null);
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await answered;
  await page.waitForTimeout(200);
}

/** Waits until `holds` does. The page's policy forbids what playwright's own way to wait needs. */
export async function eventually(holds, what) {
  const end = Date.now() + 10_000;
  while (!(await holds())) {
    assert.ok(Date.now() < end, `not in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** What axe-core finds wrong, a line each. */
export async function violations(page) {
  const source = await readFile(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
  await page.evaluate(source);
  const result = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  return result.violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)} (${node.failureSummary})`));
}

/** How far the page is wider than its window; 0: it fits. */
export function overflow(page) {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

/** Answers fetches of the document, but not its first load, with `answer`. */
export async function answerRefreshes(page, answer) {
  await page.route('**/*', (route) => (route.request().resourceType() === 'fetch' ? answer(route) : route.continue()));
}
