// The cells: what the model says of each, what a person says, and the way back.

import { cutOutFile } from "./cutouts.js";

/** Groups that are no class; no class has a name that begins with a question mark. */
export const UNKNOWN = "?unknown";
export const NONE = "?none";
export const FAILED = "?failed";
export const WAITING = "?waiting";
export const RED = "?red"; // a red cell, of a field

const BLANK = { field: null, shown: false, answer: null, unlike: null, by: null, error: "", lasting: false, given: null };

/**
 * The cells, in the order they were added. Fires `change`; its detail says what changed: "cells" or "labels".
 * A cell has: id, order (where in the list: as it was added, a field's cells where their field was), path, read() -> Promise<Blob>, answer (the service's, or null), unlike (what the service said of its
 * batch), by (the step of Adapted that gave the answer, null for the model as it is), error (text), and `given`: the label that a person gave it, NONE for "no cell", null where nobody has.
 * A cell of a field has more (see `Fields`); `shown` says whether it stands in the list, which red cells and platelets do not. Where one gets a class
 * by hand it joins; then and where else a listed cell has not been asked for, `join` is fired.
 */
export class Cells extends EventTarget {
  list = [];
  #undo = []; // what was done, the last one last: {undo, redo}, functions that give the cells whose labels they change
  #redo = []; // what was undone, the last one last
  #next = 0;
  #paths = new Set();

  /** Add images of {path, read, zip}; gives their cells, whose paths are all distinct. */
  add(images) {
    const added = images.map(({ path, read, zip }) => this.make({ path: this.distinct(path, zip), read }));
    this.join(added);
    return added;
  }

  /** A cell that is not in the list. */
  make(parts) {
    const id = this.#next++;
    const made = { id, order: parts.field?.order ?? id, ...BLANK, ...parts };
    if (made.field) made.read = () => cutOutFile(made);
    return made;
  }

  /** The next place in the order of what is added, for a field. */
  place() {
    return this.#next++;
  }

  /** Put cells in the list, each in its place. */
  join(cells) {
    for (const cell of cells) cell.shown = true;
    this.list = [...this.list, ...cells].sort((a, b) => a.order - b.order || a.id - b.id); // fields are searched in any order
    if (cells.length) this.#changed("cells");
  }

  /** Take cells out of it. */
  leave(cells) {
    const gone = new Set(cells);
    for (const cell of cells) cell.shown = false;
    this.list = this.list.filter((cell) => !gone.has(cell));
    if (cells.length) this.#changed("cells");
  }

  /**
   * Do something that can be undone.
   * @param {{undo: () => object[], redo: () => object[]}} act both give the cells whose labels they change; called once to begin with
   */
  do(act) {
    act.redo();
    this.#undo.push(act);
    this.#redo = [];
    this.#changed("labels");
  }

  /** Take the service's answers to cells, and what it says of all of them: how far they are unlike what it learnt. */
  answer(cells, answers, unlike = null, by = null) {
    cells.forEach((cell, i) => {
      Object.assign(cell, { unlike, by });
      cell.error = answers[i].error?.detail ?? "";
      cell.lasting = Boolean(cell.error);
      cell.answer = cell.error ? null : answers[i];
    });
    this.#changed("cells");
  }

  /** The answers of cells hold no more. */
  retract(cells) {
    for (const cell of cells) Object.assign(cell, { answer: null, unlike: null });
    if (cells.length) this.#changed("cells");
  }

  /** Give cells, cell -> {answer, unlike, by}, what they had. */
  restore(before) {
    for (const [cell, had] of before) if (had.answer) Object.assign(cell, had, { error: "", lasting: false });
    this.#changed("cells");
  }

  /** Cells have no answer; `lasting` where another attempt would not help. */
  fail(cells, text, lasting = false) {
    for (const cell of cells) Object.assign(cell, { error: text, lasting });
    this.#changed("cells");
  }

  /** Cells that failed for reasons that may have passed, ready to be tried again. */
  again() {
    const cells = this.list.filter((cell) => cell.error && !cell.lasting);
    for (const cell of cells) cell.error = "";
    this.#changed("cells");
    return cells;
  }

  /** Give cells a label by hand; null takes it back. Gives those that have an answer, and so can have a label. */
  label(cells, label) {
    const answered = cells.filter((cell) => (label === RED ? cell.field : cell.answer || cell.field));
    const changed = answered.filter((cell) => cell.given !== label);
    if (changed.length) {
      const before = changed.map((cell) => [cell, cell.given]);
      const joined = changed.filter((cell) => !cell.shown && label !== modelGroup(cell) && !label?.startsWith("?"));
      const redo = () => {
        for (const cell of changed) cell.given = label;
        this.join(joined);
        this.ask(joined);
        return changed;
      };
      const undo = () => {
        for (const [cell, given] of before) cell.given = given;
        this.leave(joined);
        return changed;
      };
      this.do({ undo, redo });
    }
    return answered;
  }

  /** Have those of some cells classified that were not. */
  ask(cells) {
    const unasked = cells.filter(({ answer, error }) => !answer && !error);
    if (unasked.length) this.dispatchEvent(new CustomEvent("join", { detail: unasked }));
  }

  /** Undo the last labelling, or what else was done; gives the cells whose labels it was, or null where there is nothing to undo. */
  undo() {
    return this.#move(this.#undo, this.#redo, "undo");
  }

  /** Do again what was undone last, as `undo`. */
  redo() {
    return this.#move(this.#redo, this.#undo, "redo");
  }

  #move(from, to, way) {
    const act = from.pop();
    if (!act) return null;
    const cells = act[way]();
    to.push(act);
    this.#changed("labels");
    return cells;
  }

  /** Forget all cells. */
  clear() {
    this.list = [];
    this.#undo = [];
    this.#redo = [];
    this.#paths.clear();
    this.#changed("cells");
  }

  /** A path that no cell has: where one has it, the zip's name comes before it, and then a number behind. */
  distinct(path, zip) {
    const other = zip ? `${zip.replace(/\.zip$/i, "")}/${path}` : path;
    const [, stem, suffix] = /^(.*?)(\.[^./]*)?$/s.exec(other);
    let found = path;
    for (let n = 1; this.#paths.has(found); n++) found = n === 1 ? other : `${stem} (${n})${suffix ?? ""}`;
    this.#paths.add(found);
    return found;
  }

  get canUndo() {
    return this.#undo.length > 0;
  }

  get canRedo() {
    return this.#redo.length > 0;
  }

  #changed(what) {
    this.dispatchEvent(new CustomEvent("change", { detail: what }));
  }
}

/** The group that the model puts a cell in. */
export function modelGroup(cell) {
  if (cell.kind === "red") return RED;
  if (cell.kind === "platelet") return "platelet";
  if (cell.error) return FAILED;
  if (!cell.answer) return WAITING;
  return cell.answer.is_unknown ? UNKNOWN : cell.answer.label;
}

/** The group after corrections. */
export const group = (cell) => cell.given ?? modelGroup(cell);

/** Whether a person gave another label than the model's. */
export const isCorrected = (cell) => cell.given !== null && cell.given !== modelGroup(cell);

/** Whether a person should look: doubtful or unknown, and nobody has looked yet. */
export const wantsReview = (cell, threshold) =>
  Boolean(cell.answer) && cell.given === null && cell.counted !== false && (cell.answer.is_unknown || cell.answer.confidence < threshold);
