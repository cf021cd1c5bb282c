// Cells dragged to a class: to its button, its row of the differential, or its section of the grid.

import { NONE } from "./cells.js";

/**
 * Let cells be dragged.
 * @param grid the Grid
 * @param selection the cells chosen together; a cell that is none of them is dragged alone
 * @param give called with cells and a class
 */
export function draggable(grid, selection, give) {
  let dragged = null; // cells
  let over = null; // element

  const mark = (target) => {
    over?.classList.remove("over");
    over = target;
    over?.classList.add("over");
  };
  /** The class that an element stands for, and the element. */
  const classOf = (target) => {
    const found = target.closest?.("[data-class]");
    if (found) return [found.dataset.class, found];
    const place = grid.place(target);
    return place === null ? [null, null] : [grid.groupAt(place), target.closest("[data-place]")];
  };

  addEventListener("dragstart", (event) => {
    const place = grid.place(event.target);
    if (place === null) return;
    const cell = grid.cells[place];
    if (!selection.has(cell)) selection.set([]);
    dragged = selection.size ? selection.cells : [cell];
    event.dataTransfer.setData("text/plain", dragged.map(({ path }) => path).join("\n"));
    event.dataTransfer.effectAllowed = "copyMove";
  });
  addEventListener("dragover", (event) => {
    if (!dragged) return;
    const [name, target] = classOf(event.target);
    const fits = name === NONE || (name && !name.startsWith("?"));
    mark(fits ? target : null);
    if (fits) event.preventDefault();
  });
  addEventListener("drop", (event) => {
    if (!dragged) return;
    event.preventDefault();
    const [name] = classOf(event.target);
    if (over && name) give(dragged, name);
  });
  addEventListener("dragend", () => {
    mark(null);
    dragged = null;
  });
}
