import { byId, h, icon, setText } from "./dom.js";
import { plateFace } from "./plate.js";
import { dayOf, directions, percent, timeOf, verdicts } from "./say.js";

/** A page that is never loaded anew, on a guard's screen, begins the list again when it is longer than this. */
const MOST_ROWS = 200;

/** The list of passes, searched and paged; new ones come in at the top while they fit the search. */
export function createPassList({ onOpen }) {
  const form = byId("search");
  const list = byId("list");
  const more = byId("more");
  /** Shown passes by id, newest first. */
  let passes = [];
  let next = null;
  let asked = 0;
  let waiting = null;
  let rowsById = new Map();
  /** What came since the list was asked for and is perhaps not in the answer; null: nothing is asked for. */
  let arrived = null;
  let writtenOn = today();

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => {
    byId("find-range").hidden = byId("find-when").value !== "own";
    clearTimeout(waiting);
    waiting = setTimeout(load, 250);
  });
  more.addEventListener("click", () => load(next));
  list.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
    if (step === undefined) return;
    const links = [...list.querySelectorAll("a")];
    links[links.indexOf(document.activeElement) + step]?.focus();
    event.preventDefault();
  });

  return {
    load,
    /** The pass as it is now: new at the top, or changed where it stands. */
    put(pass) {
      const index = passes.findIndex((p) => p.id === pass.id);
      if (index >= 0) passes[index] = pass;
      else if (fits(pass)) passes = [pass, ...passes].sort((a, b) => b.startedAt - a.startedAt);
      arrived?.push(pass);
      draw(index < 0 ? pass.id : null);
      if (passes.length > MOST_ROWS && arrived === null) load();
    },
    /** The video of a pass has been written. */
    clip(clip) {
      passes = passes.map((pass) => (pass.id === clip.passId ? { ...pass, clipId: clip.id } : pass));
      draw(null);
    },
    /** The pass after (1, older) or before (-1, newer) this one in the list; one that is not listed has its place by its time. */
    beside({ id, startedAt }, step) {
      const index = passes.findIndex((p) => p.id === id);
      if (index >= 0) return passes[index + step] ?? null;
      if (startedAt === null) return null;
      const found =
        step > 0
          ? passes.find((p) => p.startedAt < startedAt)
          : passes.findLast((p) => p.startedAt > startedAt);
      return found ?? null;
    },
    /** Writes the days anew when midnight has passed since; true when it has. */
    day() {
      if (writtenOn === today()) return false;
      draw(null);
      return true;
    },
    /** The newest one that did not begin after `now`: one may, from when the clock was ahead. */
    newest: (now) => passes.find((pass) => pass.startedAt <= now) ?? passes[0] ?? null,
    searching: () => query().size > 0,
  };

  /** Resolves to true once the list shows what the appliance knows. */
  async function load(before = null) {
    const mine = ++asked;
    arrived = [];
    const parameters = query();
    parameters.set("limit", matchMedia("(max-width: 899px)").matches ? "12" : "25");
    if (before !== null && typeof before === "string") parameters.set("before", before);
    const answer = await fetch(`/api/passes?${parameters}`).catch(() => null);
    const page = (await answer?.json().catch(() => null)) ?? null;
    if (mine !== asked) return;
    const came = arrived;
    arrived = null;
    if (page === null) return setText(byId("found"), "The appliance does not answer; the list may be old.");
    if (!answer.ok) return setText(byId("found"), page.error);
    const known = new Set(page.items.map((pass) => pass.id));
    const newer = [...new Map(came.map((pass) => [pass.id, pass])).values()]
      .filter((pass) => fits(pass) && !known.has(pass.id))
      .sort((a, b) => b.startedAt - a.startedAt);
    passes = parameters.has("before") ? [...passes, ...page.items] : [...newer, ...page.items];
    next = page.next;
    draw(null);
    // So many came meanwhile.
    if (!parameters.has("before") && passes.length > MOST_ROWS) return load();
    similar(mine);
    return true;
  }

  /** Plates that look like what was typed, for those who remember half of it; where the appliance can do that. */
  async function similar(mine) {
    const typed = String(new FormData(form).get("plate")).trim();
    const place = byId("similar");
    if (typed.replace(/[^A-Za-z0-9]/g, "").length < 3 || typed.includes("*")) {
      place.hidden = true;
      return;
    }
    const answer = await fetch(`/api/search?limit=8&plate=${encodeURIComponent(typed)}`).catch(() => null);
    if (mine !== asked) return;
    const there = new Set(passes.map((p) => p.id));
    const hits = answer?.ok ? (await answer.json()).items.filter((hit) => !there.has(hit.pass.id)) : [];
    place.hidden = hits.length === 0;
    byId("similar-list").replaceChildren(...hits.map((hit) => h("li", {}, passLink(hit.pass, onOpen))));
  }

  function query() {
    const fields = new FormData(form);
    const wanted = new URLSearchParams();
    const plate = String(fields.get("plate")).trim();
    // What is typed is looked for anywhere in the plate, unless wildcards say where.
    if (plate !== "") wanted.set("plate", /[?*]/.test(plate) ? plate : `*${plate}*`);
    if (fields.get("verdict") !== "") wanted.set("verdict", String(fields.get("verdict")));
    const when = String(fields.get("when"));
    if (when === "own") {
      for (const end of ["from", "to"]) {
        const at = new Date(String(fields.get(end))).getTime();
        if (!Number.isNaN(at)) wanted.set(end, String(at));
      }
    } else if (when !== "") wanted.set("from", String(Date.now() - Number(when) * 3_600_000));
    return wanted;
  }

  function fits(pass) {
    const wanted = query();
    const pattern = wanted
      .get("plate")
      ?.normalize("NFKD")
      .toUpperCase()
      .replace(/[^A-Z0-9?*]/g, "")
      .replace(/[?]/g, ".")
      .replace(/[*]/g, ".*");
    return (
      (pattern === undefined || new RegExp(`^${pattern}$`).test(pass.plate)) &&
      (!wanted.has("verdict") || wanted.get("verdict") === pass.verdict) &&
      (!wanted.has("to") || pass.startedAt <= Number(wanted.get("to")))
    );
  }

  function draw(fresh) {
    more.hidden = next === null;
    const nothing = query().size > 0 ? "No pass fits this search." : "No vehicle has been seen yet.";
    setText(byId("found"), passes.length === 0 ? nothing : "");
    let day = "";
    writtenOn = today();
    const before = rowsById;
    rowsById = new Map();
    const rows = passes.flatMap((pass) => {
      const itsDay = dayOf(pass.startedAt);
      const heading = itsDay === day ? [] : [h("li", { class: "list-day" }, itsDay)];
      day = itsDay;
      // A row that says the same as before stays: its picture is not asked for again.
      const said = JSON.stringify(pass);
      let row = before.get(pass.id);
      if (row?.said !== said)
        row = {
          said,
          element: h("li", { class: pass.id === fresh ? "fresh" : undefined }, passLink(pass, onOpen)),
        };
      rowsById.set(pass.id, row);
      return [...heading, row.element];
    });
    const focused = document.activeElement?.getAttribute?.("href");
    list.replaceChildren(...rows);
    if (focused) list.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }
}

function today() {
  return new Date().toDateString();
}

/** One pass in one line, opening its detail. */
export function passLink(pass, onOpen) {
  const verdict = pass.endedAt === null && pass.reason === "" ? "reading" : pass.verdict;
  return h(
    "a",
    {
      class: `pass ${pass.verdict}`,
      href: `#pass/${encodeURIComponent(pass.id)}`,
      "data-id": pass.id,
      onclick: (event) => {
        if (event.metaKey || event.ctrlKey) return;
        event.preventDefault();
        onOpen(pass.id);
      },
    },
    h("time", { datetime: new Date(pass.startedAt).toISOString() }, timeOf(pass.startedAt)),
    cropPicture(pass),
    plateFace(pass.plate, pass.chars),
    h("span", { class: "said" }, verdictMark(verdict), h("span", { class: "sentence" }, pass.sentence)),
    h(
      "span",
      { class: "facts" },
      h(
        "span",
        { title: directions[pass.direction] },
        icon(pass.direction, directions[pass.direction]),
        pass.camera,
      ),
      h("span", { title: "probability of the whole plate" }, percent(pass.probability)),
      pass.looks?.isOdd ? h("span", { class: "odd" }, icon("odd", "another vehicle than before")) : null,
      pass.clipId === null ? null : h("span", { class: "has-clip" }, icon("clip", "with video")),
    ),
  );
}

/** The verdict as a sign and a word: never a colour alone. */
export function verdictMark(verdict) {
  return h("span", { class: `verdict ${verdict}` }, icon(verdict), verdicts[verdict] ?? "Reading");
}

export function cropPicture(pass) {
  return h("img", {
    class: "crop",
    src: `/api/passes/${encodeURIComponent(pass.id)}/crop.jpg?absent=204&frames=${pass.frames}`,
    alt: "",
    loading: "lazy",
    decoding: "async",
    onerror: (event) => event.target.classList.add("missing"),
  });
}
