// SPDX-License-Identifier: Apache-2.0
// Decisions: not offered to whoever may not decide, and sent in two steps where the document offers them. The routes that take
// them are played here, by their contract.
import { assert, under, violations } from './tools.mjs';

const FORM = (path, fields) =>
  `<section id="decide" class="decide" aria-labelledby="decide-title"><h2 id="decide-title">Decide</h2><form class="action" id="ack" data-action="${path}"
   data-method="POST" data-keep>${fields}<p><label for="ack-note">Note</label><input id="ack-note" name="note" required></p><p><button type="submit">Acknowledge …</button>
   <button type="button" data-confirm hidden>Acknowledge now</button> <button type="button" data-cancel hidden>Cancel</button></p>
   <div class="answer" role="status"></div></form></section>`;

/** The page of a key as it is for whoever may decide, and what is sent to the API. */
async function offered(page, url, key, answer) {
  const sent = [];
  await page.route('**/keys/*', async (route) => {
    const response = await route.fetch();
    const body = await response.text();
    const form = FORM('../api/v1/acks', `<input type="hidden" name="key" value="${key}">`);
    await route.fulfill({ response, body: body.replace('<section aria-labelledby="timeline-title">', `${form}$&`) });
  });
  await page.route('**/api/v1/acks**', async (route) => {
    const request = route.request();
    sent.push({ url: request.url(), method: request.method(), headers: request.headers(), body: request.postDataJSON() });
    await route.fulfill(answer(request.url().includes('preview=true')));
  });
  await page.goto(`${url}keys/${key}`);
  return sent;
}

const json = (status, body) => ({ status, contentType: 'application/json', body: JSON.stringify(body) });

async function previewThenConfirm({ page, url, given }) {
  const answer = (preview) => json(200, { schema_version: 1, summary: 'It counts as dormant.', doubts: ['it was used <b>yesterday</b>'], preview });
  const sent = await offered(page, url, given.hostile.markup, answer);
  const confirm = page.locator('[data-confirm]');
  assert.equal(await confirm.isVisible(), false);
  await page.locator('#ack-note').fill('asked the owner');
  await page.locator('#ack [type=submit]').click();
  await page.locator('#ack .answer').getByText('It counts as dormant.').waitFor();
  assert.equal(await page.locator('#ack .answer li').innerText(), 'it was used <b>yesterday</b>');
  assert.equal(sent.length, 1);
  assert.ok(sent[0].url.endsWith('/api/v1/acks?preview=true'), sent[0].url);
  assert.equal(sent[0].headers['x-keyshift-action'], '1');
  assert.equal(sent[0].headers['content-type'], 'application/json');
  assert.deepEqual(sent[0].body, { key: given.hostile.markup, note: 'asked the owner' });
  await confirm.click();
  await page.locator('#ack .answer').getByText('Done.').waitFor();
  assert.equal(sent.length, 2);
  assert.ok(sent[1].url.endsWith('/api/v1/acks'), sent[1].url);
  assert.deepEqual(sent[1].body, sent[0].body);
}

async function changedAfterThePreview({ page, url, given }) {
  const sent = await offered(page, url, given.hostile.markup, (preview) => json(200, { summary: 'So.', doubts: [], preview }));
  await page.locator('#ack-note').fill('one');
  await page.locator('#ack [type=submit]').click();
  await page.locator('[data-confirm]').waitFor();
  await page.locator('#ack-note').fill('another');
  assert.equal(await page.locator('[data-confirm]').isVisible(), false, 'what is confirmed was seen before');
  assert.equal(sent.length, 1);
}

async function refusalsAreTold({ page, url, given }) {
  const refusal = json(409, { type: 'about:blank', title: 'Conflict', status: 409, detail: 'the key is active: nobody may acknowledge it' });
  await offered(page, url, given.hostile.markup, () => ({ ...refusal, status: 400 }));
  await page.locator('#ack-note').fill('x');
  await page.locator('#ack [type=submit]').click();
  await page.locator('#ack .answer.failed').getByText('the key is active').waitFor();
  assert.equal(await page.locator('[data-confirm]').isVisible(), false);
}

async function notOffered({ page, url, given }) {
  for (const path of ['', `keys/${given.hostile.markup}`]) {
    await page.goto(url + path);
    assert.equal(await page.locator('[data-action], .decide').count(), 0);
  }
}

async function notShownWithoutScript({ page, url, given }) {
  await offered(page, url, given.hostile.markup, () => json(200, {}));
  assert.equal(await page.locator('.decide').isVisible(), false);
}

async function accessible({ page, url, given }) {
  await offered(page, url, given.hostile.markup, (preview) => json(200, { summary: 'So.', doubts: ['one'], preview }));
  await page.locator('#ack-note').fill('one');
  await page.locator('#ack [type=submit]').click();
  await page.locator('[data-confirm]').waitFor();
  assert.deepEqual(await violations(page), []);
}

export const cases = {
  'nothing is offered to whoever may not decide': notOffered,
  'a preview, then the change': previewThenConfirm,
  'what is changed after the preview is seen again': changedAfterThePreview,
  'refusals are told': refusalsAreTold,
  'forms without JavaScript are not shown': under({ javaScriptEnabled: false }, notShownWithoutScript),
  'axe finds nothing, light': under({ colorScheme: 'light' }, (all) => accessible(all)),
  'axe finds nothing, dark': under({ colorScheme: 'dark' }, (all) => accessible(all)),
};
