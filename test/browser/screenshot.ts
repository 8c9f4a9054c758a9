/**
 * `npm run screenshot` takes the picture of the README, src/web/screenshot.png, from the real appliance on its demo
 * clip, after a day that was made up. With a folder (`node dist/test/browser/screenshot.js FOLDER`) it takes a set for
 * looking at: desktop and phone, dark and light, list and detail.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BrowserContextOptions, Page } from "playwright-core";
import sharp from "sharp";
import { demoPasses } from "../support/demo-passes.js";
import { launchBrowser } from "./browser.js";
import { startRealPage } from "./real-page.js";

const MAX_BYTES = 300_000;
const readme = fileURLToPath(new URL("../../../src/web/screenshot.png", import.meta.url));
const folder = process.argv[2];
const browser = await launchBrowser();
if (browser === null) {
  console.error(
    "There is no /usr/bin/chromium; install it (apt-get install chromium) or name one in CHROMIUM.",
  );
  process.exit(1);
}
const page = await startRealPage(await demoPasses(Date.now() - 240_000, 36));
try {
  if (folder === undefined)
    await shoot(readme, { viewport: { width: 1320, height: 990 }, colorScheme: "dark" }, open);
  else {
    mkdirSync(folder, { recursive: true });
    for (const colorScheme of ["dark", "light"] as const) {
      const desktop = { viewport: { width: 1400, height: 1200 }, colorScheme };
      const phone = {
        viewport: { width: 390, height: 844 },
        deviceScaleFactor: 2,
        isMobile: true,
        colorScheme,
      };
      await shoot(join(folder, `desktop-${colorScheme}.png`), desktop, open);
      await shoot(join(folder, `detail-${colorScheme}.png`), desktop, detail);
      await shoot(join(folder, `phone-${colorScheme}.png`), phone, open);
      await shoot(join(folder, `phone-detail-${colorScheme}.png`), phone, detail);
    }
  }
} finally {
  await browser.close();
  await page.close();
}

/**
 * Up, with green, and the car still there. A machine that is busy with other things is late and the page says so: then
 * the next car is waited for, a few times.
 */
async function open(tab: Page): Promise<void> {
  for (let cars = 0; cars < 6; cars++) {
    await tab.locator("#gate[data-state=opening]").waitFor();
    await tab.locator("#gate[data-state=open]").waitFor();
    await tab.waitForTimeout(2400);
    if (await tab.locator("#health-sum[data-state=good]").isVisible()) return;
  }
}

async function detail(tab: Page): Promise<void> {
  await tab.locator("#list .pass:has(.has-clip)").first().click();
  await tab.locator("#detail video").waitFor();
  await tab.waitForTimeout(1500);
}

async function shoot(
  file: string,
  options: BrowserContextOptions,
  act: (tab: Page) => Promise<void>,
): Promise<void> {
  const context = await browser!.newContext({ ...options, locale: "en-GB" });
  const tab = await context.newPage();
  tab.setDefaultTimeout(60_000);
  tab.on("console", (message) => message.type() === "error" && console.error(`${file}: ${message.text()}`));
  tab.on("pageerror", (error) => console.error(`${file}: ${error.message}`));
  await tab.goto(page.url);
  await tab.locator("#live[data-state=live]").waitFor();
  await act(tab);
  const picture = await tab.screenshot();
  await context.close();
  for (let colours = 256; ; colours /= 2) {
    const small = await sharp(picture).png({ palette: true, colours, effort: 10 }).toBuffer();
    if (small.length > MAX_BYTES && colours > 32) continue;
    writeFileSync(file, small);
    return console.log(`${file}: ${small.length} bytes, ${colours} colours`);
  }
}
