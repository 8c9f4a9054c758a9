import type { Browser, Page } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { PassRecord } from "../../src/core/records.js";
import { demoPasses } from "../support/demo-passes.js";
import { skipLoudly } from "../support/skip.js";
import { until } from "../support/until.js";
import { launchBrowser } from "./browser.js";
import { startDemoPage } from "./demo-page.js";

const kiosk = suite("a page that is left open");
let browser: Browser | null = null;

kiosk.before(async () => {
  browser = await launchBrowser();
  if (browser === null) skipLoudly("the page left open", "there is no /usr/bin/chromium");
});
kiosk.after(() => browser?.close());

kiosk("a tab that was in the background shows what it missed", async () => {
  await leftOpen("", async (tab, drive) => {
    await hide(tab, true);
    const missed = await drive({ id: "missed" });
    await hide(tab, false);
    await tab.locator(`#list .pass[data-id="${missed.id}"]`).waitFor({ timeout: 10_000 });
    await lastIs(tab, missed.id);
  });
});

kiosk("the list begins again before it is endless", async () => {
  await leftOpen("", async (tab, drive) => {
    await driveMany(drive);
    await isShort(tab, "many-239");
  });
});

kiosk("the list begins again also when all came while it was being asked for", async () => {
  await leftOpen("", async (tab, drive) => {
    let isAsked = false;
    let answer = () => {};
    const mayAnswer = new Promise<void>((resolve) => {
      answer = resolve;
    });
    await tab.route("**/api/passes?*", async (route) => {
      const response = await route.fetch();
      isAsked = true;
      await mayAnswer;
      await route.fulfill({ response });
    });
    await tab.locator("#search").dispatchEvent("input");
    await until(() => isAsked, "the list to be asked for");
    await driveMany(drive);
    await tab.locator('#list .pass[data-id="many-239"]').waitFor({ timeout: 20_000 });
    answer();
    await isShort(tab, "many-239");
  });
});

kiosk("a pass from when the clock was ahead does not stay the last vehicle", async () => {
  await leftOpen("", async (tab, drive) => {
    await drive({ id: "ahead", startedAt: Date.now() + 365 * 86_400_000 });
    await lastIs(tab, "ahead");
    await drive({ id: "after" });
    await lastIs(tab, "after");
    await tab.reload();
    await lastIs(tab, "after");
  });
});

kiosk("a damaged link leads to the page itself", async () => {
  await leftOpen("#pass/abc%3", async (tab) => {
    assert.is(await tab.locator("dialog[open]").count(), 0);
  });
});

kiosk.run();

type Drive = (facts: Partial<PassRecord>) => Promise<PassRecord>;

/** Opens the page over an appliance of its own, waits until it lives, and fails on any error in it. */
async function leftOpen(hash: string, act: (tab: Page, drive: Drive) => Promise<void>): Promise<void> {
  if (browser === null) return;
  const demo = await startDemoPage();
  const tab = await browser.newPage();
  const errors: string[] = [];
  tab.on("pageerror", (error) => errors.push(error.message));
  try {
    await tab.goto(`${demo.url}/${hash}`);
    await tab.locator("#list .pass").first().waitFor();
    const [entry] = await demoPasses(Date.now(), 1);
    await act(tab, async (facts) => {
      const pass = { ...entry!.pass, startedAt: Date.now(), trackId: `t-${facts.id}`, ...facts };
      await demo.appliance.passes.save({ ...entry!, pass });
      demo.web.push({ type: "pass", pass });
      return pass;
    });
    assert.equal(errors, []);
  } finally {
    await tab.close();
    await demo.close();
  }
}

/** 240 vehicles, one a millisecond, up to now; the last one is `many-239`. */
async function driveMany(drive: Drive): Promise<void> {
  const first = Date.now() - 240;
  for (let i = 0; i < 240; i++) await drive({ id: `many-${i}`, startedAt: first + i });
}

/** The list has this pass, and no more rows than it should. */
async function isShort(tab: Page, newest: string): Promise<void> {
  await tab.locator(`#list .pass[data-id="${newest}"]`).waitFor({ timeout: 20_000 });
  await until(async () => (await tab.locator("#list .pass").count()) <= 200, "the list to be short again");
  assert.ok(await tab.locator(`#list .pass[data-id="${newest}"]`).isVisible());
}

function lastIs(tab: Page, id: string): Promise<void> {
  return tab.locator(`#last-body a[href="#pass/${id}"]`).waitFor({ timeout: 15_000 });
}

/** As the browser does it when another tab is looked at. */
function hide(tab: Page, hidden: boolean): Promise<void> {
  return tab.evaluate(`
    Object.defineProperty(document, "hidden", { configurable: true, get: () => ${hidden} });
    document.dispatchEvent(new Event("visibilitychange"));
  `);
}
