import { lookAlikeGroup } from "./look-alikes.js";
import type { AccessRule } from "./records.js";

/** Rules by their plates, so that one rule need not be held against all of a long list. */
export interface RuleIndex {
  add(rule: AccessRule): void;
  /**
   * In the order in which they were added: every rule that means a plate which this one means as well, or that looks like
   * one of its plates; and some others.
   */
  near(rule: AccessRule): readonly AccessRule[];
}

interface Node {
  /** By group of look-alikes, or `?`. */
  next: Map<string, Node>;
  /** Rules that end here. */
  ends: number[];
  /** Rules that go on with a `*` from here. */
  stars: number[];
}

/**
 * A tree of beginnings, up to the first `*`, where look-alikes are one character: whatever the tolerance, no rule reaches
 * farther. What is found is held against the endings too, for patterns that begin with a `*`.
 */
export function createRuleIndex(rules: readonly AccessRule[] = []): RuleIndex {
  const all: { rule: AccessRule; groups: string }[] = [];
  const root = emptyNode();
  for (const rule of rules) add(rule);
  return {
    add,
    near({ plate }) {
      const groups = groupsOf(plate);
      const found: number[] = [];
      collect(root, groups, 0, found);
      return found
        .sort((a, b) => a - b)
        .map((at) => all[at]!)
        .filter((known) => endsMeet(known.groups, groups))
        .map((known) => known.rule);
    },
  };

  function add(rule: AccessRule): void {
    const groups = groupsOf(rule.plate);
    const at = all.push({ rule, groups }) - 1;
    let node = root;
    for (const group of groups.split("")) {
      if (group === "*") {
        node.stars.push(at);
        return;
      }
      const known = node.next.get(group) ?? emptyNode();
      node.next.set(group, known);
      node = known;
    }
    node.ends.push(at);
  }
}

function emptyNode(): Node {
  return { next: new Map(), ends: [], stars: [] };
}

function groupsOf(plate: string): string {
  return Array.from(plate, (c) => lookAlikeGroup(c)).join("");
}

function collect(node: Node, groups: string, at: number, found: number[]): void {
  const group = groups[at];
  for (const star of node.stars) found.push(star);
  if (group === undefined || group === "*") for (const end of node.ends) found.push(end);
  if (group === undefined) return;
  for (const [other, next] of node.next) {
    if (group === "*") collect(next, groups, at, found);
    else if (group === "?" || other === "?" || other === group) collect(next, groups, at + 1, found);
  }
}

/** Whether two plates agree from the end on, as far as neither has a `*`. */
function endsMeet(a: string, b: string): boolean {
  for (let i = 1; i <= a.length && i <= b.length; i++) {
    const [x, y] = [a.charCodeAt(a.length - i), b.charCodeAt(b.length - i)];
    if (x === STAR || y === STAR) return true;
    if (x !== y && x !== ANY && y !== ANY) return false;
  }
  return true;
}

const STAR = "*".charCodeAt(0);
const ANY = "?".charCodeAt(0);
