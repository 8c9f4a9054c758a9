import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import * as shapes from "../../src/web/shapes.js";
import { demoPasses } from "../support/demo-passes.js";
import { skipLoudly } from "../support/skip.js";
import { accessibilityProblems } from "./accessibility.js";
import { launchBrowser } from "./browser.js";
import { startDemoPage } from "./demo-page.js";

const PHONE: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  isMobile: true,
  hasTouch: true,
};
const page = suite("page in a browser");
let browser: Browser | null = null;
let demo: Awaited<ReturnType<typeof startDemoPage>>;

page.before(async () => {
  browser = await launchBrowser();
  if (browser === null) skipLoudly("the page in a browser", "there is no /usr/bin/chromium");
  else demo = await startDemoPage();
});

page.after(async () => {
  await browser?.close();
  await demo?.close();
});

page(
  "shows the barrier, the live picture with its age, the passes and the health, without a complaint",
  async () => {
    await visit({}, "", async (tab) => {
      assert.is(await text(tab, "#gate-state"), "Closed");
      assert.match(await text(tab, "#live-age"), /^\d\.\d s old$/);
      assert.is(await tab.locator("#list .pass").count(), 25);
      assert.is(await text(tab, "#health-sum"), "One part needs attention.");
      assert.match(await text(tab, "#last .verdict"), /Granted|Denied|Ask/);
      assert.is(await text(tab, "#link-text"), "live");
    });
  },
);

page("a pass appears as it happens, on top, in the last vehicle and for screen readers", async () => {
  await visit({}, "", async (tab) => {
    const [entry] = await demoPasses(Date.now() + 45_000, 1);
    await demo.appliance.passes.save(entry!);
    demo.web.push({ type: "pass", pass: entry!.pass });
    await tab.locator(`#list .pass[data-id="${entry!.pass.id}"]`).waitFor();
    assert.is(await tab.locator("#list .pass").first().getAttribute("data-id"), entry!.pass.id);
    assert.match(await text(tab, "#announce"), new RegExp([...entry!.pass.plate].join(" ")));
    demo.appliance.moveGate({ state: "opening", lines: { lift: true, red: true, green: false } });
    await tab.locator("#gate[data-state=opening]").waitFor();
    assert.is(await tab.locator(".tile-lift").getAttribute("data-on"), "true");
    demo.appliance.moveGate({ state: "closed", lines: { lift: false, red: true, green: false } });
  });
});

page("no vehicle yet is said once the appliance has answered, not before", async () => {
  await visit({}, "", async (tab) => {
    let answer = (): void => undefined;
    const asked = new Promise<void>((resolve) => {
      answer = resolve;
    });
    await tab.route("**/api/passes?*", async (route) => {
      await asked;
      await route.fulfill({ json: { items: [], next: null } });
    });
    await tab.reload();
    await tab.locator("#live[data-state=live]").waitFor();
    assert.is(await text(tab, "#last-body"), "…");
    answer();
    await tab.locator("#last-body", { hasText: "No vehicle has been seen yet." }).waitFor();
  });
});

page("the detail shows frame, characters, reasons and the video, which plays", async () => {
  await visit({}, "", async (tab) => {
    await tab.locator(`#list .pass[data-id="${demo.newest.id}"]`).click();
    const dialog = tab.locator("#detail");
    await dialog.locator(".detail-body").waitFor();
    assert.is(await dialog.locator(".chars li").count(), demo.newest.plate.length);
    assert.match(await dialog.innerText(), /Frames read/);
    assert.ok(await picture(tab, "#detail figure img"));
    const video = dialog.locator("video");
    await video.evaluate((v) => (v as unknown as { play(): Promise<void> }).play());
    for (;;) {
      const at = await video.evaluate((v) => (v as unknown as { currentTime: number }).currentTime);
      if (at > 0.5) break;
    }
    await video.evaluate((v) => {
      (v as unknown as { currentTime: number }).currentTime = 3;
    });
    for (;;) {
      const at = await video.evaluate((v) => (v as unknown as { currentTime: number }).currentTime);
      if (at >= 3) break;
    }
    await tab.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
  });
});

page("beside a crop that is hard to read lies the enhanced one, beside a clear one nothing", async () => {
  const hard = (await demo.appliance.passes.list({ plate: "R0B8412", limit: 1 })).items[0]!;
  const show = (id: string, act: (tab: Page) => Promise<unknown>) =>
    visit({}, "", async (tab) => {
      await tab.locator(`#list .pass[data-id="${id}"]`).click();
      await tab.locator("#detail .detail-body").waitFor();
      await act(tab);
    });
  await show(hard.id, async (tab) => {
    assert.ok(await picture(tab, "#detail .detail-plate > .crop"));
    assert.ok(await picture(tab, "#detail .enhanced .crop"));
    assert.is(await text(tab, "#detail .enhanced"), "Enhanced: details may be guessed");
  });
  await show(demo.newest.id, (tab) => tab.locator("#detail .enhanced").waitFor({ state: "detached" }));
});

page(
  "a half-remembered plate finds what it could have been, and a pass the vehicles that look like it",
  async () => {
    await visit({}, "", async (tab) => {
      await tab.locator("#find-plate").fill("RO8841");
      await tab.locator("#similar .pass").first().waitFor();
      assert.equal(new Set(await tab.locator("#similar .plate").allTextContents()), new Set(["R0B8412"]));
      await tab.locator("#similar .pass").first().click();
      await tab.locator("#detail .alike .pass").first().waitFor();
      assert.ok(
        (await tab.locator("#detail .alike .plate").allTextContents()).every((plate) => plate === "PA77ZQX"),
      );
    });
  },
);

page(
  "videos are shown as pictures, kept for good on request, and also those without a pass are played",
  async () => {
    await visit({}, "", async (tab) => {
      const clip = {
        ...(await demo.appliance.clips.find("clip-1"))!,
        id: "clip-by-hand",
        passId: null,
        kind: "manual" as const,
      };
      await demo.appliance.clips.add(clip, []);
      await tab.locator("#show-videos").click();
      const card = tab.locator(".video-card", { hasText: "recorded by hand" });
      await card.click();
      await tab.locator("#detail video").waitFor();
      await tab.locator("#detail button[aria-pressed=false]", { hasText: "Keep" }).click();
      await tab.locator("#detail button[aria-pressed=true]", { hasText: "Kept" }).waitFor();
      assert.is((await demo.appliance.clips.find("clip-by-hand"))?.pinned, true);
      await tab.keyboard.press("Escape");
      await tab.locator("#show-videos").click();
      await tab.locator("#list .pass").first().waitFor();
    });
  },
);

page("every state of the barrier has its word and its drawing", async () => {
  await visit({ reducedMotion: "reduce" }, "", async (tab) => {
    const words = new Set<string>();
    for (const state of shapes.gate.shape.state.options) {
      demo.appliance.moveGate({ state });
      await tab.locator(`#gate[data-state=${state}]`).waitFor();
      words.add(await text(tab, "#gate-state"));
    }
    assert.is(words.size, shapes.gate.shape.state.options.length);
    assert.not.ok(words.has("") || [...words].some((w) => w.includes("-")), [...words].join(", "));
    const alarm = { code: "fire", sentence: "The fire contact is on.", sinceAt: Date.now() };
    demo.appliance.moveGate({ state: "held-open", mode: "locked", alarms: [alarm] });
    await tab.locator("#gate-alarms li").waitFor();
    assert.match(await text(tab, "#gate-dry"), /Locked/);
    demo.appliance.moveGate({ state: "closed", mode: "normal", alarms: [] });
    await tab.locator("#gate-alarms li").waitFor({ state: "detached" });
  });
});

page("a dry run has its banner for as long as it lasts", async () => {
  demo.appliance.moveGate({ state: "closed", mode: "normal", dryRun: true });
  await visit({ reducedMotion: "reduce" }, "", async (tab) => {
    await tab.locator("#gate-dry:visible").waitFor();
    assert.is(await text(tab, "#gate-dry"), "Dry run: nothing is energised");
    demo.appliance.moveGate({ dryRun: false });
    await tab.locator("#gate-dry").waitFor({ state: "hidden" });
  });
});

page("a search narrows the list, says when nothing fits, and gives all back", async () => {
  await visit({}, "", async (tab) => {
    const plates = tab.locator("#list .pass .plate");
    await tab.keyboard.press("/");
    await tab.keyboard.type("r?b8");
    await tab.locator("#found:not(:empty)").waitFor();
    await tab.locator("#find-plate").fill("r?b8*");
    await plates.first().waitFor();
    for (const label of await plates.evaluateAll((all) =>
      all.map((p) => (p as unknown as { textContent: string }).textContent),
    ))
      assert.is(label, "R0B8412");
    await tab.locator("#find-plate").fill("");
    await tab.locator(".choice label", { hasText: "Denied" }).click();
    await tab.locator("#list .pass.granted").first().waitFor({ state: "detached" });
    assert.ok((await plates.count()) > 0);
  });
});

page("an absent camera and a lost appliance are said, and both come back by themselves", async () => {
  await visit(
    {},
    "",
    async (tab) => {
      const away = {
        name: "front",
        state: "away" as const,
        awaySinceAt: Date.now() - 65_000,
        problem: "No stream from the camera; trying again in 4 s.",
        fps: 0,
      };
      const before = demo.appliance.state.cameras;
      demo.appliance.state.cameras = [away];
      await tab.locator("#live[data-state=away]").waitFor();
      assert.match(await text(tab, "#live-veil-title"), /^Camera away since \d\d:\d\d:\d\d \(1 min\)$/);
      assert.match(await text(tab, "#live-veil-text"), /trying again/);
      demo.appliance.state.cameras = before;
      await tab.locator("#live[data-state=live]").waitFor();
      await demo.web.close();
      await tab.locator("html[data-link=lost]").waitFor();
      assert.match(await text(tab, "#lost"), /^No connection to the appliance since/);
      assert.match(await text(tab, "#gate-state"), /^Last known: /);
      await demo.restart();
      await tab.locator("html[data-link=alive]").waitFor();
      assert.is(await tab.locator("#lost").isVisible(), false);
    },
    /ERR_|Failed to load/,
  );
});

page("fits a phone: nothing sticks out, what is touched is large enough", async () => {
  await visit(PHONE, "", async (tab) => {
    assert.ok((await overhang(tab)) <= 0);
    assert.ok((await tab.locator("#gate-state").boundingBox())!.y < 700, "the state is on the first screen");
    for (const selector of ["#theme", "#find-plate", "#find-when", ".choice label", "#list .pass"]) {
      const box = (await tab.locator(selector).first().boundingBox())!;
      assert.ok(box.height >= 40, `${selector} is ${box.height} px high`);
    }
    await tab.locator("#list .pass").first().click();
    await tab.locator("#detail .detail-body").waitFor();
    assert.ok((await overhang(tab)) <= 0);
  });
});

for (const colorScheme of ["light", "dark"] as const) {
  page(`names, contrast and structure are fit for everybody, ${colorScheme}`, async () => {
    await visit({ colorScheme, reducedMotion: "reduce" }, "", async (tab) => {
      assert.equal(await accessibilityProblems(tab), []);
      await tab.locator("#list .pass.ask, #list .pass.denied").first().click();
      await tab.locator("#detail .detail-body").waitFor();
      assert.equal(await accessibilityProblems(tab), []);
    });
  });
}

page.run();

/** Opens the page, waits until it lives, and fails on any complaint of the browser that is not expected. */
async function visit(
  options: BrowserContextOptions,
  hash: string,
  act: (tab: Page) => Promise<unknown>,
  expected = /^$/,
): Promise<void> {
  if (browser === null) return;
  const context: BrowserContext = await browser.newContext({
    viewport: { width: 1400, height: 1000 },
    locale: "en-GB",
    ...options,
  });
  const complaints: string[] = [];
  const tab = await context.newPage();
  tab.on("console", (m) => (m.type() === "error" || m.type() === "warning") && complaints.push(m.text()));
  tab.on("pageerror", (e) => complaints.push(e.message));
  try {
    await tab.goto(`${demo.url}/${hash}`);
    await tab.locator("#live[data-state=live]").waitFor();
    await tab.locator("#list .pass").first().waitFor();
    await act(tab);
  } finally {
    await context.close();
  }
  assert.equal(
    complaints.filter((c) => !expected.test(c) && !/crop\.jpg|frame\.jpg|404/.test(c)),
    [],
  );
}

async function text(tab: Page, selector: string): Promise<string> {
  return (await tab.locator(selector).first().innerText()).trim();
}

function picture(tab: Page, selector: string): Promise<boolean> {
  return tab
    .locator(selector)
    .first()
    .evaluate(async (img) => {
      const picture = img as unknown as { decode(): Promise<void>; naturalWidth: number };
      await picture.decode();
      return picture.naturalWidth > 0;
    });
}

/** Pixels by which the content is wider than the window. */
function overhang(tab: Page): Promise<number> {
  return tab.locator("html").evaluate((html) => {
    const root = html as unknown as { scrollWidth: number; clientWidth: number };
    return root.scrollWidth - root.clientWidth;
  });
}
