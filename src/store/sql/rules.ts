import type { AccessRule } from "../../core/records.js";
import type { RuleRepository } from "../../core/repositories.js";
import type { Database } from "../database.js";
import type { Sync } from "./sync.js";

const columns = `id, plate, effect, owner, group_name as "group", note, valid_from as validFrom, valid_to as validTo, schedule,
  direction, tolerance, uses_left as usesLeft, anti_passback as antiPassback, created_at as createdAt`;

/** Of uses that nobody gives back any more so many are known, so that a call that is repeated counts nothing twice. */
export const MOST_USES = 10_000;

/** Access rules, in the order in which they were made. */
export function createRuleTable(db: Database): Sync<RuleRepository> {
  const all = db.prepare<[], AccessRule>(`select ${columns} from access_rule order by seq`);
  const upsert = db.prepare(`
    insert into access_rule (id, plate, effect, owner, group_name, note, valid_from, valid_to, schedule, direction, tolerance, uses_left, anti_passback, created_at)
    values (@id, @plate, @effect, @owner, @group, @note, @validFrom, @validTo, @schedule, @direction, @tolerance, @usesLeft, @antiPassback, @createdAt)
    on conflict (id) do update set
      plate = excluded.plate, effect = excluded.effect, owner = excluded.owner, group_name = excluded.group_name, note = excluded.note,
      valid_from = excluded.valid_from, valid_to = excluded.valid_to, schedule = excluded.schedule, direction = excluded.direction,
      tolerance = excluded.tolerance, uses_left = excluded.uses_left, anti_passback = excluded.anti_passback`);
  const remove = db.prepare("delete from access_rule where id = ?");
  const use = db.prepare("update access_rule set uses_left = uses_left - 1 where id = ? and uses_left > 0");
  const isCounted = db.prepare("select 1 from visitor_use where id = ?");
  const count = db.prepare("insert into visitor_use (id, rule_id) values (?, ?)");
  const forgetOldest = db.prepare(
    "delete from visitor_use where given_back = 0 and seq <= (select max(seq) from visitor_use) - ?",
  );
  const giveBack = db.prepare("update visitor_use set given_back = ? where id = ?");
  const settle = db.prepare(`
    update access_rule
    set uses_left = uses_left + (select count(*) from visitor_use where rule_id = access_rule.id and given_back = 1)
    where uses_left is not null and id in (select rule_id from visitor_use where given_back = 1)`);
  const forgetAll = db.prepare("delete from visitor_use");
  const unlimited = db.prepare("select 1 from access_rule where id = ? and uses_left is null");
  return {
    all: () => all.all(),
    save(rule) {
      upsert.run(rule);
    },
    remove: (id) => remove.run(id).changes > 0,
    use(id, useId) {
      if (isCounted.get(useId) !== undefined) return true;
      if (use.run(id).changes === 0) return unlimited.get(id) !== undefined;
      count.run(useId, id);
      forgetOldest.run(MOST_USES);
      return true;
    },
    giveBack(useId, isBack) {
      giveBack.run(isBack ? 1 : 0, useId);
    },
    settleUses() {
      settle.run();
      forgetAll.run();
    },
  };
}
