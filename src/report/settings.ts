/** The sections `report` and `broker` of the configuration; src/config.ts puts them in their place. */
import { z } from "zod";

const section = <T extends z.ZodRawShape>(shape: T) => z.strictObject(shape).prefault({} as never);

const plateStyle = z
  .enum(["plain", "masked", "hashed"])
  .default("plain")
  .describe("how this receiver sees plates; hashed needs plateKeyFile");

const sparkplugId = z.string().regex(/^[^/+#]+$/, "no /, + or # here");

const reportShape = z.strictObject({
  url: z
    .string()
    .regex(
      /^(embedded|mqtts?:\/\/[^@/\s]+)$/,
      "use mqtt://host:port, mqtts://host:port or embedded, without user and path",
    )
    .default("embedded")
    .describe("mqtt://, mqtts://, or `embedded` for the broker inside"),
  protocol: z
    .enum(["auto", "5", "3.1.1"])
    .default("auto")
    .describe("MQTT version; auto: 5 where the broker speaks it"),
  username: z.string().default("").describe("broker user"),
  passwordFile: z
    .string()
    .default("")
    .describe("file, or name of a systemd credential, that holds the broker password"),
  clientId: z
    .string()
    .regex(/^[A-Za-z0-9._-]{0,64}$/, "use up to 64 of A-Z, a-z, 0-9, dot, _ and -")
    .default("")
    .describe("MQTT client id; empty: made of site, gate and the machine's serial"),
  keepaliveSeconds: z
    .number()
    .int()
    .min(1)
    .max(600)
    .default(15)
    .describe(
      "a broker that is silent, or leaves a message unanswered, for one and a half times this is given up",
    ),
  caFile: z.string().default("").describe("PEM of the only authority trusted for mqtts; empty: the system's"),
  certFile: z.string().default("").describe("PEM of the client certificate"),
  keyFile: z.string().default("").describe("PEM of the client certificate's key"),
  topic: z
    .string()
    .regex(/^[^#+\s/$][^#+\s]*$/, "no # or + or blank here, and no / or $ in front")
    .default("plategate")
    .describe("first level of every topic"),
  plates: plateStyle,
  plateKeyFile: z.string().default("").describe("file with the key of hashed plates, 16 bytes at least"),
  maxQueued: z
    .number()
    .int()
    .min(1000)
    .max(10_000_000)
    .default(200_000)
    .describe("events kept for receivers that are away; above it the oldest are given up and counted"),
  commands: z
    .enum(["off", "on", "signed"])
    .default("off")
    .describe(
      "whether commands on …/set/barrier are put to the gate; signed: only with commandKeyFile's signature",
    ),
  commandKeyFile: z.string().default("").describe("file with the key of signed commands, 16 bytes at least"),
  homeAssistant: section({
    enabled: z.boolean().default(false).describe("announce this gate to Home Assistant"),
    prefix: z
      .string()
      .regex(/^[^#+\s/]+$/, "no #, +, / or blank here")
      .default("homeassistant")
      .describe("discovery prefix set in Home Assistant"),
    deviceId: z
      .string()
      .regex(/^[a-z0-9_]{0,32}$/, "use up to 32 of a-z, 0-9 and _")
      .default("")
      .describe("id of this gate there, for several gates on one machine; empty: the machine's serial"),
    commands: z
      .boolean()
      .default(false)
      .describe(
        "Home Assistant may move the barrier; its messages have no signature, so the broker must know who may write",
      ),
  }),
  sparkplug: section({
    enabled: z.boolean().default(false).describe("be a Sparkplug B 3.0 edge node"),
    group: sparkplugId.default("plategate").describe("group id"),
    node: z
      .string()
      .regex(/^[^/+#]*$/, "no /, + or # here")
      .default("")
      .describe("edge node id; empty: site and gate, as in demo-main"),
    servers: z
      .array(z.string().regex(/^mqtts?:\/\/[^@/\s]+$/, "use mqtt://host:port or mqtts://host:port"))
      .max(8)
      .default([])
      .describe("brokers walked in order, one at a time; empty: report.url"),
    primaryHost: z
      .string()
      .regex(/^[^/+#]*$/, "no /, + or # here")
      .default("")
      .describe("host id that must be online; empty: any"),
    commands: z.boolean().default(false).describe("DCMD metrics may move the barrier"),
    plates: plateStyle,
  }),
  onvif: section({
    enabled: z.boolean().default(false).describe("publish plate events as ONVIF-style JSON too"),
    topicPrefix: z
      .string()
      .regex(/^([^#+\s/$][^#+\s]*)?$/, "no # or + or blank here, and no / or $ in front")
      .default("")
      .describe("what stands before onvif-ej in these topics; empty: topic, site and gate"),
    plates: plateStyle,
  }),
  webhooks: z
    .array(
      z.strictObject({
        name: z
          .string()
          .regex(/^[a-z0-9-]{1,32}$/, "use 1 to 32 of a-z, 0-9 and -")
          .describe("name in logs and on the page"),
        url: z.url({ protocol: /^https?$/ }).describe("where events are posted, https:// or http://"),
        secretFile: z
          .string()
          .default("")
          .describe("file with the key that signs the posts; empty: unsigned"),
        kinds: z
          .array(z.enum(["pass", "decision", "clip", "barrier", "alarm"]))
          .default(["pass", "decision", "alarm"])
          .describe("kinds of events that are posted"),
        caFile: z.string().default("").describe("PEM of the only authority trusted; empty: the system's"),
        plates: plateStyle,
      }),
    )
    .max(8)
    .default([])
    .describe("HTTP receivers of the same events"),
});

/** Who is told of what happens at the gate, and how. */
export const reportSettings = reportShape.superRefine(checkTogether).prefault({} as never);

/** The MQTT broker inside. */
export const brokerSettings = section({
  host: z
    .string()
    .default("127.0.0.1")
    .describe("address the embedded broker listens on; beyond this machine only with a password"),
  port: z.number().int().min(0).max(65535).default(1883).describe("its port; 0: any free one"),
  username: z.string().default("plategate").describe("user of the embedded broker, when it has a password"),
  passwordFile: z
    .string()
    .default("")
    .describe(
      "file, or name of a systemd credential, with the embedded broker's password; empty: no password",
    ),
});

/** Settings that make no sense without each other, each told at its own line. */
function checkTogether(report: z.infer<typeof reportShape>, context: z.RefinementCtx): void {
  const wrong = (path: (string | number)[], message: string) =>
    context.addIssue({ code: "custom", path, message });
  if (report.commands === "signed" && report.commandKeyFile === "")
    wrong(["commands"], "signed needs report.commandKeyFile");
  if ((report.certFile === "") !== (report.keyFile === ""))
    wrong([report.certFile === "" ? "keyFile" : "certFile"], "certFile and keyFile belong together");
  if (report.passwordFile !== "" && report.username === "")
    wrong(["passwordFile"], "needs report.username as well");
  const views: [PropertyKey[], string][] = [
    [["plates"], report.plates],
    [["sparkplug", "plates"], report.sparkplug.plates],
    [["onvif", "plates"], report.onvif.plates],
    ...report.webhooks.map((h, i): [PropertyKey[], string] => [["webhooks", i, "plates"], h.plates]),
  ];
  for (const [path, style] of views)
    if (style === "hashed" && report.plateKeyFile === "")
      wrong(path as string[], "hashed needs report.plateKeyFile");
  const names = report.webhooks.map((h) => h.name);
  for (const [i, name] of names.entries())
    if (names.indexOf(name) < i) wrong(["webhooks", i, "name"], `there are two webhooks named ${name}`);
  if (report.url === "embedded" && report.username !== "")
    wrong(["username"], "the broker inside has its own, broker.username");
}
