// Fields of a smear: pictures in which the service finds the cells. Their white cells stand in the grid with all others.

import { FAILED, NONE, RED, group, wantsReview } from "./cells.js";
import { recorded, restored } from "./fieldrecord.js";
import { Problem, count } from "./service.js";
import { sizeOf } from "./size.js";

const LARGE = 480; // pixels along its longer side from which a picture may be a field
const ACROSS = 5; // red cells along that side from which it is one: a picture of one cell is about three wide
const REQUESTS = 2; // one is searched while the next is on its way

/**
 * The fields. Fires `change`, as `Cells` does.
 * A field has: order (its cells' in the list), path, read() -> Promise<Blob>, width, height, red (pixels across a red cell, or null), notes, error, lasting, and `cells`: all
 * that were found or drawn, white ones, red ones, platelets; null before it is searched. A cell of a field has besides what others have: field,
 * box [left, top, right, bottom], kind, score, counted (not where the right or lower edge cuts it), drawn.
 */
export class Fields extends EventTarget {
  list = [];
  #waiting = [];
  #open = 0;
  #stop = new AbortController();

  /**
   * @param cells the Cells
   * @param finder what the service says of its detector; null where it searches no fields
   * @param adapted the Adapted
   */
  constructor(cells, finder, adapted) {
    super();
    Object.assign(this, { cells, finder, adapted });
    this.framing = finder; // {framing, white_width}
  }

  /** Which of some images may be fields, by their size; the answer tells whether they are. */
  async large(images) {
    const found = new Set();
    if (!this.finder) return found;
    for (let i = 0; i < images.length; i += 32) {
      await Promise.all(images.slice(i, i + 32).map(async (image) => {
        const size = await image.read().then(sizeOf).catch(() => null);
        if (size && Math.max(...size) >= LARGE) found.add(image);
      }));
    }
    return found;
  }

  /** Add images, with paths that no other has; `sure` where a person says that they are fields. */
  add(images, sure = false) {
    const added = this.#made(images, sure);
    this.list.push(...added);
    this.search(added);
    return added;
  }

  #made(images, sure) {
    return images.map(({ path, read, order = this.cells.place() }) => ({
      order, path, read, sure, width: 0, height: 0, red: null, notes: [], error: "", lasting: false, cells: null,
    }));
  }

  /** Have fields searched. */
  search(fields) {
    this.#waiting.push(...fields);
    while (this.#open < REQUESTS && this.#waiting.length) this.#work();
    this.changed();
  }

  /** Those that failed for reasons that may have passed, once more. */
  again() {
    const fields = this.list.filter(({ error, lasting }) => error && !lasting);
    for (const field of fields) field.error = "";
    this.search(fields);
  }

  /** Forget what waits and what is under way. */
  stop() {
    this.#waiting = [];
    this.#stop.abort();
    this.#stop = new AbortController();
  }

  clear() {
    this.stop();
    this.list = [];
    this.changed();
  }

  get waiting() {
    return this.list.filter(({ cells, error }) => !cells && !error);
  }

  /** The cells that do not stand in the grid: red ones, and platelets. */
  get apart() {
    return this.list.flatMap(({ cells }) => cells?.filter((cell) => !cell.shown) ?? []);
  }

  /** Draw a box that the search has missed: a white cell, until a person says otherwise. */
  draw(field, box) {
    const [, , right, lower] = box;
    const counted = right < field.width - 1 && lower < field.height - 1;
    const cell = this.cells.make({ ...this.#place(field, field.cells.length), box, kind: "white", score: null, counted, drawn: true });
    const redo = () => {
      field.cells = [...field.cells, cell];
      this.cells.join([cell]);
      this.cells.ask([cell]);
      return [];
    };
    const undo = () => {
      field.cells = field.cells.filter((other) => other !== cell);
      this.cells.leave([cell]);
      return [];
    };
    this.cells.do({ undo, redo });
    return cell;
  }

  /** These are pictures of one cell: they go to the grid as they are. Can be undone. */
  areCells(fields) {
    const places = fields.map((field) => this.list.indexOf(field));
    const made = fields.map(({ path, read, order }) => this.cells.make({ path, read, order }));
    let shown = [];
    const redo = () => {
      shown = fields.flatMap(({ cells }) => cells ?? []).filter((cell) => cell.shown); // a field may have been searched since
      this.list = this.list.filter((field) => !fields.includes(field));
      this.cells.leave(shown);
      this.cells.join(made);
      this.cells.ask(made);
      this.changed();
      return [];
    };
    const undo = () => {
      this.cells.leave(made);
      fields.forEach((field, i) => this.list.splice(places[i], 0, field));
      this.cells.join(shown);
      this.search(fields.filter(({ cells, error }) => !cells && !error));
      return [];
    };
    this.cells.do({ undo, redo });
  }

  /** These cells' pictures are whole fields. Can be undone. */
  areFields(cells) {
    const made = this.#made(cells, true);
    let shown = []; // of the fields, when they were taken back
    const redo = () => {
      this.cells.leave(cells);
      this.list.push(...made);
      this.cells.join(shown);
      this.search(made.filter(({ cells: found, error }) => !found && !error));
      return [];
    };
    const undo = () => {
      shown = made.flatMap((field) => field.cells ?? []).filter((cell) => cell.shown);
      this.list = this.list.filter((field) => !made.includes(field));
      this.cells.leave(shown);
      this.cells.join(cells);
      this.changed();
      return [];
    };
    this.cells.do({ undo, redo });
  }

  /** Side in pixels of the square that is cut out around a cell, as the service frames it. */
  side({ field, box: [left, top, right, lower] }) {
    const { framing, white_width } = this.framing;
    return Math.max(1, Math.round((field.red ?? Math.sqrt((right - left) * (lower - top)) / white_width) * framing));
  }

  /** What is told of a cell's place in its field. */
  #place = (field, i) => ({ field, path: `${field.path}#${i + 1}`, fields: this });

  /** Cells of a field from boxes of {box, kind, score, counted, drawn}. */
  boxes(field, found) {
    return found.map(({ box, kind, score, counted, drawn = false }, i) =>
      this.cells.make({ ...this.#place(field, i), box, kind, score, counted, drawn }));
  }

  /** The fields for a session's record. */
  record = (fileOf) => recorded(this, fileOf);

  /** Take up those of a record whose cells of the list are made already; fires nothing. */
  restore(read, listed, reads) {
    this.framing = this.finder ?? read.framing ?? null;
    this.list = restored(read, listed, reads, (field, parts) =>
      Object.assign(parts.made ?? this.cells.make({ field }), { order: field.order }, parts.values, { field, fields: this }));
  }

  changed() {
    this.dispatchEvent(new Event("change"));
  }

  async #work() {
    this.#open++;
    const { signal } = this.#stop;
    while (this.#waiting.length && !signal.aborted) await this.#search(this.#waiting.shift(), signal);
    this.#open--;
  }

  async #search(field, signal) {
    try {
      const blob = await field.read();
      const { fields: [found], unlike } = await count({ name: "field", blob }, signal);
      if (signal.aborted || field.cells || !this.list.includes(field)) return; // taken back; or taken back and done again meanwhile
      if (found.error) this.#fail(field, found.error.detail, true);
      else this.#found(field, found, unlike);
    } catch (error) {
      if (error.name !== "AbortError") this.#fail(field, error.message, !(error instanceof Problem));
    }
  }

  #fail(field, text, lasting) {
    Object.assign(field, { error: text, lasting });
    this.changed();
  }

  #found(field, found, unlike) {
    const { width, height, red_width: red, notes } = found;
    Object.assign(field, { width, height, red, notes });
    if (!field.sure && isOfOneCell(found, this.finder)) {
      this.list = this.list.filter((other) => other !== field);
      const made = this.cells.make({ path: field.path, read: field.read, order: field.order });
      this.cells.join([made]);
      this.cells.ask([made]);
      return this.changed();
    }
    field.cells = this.boxes(field, found.cells);
    const white = field.cells.filter(({ kind }) => kind === "white");
    if (!this.adapted.last) {
      white.forEach((cell, i) => {
        const { error, label, confidence, probabilities, unknown, is_unknown, sets, attributes, appearance } = found.cells[i];
        cell.unlike = unlike;
        cell.error = error?.detail ?? "";
        cell.lasting = Boolean(error);
        if (!error) cell.answer = { label, confidence, probabilities, unknown, is_unknown, sets, attributes, appearance, error };
      });
    }
    this.cells.join(white);
    this.cells.ask(white);
    this.changed();
  }
}

/** Whether a large picture is of one cell: its red cells, or its white one, say that it shows too little of a smear. */
export function isOfOneCell({ width, height, red_width: red, cells }, { white_width }) {
  const white = cells.filter(({ kind }) => kind === "white").map(({ box: [left, top, right, lower] }) => Math.max(right - left, lower - top));
  const wide = red ?? (white.length ? Math.max(...white) / white_width : null);
  return wide !== null && white.length < 2 && Math.max(width, height) < ACROSS * wide;
}

/** How many cells of each kind are counted in a field: {white, red, platelet, review}. */
export function countsOf(field, threshold) {
  const found = { white: 0, red: 0, platelet: 0, review: 0 };
  for (const cell of field.cells ?? []) {
    const kind = kindOf(cell);
    if (kind && cell.counted) found[kind]++;
    if (wantsReview(cell, threshold)) found.review++;
  }
  return found;
}

/** What a cell of a field is after corrections: "white", "red", "platelet", or "" where it is no cell. */
export function kindOf(cell) {
  const now = group(cell);
  if (now === NONE) return "";
  if (now === RED) return "red";
  if (now === "platelet") return "platelet";
  return now === FAILED ? cell.kind : "white";
}
