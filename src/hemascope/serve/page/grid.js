// The grid of cells. Only the rows in sight exist, so thousands cost no more than dozens.

import { tile } from "./tile.js";
import { $ } from "./dom.js";

const LEAST = 104;
const ROOMY = 122; // the same where there is room for more than four columns // CSS pixels of a tile's width at least
const GAP = 8;
const TEXT = 50; // below the picture
const BEYOND = 2; // rows kept ready above and below

export class Grid {
  cells = [];
  at = 0; // place of the current cell
  #tiles = new Map(); // cell -> element
  #drawn = false;

  /**
   * @param choice names, marks
   * @param colour class name -> colour
   * @param open called with the place of a cell to see large
   */
  constructor(choice, colour, open) {
    this.choice = choice;
    this.colour = colour;
    this.box = $("grid");
    addEventListener("scroll", () => this.#soon(), { passive: true });
    new ResizeObserver(() => this.#soon()).observe(this.box);
    this.box.addEventListener("click", ({ target }) => {
      const place = this.#place(target);
      if (place === null) return;
      this.at = place;
      open(place);
    });
    this.box.addEventListener("focusin", ({ target }) => (this.at = this.#place(target) ?? this.at));
    this.box.addEventListener("keydown", (event) => this.#key(event, open));
  }

  /** Show these cells; the current one stays so where it is among them. */
  show(cells) {
    const current = this.current;
    this.cells = cells;
    const place = current ? cells.indexOf(current) : -1;
    this.at = place >= 0 ? place : Math.max(0, Math.min(this.at, cells.length - 1));
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
    for (const [cell, made] of this.#tiles) made.fill(cell);
    this.#soon();
  }

  /** Make a place the current one, in sight, and focused if wanted. */
  go(place, focus = true) {
    this.at = Math.max(0, Math.min(place, this.cells.length - 1));
    const top = this.box.getBoundingClientRect().top + Math.floor(this.at / this.columns) * this.height;
    const above = $("tools").getBoundingClientRect().bottom;
    if (top < above) scrollBy(0, top - above - GAP);
    else if (top + this.height > innerHeight) scrollBy(0, top + this.height - innerHeight);
    this.#draw();
    if (focus) this.#tiles.get(this.current)?.element.focus({ preventScroll: true });
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
    this.box.style.height = `${Math.ceil(this.cells.length / this.columns) * this.height}px`;
    const top = -this.box.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(top / this.height) - BEYOND) * this.columns;
    const last = (Math.ceil((top + innerHeight) / this.height) + BEYOND) * this.columns;
    const places = [...this.cells.keys()].slice(first, last);
    if (this.focused && this.current && (this.at < first || this.at >= last)) places.push(this.at); // keeps its focus
    const inSight = new Set(places.map((place) => this.cells[place]));
    for (const [cell, made] of this.#tiles) {
      if (inSight.has(cell)) continue;
      made.element.remove();
      this.#tiles.delete(cell);
    }
    const tab = this.at >= first && this.at < last ? this.at : first;
    const fresh = [];
    let before = null;
    for (const place of places.sort((a, b) => b - a)) {
      const cell = this.cells[place];
      const made = this.#tiles.get(cell) ?? tile(this.choice, this.colour);
      if (made.element.nextSibling !== before || !made.element.isConnected) this.box.insertBefore(made.element, before);
      before = made.element;
      if (!this.#tiles.has(cell)) fresh.unshift([cell, made]);
      this.#tiles.set(cell, made);
      const left = (place % this.columns) * (side + GAP);
      made.element.style.transform = `translate(${left}px, ${Math.floor(place / this.columns) * this.height}px)`;
      made.element.style.width = `${side}px`;
      made.element.tabIndex = place === tab ? 0 : -1;
      made.element.setAttribute("aria-selected", place === tab);
      made.element.dataset.place = place;
      made.element.setAttribute("aria-setsize", this.cells.length);
      made.element.setAttribute("aria-posinset", place + 1);
    }
    for (const [cell, made] of fresh) made.fill(cell); // from the top, as people look
  }

  #place(target) {
    const found = target.closest?.("[data-place]");
    return found ? Number(found.dataset.place) : null;
  }

  #key(event, open) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const page = this.columns * Math.max(1, Math.floor(innerHeight / this.height) - 1);
    const steps = {
      ArrowRight: 1, ArrowLeft: -1, ArrowDown: this.columns, ArrowUp: -this.columns,
      PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity,
    };
    if (event.key in steps) this.go(this.at + steps[event.key]);
    else if (event.key === "Enter" || event.key === " ") open(this.at);
    else return;
    event.preventDefault();
  }
}
