// SPDX-License-Identifier: Apache-2.0
// A simulated gateway whose clients move while somebody looks.
import { assert, eventually } from './tools.mjs';

async function numbersMoveByThemselves({ page, url }) {
  await page.goto(url);
  const at = () => page.evaluate(() => document.documentElement.dataset.at);
  const numbers = () => page.locator('#left').innerText();
  const [before, then] = [await numbers(), await at()];
  const reloaded = page.waitForEvent('load', { timeout: 45_000 }).then(() => true, () => false);
  const end = Date.now() + 40_000;
  while ((await numbers()) === before) {
    assert.ok(Date.now() < end, 'nothing has moved');
    await page.waitForTimeout(500);
  }
  assert.notEqual(await at(), then);
  assert.equal(await Promise.race([reloaded, Promise.resolve(false)]), false, 'it was loaded again');
}

async function whatIsCountedIsDrawn({ page, url }) {
  const drawn = async () => {
    await page.goto(url);
    const bars = await page.locator('#rates svg.chart:visible rect[class^="series"]').count();
    return bars > 0 && (await page.locator('#rates .line').count()) > 0;
  };
  await eventually(drawn, 'bars and a line');
  assert.match(await page.locator('#rates').innerText(), /counted by gateway_metrics/);
}

export const cases = { 'what is counted is drawn': whatIsCountedIsDrawn, 'numbers move by themselves': numbersMoveByThemselves };
