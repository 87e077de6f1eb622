// SPDX-License-Identifier: Apache-2.0
// Behind nginx under a path: every address that the page uses stays below it.
import { assert, refresh } from './tools.mjs';

async function everyAddressStaysBelow({ page, url }) {
  const strayed = [];
  page.on('request', (request) => request.url().startsWith(url) || strayed.push(request.url()));
  await page.goto(url);
  for (const path of ['', 'keys', 'owners']) {
    await page.goto(url + path);
    const addresses = await page.locator('a[href], form[action]').evaluateAll((all) => all.map((each) => each.href || each.action));
    const out = addresses.filter((each) => !each.startsWith(url) && !each.startsWith('mailto:'));
    assert.deepEqual(out, [], path);
  }
  await page.locator('tbody th a').first().click();
  await page.locator('table.keys tbody th a').first().click();
  assert.ok(page.url().startsWith(`${url}keys/`), page.url());
  await refresh(page);
  const back = await page.locator('a[href]').evaluateAll((all) => all.map((each) => each.href));
  assert.deepEqual(back.filter((each) => !each.startsWith(url) && !each.startsWith('mailto:')), []);
  await page.locator('nav a', { hasText: 'Keys' }).click();
  await page.locator('#search').fill('Staging');
  await page.waitForURL(`${url}keys?search=Staging`);
  assert.deepEqual(strayed, []);
}

async function styled({ page, url }) {
  await page.goto(`${url}keys`);
  assert.notEqual(await page.evaluate(() => getComputedStyle(document.body).margin), '8px', 'the style sheet was not found');
  assert.ok(await page.evaluate(() => document.documentElement.classList.contains('js')), 'the script was not found');
}

export const cases = { 'every address stays below the path': everyAddressStaysBelow, 'style and script are found': styled };
