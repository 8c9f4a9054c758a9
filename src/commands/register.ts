import { randomUUID } from "node:crypto";
import { parseArgs } from "node:util";
import { normalisePlate, spellingProblem } from "../core/plate.js";
import type { PersonRecord, VehicleRecord } from "../core/records.js";
import type { AuditRepository, RegisterRepository } from "../core/repositories.js";
import { systemClock } from "../system/clock.js";
import { commandLineLog } from "./audited-rules.js";
import { configOfGate } from "./config-of-gate.js";
import { withStore } from "./with-store.js";

type Kept = { register: RegisterRepository; audit: AuditRepository };

export interface RegisterDeps {
  withStore: (configFile: string | undefined, task: (store: Kept) => Promise<number>) => Promise<number>;
  wallMs: () => number;
  out: (line: string) => void;
  err: (line: string) => void;
}

export const REGISTER_USAGE = `plategate register add PLATE [--person NAME] [--unit TEXT] [--phone TEXT]
                       [--make TEXT] [--colour TEXT] [--note TEXT]   what is not given stays as it was
plategate register list [--json]
plategate register remove PLATE|NAME   a vehicle, or a person: the person's vehicles stay, without an owner
All take --config FILE. The register tells whose a vehicle is; who may pass is said by the rules.`;

const options = {
  config: { type: "string" },
  json: { type: "boolean" },
  person: { type: "string" },
  unit: { type: "string" },
  phone: { type: "string" },
  make: { type: "string" },
  colour: { type: "string" },
  note: { type: "string" },
} as const;
type Values = Partial<Record<"person" | "unit" | "phone" | "make" | "colour" | "note", string>>;

/** Longer than this is no name, and would only break the tables that show it. */
const LONGEST = 200;

/** Keeps the register of people and their vehicles; the exit code. */
export async function registerCommand(
  args: readonly string[],
  deps: RegisterDeps = machine,
): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  const [what, subject = "", ...more] = positionals;
  const wants = { add: 1, list: 0, remove: 1 }[what ?? ""];
  if (wants === undefined || more.length > 0 || positionals.length !== 1 + wants) {
    deps.err(REGISTER_USAGE);
    return 2;
  }
  const long = Object.entries(values).find(([, v]) => typeof v === "string" && v.length > LONGEST);
  if (long !== undefined) {
    deps.err(`--${long[0]}: ${LONGEST} characters at most.`);
    return 2;
  }
  return deps.withStore(values.config, (store) => {
    if (what === "add") return add(subject, values, store, deps);
    if (what === "remove") return remove(subject, store, deps);
    return list(values.json === true, store, deps);
  });
}

async function add(text: string, values: Values, { register, audit }: Kept, deps: RegisterDeps) {
  const misspelt = spellingProblem(text);
  if (misspelt !== null) {
    deps.err(`Not registered: ${misspelt}.`);
    return 1;
  }
  const plate = normalisePlate(text);
  if (plate === "") {
    deps.err(`“${text}” is no plate: it has neither letters nor digits of the Latin alphabet.`);
    return 1;
  }
  const known = await register.findVehicle(plate);
  if (values.person === undefined && known?.personId == null && (values.unit ?? values.phone) !== undefined) {
    deps.err(`${plate} has no owner yet: say whose unit or phone that is with --person NAME.`);
    return 1;
  }
  const person = await owner(values, known, register);
  const vehicle: VehicleRecord = {
    id: known?.id ?? randomUUID(),
    plate,
    personId: person?.id ?? null,
    make: values.make ?? known?.make ?? "",
    colour: values.colour ?? known?.colour ?? "",
    note: values.note ?? known?.note ?? "",
  };
  if (person !== null) await register.savePerson(person);
  await register.saveVehicle(vehicle);
  await commandLineLog(audit, deps.wallMs)("register.save", plate, { vehicle, person });
  deps.out(`${plate} is registered${person === null ? "" : `: ${described(person)}`}.`);
  return 0;
}

/** The person that is named, known or new, with what was said of them; else the vehicle's owner so far. */
async function owner(values: Values, known: VehicleRecord | null, register: RegisterRepository) {
  const people = await register.people();
  const named = values.person?.trim() ?? "";
  const before =
    named === "" ? people.find((p) => p.id === known?.personId) : people.find((p) => isCalled(p, named));
  if (before === undefined && named === "") return null;
  const base: PersonRecord = before ?? { id: randomUUID(), name: named, unit: "", phone: "", note: "" };
  return { ...base, unit: values.unit ?? base.unit, phone: values.phone ?? base.phone };
}

async function remove(subject: string, { register, audit }: Kept, deps: RegisterDeps) {
  const note = commandLineLog(audit, deps.wallMs);
  // A name may well be written in another alphabet; its Latin rest is nobody's plate.
  const vehicle =
    spellingProblem(subject) === null ? await register.findVehicle(normalisePlate(subject)) : null;
  if (vehicle !== null) {
    await register.removeVehicle(vehicle.id);
    await note("register.remove", vehicle.plate, vehicle);
    deps.out(`${vehicle.plate} is not registered any more.`);
    return 0;
  }
  const people = (await register.people()).filter((p) => isCalled(p, subject));
  for (const person of people) {
    for (const of of (await register.vehicles()).filter((v) => v.personId === person.id))
      await register.saveVehicle({ ...of, personId: null });
    await register.removePerson(person.id);
    await note("register.remove", "a person", { id: person.id });
    deps.out(`${person.name} is not registered any more.`);
  }
  if (people.length > 0) return 0;
  deps.err(`No vehicle and no person “${subject}” is registered.`);
  return 1;
}

async function list(asJson: boolean, { register }: Kept, { out }: RegisterDeps) {
  const people = new Map((await register.people()).map((p) => [p.id, p]));
  const vehicles = await register.vehicles();
  for (const { personId, ...vehicle } of vehicles) {
    const person = people.get(personId ?? "") ?? null;
    if (asJson) {
      out(JSON.stringify({ ...vehicle, person }));
      continue;
    }
    const { plate, make, colour, note } = vehicle;
    const facts = [person === null ? "" : described(person), make, colour, note].filter((t) => t !== "");
    out(`${plate.padEnd(12)}  ${facts.join(", ")}`);
  }
  const owners = new Set(vehicles.map((v) => v.personId));
  for (const person of people.values())
    if (!owners.has(person.id))
      out(asJson ? JSON.stringify({ plate: null, person }) : `${"–".padEnd(12)}  ${described(person)}`);
  if (!asJson) out(`${vehicles.length} vehicles, ${people.size} people.`);
  return 0;
}

function isCalled(person: PersonRecord, name: string): boolean {
  return person.name.toLocaleLowerCase() === name.trim().toLocaleLowerCase();
}

function described({ name, unit, phone }: PersonRecord): string {
  return [name, unit, phone].filter((t) => t !== "").join(", ");
}

const machine: RegisterDeps = {
  withStore: (configFile, task) => withStore(configOfGate(configFile), task),
  wallMs: () => systemClock.wallMs(),
  out: (line) => console.log(line),
  err: (line) => console.error(line),
};
