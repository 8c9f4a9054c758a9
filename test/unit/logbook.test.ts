import { test } from "uvu";
import * as assert from "uvu/assert";
import { createLogbook, flat } from "../../src/appliance/logbook.js";
import { auditedRules } from "../../src/commands/audited-rules.js";
import { defaultConfig } from "../../src/config.js";
import type { AccessRule, AuditRecord, EdgeRecord } from "../../src/core/records.js";
import { silentLog } from "../../src/system/log.js";
import { fakeClock } from "../support/fake-clock.js";
import { gateKit } from "../support/gate-kit.js";
import { accessRule, noon } from "../support/records.js";
import { until } from "../support/until.js";

function book(config = defaultConfig(), settings = new Map<string, string>()) {
  const audit: AuditRecord[] = [];
  const edges: EdgeRecord[] = [];
  let open = () => {};
  const logbook = createLogbook({
    config,
    clock: fakeClock(noon),
    log: silentLog,
    store: {
      audit: { add: async (entry: AuditRecord) => void audit.push(entry) },
      edges: { add: async (added: readonly EdgeRecord[]) => void edges.push(...added) },
      settings: {
        get: async (name: string) => settings.get(name) ?? null,
        set: async (name: string, value: string) => void settings.set(name, value),
      },
    } as never,
    whenStoreOpen: new Promise((resolve) => {
      open = resolve;
    }),
  });
  return { logbook, audit, edges, settings, open };
}

test("every level of every line is kept, from the first ones on, and none twice", async () => {
  const { logbook, edges, open } = book();
  const { gate, lines, clock } = gateKit({ inputs: ["exit"] });
  await gate.start();
  logbook.watchLines(gate);
  lines.drive("exit", true);
  clock.advance(1000);
  lines.drive("exit", false);
  clock.advance(60_000);
  assert.is(edges.length, 0, "the store is not open yet");
  open();
  const of = (line: string) => edges.filter((e) => e.line === line).map((e) => Number(e.active));
  await until(async () => of("exit").length === 3, "the edges of the input are kept");
  assert.equal(of("exit"), [0, 1, 0]);
  assert.equal(of("lift"), [0, 1, 0]);
  assert.is(edges.find((e) => e.line === "exit")!.kind, "input");
  assert.is(edges.find((e) => e.line === "lift")!.kind, "output");
  assert.is.not(edges.find((e) => e.line === "lift" && e.active)!.cause, "");
});

test("of a webhook only the host is noted: its path is the password of many receivers, also one of an earlier version", async () => {
  const hook = (url: string) => {
    const config = defaultConfig();
    const webhook = { name: "x", url, secretFile: "", kinds: [], caFile: "", plates: "plain" as const };
    return { ...config, report: { ...config.report, webhooks: [webhook] } };
  };
  const first = book(hook("https://hooks.example:8443/services/T0/SECRET"));
  first.open();
  await first.logbook.started("1.0.0");
  await until(async () => first.audit.length === 2, "start and settings are noted");
  const detail = JSON.parse(first.audit.find((e) => e.action === "config.first")!.detail);
  assert.is(detail["report.webhooks.0.url"], "https://hooks.example:8443/…");
  // What an earlier version has kept.
  first.settings.set(
    "config",
    JSON.stringify({ "report.webhooks.0.url": "https://api.example/botSECRET/send" }),
  );
  const second = book(hook("http://ha:8123/api/webhook/SECRET"), first.settings);
  second.open();
  await second.logbook.started("1.0.0");
  await until(async () => second.audit.length === 2, "the change is noted");
  const change = second.audit.find((e) => e.action === "config.change")!;
  assert.equal(JSON.parse(change.detail)["report.webhooks.0.url"], {
    from: "https://api.example/…",
    to: "http://ha:8123/…",
  });
  assert.not.match(first.settings.get("config")!, /SECRET/);
});

test("settings that differ from those of the last start are noted with both values, without passwords", async () => {
  const config = defaultConfig();
  const first = book(config);
  first.open();
  await first.logbook.started("1.0.0");
  await until(async () => first.audit.length === 2, "start and settings are noted");
  assert.equal(
    first.audit.map((e) => e.action),
    ["appliance.start", "config.first"],
  );
  const camera = { ...config.cameras[0]!, source: "rtsp://user:secret@10.0.0.5/1" };
  const changed = { ...config, cameras: [camera], access: { ...config.access, unknown: "ask" as const } };
  const second = book(changed, first.settings);
  second.open();
  await second.logbook.started("1.0.0");
  await until(async () => second.audit.length === 2, "the change is noted");
  const entry = second.audit.find((e) => e.action === "config.change")!;
  assert.match(entry.subject, /access\.unknown/);
  assert.equal(JSON.parse(entry.detail)["access.unknown"], { from: "deny", to: "ask" });
  assert.is(JSON.parse(entry.detail)["cameras.0.source"].to, "rtsp://…@10.0.0.5/1");
  assert.not.match(entry.detail + [...second.settings.values()].join(""), /secret/);
  const third = book(changed, second.settings);
  third.open();
  await third.logbook.started("1.0.0");
  assert.is(third.audit.filter((e) => e.action.startsWith("config")).length, 0);
});

test("a password that an earlier version kept among the settings is taken out at the next start", async () => {
  const config = defaultConfig();
  const pipeline = "rtspsrc location=rtsp://10.0.0.2/s user-pw=secret ! decodebin";
  config.cameras = [{ ...config.cameras[0]!, source: pipeline }];
  const kept = JSON.stringify({ ...flat(config), "cameras.0.source": pipeline });
  const { logbook, audit, settings, open } = book(config, new Map([["config", kept]]));
  open();
  await logbook.started("1.0.0");
  assert.not.match(settings.get("config")!, "secret");
  assert.equal(
    audit.map((e) => e.action),
    ["appliance.start"],
  );
});

test("a setting is kept without the secrets in it", () => {
  const secrets = flat({
    cameras: [{ source: "rtsp://admin:se/cr@et@10.0.0.2/s1" }],
    report: { webhooks: [{ url: "https://hooks.example/x?token=secret" }] },
  });
  assert.equal(secrets, {
    "cameras.0.source": "rtsp://…@10.0.0.2/s1",
    "report.webhooks.0.url": "https://hooks.example/…",
  });
});

test("settings are flattened to one text for each path", () => {
  assert.equal(flat({ a: 1, b: { c: [true, "x"] }, d: {} }), { a: "1", "b.c.0": "true", "b.c.1": "x" });
});

test("who adds or removes a rule on the command line stands in the log of changes", async () => {
  const rules: AccessRule[] = [];
  const audit: AuditRecord[] = [];
  const audited = auditedRules(
    {
      all: async () => rules,
      save: async (rule) => void rules.push(rule),
      remove: async (id) => rules.some((r) => r.id === id),
      use: async () => true,
      giveBack: async () => {},
      settleUses: async () => {},
    },
    { add: async (entry) => void audit.push(entry), list: async () => ({ items: audit, next: null }) },
    () => noon,
  );
  await audited.save(accessRule({ id: "r1" }));
  assert.is(await audited.remove("r1"), true);
  assert.is(await audited.remove("none"), false);
  assert.equal(
    audit.map((e) => [e.action, e.subject]),
    [
      ["rule.save", "AB12CDE"],
      ["rule.remove", "AB12CDE"],
    ],
  );
  assert.match(audit[0]!.actor, /\(command line\)$/);
});

test.run();
