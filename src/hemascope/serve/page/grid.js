// The grid of cells. Only the rows in sight exist, so thousands cost no more than dozens.

import { $, element } from "./dom.js";
import { down, lay, rowOf } from "./rows.js";
import { tile } from "./tile.js";

const LEAST = 104; // CSS pixels of a tile's width at least
const ROOMY = 122; // the same where there is room for more than four columns
const GAP = 8;
const TEXT = 50; // below the picture
const HEADING = 36; // above the cells of a class
const BEYOND = 2; // rows kept ready above and below

export class Grid {
  cells = [];
  at = 0; // place of the current cell
  #sections = [];
  #laid = { rows: [], headings: [], height: 0 };
  #tiles = new Map(); // cell -> element
  #headings = [];
  #drawn = false;
  #before = 0; // place of the current cell before the mouse went down

  /**
   * @param choice names, marks
   * @param classes colours
   * @param selection the cells chosen together
   * @param open called with the place of a cell to see large
   */
  constructor(choice, classes, selection, open) {
    Object.assign(this, { choice, classes, selection, open, box: $("grid") });
    addEventListener("scroll", () => this.#soon(), { passive: true });
    new ResizeObserver(() => this.#soon()).observe(this.box);
    this.box.addEventListener("mousedown", () => (this.#before = this.at)); // then the browser moves the focus
    this.box.addEventListener("click", (event) => this.#click(event));
    this.box.addEventListener("focusin", ({ target }) => (this.at = this.place(target) ?? this.at));
    this.box.addEventListener("keydown", (event) => this.#key(event));
  }

  /** Show these cells, in sections; the current one stays so where it is among them. */
  show(cells, sections) {
    const current = this.current;
    this.cells = cells;
    this.#sections = sections ?? [{ from: 0, count: cells.length }];
    const place = current ? cells.indexOf(current) : -1;
    this.at = place >= 0 ? place : Math.max(0, Math.min(this.at, cells.length - 1));
    this.selection.keep(cells);
    this.refresh();
  }

  get current() {
    return this.cells[this.at] ?? null;
  }

  /** Whether the keyboard is in the grid. */
  get focused() {
    return this.box.contains(document.activeElement);
  }

  /** Draw again what may have changed. */
  refresh() {
    for (const [cell, made] of this.#tiles) made.fill(cell, this.selection.has(cell));
    this.#soon();
  }

  /** Make a place the current one, in sight, and focused if wanted. */
  go(place, focus = true) {
    this.at = Math.max(0, Math.min(place, this.cells.length - 1));
    const row = this.#laid.rows[rowOf(this.#laid.rows, this.at)];
    if (!row) return;
    const top = this.box.getBoundingClientRect().top + row.top;
    const above = Math.max(0, $("tools").getBoundingClientRect().bottom);
    if (top < above) scrollBy(0, top - above - GAP);
    else if (top + this.height > innerHeight) scrollBy(0, top + this.height - innerHeight);
    this.#draw();
    if (focus) this.#tiles.get(this.current)?.element.focus({ preventScroll: true });
  }

  /** The place of the cell that an element is of, or null. */
  place(target) {
    const found = target.closest?.("[data-place]");
    return found ? Number(found.dataset.place) : null;
  }

  /** The group whose section a place is in, where there are sections. */
  groupAt(place) {
    return this.#sections.findLast(({ from }) => from <= place)?.group ?? null;
  }

  #soon() {
    if (this.#drawn) return;
    this.#drawn = true;
    requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    this.#drawn = false;
    const width = this.box.clientWidth;
    if (!width) return;
    this.columns = Math.max(1, Math.floor((width + GAP) / ((width > 5 * ROOMY ? ROOMY : LEAST) + GAP)));
    const side = Math.floor((width - GAP * (this.columns - 1)) / this.columns);
    this.height = side + TEXT + GAP;
    this.#laid = lay(this.#sections, this.columns, this.height, HEADING);
    this.box.style.height = `${this.#laid.height}px`;
    this.#head();
    const sight = -this.box.getBoundingClientRect().top - BEYOND * this.height;
    const end = sight + innerHeight + (2 * BEYOND + 1) * this.height;
    const rows = this.#laid.rows.filter(({ top }) => top + this.height > sight && top < end);
    const spots = new Map(rows.flatMap(({ from, count, top }) =>
      Array.from({ length: count }, (_, i) => [from + i, [i * (side + GAP), top]])));
    const tab = spots.has(this.at) ? this.at : rows[0]?.from;
    if (this.focused && this.current && !spots.has(this.at)) { // keeps its focus
      const row = this.#laid.rows[rowOf(this.#laid.rows, this.at)];
      spots.set(this.at, [(this.at - row.from) * (side + GAP), row.top]);
    }
    const inSight = new Set([...spots.keys()].map((place) => this.cells[place]));
    for (const [cell, made] of this.#tiles) {
      if (inSight.has(cell)) continue;
      made.element.remove();
      this.#tiles.delete(cell);
    }
    const fresh = [];
    let before = this.#headings[0] ?? null; // headings come last, so that they do not stand between cells
    for (const [place, [left, top]] of [...spots].sort(([a], [b]) => b - a)) {
      const cell = this.cells[place];
      const made = this.#tiles.get(cell) ?? tile(this.choice, this.classes);
      if (made.element.nextSibling !== before || !made.element.isConnected) this.box.insertBefore(made.element, before);
      before = made.element;
      if (!this.#tiles.has(cell)) fresh.unshift([cell, made]);
      this.#tiles.set(cell, made);
      made.element.style.transform = `translate(${left}px, ${top}px)`;
      made.element.style.width = `${side}px`;
      made.element.tabIndex = place === tab ? 0 : -1;
      made.element.dataset.place = place;
      made.element.setAttribute("aria-setsize", this.cells.length);
      made.element.setAttribute("aria-posinset", place + 1);
    }
    for (const [cell, made] of fresh) made.fill(cell, this.selection.has(cell)); // from the top, as people look
  }

  /** Headings of the sections; every cell says its class itself, so that they are for eyes alone. */
  #head() {
    const made = this.#laid.headings.map(({ section, top }) => {
      const swatch = element("i", { className: "swatch", style: { "--class": this.classes.colour(section.group) } });
      const style = { transform: `translateY(${top}px)` };
      const heading = element("div", { className: "heading", "aria-hidden": "true", style }, swatch, section.title);
      heading.dataset.class = section.group;
      return heading;
    });
    const texts = (headings) => headings.map((each) => each.outerHTML).join();
    if (texts(made) === texts(this.#headings)) return;
    for (const old of this.#headings) old.remove();
    this.#headings = made;
    this.box.append(...made);
  }

  #click(event) {
    const place = this.place(event.target);
    if (place === null) return;
    this.at = place;
    if (event.shiftKey) this.selection.extend(this.cells, this.#before, place);
    else if (event.ctrlKey || event.metaKey || $("several").getAttribute("aria-pressed") === "true") {
      this.selection.toggle(this.current);
    } else {
      this.selection.set([]);
      this.open(place);
      return;
    }
    this.go(place);
  }

  #key(event) {
    const { key } = event;
    const command = event.ctrlKey || event.metaKey;
    const page = Math.max(1, Math.floor(innerHeight / this.height) - 1);
    const { rows } = this.#laid;
    const steps = {
      ArrowRight: () => this.at + 1, ArrowLeft: () => this.at - 1, Home: () => 0, End: () => Infinity,
      ArrowDown: () => down(rows, this.at, 1), ArrowUp: () => down(rows, this.at, -1),
      PageDown: () => down(rows, this.at, page), PageUp: () => down(rows, this.at, -page),
    };
    if (event.altKey || (command && key !== " ")) return;
    if (key in steps) {
      const before = this.at;
      this.go(steps[key]());
      if (event.shiftKey) this.selection.extend(this.cells, before, this.at);
      else this.selection.set([]);
    } else if (command) this.selection.toggle(this.current);
    else if (key === "Enter" || key === " ") {
      this.selection.set([]);
      this.open(this.at);
    } else return;
    event.preventDefault();
  }
}
