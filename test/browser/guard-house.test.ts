/** The page as a guard uses it: for days on end, with the keyboard, with more than one camera. */
import type { Browser, Page } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { demoPasses } from "../support/demo-passes.js";
import { skipLoudly } from "../support/skip.js";
import { until } from "../support/until.js";
import { launchBrowser } from "./browser.js";
import { startDemoPage } from "./demo-page.js";

const DAY_MS = 86_400_000;
const guard = suite("the page in a guard house");
let browser: Browser | null = null;

guard.before(async () => {
  browser = await launchBrowser();
  if (browser === null) skipLoudly("the page in a guard house", "there is no /usr/bin/chromium");
});
guard.after(() => browser?.close());

guard("a camera is chosen with keyboard and mouse while news of the gate come in between", async () => {
  await sit(async (tab, demo) => {
    const rear = tab.getByRole("button", { name: "Camera rear" });
    await rear.focus();
    await news(tab, demo);
    assert.is(await tab.evaluate("document.activeElement.ariaLabel"), "Camera rear", "the focus stays");
    await rear.hover();
    await tab.mouse.down();
    await news(tab, demo);
    await tab.mouse.up();
    await until(async () => (await rear.getAttribute("aria-pressed")) === "true", "it is chosen");
  }, TWO_CAMERAS);
});

guard("each camera is recorded by hand for itself, with the keyboard, and a refusal is said", async () => {
  await sit(async (tab, demo) => {
    const button = (words: RegExp) => tab.locator("#store-hand button", { hasText: words });
    await button(/^Record front by hand$/).focus();
    await tab.keyboard.press("Enter");
    await button(/^Stop recording front/).waitFor();
    assert.match(String(await tab.evaluate("document.activeElement.textContent")), /^Stop recording front/);
    await button(/^Record rear by hand$/).click();
    await button(/^Stop recording rear/).waitFor();
    // Somebody else has ended it meanwhile.
    await demo.appliance.deps.recording.manual!.stop("rear");
    await button(/^Stop recording rear/).click();
    await tab
      .locator('#store-hand [role="alert"]', { hasText: 'Camera "rear" is not being recorded by hand.' })
      .waitFor();
    await button(/^Record rear by hand$/).waitFor();
  }, TWO_CAMERAS);
});

guard(
  "from a pass that is not in the list the way to the older one does not lead to the newest",
  async () => {
    await sit(async (tab, demo) => {
      const { items } = await demo.appliance.passes.list({ limit: 40 });
      const [hidden, below] = [items[30]!, items[24]!];
      await tab.evaluate(`location.hash = "#pass/${hidden.id}"`);
      await tab.locator(".detail-body").waitFor();
      await tab.getByRole("button", { name: "Older pass", exact: true }).click();
      await tab.getByRole("button", { name: "Newer pass", exact: true }).click();
      await until(
        async () => (await tab.evaluate("location.hash")) === `#pass/${below.id}`,
        "the oldest one that the list has",
      );
    });
  },
);

guard("after midnight the passes of the day before are not called today's", async () => {
  await sit(async (tab) => {
    const day = tab.locator("#list .list-day").first();
    const before = await day.innerText();
    await tab.clock.setSystemTime(Date.now() + DAY_MS);
    await until(async () => (await day.innerText()) !== before, "the heading changes");
    assert.match(await tab.locator("#last time").innerText(), /^(yesterday|\w{3} \d+ \w+) \d\d:/);
  }, clocked);
});

guard("what has been wrong for days is said with its day", async () => {
  await sit(
    async (tab) => {
      const words = (selector: string) => tab.locator(selector).first().innerText();
      for (const place of ["#health-list small", "#gate-alarms small", "#gate-since", "#live-veil-title"])
        assert.match(await words(place), / since \w{3}.* \d\d:\d\d:\d\d| since \w{3}|^since \w{3}/, place);
    },
    ({ appliance: { state } }) => {
      const sinceAt = Date.now() - 3 * DAY_MS;
      state.health = [{ part: "disk", name: "Card", state: "bad", sentence: "It is full.", sinceAt }];
      const alarms = [{ code: "held-open", input: null, sentence: "It is open.", sinceAt }];
      state.gate = { ...state.gate, sinceAt, alarms };
      state.cameras = [{ name: "front", state: "away", awaySinceAt: sinceAt, problem: "Gone.", fps: 0 }];
    },
  );
});

guard(
  "of a street with more than five hundred vehicles a day it is said that these are the newest",
  async () => {
    await sit(
      async (tab) => {
        await until(
          async () => /^the newest 500 passes: /.test(await tab.locator("#day-sum").innerText()),
          "it is said",
        );
      },
      async ({ appliance }) => {
        for (const entry of await demoPasses(Date.now(), 1))
          for (let i = 0; i < 520; i++) {
            const pass = { ...entry.pass, id: `busy-${i}`, startedAt: Date.now() - i * 60_000 };
            await appliance.passes.save({ ...entry, pass });
          }
      },
    );
  },
);

guard("who looks at the vehicle that stands at the gate is not thrown off by news of it", async () => {
  await sit(async (tab, demo) => {
    const entry = (await demoPasses(Date.now(), 1))[0]!;
    await tab.evaluate(`location.hash = "#pass/${demo.newest.id}"`);
    await tab.locator(".evidence summary").click();
    await tab.locator("#detail .detail-close").focus();
    const pass = { ...demo.newest, frames: demo.newest.frames + 7, looks: null };
    await demo.appliance.passes.save({ ...entry, pass, events: [] });
    demo.web.push({ type: "pass", pass });
    await tab.locator("#detail dd", { hasText: new RegExp(`^${pass.frames}$`) }).waitFor();
    assert.is(await tab.evaluate("document.activeElement.ariaLabel"), "Close", "the focus stays");
    assert.is(await tab.locator(".evidence[open]").count(), 1, "what was unfolded stays so");
  });
});

guard("who goes through the videos with the keyboard keeps the place when a new one comes", async () => {
  await sit(
    async (tab, demo) => {
      await tab.getByRole("button", { name: "Videos" }).click();
      await tab.getByRole("button", { name: "Older videos" }).click();
      await until(async () => (await tab.locator(".video-card").count()) === 41, "all are shown");
      await tab.locator(".video-card").nth(30).focus();
      const focused = "document.activeElement.innerText";
      const before = await tab.evaluate(focused);
      const clip = aClip(100);
      await demo.appliance.clips.add(clip, []);
      demo.web.push({ type: "clip", clip });
      await until(async () => (await tab.locator(".video-card").count()) === 42, "the new one came");
      assert.is(await tab.evaluate(focused), before);
    },
    async ({ appliance }) => {
      for (let i = 0; i < 40; i++) await appliance.clips.add(aClip(i), []);
    },
  );
});

guard("a plate with an umlaut is looked for in one way, in the list and in what comes", async () => {
  await sit(async (tab, demo) => {
    const entry = (await demoPasses(Date.now(), 1))[0]!;
    const drive = async (id: string, plate: string) => {
      const pass = { ...entry.pass, id, trackId: id, plate, startedAt: Date.now() };
      await demo.appliance.passes.save({ ...entry, pass });
      demo.web.push({ type: "pass", pass });
    };
    await drive("before", "MU1");
    await tab.locator("#find-plate").fill("mü");
    await until(async () => (await tab.locator("#list .pass").count()) === 1, "one is found");
    await drive("other", "MA1");
    await drive("after", "MU2");
    await tab.locator('#list .pass[data-id="after"]').waitFor();
    assert.is(await tab.locator("#list .pass").count(), 2);
  });
});

guard.run();

function aClip(n: number) {
  const startedAt = Date.now() - 3_600_000 + n * 1000;
  return {
    id: `film-${n}`,
    passId: null,
    camera: `c${n}`,
    path: "clip.mp4",
    startedAt,
    endedAt: startedAt + 5000,
    bytes: 1000,
    pinned: false,
  };
}

type Demo = Awaited<ReturnType<typeof startDemoPage>>;

/** The page over an appliance of its own that `before` has prepared; fails on any error in it. */
async function sit(
  act: (tab: Page, demo: Demo) => Promise<void>,
  before: (demo: Demo, tab: Page) => unknown = () => {},
): Promise<void> {
  if (browser === null) return;
  const demo = await startDemoPage();
  const tab = await browser.newPage({ locale: "en-GB" });
  const errors: string[] = [];
  tab.on("pageerror", (error) => errors.push(error.message));
  try {
    await before(demo, tab);
    await tab.goto(demo.url);
    await tab.locator("#list .pass").first().waitFor();
    await act(tab, demo);
    assert.equal(errors, []);
  } finally {
    await tab.close();
    await demo.close();
  }
}

function TWO_CAMERAS({ appliance: { state } }: Demo): void {
  state.cameras = ["front", "rear"].map((name) => ({ ...state.cameras[0]!, name }));
}

function clocked(_: Demo, tab: Page): Promise<void> {
  return tab.clock.install();
}

/** The gate tells something new, and the page shows it. */
async function news(tab: Page, { appliance }: Demo): Promise<void> {
  const sentence = `News ${Math.random()}.`;
  appliance.moveGate({ sentence });
  await tab.locator("#gate-sentence", { hasText: sentence }).waitFor();
}
