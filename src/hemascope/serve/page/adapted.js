// What sees the cells: the service's model, at a zoom where one is chosen, with the head that labels taught. Each is a
// step on the one before it; the last can be taken back. The service keeps nothing of it: it goes with every request.

const KINDS = ["zoom", "taught"];

/**
 * Fires `change`. A step has: kind, about (what goes with images: {zoom, taught}), used (the cells that taught it, with
 * their labels: [cell, label] each), text (what it is worth), and before: cell -> its answer before the step.
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

  /** See all cells at a zoom. */
  zoomTo(zoom) {
    this.#add({ kind: "zoom", about: { zoom, taught: null }, used: [], text: "" });
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
      kind, about, text, used: used.map(([cell, label]) => [places.get(cell), label]),
    }));
  }

  /** Take up recorded steps, from anywhere: every part that this page uses is looked at. Fires nothing. */
  restore(read) {
    const { list } = this.cells;
    const names = this.classes.all.map(({ name }) => name);
    const isUsed = (each) => Number.isInteger(each?.[0]) && list[each[0]] && typeof each[1] === "string";
    const isTaught = (taught) => Array.isArray(taught?.classes) && taught.classes.every((name) => names.includes(name));
    const good = Array.isArray(read) && read.every(({ kind, about, used, text } = {}) =>
      KINDS.includes(kind) && Number.isFinite(about?.zoom) && typeof text === "string" && Array.isArray(used) &&
      used.every(isUsed) && (kind === "zoom" ? about.taught === null : isTaught(about.taught)));
    if (!good) throw new Error("The session is damaged.");
    this.steps = read.map((step) => ({ ...step, used: step.used.map(([place, label]) => [list[place], label]), before: new Map() }));
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

/** A step and those below it in words, as of the cell that it answered; none for the service's model as it is. */
export function inWords(step) {
  if (!step) return "";
  const zoom = step.about.zoom === 1 ? [] : [`zoom ${step.about.zoom}`];
  return [...zoom, ...(step.about.taught ? [`taught by ${step.used.length} cells`] : [])].join(", ");
}
