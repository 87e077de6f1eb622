// SPDX-License-Identifier: Apache-2.0
// What the page says when it cannot be fetched any more: the last numbers stay, and are called old.
import { answerRefreshes, assert, refresh, under, violations } from './tools.mjs';

/** Without how long ago that was, which is not true any more. */
async function factsOf(page) {
  return (await page.locator('.facts').innerText()).replace(/\s*\(.*?\)/g, '');
}

/** Loads the page, and has its next fetches answered so. */
async function lost(page, url, answer, what) {
  await page.goto(url);
  const numbers = await factsOf(page);
  await answerRefreshes(page, answer);
  await refresh(page);
  await page.locator(`html[data-lost=${what}]`).waitFor({ state: 'attached' });
  const said = await page.locator('#lost').innerText();
  assert.match(said, /All numbers on (this page|it) are old/);
  assert.match(said, /\d{4}-\d\d-\d\d \d\d:\d\d UTC/);
  assert.match(await page.title(), /^OLD · /);
  assert.match(await page.locator('link[rel=icon]').getAttribute('href'), /icon-unknown\.svg$/);
  assert.equal(await factsOf(page), numbers, 'the last numbers stay');
  return said;
}

async function daemonGone({ page, url }) {
  assert.match(await lost(page, url, (route) => route.abort(), 'gone'), /keyshift does not answer/);
}

async function accessible({ page, url }) {
  await lost(page, url, (route) => route.abort(), 'gone');
  assert.deepEqual(await violations(page), []);
}

async function sessionLost({ page, url }) {
  const answer = (route) => route.fulfill({ status: 401, contentType: 'text/html', body: '<h1>Log in</h1>' });
  assert.match(await lost(page, url, answer, 'session'), /not logged in any more/);
}

async function refused({ page, url }) {
  assert.match(await lost(page, url, (route) => route.fulfill({ status: 403, body: 'no' }), 'refused'), /may not see/);
}

async function brokenProxy({ page, url }) {
  assert.match(await lost(page, url, (route) => route.fulfill({ status: 502, contentType: 'text/html', body: '<h1>Bad Gateway</h1>' }), 'gone'), /does not answer/);
}

async function comesBack({ page, url }) {
  await lost(page, url, (route) => route.abort(), 'gone');
  await page.unroute('**/*');
  await refresh(page);
  await page.locator('html:not([data-lost])').waitFor({ state: 'attached' });
  assert.equal(await page.locator('#lost').innerText(), '');
  assert.doesNotMatch(await page.title(), /OLD/);
}

/** A section that cannot be read keeps what stood there. */
async function unreadSectionKeepsItsNumbers({ page, url }) {
  await page.goto(url);
  const before = await page.locator('#events tbody tr').count();
  await answerRefreshes(page, async (route) => {
    const body = await (await route.fetch()).text();
    const unread = '<section id="events" aria-labelledby="events-title"><h2 id="events-title">What happened</h2>' +
      '<p class="notice error" data-unread><strong>This cannot be shown now.</strong> the state is locked</p></section>';
    await route.fulfill({ contentType: 'text/html', body: body.replace(/<section id="events"[\s\S]*?<\/section>/, unread) });
  });
  for (let again = 0; again < 2; ++again) {
    await refresh(page);
    assert.match(await page.locator('#events .notice').innerText(), /the state is locked What stands here is old\./);
    assert.equal(await page.locator('#events .notice').count(), 1);
    assert.equal(await page.locator('#events tbody tr').count(), before);
  }
}

/** What is there in a moment is asked for in a second, and not after the usual ten. */
async function keysBeingReadAppear({ page, url }) {
  await page.route('**/keys', async (route) => {
    if (route.request().resourceType() !== 'document') return route.continue();
    const answer = await route.fetch();
    const being = '<p class="notice" data-unread data-soon><strong>One moment.</strong> All keys are being read.</p>';
    const body = (await answer.text()).replace(/(<div id="found">)[\s\S]*?(<\/div><\/section>)/, `$1${being}$2`);
    await route.fulfill({ response: answer, status: 503, body });
  });
  await page.goto(`${url}keys`);
  assert.match(await page.locator('#found').innerText(), /^One moment\. All keys are being read\.$/);
  await page.locator('table.keys tbody tr').first().waitFor({ timeout: 8000 });
  assert.equal(await page.locator('[data-soon]').count(), 0);
}

export const cases = {
  'the daemon is gone': daemonGone,
  'axe finds nothing when it is gone, light': under({ colorScheme: 'light' }, (all) => accessible(all)),
  'axe finds nothing when it is gone, dark': under({ colorScheme: 'dark' }, (all) => accessible(all)),
  'the session is lost': sessionLost,
  'access is refused': refused,
  'a proxy answers for it': brokenProxy,
  'it comes back': comesBack,
  'an unread section keeps its numbers': unreadSectionKeepsItsNumbers,
  'keys that are being read appear by themselves': keysBeingReadAppear,
};
