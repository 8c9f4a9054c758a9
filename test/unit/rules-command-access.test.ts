import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parseCsv } from "../../src/commands/csv.js";
import { rulesCommand } from "../../src/commands/rules.js";
import type { AccessRule } from "../../src/core/records.js";
import { rule } from "../support/evidence.js";

/** The command on a list in memory. */
function desk(...rules: AccessRule[]) {
  const out: string[] = [];
  const err: string[] = [];
  let closed = 0;
  const run = (...args: string[]) =>
    rulesCommand(args, {
      open: async () => ({
        timeZone: "UTC",
        rules: {
          all: async () => rules,
          save: async (r) => void rules.push(r),
          remove: async (id) => {
            const at = rules.findIndex((r) => r.id === id);
            if (at >= 0) rules.splice(at, 1);
            return at >= 0;
          },
          use: async () => true,
          giveBack: async () => {},
          settleUses: async () => {},
        },
        close: async () => void closed++,
      }),
      wallMs: () => Date.UTC(2026, 0, 5, 12),
      out: (line) => void out.push(line),
      err: (line) => void err.push(line),
    });
  return { run, out, err, rules, closed: () => closed };
}

function withFile(text: string | Uint8Array, use: (file: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "rules-"));
  const file = join(folder, "list.csv");
  writeFileSync(file, text);
  return use(file).finally(() => rmSync(folder, { recursive: true }));
}

test("a plate is added as people write it, and the store is closed again", async () => {
  const { run, rules, closed } = desk();
  assert.is(
    await run("add", "b-xy 123", "--owner", "Ann", "--schedule", "mo-fr 07:00-18:00", "--uses", "3"),
    0,
  );
  assert.equal(
    [rules[0]!.plate, rules[0]!.owner, rules[0]!.usesLeft, rules[0]!.effect],
    ["BXY123", "Ann", 3, "allow"],
  );
  assert.is(closed(), 1);
});

test("a plate in letters of another alphabet is not taken for what is left of it without them", async () => {
  const { run, rules, err } = desk(rule("12377"), rule("BG123Z"));
  for (const plate of ["А123ВС77", "BG 123-ĐŽ", "ΥΖΚ1234", "京A12345", "١٢٣ABC"]) {
    for (const what of ["add", "remove", "check"]) {
      err.length = 0;
      assert.is(await run(what, plate), 1, `${what} ${plate}`);
      assert.match(err.join(), "write it with Latin letters and digits");
    }
  }
  await withFile("plate,effect\nА123ВС77,allow\n", async (file) => {
    assert.is(await run("import", file), 1);
    assert.match(err.join("\n"), "line 2: the plate “А123ВС77” has “АВС”");
  });
  assert.equal(
    rules.map((r) => r.plate),
    ["12377", "BG123Z"],
  );
  assert.is(await run("add", "M\u00dc-X\u00a012ß"), 0, "what has a Latin spelling is taken");
  assert.is(await run("add", "M\u0055\u0308-X 13"), 0);
  assert.equal(
    rules.slice(2).map((r) => r.plate),
    ["MUX12SS", "MUX13"],
  );
});

test("a rule that would let a listed other plate in is not saved, and that plate is named", async () => {
  const { run, rules, err } = desk(rule("BXYI23", { effect: "deny" }));
  assert.is(await run("add", "BXY123", "--tolerance", "1"), 1);
  assert.is(rules.length, 1);
  assert.match(err.join("\n"), "BXYI23");
});

test("check tells every misreading that would open, and fails when a stored rule is bad", async () => {
  const good = desk(rule("ZZ9B", { tolerance: 1 }));
  assert.is(await good.run("check", "zz9b"), 0);
  assert.match(good.out.join("\n"), "ZZ98");
  const bad = desk(rule("ZZ9B", { tolerance: 1 }), rule("ZZ98", { effect: "deny" }));
  assert.is(await bad.run("check"), 1);
});

test("check of a plate tells the patterns that mean it, too", async () => {
  const { run, out, err } = desk(
    rule("KX*", { owner: "Fleet" }),
    rule("KX51AB?", { effect: "deny" }),
    rule("KX5IABC", { tolerance: 1, owner: "Bob" }),
  );
  assert.is(await run("check", "kx51 abc"), 0);
  assert.equal(out, [
    "KX51ABC is let in by the rule KX* (Fleet).",
    "KX51ABC is denied by the rule KX51AB?.",
    "KX51ABC is let in by the rule KX5IABC with tolerance 1 (Bob).",
  ]);
  assert.is(await run("check", "LL1"), 1);
  assert.match(err.join("\n"), "LL1 is on no list");
});

const list = [
  "plate,owner,valid_to,tolerance",
  "B-XY 123,Ann,2027-01-01,0",
  "B-XY 8B8,Kim,soon,0",
  'ABC123,"Lee, Jr.",,x',
  "BXYI23,Bob,,1",
  "CAB1,Tom,,0,extra",
  "!!!,Tom,,0",
].join("\r\n");

test("an import with bad rows names every one of them with its line and imports nothing", async () => {
  const { run, rules, err } = desk();
  await withFile(list, async (file) => {
    assert.is(await run("import", file), 1);
    assert.equal(
      err.slice(0, -1).map((line) => /line \d+/.exec(line)?.[0]),
      ["line 3", "line 4", "line 5", "line 6", "line 7"],
    );
    assert.is(rules.length, 0);
  });
});

test("with --skip-bad the good rows come in and the bad ones are still named", async () => {
  const { run, rules, err } = desk();
  await withFile(list, async (file) => {
    assert.is(await run("import", file, "--skip-bad"), 0);
    assert.equal(
      rules.map((r) => r.plate),
      ["BXY123"],
    );
    assert.is(err.length, 5);
  });
});

const visitors = [
  "plate,owner,effect,note,uses_left,schedule",
  "AB12CDE,Smith,,,1,",
  "XY99ZZZ,Jones,,,,Mo-Fr 07:00-18:00",
  "NN1,,,,,",
  "BAD666,,deny,,,",
].join("\n");

test("a list that is imported again doubles no rule and refills no visitor pass", async () => {
  const { run, rules, out, err } = desk();
  await withFile(visitors, async (file) => {
    assert.is(await run("import", file), 0);
    assert.is(await run("import", file), 0);
    assert.equal(out, ["4 rules imported.", "0 rules imported, 4 were listed already."]);
    rules[0] = { ...rules[0]!, usesLeft: 0 };
    assert.is(await run("import", file), 0);
    assert.match(
      out[2]!,
      /line 2: AB12CDE \(Smith\) is listed already and stays as it is: uses_left is 0, not 1\.$/,
    );
    assert.equal(
      rules.map((r) => [r.plate, r.usesLeft]),
      [
        ["AB12CDE", 0],
        ["XY99ZZZ", null],
        ["NN1", null],
        ["BAD666", null],
      ],
    );
    assert.equal(err, []);
  });
});

test("a line that is another rule for a listed plate comes in, a line that stands there twice does so once", async () => {
  const { run, rules, out } = desk(rule("AB12CDE", { owner: "Smith", schedule: "mo-fr 07:00-18:00" }));
  const more = [
    "plate,owner,schedule,direction,valid_to,uses_left,tolerance",
    "AB12CDE,Smith,MO-FR 07:00-18:00,,,,",
    "AB12CDE,Smith,sa,,,,",
    "AB12CDE,Smith,,exit,,,",
    "AB12CDE,Smith,,,2027-01-01,1,",
    "AB12CDE,Smith,,,2027-01-01,3,",
    "AB12CDE,Smith,,,2027-01-01,3,",
    "AB12CDE,Smith,sa,,,,1",
  ].join("\n");
  await withFile(more, async (file) => {
    assert.is(await run("import", file), 0);
    assert.equal(
      rules.slice(1).map((r) => [r.schedule, r.direction, r.validTo, r.usesLeft, r.tolerance]),
      [
        ["sa", "any", "", null, 0],
        ["", "exit", "", null, 0],
        ["", "any", "2027-01-01", 1, 0],
        ["", "any", "2027-01-01", 3, 0],
        ["sa", "any", "", null, 1],
      ],
    );
    assert.is(out.at(-1), "5 rules imported, 2 were listed already.");
  });
});

test("what an imported list says otherwise of a listed rule is told, but for columns that it lacks", async () => {
  const { run, out } = desk(rule("AB12CDE", { owner: "Smith", note: "van", group: "staff", usesLeft: 2 }));
  await withFile("plate,owner,note\nAB12CDE,Smith,lorry\n", async (file) => {
    assert.is(await run("import", file), 0);
    assert.match(out[0]!, /stays as it is: note is “van”, not “lorry”\.$/);
    assert.is(out.at(-1), "0 rules imported, 1 were listed already.");
  });
});

test("a deny list that was cut off lets nobody in, and a column that stands there twice is refused", async () => {
  for (const [text, sentence] of [
    ["plate,owner,effect\nAB12,Bob,deny\nCD34,Bob", "line 3: it ends before the column effect"],
    ["plate,effect\nAB12,deny\nCD34\n", "line 3: it ends before the column effect"],
    ["plate,effect,effect\nAB12,deny,\n", "line 1: the column effect stands there twice"],
  ] as const) {
    const { run, err, rules } = desk();
    await withFile(text, async (file) => assert.is(await run("import", file), 1));
    assert.match(err.join("\n"), sentence);
    assert.equal(rules, []);
  }
  const { run, rules } = desk();
  await withFile("plate,effect,note\nAB12,deny\nCD34,\n", async (file) =>
    assert.is(await run("import", file), 0),
  );
  assert.equal(
    rules.map((r) => `${r.effect} ${r.plate}`),
    ["deny AB12", "allow CD34"],
  );
});

test("a validity that ends before it begins is refused when it is saved", async () => {
  const { run, err, rules } = desk();
  assert.is(await run("add", "AB12", "--from", "2026-05-10", "--to", "2026-04-12"), 1);
  assert.match(err.join("\n"), "its validity ends (2026-04-12) before it begins (2026-05-10)");
  assert.is(await run("add", "AB12", "--from", "2026-05-10 12:00", "--to", "2026-05-10 11:59"), 1);
  const zoned = ["--from", "2026-05-10T12:00+02:00", "--to", "2026-05-10T10:00Z"];
  assert.is(await run("add", "AB12", ...zoned), 0, "the same minute");
  assert.is(await run("add", "CD34", "--from", "2026-05-10", "--to", "2026-05-10"), 0, "one day");
  assert.is(rules.length, 2);
});

test("a file that is no list is refused in one sentence", async () => {
  for (const text of [
    "",
    "owner\nAnn\n",
    "plate,colour\nA1,red\n",
    'plate\n"A1\n',
    new Uint8Array([0xff, 0xfe, 0x00]),
  ]) {
    const { run, rules, err } = desk();
    await withFile(text, async (file) => {
      assert.is(await run("import", file), 1);
      assert.is(err.length, 1, err.join("|"));
      assert.is(rules.length, 0);
    });
  }
  const { run, err } = desk();
  assert.is(await run("import", "/does/not/exist.csv"), 1);
  assert.is(err.length, 1);
});

test("spreadsheets' CSV is read: semicolons, quotes, line breaks inside quotes, a byte order mark", () => {
  assert.equal(parseCsv('\ufeffplate;note\r\nA1;"two\nlines; ""quoted"""\r\n\r\nB2;x'), [
    { line: 1, cells: ["plate", "note"] },
    { line: 2, cells: ["A1", 'two\nlines; "quoted"'] },
    { line: 5, cells: ["B2", "x"] },
  ]);
});

test("removing asks for the id when a plate has two rules", async () => {
  const { run, rules, err } = desk(rule("A1"), rule("A1", { id: "deny-a1", effect: "deny" }));
  assert.is(await run("remove", "a1"), 1);
  assert.match(err.join("\n"), "deny-a1");
  assert.is(await run("remove", "deny-a1"), 0);
  assert.is(await run("remove", "a1"), 0);
  assert.is(rules.length, 0);
  assert.is(await run("remove", "a1"), 1);
});

test("an inactive rule is listed with the reason, and a deny rule with a mistake as one that denies all the same", async () => {
  const { run, out } = desk(
    rule("A1", { validTo: "2025-01-01" }),
    rule("B2", { validFrom: "soon" }),
    rule("C3", { validTo: "soon", effect: "deny" }),
    rule("D4", { validTo: "2025-01-01", effect: "deny" }),
  );
  assert.is(await run("list"), 0);
  assert.match(out.join("\n"), /A1 .*INACTIVE: its rule was valid until 2025-01-01/);
  assert.match(out.join("\n"), /B2 .*INACTIVE: .*“soon” is no date/);
  assert.match(out.join("\n"), /C3 .*BROKEN, AND DENIES UNTIL IT IS MENDED: .*“soon” is no date/);
  assert.match(out.join("\n"), /D4 .*INACTIVE: its rule was valid until 2025-01-01/);
});

test("a wrong use shows how it is meant", async () => {
  for (const args of [[], ["foo"], ["add"], ["import"], ["remove"], ["list", "x"], ["add", "a", "b"]]) {
    const { run, err } = desk();
    assert.is(await run(...args), 2, args.join(" "));
    assert.match(err.join("\n"), "plategate rules add PLATE");
  }
});

test("a long list is saved a good many rules at a time, in its order", async () => {
  const saved: string[] = [];
  let [waiting, most] = [0, 0];
  const rows = Array.from({ length: 900 }, (_, n) => `QW${n}`);
  await withFile(["plate", ...rows].join("\n"), async (file) => {
    const code = await rulesCommand(["import", file], {
      open: async () => ({
        timeZone: "UTC",
        rules: {
          all: async () => [],
          async save(r) {
            saved.push(r.plate);
            most = Math.max(most, ++waiting);
            await Promise.resolve();
            waiting--;
          },
          remove: async () => false,
          use: async () => true,
          giveBack: async () => {},
          settleUses: async () => {},
        },
        close: async () => {},
      }),
      wallMs: () => 1,
      out() {},
      err() {},
    });
    assert.is(code, 0);
  });
  assert.equal(saved, rows);
  assert.ok(
    most > 50 && most < 1000,
    `${most} at once: each write for the card takes its time, and the store holds 5000`,
  );
});

test.run();
