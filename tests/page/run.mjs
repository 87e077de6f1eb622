// SPDX-License-Identifier: Apache-2.0
// Uses the status page in headless Chromium as a person does, and prints as JSON what is wrong, by case (null: nothing is).
//
//   node run.mjs CASES.mjs URL [PARAMETERS-AS-JSON]
//
// A file of cases exports `cases`: by name a function of ({page, url, given, browser}) that throws. Each runs in an empty profile.
// Whatever a case does, the page may log no error and ask no other host.
import { chromium } from 'playwright-core';

const [file, url, parameters = '{}'] = process.argv.slice(2);
const { cases } = await import(new URL(`cases/${file}`, import.meta.url));
const given = JSON.parse(parameters);

/** Errors that a case brings about on purpose. */
const EXPECTED = /the server responded with a status of (400|401|403|404|409|421|500|502|503)|net::ERR_(FAILED|CONNECTION_REFUSED)/;

async function run(browser, work, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1180, height: 900 }, timezoneId: 'UTC', ...options });
  const faults = [];
  const page = await context.newPage();
  page.on('pageerror', (error) => faults.push(`errs: ${error.message}`));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type()) && !EXPECTED.test(message.text())) faults.push(`logs: ${message.text()}`);
  });
  page.on('request', (request) => {
    if (new URL(request.url()).host !== new URL(url).host) faults.push(`asks another host: ${request.url()}`);
  });
  page.setDefaultTimeout(10_000);
  try {
    await work({ page, url, given, context });
  } catch (error) {
    faults.unshift(error.message);
  } finally {
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    await context.close();
  }
  return faults.length ? faults.join('; ') : null;
}

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
  ],
});
try {
  const found = {};
  for (const [name, work] of Object.entries(cases)) found[name] = await run(browser, work, work.options);
  console.log(JSON.stringify(found));
} finally {
  await browser.close();
}
