import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";

const script = readFileSync(
  fileURLToPath(new URL("../../../test/browser/accessibility-checks.js", import.meta.url)),
  "utf8",
);

/** What a person with a screen reader, a keyboard or weak eyes would stumble over; empty when nothing was found. */
export async function accessibilityProblems(tab: Page): Promise<string[]> {
  return (await tab.evaluate(script)) as string[];
}
