// SPDX-License-Identifier: Apache-2.0
// The database is down: the answer is grey, or still an alarm, and the numbers are called old.
import { assert, overflow, under, violations } from './tools.mjs';

async function oldNumbers({ page, url }) {
  await page.goto(url);
  assert.match(await page.locator('#stale').innerText(), /Old numbers\. The key table cannot be read\. All numbers of keys are those of/);
  assert.match(await page.locator('#answer').innerText(), /Why\s+The key table was last read|Why\s+The last poll failed/);
  assert.match(await page.locator('#answer').innerText(), /Repair the source keys/);
  assert.match(await page.locator('#failing').innerText(), /What has happened since is not known/);
  assert.match(await page.locator('#source-keys').innerText(), /down/);
  assert.match(await page.locator('.facts').innerText(), /\d+ of \d+/, 'the last numbers stand');
  assert.match(await page.locator('link[rel=icon]').getAttribute('href'), /icon-unknown/);
  assert.match(await page.locator('#answer').getAttribute('class'), /tone-unknown/);
  await page.goto(`${url}keys`);
  assert.match(await page.locator('#stale').innerText(), /Old numbers/);
  assert.ok((await page.locator('table.keys tbody tr').count()) > 0);
}

async function accessible({ page, url }) {
  await page.goto(url);
  assert.deepEqual(await violations(page), []);
  assert.equal(await overflow(page), 0);
}

export const cases = {
  'old numbers are called old': oldNumbers,
  'axe finds nothing, light': under({ colorScheme: 'light' }, (all) => accessible(all)),
  'axe finds nothing, dark, on a phone': under({ colorScheme: 'dark', viewport: { width: 320, height: 640 } }, (all) => accessible(all)),
};
