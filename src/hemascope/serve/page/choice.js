// Which cells are shown, and in which order.

import { FAILED, NONE, RED, UNKNOWN, group, isCorrected, modelGroup, wantsReview } from "./cells.js";
import { $, element } from "./dom.js";

/** Shows that are no group. */
const SPECIAL = {
  all: ["All", () => true],
  review: ["To review", (cell, threshold) => wantsReview(cell, threshold)],
  checked: ["Checked by hand", (cell) => cell.given !== null],
  corrected: ["Corrected", isCorrected],
};

const score = (cell, name) => cell.answer?.[name] ?? null;

/** Comparisons; cells without a value come last, equal ones stay in the order added. */
const ORDERS = {
  least: (a, b) => compare(score(a, "confidence"), score(b, "confidence")),
  most: (a, b) => compare(score(a, "confidence"), score(b, "confidence"), -1),
  unknown: (a, b) => compare(score(a, "unknown"), score(b, "unknown"), -1),
};

function compare(a, b, sign = 1) {
  if (a === null || b === null) return (a === null) - (b === null);
  return sign * (a - b);
}

export class Choice {
  /** @param classes the Classes */
  constructor(classes) {
    this.classes = classes;
  }

  get threshold() {
    return $("threshold").valueAsNumber / 100;
  }

  /** The groups of cells, in order. */
  get #groups() {
    return [...this.classes.all.map(({ name }) => name), UNKNOWN, RED, NONE, FAILED];
  }

  /** The cells to show, in order. */
  of(cells) {
    const show = $("show").value || "all";
    const [, fits] = SPECIAL[show] ?? [show, (cell) => group(cell) === show];
    const shown = cells.filter((cell) => fits(cell, this.threshold));
    const sort = $("sort").value;
    if (sort === "class") {
      const ranks = new Map(this.#groups.map((name, i) => [name, i]));
      const rank = (cell) => ranks.get(group(cell)) ?? ranks.size;
      shown.sort((a, b) => rank(a) - rank(b));
    } else if (ORDERS[sort]) shown.sort(ORDERS[sort]);
    return shown;
  }

  /** The sections of cells that are shown by class, each with its group; null in other orders. */
  sections(shown) {
    if ($("sort").value !== "class") return null;
    const sections = [];
    shown.forEach((cell, i) => {
      if (sections.at(-1)?.group !== group(cell)) sections.push({ group: group(cell), from: i, count: 0 });
      sections.at(-1).count++;
    });
    for (const each of sections) each.title = `${this.title(each.group)} (${each.count.toLocaleString("en")})`;
    return sections;
  }

  /** The place of the next cell that wants a look, after one; from the start again at the end. -1 where there is none. */
  nextDoubtful(shown, at) {
    const order = [...shown.keys()].map((i) => (at + 1 + i) % shown.length);
    return order.find((place) => wantsReview(shown[place], this.threshold)) ?? -1;
  }

  /** Fill the list of what can be shown, with counts; groups without cells are left out. */
  offer(cells) {
    const select = $("show");
    const before = select.value || "all";
    const counts = new Map();
    const count = (key) => counts.set(key, (counts.get(key) ?? 0) + 1);
    for (const cell of cells) {
      count(group(cell));
      for (const [key, [, fits]] of Object.entries(SPECIAL)) if (fits(cell, this.threshold)) count(key);
    }
    const groups = this.#groups.map((key) => [key, this.title(key)]);
    const offered = [...Object.entries(SPECIAL).map(([key, [title]]) => [key, title]), ...groups]
      .filter(([key]) => key in SPECIAL || counts.get(key) || key === before)
      .map(([key, title]) => element("option", { value: key }, `${title} (${(counts.get(key) ?? 0).toLocaleString("en")})`));
    const text = offered.map((option) => option.textContent).join();
    if (text === this.offered) return;
    this.offered = text;
    select.replaceChildren(...offered);
    select.value = before;
    if (!select.value) select.value = "all"; // what was shown is no more
  }

  /** A group's name for people. */
  title(name) {
    return this.classes.title(name);
  }

  /** What is to say of a cell beside its class: [kind, text] each. */
  marks(cell) {
    const marks = [];
    if (isCorrected(cell)) marks.push(["corrected", `was ${this.title(modelGroup(cell)).toLowerCase()}`]);
    else if (cell.given !== null) marks.push(["checked", "checked"]);
    else if (cell.answer?.is_unknown) marks.push(["unknown", "unknown"]);
    else if (wantsReview(cell, this.threshold)) marks.push(["review", "review"]);
    if (cell.counted === false) marks.push(["cut", "not counted"]);
    if (cell.drawn) marks.push(["drawn", "drawn"]);
    if (cell.error) marks.push(["failed", "failed"]);
    return marks;
  }
}
