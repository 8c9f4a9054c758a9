import { randomUUID } from "node:crypto";
import type { Config } from "../config.js";
import type { AuditRepository, EdgeRepository, SettingRepository } from "../core/repositories.js";
import type { Gate } from "../gate/gate-types.js";
import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import { masked } from "../system/masked.js";

export interface LogbookDeps {
  config: Config;
  clock: Clock;
  log: Log;
  store: { audit: AuditRepository; edges: EdgeRepository; settings: SettingRepository };
  /** What happens before the store is begun waits for this; later the store itself holds what waits. */
  whenStoreOpen: Promise<void>;
}

/** What happens beside passes, written down and never waited for: every level of a line, who changed what, which settings are new. */
export interface Logbook {
  /** One line in the chained log of changes. */
  note(actor: string, action: string, subject: string, detail?: object): void;
  /** Every level that a line of the gate takes from now on; the first ones too. */
  watchLines(gate: Pick<Gate, "view" | "subscribe">): void;
  /** Says that the appliance starts, and which settings are others than at the start before. */
  started(version: string): Promise<void>;
}

const KNOWN_CONFIG = "config";

export function createLogbook({ config, clock, log, store, whenStoreOpen }: LogbookDeps): Logbook {
  return {
    note,
    watchLines(gate) {
      const known = new Map<string, boolean>();
      const look = (view: ReturnType<Gate["view"]>) => {
        const at = Math.round(clock.wallMs());
        const edges = (["input", "output"] as const).flatMap((kind) =>
          Object.entries(kind === "input" ? view.inputs : view.outputs).flatMap(([line, active]) => {
            if (known.get(`${kind} ${line}`) === active) return [];
            known.set(`${kind} ${line}`, active);
            return [{ at, line, kind, active, cause: view.state }];
          }),
        );
        if (edges.length > 0) keep("edges of lines", () => store.edges.add(edges));
      };
      gate.subscribe(look);
      look(gate.view());
    },
    async started(version) {
      note("appliance", "appliance.start", version);
      try {
        await whenStoreOpen;
        const before = await store.settings.get(KNOWN_CONFIG);
        const now = flat(config);
        const text = JSON.stringify(now);
        if (text === before) return;
        await store.settings.set(KNOWN_CONFIG, text);
        if (before === null) return note("appliance", "config.first", "", now);
        // Masked again: an earlier version may have kept more.
        const then = flat(JSON.parse(before));
        const names = [...new Set([...Object.keys(then), ...Object.keys(now)])].filter(
          (n) => then[n] !== now[n],
        );
        if (names.length === 0) return;
        const changes = names.map((n) => [n, { from: then[n] ?? null, to: now[n] ?? null }]);
        note("appliance", "config.change", names.join(", "), Object.fromEntries(changes));
      } catch (error) {
        log.error(
          { error: String(error) },
          "The settings could not be compared with those of the last start.",
        );
      }
    },
  };

  function note(actor: string, action: string, subject: string, detail: object = {}): void {
    const entry = {
      id: randomUUID(),
      at: Math.round(clock.wallMs()),
      actor,
      action,
      subject,
      detail: JSON.stringify(detail),
    };
    keep(`the entry ${action}`, () => store.audit.add(entry));
  }

  function keep(what: string, write: () => Promise<void>): void {
    whenStoreOpen
      .then(write)
      .catch((error) => log.error({ error: String(error) }, `Not written to the log book: ${what}.`));
  }
}

/** The path of a webhook is the password of many a receiver; on the page and in the log only its host is told too. */
function shown(path: string, text: string): string {
  return /^report\.webhooks\.\d+\.url$/.test(path)
    ? text.replace(/^(https?:\/\/[^/?#]*).*$/is, "$1/…")
    : text;
}

/** Every setting by its path, as masked text. */
export function flat(value: unknown, path = ""): Record<string, string> {
  if (typeof value !== "object" || value === null) return { [path]: shown(path, masked(String(value))) };
  return Object.assign(
    {},
    ...Object.entries(value).map(([name, inner]) => flat(inner, path === "" ? name : `${path}.${name}`)),
  );
}
