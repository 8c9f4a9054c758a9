import { randomBytes } from "node:crypto";
import type {
  AuditRecord,
  EdgeRecord,
  OutboxEvent,
  PersonRecord,
  VehicleRecord,
  WearRecord,
} from "../../core/records.js";
import { type AllRepositories, StoreError } from "../../core/repositories.js";
import { type ChainKind, hashContent, hashLink } from "../sql/chain.js";
import type { Sync, SyncAll } from "../sql/sync.js";
import type { Journal } from "./journal.js";
import { newest } from "./query.js";

export const SEARCH_OFF = "The search for similar plates and vehicles is off: it needs store.kind sql.";

interface Link {
  seq: number;
  kind: ChainKind;
  salt: string;
  content: string;
  contentHash: string;
  hash: string;
}

/** Appends to the hash chain of a JSON store; the same hashes as in SQL. */
export function createJsonChain(journal: Journal): (kind: ChainKind, content: object) => void {
  const chain = journal.table<Link>("chain");
  let last = [...chain.all()].at(-1);
  return (kind, content) => {
    const known =
      last !== undefined && chain.get(String(last.seq)) !== undefined ? last : [...chain.all()].at(-1);
    const salt = randomBytes(16);
    const text = JSON.stringify(content);
    const contentHash = hashContent(salt, text);
    const hash = hashLink(
      known === undefined ? Buffer.alloc(32) : Buffer.from(known.hash, "hex"),
      kind,
      contentHash,
    );
    last = {
      seq: (known?.seq ?? 0) + 1,
      kind,
      salt: salt.toString("hex"),
      content: text,
      contentHash: contentHash.toString("hex"),
      hash: hash.toString("hex"),
    };
    chain.put(String(last.seq), last);
  };
}

/** Events waiting for the receiver in a JSON store. */
export function createJsonOutbox(journal: Journal): Sync<AllRepositories["outbox"]> {
  const events = journal.table<OutboxEvent>("outbox");
  const done = journal.table<{ seq: number }>("outbox_done");
  return {
    add(added) {
      for (const event of added) {
        if (events.get(event.id) !== undefined || done.get(event.id) !== undefined) continue;
        events.put(event.id, { ...event, seq: journal.next() });
      }
    },
    pending: (afterSeq, limit) => [...events.all()].filter((e) => e.seq > afterSeq).slice(0, limit),
    acknowledge(seqs) {
      const known = new Set(seqs);
      for (const event of [...events.all()]) {
        if (!known.has(event.seq)) continue;
        events.drop(event.id);
        done.put(event.id, { seq: event.seq });
      }
      const old = done.size() - 10_000;
      for (const id of old > 0 ? [...doneIds()].slice(0, old) : []) done.drop(id);
    },
    count: () => events.size(),
    lastSeq: () => journal.last(),
  };

  function doneIds(): string[] {
    return journal.ids("outbox_done");
  }
}

/** The small tables. */
export function createJsonOthers(
  journal: Journal,
  append: (kind: ChainKind, content: object) => void,
): Omit<SyncAll<AllRepositories>, "passes" | "rules" | "segments" | "clips" | "outbox"> {
  const edges = journal.table<EdgeRecord & { seq: number }>("line_edge");
  const settings = journal.table<string>("setting");
  const audit = journal.table<AuditRecord & { seq: number }>("audit");
  const people = journal.table<PersonRecord>("person");
  const vehicles = journal.table<VehicleRecord>("vehicle");
  const wear = journal.table<WearRecord>("wear");
  const plain = <T extends { seq: number }>({ seq: _, ...row }: T) => row;
  const off = (): never => {
    throw new StoreError("refused", SEARCH_OFF);
  };
  return {
    edges: {
      add(added) {
        for (const edge of added) {
          const seq = journal.next();
          edges.put(String(seq), { ...edge, seq });
        }
      },
      list: (f) =>
        newest(
          edges.all(),
          (e) => (!f.line || e.line === f.line) && e.at >= (f.from ?? -8.64e15) && e.at <= (f.to ?? 8.64e15),
          { limit: 100, ...f },
          plain,
        ),
    },
    settings: {
      get: (name) => settings.get(name) ?? null,
      set: (name, value) => settings.put(name, value),
      all: () => Object.fromEntries(journal.ids("setting").map((name) => [name, settings.get(name)!])),
    },
    audit: {
      add(entry) {
        if (audit.get(entry.id) !== undefined) return;
        append("audit", entry);
        audit.put(entry.id, { ...entry, seq: journal.next() });
      },
      list: (f) =>
        newest(
          audit.all(),
          (e) => (!f.actor || e.actor === f.actor) && (!f.action || e.action === f.action),
          { limit: 100, ...f },
          plain,
        ),
    },
    register: {
      people: () => [...people.all()].sort((a, b) => (a.name < b.name ? -1 : 1)),
      savePerson: (person) => people.put(person.id, person),
      removePerson: (id) => people.drop(id),
      vehicles: () => [...vehicles.all()].sort((a, b) => (a.plate < b.plate ? -1 : 1)),
      findVehicle: (plate) => [...vehicles.all()].find((v) => v.plate === plate) ?? null,
      saveVehicle: (vehicle) => vehicles.put(vehicle.id, vehicle),
      removeVehicle: (id) => vehicles.drop(id),
    },
    wear: {
      add(entries) {
        for (const entry of entries) {
          const id = `${entry.day} ${entry.subsystem}`;
          wear.put(id, { ...entry, bytes: (wear.get(id)?.bytes ?? 0) + Math.round(entry.bytes) });
        }
      },
      since: (day) =>
        [...wear.all()]
          .filter((w) => w.day >= day)
          .sort((a, b) => (a.day + a.subsystem < b.day + b.subsystem ? -1 : 1)),
    },
    search: { soft: off, alike: off },
  };
}
