// SPDX-License-Identifier: Apache-2.0
// Decisions by who has logged in, through the real forms and the real API: a pair that is doubted, an acknowledgement, a mark, and
// their removal.
import { assert, eventually, violations } from './tools.mjs';

/** Every case begins by logging in, as the browser's own dialogue does. */
async function open(page, context, url, given, path) {
  await context.setHTTPCredentials({ username: given.user, password: given.password });
  await page.goto(url + path);
}

async function listed(page, url, what) {
  return (await (await page.request.get(`${url}api/v1/${what}`)).json())[what];
}

/** Fills in nothing: sends a form, waits for what would change, and says yes. */
async function decide(page, form) {
  await page.locator(`#${form} [type=submit]`).click();
  await page.locator(`#${form} [data-confirm]`).waitFor();
  const preview = await page.locator(`#${form} .answer`).innerText();
  await page.locator(`#${form} [data-confirm]`).click();
  return preview;
}

async function askedFirst({ page, url }) {
  const response = await page.request.get(url);
  assert.equal(response.status(), 401);
  assert.match(response.headers()['www-authenticate'], /^Basic/);
}

async function pairWithDoubts({ page, context, url, given }) {
  await open(page, context, url, given, `keys/${given.pending}`);
  assert.ok((await page.locator('#decide').innerText()).includes(given.user));
  assert.deepEqual(await violations(page), []);
  await page.locator('#pair-modern').fill(given.others);
  const preview = await decide(page, 'pair');
  assert.match(preview, /different owners/);
  await eventually(async () => (await listed(page, url, 'pairs')).length === 1, 'the pair');
  assert.equal((await listed(page, url, 'pairs'))[0].replacement, given.others);
  await page.locator('#pair-remove').waitFor();
  await decide(page, 'pair-remove');
  await eventually(async () => (await listed(page, url, 'pairs')).length === 0, 'its removal');
}

async function refused({ page, context, url, given }) {
  await open(page, context, url, given, `keys/${given.pending}`);
  await page.locator('#ack-note').fill('asked');
  await page.locator('#ack [type=submit]').click();
  await page.locator('#ack .answer.failed').getByText(/in use/).waitFor();
  assert.equal(await page.locator('#ack [data-confirm]').isVisible(), false);
}

async function acknowledge({ page, context, url, given }) {
  await open(page, context, url, given, `keys/${given.dormant}`);
  await page.locator('#ack-note').fill('asked the owner <b>twice</b>');
  await decide(page, 'ack');
  await eventually(async () => (await listed(page, url, 'acks')).length === 1, 'the acknowledgement');
  const [ack] = await listed(page, url, 'acks');
  assert.equal(ack.note, 'asked the owner <b>twice</b>');
  assert.equal(ack.by, `${given.user} (web)`);
  await page.locator('#ack-remove').waitFor();
  await decide(page, 'ack-remove');
  await eventually(async () => (await listed(page, url, 'acks')).length === 0, 'its removal');
}

async function mark({ page, context, url, given }) {
  await open(page, context, url, given, '');
  await page.locator('#mark-note').fill('rehearsal');
  await decide(page, 'mark');
  await eventually(async () => (await listed(page, url, 'marks')).length === 1, 'the mark');
  await page.locator('[id^=mark-remove]').waitFor();
  const id = await page.locator('[id^=mark-remove]').getAttribute('id');
  await decide(page, id);
  await eventually(async () => (await listed(page, url, 'marks')).length === 0, 'its removal');
}

async function letterAndAddress({ page, context, url, given }) {
  await open(page, context, url, given, `keys/${given.pending}`);
  await eventually(async () => {
    await page.reload();
    return (await page.locator('#key dl').innerText()).includes('a@example.com');
  }, "the owner's address, asked of the database");
  const letter = await page.locator('#letter').innerText();
  assert.match(letter, /^Subject: Your API keys: 2 to look after/);
  assert.match(letter, /Hello a@example\.com,/);
  assert.match(letter, /- pending .*: replace it/);
}

export const cases = {
  'nobody sees anything before he has logged in': askedFirst,
  'a pair that is doubted': pairWithDoubts,
  'what may not be is refused': refused,
  'an acknowledgement': acknowledge,
  'a mark': mark,
  'the letter and the address': letterAndAddress,
};
