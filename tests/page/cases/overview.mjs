// SPDX-License-Identifier: Apache-2.0
// "/" of the scene: every section, drawn, in every guise.
import { answerRefreshes, assert, overflow, refresh, under, violations } from './tools.mjs';

const SECTIONS = ['answer', 'failing', 'checks', 'pace', 'rates', 'left', 'events', 'sources'];

async function everySection({ page, url }) {
  await page.goto(url);
  const ids = await page.locator('main > section').evaluateAll((all) => all.map((each) => each.id));
  assert.deepEqual(ids, SECTIONS);
  for (const id of SECTIONS) assert.ok((await page.locator(`#${id}`).innerText()).length > 40, `${id} is empty`);
}

async function titleAndIcon({ page, url }) {
  await page.goto(url);
  assert.match(await page.title(), /^(SAFE|NOT YET|UNSAFE|UNKNOWN) · keyshift$/);
  const icon = await page.locator('link[rel=icon]').getAttribute('href');
  const word = (await page.title()).split(' · ')[0].toLowerCase().replace(' ', '_');
  assert.ok(icon.endsWith(`icon-${word}.svg`), icon);
  const answer = await page.request.get(new URL(icon, url).href);
  assert.equal(answer.status(), 200);
}

async function firstAnswers({ page, url }) {
  await page.goto(url);
  assert.match(await page.locator('#answer .word').innerText(), /UNSAFE/);
  assert.match(await page.locator('#answer').innerText(), /Why[\s\S]*Next[\s\S]*Age/);
  assert.match(await page.locator('#failing').innerText(), /Deleted while in use[\s\S]*Clients refused[\s\S]*203\.0\.113\.7/);
  assert.equal(await page.locator('#checks li').count(), 13);
  assert.match(await page.locator('#sources').innerText(), /keys[\s\S]*up/);
}

async function chartsAreDrawn({ page, url }) {
  await page.goto(url);
  const charts = page.locator('svg.chart:visible');
  assert.equal(await charts.count(), 4);
  for (const chart of await charts.all()) {
    const box = await chart.boundingBox();
    assert.ok(box.width > 200 && box.height > 120, JSON.stringify(box));
    const shapes = await chart.locator('.line, rect[class^="series"]').evaluateAll((all) => all.map((each) => each.getBBox().width + each.getBBox().height));
    assert.ok(Math.max(...shapes) > 5, `nothing is drawn: ${shapes}`);
  }
  for (const what of ['.band', '.forecast', '.pace', '.deadline', '.mark', '.now'])
    assert.ok((await page.locator(`#pace svg.wide ${what}`).count()) > 0, `${what} is missing`);
  await page.locator('#burn-down-table summary').click();
  assert.ok((await page.locator('#burn-down-table tbody tr:visible').count()) > 5);
}

async function eventsSince({ page, url }) {
  await page.goto(url);
  const few = await page.locator('#events tbody tr').count();
  await page.locator('#since').selectOption('30d');
  await page.locator('#events button').click();
  await page.waitForURL(/since=30d/);
  assert.equal(await page.locator('#since').inputValue(), '30d');
  assert.ok((await page.locator('#events tbody tr').count()) >= few);
}

/** Typed text, focus, scroll, open details and the selection stay; what has changed is there. */
async function updateDisturbsNothing({ page, url }) {
  await page.goto(`${url}keys`);
  await page.locator('#search').fill('typ');
  await page.waitForTimeout(600);
  await answerRefreshes(page, async (route) => {
    const body = await (await route.fetch()).text();
    await route.fulfill({ body: body.replace(/id="total"[^>]*>[^<]*/, 'id="total" role="status">31 keys, as told later'), contentType: 'text/html' });
  });
  await page.locator('#search').focus();
  await page.locator('#words summary').evaluate((summary) => summary.click());
  await page.evaluate(() => {
    document.getElementById('search').value = 'typed and not sent';
    document.getElementById('search').setSelectionRange(2, 5);
    window.scrollTo(0, 120);
  });
  const before = await page.evaluate(() => window.scrollY);
  await refresh(page);
  assert.equal(await page.locator('#total').innerText(), '31 keys, as told later');
  const after = await page.evaluate(() => ({ y: window.scrollY, focus: document.activeElement.id, at: document.activeElement.selectionStart,
    text: document.getElementById('search').value, open: document.getElementById('words').open }));
  assert.deepEqual(after, { y: before, focus: 'search', at: 2, text: 'typed and not sent', open: true });
}

async function updateTouchesOnlyWhatChanged({ page, url }) {
  await page.goto(url);
  await page.evaluate(() => {
    window.changes = [];
    new MutationObserver((all) => window.changes.push(...all.map((each) => each.target.nodeName))).observe(
      document.querySelector('#answer .verdict'), { subtree: true, childList: true, characterData: true, attributes: true });
  });
  await refresh(page);
  assert.deepEqual(await page.evaluate(() => window.changes), [], 'the verdict would be read aloud again');
}

async function keyboardOnly({ page, url }) {
  await page.goto(url);
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'To the content');
  await page.keyboard.press('Enter');
  const seen = new Set();
  for (let i = 0; i < 80; ++i) {
    await page.keyboard.press('Tab');
    const here = await page.evaluate(() => {
      const each = document.activeElement;
      const style = getComputedStyle(each);
      return { where: each.closest('section,footer')?.id || each.closest('footer') && 'footer', outline: each === document.body || style.outlineStyle !== 'none' };
    });
    assert.ok(here.outline, `focus cannot be seen in ${here.where}`);
    if (here.where) seen.add(here.where);
    if (here.where === 'footer') break;
  }
  assert.ok(['answer', 'failing', 'left', 'events', 'footer'].every((id) => seen.has(id)), [...seen].join());
}

async function structure({ page, url }) {
  await page.goto(url);
  assert.equal(await page.locator('h1').count(), 1);
  assert.equal(await page.locator('[aria-live]').count(), 1, 'only the verdict is read aloud');
  for (const landmark of ['header', 'nav', 'main', 'footer']) assert.ok((await page.locator(landmark).count()) > 0, landmark);
  const orphans = await page.locator('table').evaluateAll((all) => all.filter((each) => !each.caption || !each.querySelector('thead th[scope=col]')).length);
  assert.equal(orphans, 0, 'tables have captions and headers');
}

async function withoutScript({ page, url }) {
  await page.goto(url);
  assert.match(await page.locator('#answer .word').innerText(), /UNSAFE/);
  assert.match(await page.locator('#failing').innerText(), /Deleted while in use/);
  assert.equal(await page.locator('#checks li').count(), 13);
  await page.goto(`${url}keys`);
  await page.locator('#search').fill('Production');
  await page.locator('#filter button').click();
  assert.match(page.url(), /search=Production/);
  assert.ok((await page.locator('table.keys tbody tr').count()) > 0);
}

async function accessible({ page, url }) {
  for (const path of ['', 'keys', 'owners']) {
    await page.goto(url + path);
    assert.deepEqual(await violations(page), [], path);
  }
  await page.goto(`${url}keys`);
  await page.locator('table.keys tbody th a').first().click();
  assert.deepEqual(await violations(page), [], 'the page of a key');
}

async function fits({ page, url, given }) {
  for (const path of ['', 'keys?phase=all', 'owners', `keys/${given.hostile.long}`, `keys/${given.hostile.wide}`]) {
    await page.goto(url + path);
    assert.equal(await overflow(page), 0, `${path} is wider than its window`);
  }
}

async function dark({ page, url }) {
  await page.goto(url);
  const [ground, text] = await page.evaluate(() => [getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]);
  const light = (colour) => colour.match(/\d+/g).slice(0, 3).reduce((sum, each) => sum + +each, 0);
  assert.ok(light(ground) < 150 && light(text) > 600, `${text} on ${ground}`);
}

async function onPaper({ page, url }) {
  await page.goto(url);
  await page.emulateMedia({ media: 'print' });
  assert.equal(await page.locator('nav[aria-label=Pages]').isVisible(), false);
  assert.equal(await page.locator('#answer .word').isVisible(), true);
}

export const cases = {
  'every section is there, in the order of urgency': everySection,
  'title and icon carry the verdict': titleAndIcon,
  'the first answers can be read': firstAnswers,
  'charts are drawn, with a table beside': chartsAreDrawn,
  'events since a moment': eventsSince,
  'an update disturbs nothing': updateDisturbsNothing,
  'an update touches only what has changed': updateTouchesOnlyWhatChanged,
  'keyboard alone': keyboardOnly,
  'landmarks, headings, tables': structure,
  'without JavaScript': under({ javaScriptEnabled: false }, withoutScript),
  'axe finds nothing, light': under({ colorScheme: 'light' }, (all) => accessible(all)),
  'axe finds nothing, dark': under({ colorScheme: 'dark' }, (all) => accessible(all)),
  'axe finds nothing on a phone': under({ viewport: { width: 390, height: 844 } }, (all) => accessible(all)),
  'it fits 320 pixels': under({ viewport: { width: 320, height: 640 } }, (all) => fits(all)),
  'it fits 1280 pixels': under({ viewport: { width: 1280, height: 800 } }, (all) => fits(all)),
  'dark where the reader wants it dark': under({ colorScheme: 'dark' }, dark),
  'on paper': onPaper,
};
