import type { Browser, Page } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { skipLoudly } from "../support/skip.js";
import { launchBrowser } from "./browser.js";
import { startRealPage } from "./real-page.js";

const test = suite("the real appliance in a browser");
let browser: Browser | null = null;
let tab: Page;
let stop = async () => {};

test.before(async () => {
  browser = await launchBrowser();
  if (browser === null) return skipLoudly("the real appliance in a browser", "there is no /usr/bin/chromium");
  const appliance = await startRealPage();
  stop = appliance.close;
  tab = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
  tab.setDefaultTimeout(60_000);
  await tab.goto(appliance.url);
});

test.after(async () => {
  await browser?.close();
  await stop();
});

test("a car comes: its picture moves, its plate is read, the barrier opens and the pass is listed", async () => {
  if (browser === null) return;
  await tab.locator("#live[data-state=live]").waitFor();
  await tab.locator("#gate[data-state=opening], #gate[data-state=open]").first().waitFor();
  const pass = tab.locator("#list .pass.granted").first();
  await pass.waitFor();
  assert.is(
    await pass
      .locator(".plate")
      .innerText()
      .then((t) => t.replaceAll(/\s/g, "")),
    "PG26DEM",
  );
  assert.ok(Number(await tab.locator("#live-picture").getAttribute("data-frames")) > 5);
});

test("its clip comes and plays", async () => {
  if (browser === null) return;
  await tab.locator("#list .pass:has(.has-clip)").first().click();
  const video = tab.locator("#detail video");
  await video.waitFor();
  const media = await video.evaluate(async (element) => {
    const v = element as unknown as {
      play(): Promise<void>;
      currentTime: number;
      videoWidth: number;
      duration: number;
    };
    await v.play();
    while (v.currentTime < 1) await new Promise((resolve) => requestAnimationFrame(resolve));
    return { widthPx: v.videoWidth, seconds: v.duration };
  });
  assert.ok(media.widthPx >= 640);
  assert.ok(media.seconds > 2 && media.seconds < 60, `${media.seconds} s`);
});

test.run();

declare function requestAnimationFrame(callback: (value: unknown) => void): void;
