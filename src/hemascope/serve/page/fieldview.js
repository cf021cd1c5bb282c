// The large view of a field: its cells in place, to be looked through, corrected, drawn and deleted.

import { drawBoxes } from "./boxes.js";
import { NONE, group, wantsReview } from "./cells.js";
import { using } from "./cutouts.js";
import { $, percent, say, several } from "./dom.js";
import { tellCell } from "./fieldcell.js";
import { countsOf } from "./fields.js";
import { Sight } from "./sight.js";

const STEP = 60; // CSS pixels that an arrow moves the field
const NUDGE = 4; // the same of a box that is drawn by keyboard
const CLICK = 5; // CSS pixels that a pointer may move in a click
const LEAST = 6; // pixels of the field along a side of a drawn box
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class FieldView {
  field = null;
  cell = null; // the current one
  last = null; // the field that was closed last
  #sight = new Sight();
  #bitmap = null;
  #release = () => {};
  #due = 0;
  #drawing = null; // the box that is being drawn, or [] before it begins
  #pointer = null;

  /**
   * @param fields the Fields
   * @param choice names, marks, the threshold
   * @param classes the Classes
   * @param acts {give(cells, name), undo(), redo(), single(field)}
   */
  constructor(fields, choice, classes, acts) {
    Object.assign(this, { fields, choice, classes, acts, box: $("field"), canvas: $("field-picture") });
    const on = (id, act) => $(id).addEventListener("click", act);
    on("field-previous", () => this.step(-1));
    on("field-next", () => this.step(1));
    on("field-close", () => this.box.close());
    on("zoom-in", () => this.#zoom(1));
    on("zoom-out", () => this.#zoom(-1));
    on("zoom-fit", () => this.#look(() => this.#sight.all()));
    on("field-draw", () => this.#draw(this.#drawing ? null : []));
    on("field-delete", () => this.#delete());
    on("field-undo", () => acts.undo());
    on("field-redo", () => acts.redo());
    on("field-doubtful", () => this.next());
    on("field-single", () => acts.single(this.field));
    this.box.addEventListener("close", () => this.#closed());
    this.box.addEventListener("cancel", (event) => this.#drawing && (event.preventDefault(), this.#draw(null)));
    this.box.addEventListener("keydown", (event) => this.#key(event));
    this.canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.#look(() => this.#sight.zoom(-Math.sign(event.deltaY) * Math.min(1, Math.abs(event.deltaY) / 60), this.#at(event)));
    }, { passive: false });
    this.canvas.addEventListener("pointerdown", (event) => this.#down(event));
    this.canvas.addEventListener("pointermove", (event) => this.#move(event));
    this.canvas.addEventListener("pointerup", (event) => this.#up(event));
    this.canvas.addEventListener("pointercancel", () => (this.#pointer = null));
    new ResizeObserver(() => this.#resize(false)).observe($("stage"));
  }

  /** Show a field, and a cell of it if there is one. */
  open(field, cell = null) {
    if (!field?.cells) return;
    const other = field !== this.field;
    this.field = field;
    this.cell = cell;
    this.#draw(null);
    if (!this.box.open) this.box.showModal();
    if (other) this.#take();
    this.#resize(other);
    if (cell) this.#sight.show(cell.box);
    this.canvas.focus();
    this.refresh();
  }

  /** Go some fields on, to one that is searched. */
  step(by) {
    const there = this.#searched;
    const field = there[there.indexOf(this.field) + by];
    if (field) this.open(field);
  }

  /** Go to the next cell that wants a look, in this field or a later one. */
  next() {
    const cell = this.#doubtful(1);
    if (cell) return this.#choose(cell);
    const there = this.#searched;
    const at = there.indexOf(this.field);
    const order = [...there.slice(at + 1), ...there.slice(0, at + 1)];
    for (const field of order) {
      const found = field.cells.find((each) => this.#wanted(each));
      if (found) return this.open(field, found);
    }
    say("No cell of the fields is left to review.");
  }

  /** Show again what may have changed. */
  refresh() {
    const { field } = this;
    if (!field) return;
    if (!this.fields.list.includes(field)) return this.box.close();
    if (this.cell && !field.cells.includes(this.cell)) this.cell = null;
    const there = this.#searched;
    const at = there.indexOf(field);
    const counts = countsOf(field, this.choice.threshold);
    $("field-title").textContent = field.path;
    $("field-place").textContent = `${(at + 1).toLocaleString("en")} of ${there.length.toLocaleString("en")}`;
    $("field-previous").disabled = at <= 0;
    $("field-next").disabled = at === there.length - 1;
    $("field-counts").textContent = [
      [several(counts.white, "white cell"), several(counts.red, "red cell"), several(counts.platelet, "platelet")].join(", "),
      ...(counts.review ? [`${counts.review} to review`] : []),
      field.red ? `red cells ${Math.round(field.red)} pixels wide` : "",
    ].filter(Boolean).join("; ");
    $("field-notes").textContent = field.notes.join(" ");
    for (const act of ["undo", "redo"]) $(`field-${act}`).disabled = $(act).disabled;
    $("field-delete").disabled = !this.cell;
    tellCell(this.cell, this);
    this.#soon();
  }

  get #searched() {
    return this.fields.list.filter(({ cells }) => cells);
  }

  #wanted = (cell) => wantsReview(cell, this.choice.threshold);

  /** The next or the last doubtful cell of this field, seen from the current one; null where there is none. */
  #doubtful(by) {
    const { cells } = this.field;
    const at = this.cell ? cells.indexOf(this.cell) : by > 0 ? -1 : cells.length;
    for (let i = at + by; i >= 0 && i < cells.length; i += by) if (this.#wanted(cells[i])) return cells[i];
    return null;
  }

  #choose(cell) {
    this.cell = cell;
    if (cell) this.#sight.show(cell.box);
    this.refresh();
    if (cell) say(`${this.#title(cell)}. ${this.field.cells.indexOf(cell) + 1} of ${this.field.cells.length}.`);
  }

  #title(cell) {
    const share = cell.answer && cell.given === null ? `, ${percent(cell.answer.confidence)}` : "";
    return `${this.choice.title(group(cell))}${share}${this.#wanted(cell) ? ", to review" : ""}`;
  }

  #delete() {
    if (!this.cell) return;
    this.acts.give([this.cell], NONE);
  }

  /** Begin to draw a box (`[]`, or one that the keyboard moves), or leave it (null). */
  #draw(box) {
    this.#drawing = box;
    $("field-draw").setAttribute("aria-pressed", box !== null);
    $("stage").classList.toggle("drawing", box !== null);
    $("field-drawing").hidden = box === null;
    this.#soon();
  }

  #add() {
    const [left, top, right, lower] = this.#drawing;
    const { width, height } = this.field;
    const box = [Math.max(0, left), Math.max(0, top), Math.min(width, right), Math.min(height, lower)].map((value) => Math.round(value * 100) / 100);
    this.#draw(null);
    if (box[2] - box[0] < LEAST || box[3] - box[1] < LEAST) return say("That is too small for a cell.");
    this.#choose(this.fields.draw(this.field, box));
    say("A cell is added. Undo with U.");
  }

  #key(event) {
    const { key } = event;
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const way = WAYS[key];
    const here = event.target === this.canvas;
    if (this.#drawing && here && (way || key === "Enter")) {
      if (key === "Enter") this.#drawing.length ? this.#add() : this.#draw(this.#middle());
      else if (event.shiftKey) this.#change(0, 0, ...way);
      else this.#change(...way, ...way);
    } else if (key === "Tab" && here) {
      const cell = this.#doubtful(event.shiftKey ? -1 : 1);
      if (!cell) return; // on to the buttons: the last doubtful cell is behind us
      this.#choose(cell);
    } else if (way && here) this.#look(() => this.#sight.move(-STEP * way[0], -STEP * way[1]));
    else if (key === "+" || key === "=") this.#zoom(1);
    else if (key === "-") this.#zoom(-1);
    else if (key === "f") this.#look(() => this.#sight.all());
    else if (key === "d") {
      this.canvas.focus();
      this.#draw(this.#drawing ? null : this.#middle());
    } else if (key === "Delete" || key === "Backspace") this.#delete();
    else if (key === "." || key === ",") this.#along(key === "." ? 1 : -1);
    else if (key === "PageDown" || key === "PageUp") this.step(key === "PageDown" ? 1 : -1);
    else return;
    event.preventDefault();
  }

  /** To the next cell or the last one, of any kind. */
  #along(by) {
    const { cells } = this.field;
    const at = this.cell ? cells.indexOf(this.cell) + by : by > 0 ? 0 : cells.length - 1;
    if (cells[at]) this.#choose(cells[at]);
  }

  /** A box as large as a white cell, in the middle of what is in sight. */
  #middle() {
    const { width, height } = this.canvas.getBoundingClientRect();
    const [x, y] = this.#sight.from([width / 2, height / 2]);
    const half = 0.8 * (this.field.red ?? 40);
    return [x - half, y - half, x + half, y + half];
  }

  #change(...by) {
    if (!this.#drawing.length) this.#drawing = this.#middle();
    const step = NUDGE / this.#sight.scale;
    const moved = this.#drawing.map((value, i) => value + step * by[i]);
    if (moved[2] - moved[0] >= LEAST && moved[3] - moved[1] >= LEAST) this.#drawing = moved;
    this.#soon();
  }

  #at({ clientX, clientY }) {
    const { left, top } = this.canvas.getBoundingClientRect();
    return [clientX - left, clientY - top];
  }

  #down(event) {
    if (event.button) return;
    this.canvas.setPointerCapture(event.pointerId);
    const at = this.#at(event);
    this.#pointer = { at, from: at, moved: false };
  }

  #move(event) {
    if (!this.#pointer) return;
    const at = this.#at(event);
    const { at: last, from } = this.#pointer;
    this.#pointer.moved ||= Math.hypot(at[0] - from[0], at[1] - from[1]) > CLICK;
    this.#pointer.at = at;
    if (!this.#pointer.moved) return;
    if (this.#drawing) {
      const ends = [this.#sight.from(from), this.#sight.from(at)];
      const [x, y] = [0, 1].map((axis) => ends.map((end) => end[axis]));
      this.#drawing = [Math.min(...x), Math.min(...y), Math.max(...x), Math.max(...y)];
      this.#soon();
    } else this.#look(() => this.#sight.move(at[0] - last[0], at[1] - last[1]));
  }

  #up() {
    const pointer = this.#pointer;
    this.#pointer = null;
    if (!pointer) return;
    if (!pointer.moved) this.#choose(this.#hit(pointer.at));
    else if (this.#drawing?.length) this.#add();
  }

  /** The smallest cell at a point of the window. */
  #hit(at) {
    const [x, y] = this.#sight.from(at);
    const area = ({ box }) => (box[2] - box[0]) * (box[3] - box[1]);
    const near = 3 / this.#sight.scale;
    return this.field.cells
      .filter(({ box }) => x >= box[0] - near && x <= box[2] + near && y >= box[1] - near && y <= box[3] + near)
      .sort((a, b) => area(a) - area(b))[0] ?? null;
  }

  /** Have the field's picture, as long as it is open. */
  #take() {
    this.#release();
    this.#bitmap = null;
    $("stage").classList.remove("unseeable");
    const { field } = this;
    using(field, (bitmap) => {
      if (this.field !== field) return null;
      this.#bitmap = bitmap;
      this.#soon();
      return new Promise((resolve) => (this.#release = resolve));
    }).catch(() => $("stage").classList.add("unseeable"));
  }

  #closed() {
    this.#release();
    this.#bitmap = null;
    this.last = this.field;
    this.field = this.cell = null;
    this.#draw(null);
    this.acts.closed();
  }

  /** Closer or further away, with the current cell in sight. */
  #zoom(steps) {
    this.#look(() => {
      this.#sight.zoom(steps);
      if (this.cell) this.#sight.show(this.cell.box);
    });
  }

  #look(change) {
    change();
    this.#soon();
  }

  #resize(anew) {
    const { clientWidth, clientHeight } = $("stage");
    if (!this.field || !clientWidth) return;
    this.canvas.width = clientWidth * devicePixelRatio;
    this.canvas.height = clientHeight * devicePixelRatio;
    this.#sight.fit([this.field.width, this.field.height], [clientWidth, clientHeight], anew);
    this.#soon();
  }

  #soon() {
    this.#due ||= requestAnimationFrame(() => {
      this.#due = 0;
      if (this.field) this.#paint();
    });
  }

  #paint() {
    const context = this.canvas.getContext("2d");
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    const whole = [0, 0, this.field.width, this.field.height];
    context.imageSmoothingEnabled = this.#sight.scale < 3;
    context.imageSmoothingQuality = "high";
    if (this.#bitmap) context.drawImage(this.#bitmap, ...this.#sight.onto(whole));
    drawBoxes(context, this.field.cells, this.#sight.onto, this.classes, { current: this.cell, doubtful: this.#wanted });
    if (this.#drawing?.length) {
      const box = this.#sight.onto(this.#drawing);
      context.lineWidth = 4;
      context.strokeStyle = "#fff";
      context.strokeRect(...box);
      context.lineWidth = 2;
      context.strokeStyle = "#111";
      context.setLineDash([6, 4]);
      context.strokeRect(...box);
      context.setLineDash([]);
    }
    $("zoom-out").disabled = $("zoom-fit").disabled = this.#sight.isWhole;
    this.canvas.setAttribute("aria-label", `The field ${this.field.path}${this.cell ? `: ${this.#title(this.cell)}` : ""}`);
  }
}
