// What sees the cells: the service's model, at a zoom where one is chosen, with a head that fits them or that labels taught.
// Each is a step on the one before it; the last can be taken back. The service keeps nothing of it: it goes with every request.

import { several } from "./dom.js";

const KINDS = ["zoom", "fitted", "taught"]; // fitted: a head without labels, and perhaps a zoom

/**
 * Fires `change`. A step has: kind, about (what goes with images: {zoom, taught}), used (the cells that it was made by, with
 * their labels, null where they had none: [cell, label] each), text (what it is worth), and before: cell -> its answer before
 * the step.
 */
export class Adapted extends EventTarget {
  steps = [];

  /**
   * @param cells the Cells
   * @param classes the Classes
   */
  constructor(cells, classes) {
    super();
    Object.assign(this, { cells, classes });
  }

  get last() {
    return this.steps.at(-1) ?? null;
  }

  get zoom() {
    return this.last?.about.zoom ?? 1;
  }

  get taught() {
    return this.steps.find(({ kind }) => kind === "taught") ?? null;
  }

  /** See all cells as fits them. */
  fit(about, used) {
    this.#add({ kind: about.taught ? "fitted" : "zoom", about, used, text: "" });
    this.cells.retract(this.cells.list);
    this.#changed();
  }

  /** Have the cells without a label by hand judged by a taught head; one that was taught before goes. */
  teach(taught, used, text) {
    const about = { zoom: this.zoom, taught };
    const former = this.taught && this.steps.pop();
    this.#add({ kind: "taught", about, used, text, before: former?.before });
    this.#changed();
  }

  /** Take the last step back. */
  undo() {
    const step = this.steps.pop();
    this.cells.restore(step.before);
    this.cells.retract(this.cells.list.filter(({ by }) => by === step)); // they came later
    this.#changed();
  }

  clear() {
    if (!this.last) return;
    this.steps = [];
    this.#changed();
  }

  /** The cells whose answer is of another step, and holds no more. Cells with a label by hand keep what they have. */
  stale() {
    const cells = this.cells.list.filter(({ answer, given, by }) => answer && given === null && by !== this.last);
    this.cells.retract(cells);
    return cells;
  }

  /** Of the cells that have an answer from before the last step: how many have another class now. */
  moved() {
    const both = [...(this.last?.before ?? [])].filter(([cell, old]) => cell.answer && cell.by === this.last && old.answer);
    const called = ({ is_unknown, label }) => (is_unknown ? null : label);
    return { moved: both.filter(([cell, old]) => called(cell.answer) !== called(old.answer)).length, of: both.length };
  }

  /** The steps for a record; cells by their places. */
  record() {
    const places = new Map(this.cells.list.map((cell, i) => [cell, i]));
    return this.steps.map(({ kind, about, used, text }) => ({
      kind, about, text, used: used.filter(([cell]) => places.has(cell)).map(([cell, label]) => [places.get(cell), label]),
    }));
  }

  /** Take up recorded steps, in shape (`areSteps`) and of the cells here; none where the classes are not. Fires nothing. */
  restore(read) {
    const { list } = this.cells;
    const here = read.every(({ about }) => (about.taught?.classes ?? []).every((name) => this.classes.find(name)));
    const usedOf = ({ used }) => used.map(([place, label]) => [list[place], label]);
    this.steps = here ? read.map((step) => ({ ...step, used: usedOf(step), before: new Map() })) : [];
    this.#learn();
  }

  #add(step) {
    step.before ??= new Map(this.cells.list.map((cell) => [cell, { answer: cell.answer, unlike: cell.unlike, by: cell.by }]));
    this.steps.push(step);
  }

  #learn() {
    this.classes.learn(this.taught?.about.taught.classes ?? []);
  }

  #changed() {
    this.#learn();
    this.dispatchEvent(new Event("change"));
  }
}

/** Whether what was read, from anywhere, has the shape of recorded steps on so many cells; the service looks at the rest. */
export const areSteps = (read, cells) =>
  Array.isArray(read) && read.every((step) =>
    KINDS.includes(step?.kind) && Number.isFinite(step.about?.zoom) && typeof step.text === "string" && Array.isArray(step.used) &&
    step.used.every((each) => Number.isInteger(each?.[0]) && each[0] >= 0 && each[0] < cells && (each[1] === null || typeof each[1] === "string")) &&
    (step.kind === "zoom" ? step.about.taught === null : Array.isArray(step.about.taught?.classes)));

/** A step and those below it in words, as of the cell that it answered; none for the service's model as it is. */
export function inWords(step) {
  if (!step) return "";
  const zoom = step.about.zoom === 1 ? [] : [`zoom ${step.about.zoom}`];
  const head = { zoom: "", fitted: `fitted to ${several(step.used.length, "cell")}`, taught: `taught by ${several(labelled(step).length, "cell")}` };
  return [...zoom, head[step.kind]].filter(Boolean).join(", ");
}

/** Of the cells that a step was made by, those with a label. */
export const labelled = ({ used }) => used.filter(([, label]) => label !== null);
