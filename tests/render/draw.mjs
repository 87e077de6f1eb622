// SPDX-License-Identifier: Apache-2.0
// Draws dashboards in headless Chromium, and prints what is wrong with them as JSON, one list for each.
//
//   node draw.mjs DIRECTORY-OF-THE-BUNDLE JOBS.json
//
// A job is {"input": what src/page.tsx draws, "width": in pixels, "picture": where to, or null}. Chromium is the installed
// one, with an empty profile; whatever it asks for is answered from the files of npm packages, and nothing else.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const [bundle, jobs] = process.argv.slice(2);
const packages = new URL('node_modules', import.meta.url).pathname;
const ORIGIN = 'http://dashboards.invalid/';
const PAGE = '<!doctype html><meta charset="utf-8"><title>Dashboard</title><body><div id="root"></div>';
const SETTINGS = `window.__grafana_public_path__ = '${ORIGIN}public/';`;
const HEIGHT_PIXELS = 900;

function fileOf(path) {
  if (path.startsWith('public/img/')) {
    return join(packages, '@grafana/ui/dist', path);
  }
  if (path.startsWith('public/fonts/inter/')) {
    return join(packages, '@fontsource-variable/inter/files/inter-latin-wght-normal.woff2');
  }
  return null;
}

async function answer(route, strayed) {
  const url = route.request().url();
  const path = url.startsWith(ORIGIN) ? url.slice(ORIGIN.length) : null;
  if (path === '') {
    return route.fulfill({ contentType: 'text/html', body: PAGE });
  }
  const file = path && fileOf(path);
  if (file) {
    return route.fulfill({ body: await readFile(file), contentType: file.endsWith('.svg') ? 'image/svg+xml' : 'font/woff2' });
  }
  if (!url.endsWith('/favicon.ico') && !path?.startsWith('public/fonts/roboto/')) {
    strayed.push(url);
  }
  return route.abort();
}

async function draw(browser, { input, width, picture }) {
  const context = await browser.newContext({ viewport: { width, height: HEIGHT_PIXELS }, timezoneId: 'UTC' });
  const [faults, strayed] = [[], []];
  const page = await context.newPage();
  page.on('pageerror', (error) => faults.push({ panel: '', what: `errs: ${error.message}` }));
  await page.route('**', (route) => answer(route, strayed));
  await page.addInitScript(SETTINGS);
  await page.goto(ORIGIN);
  await page.addStyleTag({ path: join(bundle, 'page.css') });
  await page.addScriptTag({ path: join(bundle, 'page.js') });
  faults.push(...(await page.evaluate((each) => window.draw(each), input)));
  if (picture) {
    await page.screenshot({ path: picture, fullPage: true });
  }
  await context.close();
  return faults.concat(strayed.map((url) => ({ panel: '', what: `asks for ${url}` })));
}

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--host-resolver-rules=MAP * ~NOTFOUND',
  ],
});
try {
  const found = [];
  for (const job of JSON.parse(await readFile(jobs, 'utf8'))) {
    found.push(await draw(browser, job));
  }
  console.log(JSON.stringify(found));
} finally {
  await browser.close();
}
