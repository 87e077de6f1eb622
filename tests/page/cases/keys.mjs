// SPDX-License-Identifier: Apache-2.0
// "/keys", "/keys/ID" and "/owners" of the scene.
import { readFile } from 'node:fs/promises';
import { assert, eventually, under } from './tools.mjs';

const names = (page) => page.locator('table.keys tbody th a').allInnerTexts();

async function searchWhileTyping({ page, url }) {
  await page.goto(`${url}keys`);
  const all = await page.locator('#total').innerText();
  await page.locator('#search').pressSequentially('mobile APP');
  await eventually(async () => (await page.locator('#total').innerText()) !== all, 'other keys');
  await eventually(async () => page.url().includes('search=mobile+APP'), 'the address');
  for (const name of await names(page)) assert.match(name, /^Mobile app/);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'search');
  await page.locator('#search').fill('no such key anywhere');
  await page.locator('.none').getByText('No key fits').waitFor();
}

async function filterByPhase({ page, url }) {
  await page.goto(`${url}keys`);
  await page.locator('#phase').selectOption('retired_in_use');
  await page.waitForURL(/phase=retired_in_use/);
  const phases = page.locator('table.keys .phase');
  await eventually(async () => (await phases.allInnerTexts()).every((each) => each === 'Deleted while in use'), 'that phase alone');
  assert.ok((await names(page)).length >= 2);
}

async function sortByEveryColumn({ page, url }) {
  await page.goto(`${url}keys`);
  for (const column of ['Key', 'Owner', 'Phase', 'In it since', 'Created', 'Last used']) {
    const seen = new Set();
    for (const click of [1, 2]) {
      await page.locator('table.keys thead a', { hasText: column }).first().click();
      await page.waitForLoadState();
      const heading = page.locator('table.keys thead th', { hasText: column }).first();
      seen.add(await heading.getAttribute('aria-sort'));
      if (column !== 'Key') continue;
      const [shown] = [await names(page)];
      const sorted = [...shown].map((name) => name.toLowerCase()).filter((name) => /^[a-z]/.test(name));
      const wanted = [...sorted].sort();
      assert.deepEqual(sorted, seen.has('descending') && click === 2 ? wanted.reverse() : wanted);
    }
    assert.deepEqual([...seen].sort(), ['ascending', 'descending'], column);
  }
}

async function pagesByCursor({ page, url }) {
  await page.goto(`${url}keys?phase=all&sort=name`);
  const total = parseInt(await page.locator('#total').innerText(), 10);
  const seen = [];
  for (;;) {
    seen.push(...(await page.locator('table.keys tbody th a').evaluateAll((all) => all.map((each) => each.href))));
    const next = page.locator('a[rel=next]');
    if ((await next.count()) === 0) break;
    await next.click();
    await page.waitForLoadState();
  }
  assert.ok(total > 50, `${total} are one page`);
  assert.equal(new Set(seen).size, total);
  assert.equal(seen.length, total);
}

async function csvOfWhatIsShown({ page, url }) {
  await page.goto(`${url}keys?search=staging&sort=-last_used`);
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator('#csv').click()]);
  const lines = (await readFile(await download.path(), 'utf8')).trim().split('\r\n');
  assert.equal(lines.length - 1, parseInt(await page.locator('#total').innerText(), 10));
  assert.ok(lines.slice(1).every((line) => /staging/i.test(line)));
}

async function aRowOpensItsKey({ page, url, given }) {
  await page.goto(`${url}keys?search=${given.hostile.arabic}`);
  await page.locator('table.keys tbody tr td').last().click();
  await page.waitForURL(`${url}keys/${given.hostile.arabic}`);
  const text = await page.locator('#key').innerText();
  for (const part of ['Next step:', 'Replacement', 'What happened to it', 'Letter to its', 'keyshift calls a key quiet'])
    assert.ok(text.includes(part), part);
}

async function theLetterIsCopied({ page, url, given, context }) {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.goto(`${url}keys/${given.hostile.quotes}`);
  await page.locator('[data-copy]').click();
  await page.locator('#copied').getByText('Copied.').waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(copied, /^Subject: [\s\S]*create a new key[\s\S]*not even an old one\.\n$/);
}

/** Names are data, whatever they hold: shown, isolated, and never markup. */
async function hostileNames({ page, url, given }) {
  const shown = {
    markup: '<img src=x onerror=alert(1)><script>alert(1)</script>',
    wide: '漢'.repeat(255),
    turned: '\\u{202e}gnp.exe\\u{202c} and \\u{2067}more',
    arabic: 'مفتاح الإنتاج',
    control: 'tab\\there\\x1b[31mred',
    quotes: '"\'`&lt;',
  };
  page.on('dialog', () => assert.fail('a script ran'));
  for (const [word, name] of Object.entries(shown)) {
    await page.goto(`${url}keys/${given.hostile[word]}`);
    assert.equal(await page.locator('h1 bdi').first().textContent(), name, word);
    assert.ok((await page.title()).includes(name.slice(0, 20)), word);
    assert.equal(await page.locator('main img, main script').count(), 0);
  }
  await page.goto(`${url}keys`);
  for (const name of Object.values(shown)) assert.ok((await page.locator('table.keys').textContent()).includes(name), name);
}

async function hostileSearch({ page, url }) {
  for (const text of ['"><script>alert(1)</script>', '\u202e', '%', "'; drop table", 'x'.repeat(255)]) {
    await page.goto(`${url}keys?search=${encodeURIComponent(text)}`);
    assert.match(await page.locator('#found').innerText(), /No key fits\.|\d+ keys? found/);
    assert.equal(await page.locator('main script').count(), 0);
  }
}

async function badParametersAreTold({ page, url }) {
  const answer = await page.goto(`${url}keys?sort=colour`);
  assert.equal(answer.status(), 400);
  assert.match(await page.locator('#found').innerText(), /cannot be shown now[\s\S]*sort names no order/);
}

async function noSuchKey({ page, url }) {
  const answer = await page.goto(`${url}keys/00000000-no-such`);
  assert.equal(answer.status(), 404);
  assert.match(await page.locator('h1').innerText(), /No such key/);
  const several = await page.goto(`${url}keys/sk-AbC123xyz`);
  assert.equal(several.status(), 300);
  assert.match(await page.locator('h1').innerText(), /Which key/);
}

async function owners({ page, url }) {
  await page.goto(url);
  await page.locator('nav a', { hasText: 'Owners' }).click();
  assert.match(await page.locator('#total').innerText(), /owners found/);
  await page.locator('thead a', { hasText: 'Last used' }).click();
  assert.equal(await page.locator('thead th', { hasText: 'Last used' }).getAttribute('aria-sort'), 'descending');
  await page.locator('tbody th a').first().click();
  assert.match(page.url(), /keys\?owner=/);
  assert.ok((await names(page)).length > 0);
}

export const cases = {
  'search while typing': searchWhileTyping,
  'filter by phase': filterByPhase,
  'sort by every column': sortByEveryColumn,
  'pages by cursor': pagesByCursor,
  'CSV of what is shown': csvOfWhatIsShown,
  'a row opens its key': aRowOpensItsKey,
  'the letter is copied': theLetterIsCopied,
  'hostile names are text': hostileNames,
  'hostile names on a phone': under({ viewport: { width: 320, height: 640 } }, (all) => hostileNames(all)),
  'hostile searches': hostileSearch,
  'bad parameters are told': badParametersAreTold,
  'no such key, and several': noSuchKey,
  'owners': owners,
};
