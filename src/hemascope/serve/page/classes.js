// The classes: those of the model, and those that a person adds.

import { FAILED, NONE, RED, UNKNOWN } from "./cells.js";

const OTHERS = { [UNKNOWN]: "Unknown", [NONE]: "No cell", [FAILED]: "Failed", [RED]: "Red cell" };
const TAKEN = ["none", "unknown"]; // words that the exports use for other things
const MOST = 40; // letters of a name
const COLOURS = ["#0f8b8d", "#8d7b00", "#7d1f6a", "#5c8a00", "#3b3b3b", "#c0392b"]; // unlike those of the blood classes

/**
 * A class has: name, title, colour, counted (as the service gives them), and `own` where a person added it; then
 * `foreign` as long as the model lacks it.
 * Fires `change` where one is added.
 */
export class Classes extends EventTarget {
  own = [];

  /** @param model classes as the service gives them */
  constructor(model) {
    super();
    this.model = model;
  }

  get all() {
    return [...this.model, ...this.own];
  }

  /** Those that the model tells. */
  get known() {
    return this.all.filter(({ foreign }) => !foreign);
  }

  /** The model has been taught these classes, and no others of a person's own. */
  learn(names) {
    for (const each of this.own) each.foreign = !names.includes(each.name);
  }

  find(name) {
    return this.all.find((each) => each.name === name);
  }

  /** A class's or group's name for people. */
  title(name) {
    return this.find(name)?.title ?? OTHERS[name] ?? "Waiting";
  }

  colour(name) {
    return this.find(name)?.colour ?? (name === RED ? "#c0392b" : "var(--second)");
  }

  /**
   * Add a class; one that is there already is taken instead.
   * @param {string} title as a person types it
   * @param {string} counted "differential", "per_hundred" or "apart"
   * @returns {string} its name
   */
  add(title, counted = "differential") {
    title = title.normalize("NFC").trim().replace(/\s+/g, " ");
    const name = title.toLowerCase().replace(/[\s_-]+/g, "_");
    const known = this.all.find((each) => each.name === name || each.title.toLowerCase() === title.toLowerCase());
    if (known) return known.name;
    if (!/[\p{L}\p{N}]/u.test(name) || name.startsWith("?")) throw new Error("A class needs a name of letters or digits.");
    if (TAKEN.includes(name)) throw new Error(`“${title}” has a meaning of its own in the tables: take another name.`);
    if (title.length > MOST) throw new Error(`A name may have ${MOST} letters.`);
    const colour = COLOURS[this.own.length % COLOURS.length];
    this.own.push({ name, title: title[0].toUpperCase() + title.slice(1), colour, counted, own: true, foreign: true });
    this.dispatchEvent(new Event("change"));
    return name;
  }

  /** Forget those that were added. */
  clear() {
    this.own = [];
    this.dispatchEvent(new Event("change"));
  }
}
