import { type Database, openDatabase } from "./database.js";
import { hashContent, hashLink } from "./sql/chain.js";

export interface LogReport {
  links: number;
  /** Links whose content was erased or has aged away: their place is proved, not what they said. */
  forgotten: number;
  /** Hash of the newest link; noted elsewhere, it also proves that nothing was cut off the end. */
  head: string;
  /** One sentence each; empty: the log is as it was written. */
  problems: readonly string[];
}

interface Link {
  seq: number;
  kind: "decision" | "audit";
  salt: Buffer | null;
  content: string | null;
  content_hash: Buffer;
  hash: Buffer;
}

/** Proves the hash chain of decisions and changes in a database file, without the appliance. Reads only. */
export function verifyLog(file: string): LogReport {
  const db = openDatabase(file, { readonly: true });
  try {
    // One moment for rows and chain: a running appliance goes on writing both.
    return db.transaction(() => verify(db))();
  } finally {
    db.close();
  }
}

function verify(db: Database): LogReport {
  const problems: string[] = [];
  const rows = { decision: rowsOf("decision"), audit: rowsOf("audit") };
  const base = db.prepare("select value from setting where name = 'chain_base'").pluck().get() as
    | string
    | undefined;
  const start =
    base === undefined
      ? { seq: 0, hash: "0".repeat(64) }
      : (JSON.parse(base) as { seq: number; hash: string });
  let { seq } = start;
  let hash: Buffer = Buffer.from(start.hash, "hex");
  let links = 0;
  let forgotten = 0;
  for (const link of db.prepare<[], Link>("select * from chain order by seq").iterate()) {
    links++;
    if (link.seq !== seq + 1) problems.push(`Between ${seq} and ${link.seq} entries are missing.`);
    const expected = hashLink(hash, link.kind, link.content_hash);
    if (!expected.equals(link.hash))
      problems.push(
        `Entry ${link.seq} does not follow from the one before it: something was changed, put in or taken out.`,
      );
    if (link.salt === null || link.content === null) forgotten++;
    else compare(link, link.salt, link.content);
    seq = link.seq;
    hash = link.hash;
  }
  for (const kind of ["decision", "audit"] as const) {
    for (const chainSeq of rows[kind].keys())
      problems.push(`A row of table ${kind} names entry ${chainSeq}, which proves nothing of it.`);
  }
  return { links, forgotten, head: hash.toString("hex"), problems };

  function compare(link: Link, salt: Buffer, content: string): void {
    if (!hashContent(salt, content).equals(link.content_hash)) {
      problems.push(`Entry ${link.seq} was changed after it was written.`);
      return;
    }
    const row = rows[link.kind].get(link.seq);
    rows[link.kind].delete(link.seq);
    if (row === undefined) problems.push(`The ${link.kind} of entry ${link.seq} was removed from its table.`);
    else if (!sameFacts(row, JSON.parse(content)))
      problems.push(`The ${link.kind} of entry ${link.seq} was changed in its table.`);
  }

  function rowsOf(table: "decision" | "audit"): Map<number, Record<string, unknown>> {
    const all = db.prepare(`select * from ${table}`).all() as Record<string, unknown>[];
    return new Map(all.map((row) => [row.chain_seq as number, row]));
  }
}

/** The row in the words of the table against the record in the words of the program. */
function sameFacts(row: Record<string, unknown>, record: Record<string, unknown>): boolean {
  return Object.entries(record).every(
    ([key, value]) => row[key.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`)] === value,
  );
}
