// SPDX-License-Identifier: Apache-2.0
// The pictures of docs/page.md:  node pictures.mjs URL DIRECTORY
import { chromium } from 'playwright-core';

const [url, directory] = process.argv.slice(2);
const DESKTOP = { width: 1120, height: 1500 };
const PHONE = { width: 390, height: 844 };

const PICTURES = [
  { name: 'page-light', path: '', viewport: DESKTOP, colorScheme: 'light' },
  { name: 'page-first', path: '', viewport: { width: 1120, height: 800 }, colorScheme: 'light' },
  { name: 'page-dark', path: '', viewport: DESKTOP, colorScheme: 'dark', at: '#pace' },
  { name: 'page-keys', path: 'keys', viewport: { width: 1120, height: 760 }, colorScheme: 'light' },
  { name: 'page-key', path: 'keys?search=mobile', open: true, viewport: { width: 1120, height: 1250 }, colorScheme: 'light' },
  { name: 'page-phone', path: '', viewport: PHONE, colorScheme: 'light', scale: 2 },
];

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'] });
for (const { name, path, viewport, colorScheme, scale = 1, at, open } of PICTURES) {
  const context = await browser.newContext({ viewport, colorScheme, deviceScaleFactor: scale, reducedMotion: 'reduce', timezoneId: 'UTC' });
  const page = await context.newPage();
  await page.goto(url + path);
  if (open) {
    await page.locator('table.keys tbody th a').first().click();
    await page.waitForLoadState();
  }
  if (at) await page.locator(at).evaluate((element) => element.scrollIntoView());
  await page.screenshot({ path: `${directory}/${name}.png` });
  await context.close();
}
await browser.close();
