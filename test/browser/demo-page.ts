import { copyFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { PassRecord } from "../../src/core/records.js";
import { createWeb } from "../../src/web/server.js";
import { demoPasses } from "../support/demo-passes.js";
import { fakeAppliance } from "../support/fake-appliance.js";
import { sceneJpeg } from "../support/scene.js";

const DEMO_CLIP = fileURLToPath(new URL("../../../hw/demo/demo.mp4", import.meta.url));

/** The page over an appliance in memory, with a day of passes, a live picture and one clip. */
export async function startDemoPage(options: { passes?: number; port?: number } = {}) {
  const appliance = fakeAppliance({ manual: true, port: options.port ?? 0 });
  let web = createWeb(appliance.deps);
  for (const entry of await demoPasses(Date.now(), options.passes ?? 40)) await appliance.passes.save(entry);
  const newest = (await appliance.passes.list({ limit: 1 })).items[0] as PassRecord;
  copyFileSync(DEMO_CLIP, join(appliance.folder, "clip.mp4"));
  const clip = {
    id: "clip-1",
    passId: newest.id,
    camera: "front",
    path: "clip.mp4",
    startedAt: newest.startedAt - 5000,
    endedAt: newest.startedAt + 9000,
    bytes: statSync(DEMO_CLIP).size,
    pinned: false,
  };
  await appliance.clips.add(clip, []);
  appliance.deps.search = {
    soft: async () =>
      (await appliance.passes.list({ plate: "R0B8412", limit: 3 })).items.map((pass) => ({
        pass,
        likelihood: 0.4,
      })),
    alike: async (id) =>
      (await appliance.passes.list({ plate: "PA77ZQX", limit: 3 })).items
        .map((pass) => ({ pass, likelihood: 0.6 }))
        .filter(({ pass }) => pass.id !== id),
  };
  appliance.state.health = [
    {
      part: "eye:front",
      name: "Eye, camera front",
      state: "good",
      sentence: "15 pictures a second are looked at; a plate is read in 31 ms.",
    },
    {
      part: "models",
      name: "Models",
      state: "good",
      sentence: "Detector v2, reader v2: checksums are as published.",
    },
    {
      part: "store",
      name: "Store",
      state: "good",
      sentence: "SQLite; a row is safe on the card after 6 ms.",
    },
    { part: "disk", name: "Disk", state: "good", sentence: "21.3 GB free." },
    {
      part: "broker",
      name: "Broker",
      state: "good",
      sentence: "Connected to the embedded broker; nothing is waiting.",
    },
    {
      part: "clock",
      name: "Clock",
      state: "warning",
      sentence:
        "No time server has answered since the start; rules with dates are checked against a clock that may be wrong.",
      sinceAt: Date.now() - 3_900_000,
    },
    { part: "loop", name: "Gate process", state: "good", sentence: "An input edge waits 2 ms at most." },
  ];
  const pictures = await Promise.all(
    [0.6, 0.68, 0.74, 0.78].map((nearness) =>
      sceneJpeg({ plate: newest.plate, nearness, boxText: `${newest.plate} 97 %` }),
    ),
  );
  let shown = 0;
  const timer = setInterval(
    () => appliance.showFrame(pictures[Math.min(pictures.length - 1, shown++)]!),
    120,
  );
  const { url } = await web.start();
  return {
    url,
    get web() {
      return web;
    },
    appliance,
    newest,
    /** The camera goes away, or comes back. */
    stopPictures: () => clearInterval(timer),
    /** Serves again where it served before. */
    async restart() {
      web = createWeb({ ...appliance.deps, config: { host: "127.0.0.1", port: Number(new URL(url).port) } });
      await web.start();
    },
    async close() {
      clearInterval(timer);
      await web.close();
      appliance.close();
    },
  };
}
