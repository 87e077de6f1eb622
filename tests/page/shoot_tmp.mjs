import { chromium } from 'playwright-core';
const [url, out, width='1280', scheme='light', full='1'] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox','--disable-gpu','--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'] });
const page = await browser.newPage({ viewport: { width: +width, height: 900 }, colorScheme: scheme });
page.on('console', m => console.log('console', m.text())); page.on('pageerror', e => console.log('error', e.message));
await page.goto(url); await page.waitForTimeout(300);
console.log('scrollWidth', await page.evaluate(() => document.documentElement.scrollWidth));
const y = +(process.argv[7] ?? 0), h = +(process.argv[8] ?? 0); await page.screenshot(h ? { path: out, fullPage: true, clip: { x: 0, y, width: +width, height: h } } : { path: out, fullPage: full === "1" });
await browser.close();
