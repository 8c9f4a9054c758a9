/**
 * Takes pictures of the page: `node dist/test/browser/screenshot.js [OUT FOLDER]`. Without a folder it writes the one
 * picture of the README, src/web/screenshot.png.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BrowserContextOptions } from "playwright-core";
import { launchBrowser } from "./browser.js";
import { startDemoPage } from "./demo-page.js";

const readme = fileURLToPath(new URL("../../../src/web/screenshot.png", import.meta.url));
const folder = process.argv[2];
const browser = await launchBrowser();
if (browser === null) {
  console.error(
    "There is no /usr/bin/chromium; install it (apt-get install chromium) or name one in CHROMIUM.",
  );
  process.exit(1);
}
const page = await startDemoPage();
page.appliance.moveGate({
  state: "open",
  sentence: "Granted for KR4T207; the arm stays up until the loop is free.",
  lines: {
    lift: false,
    red: false,
    green: true,
    loop: true,
    beam: false,
    exit: false,
    fire: false,
    closed: false,
  },
});
try {
  if (folder === undefined)
    await shoot(readme, { viewport: { width: 1320, height: 1010 }, colorScheme: "dark" });
  else {
    for (const colorScheme of ["dark", "light"] as const) {
      await shoot(join(folder, `desktop-${colorScheme}.png`), {
        viewport: { width: 1400, height: 1300 },
        colorScheme,
      });
      await shoot(join(folder, `phone-${colorScheme}.png`), {
        viewport: { width: 390, height: 844 },
        deviceScaleFactor: 2,
        colorScheme,
        isMobile: true,
      });
      await shoot(
        join(folder, `detail-${colorScheme}.png`),
        { viewport: { width: 1400, height: 1000 }, colorScheme },
        `#pass/${page.newest.id}`,
      );
      await shoot(
        join(folder, `detail-phone-${colorScheme}.png`),
        { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, colorScheme, isMobile: true },
        `#pass/${page.newest.id}`,
      );
    }
  }
} finally {
  await browser.close();
  await page.close();
}

async function shoot(file: string, options: BrowserContextOptions, hash = ""): Promise<void> {
  const context = await browser!.newContext({ ...options, locale: "en-GB" });
  const tab = await context.newPage();
  tab.on("console", (message) => message.type() === "error" && console.error(`${file}: ${message.text()}`));
  tab.on("pageerror", (error) => console.error(`${file}: ${error.message}`));
  await tab.goto(`${page.url}/${hash}`);
  await tab.locator("#live[data-state=live]").waitFor();
  await tab.locator("#list .pass").first().waitFor();
  await tab.waitForTimeout(2500);
  await tab.screenshot({ path: file, fullPage: false });
  await context.close();
}
