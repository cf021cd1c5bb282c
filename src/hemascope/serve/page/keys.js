// The keyboard, wherever it is on the page.

import { RED } from "./cells.js";
import { classOfKey } from "./palette.js";

/**
 * Act on keys.
 * @param page {detail, field, grid, selection, classes}
 * @param acts {give(cells, name), undo(), redo(), next()}
 */
export function listen(page, { give, undo, redo, next }) {
  const { detail, field, grid, selection, classes } = page;
  addEventListener("keydown", (event) => {
    if (event.altKey || event.target.matches("select, textarea, input:not([type=checkbox], [type=range])")) return;
    const command = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    if (command && (key === "y" || key === "z" && event.shiftKey) || key === "u" && event.shiftKey && !command) {
      event.preventDefault(); // Ctrl+Y opens lists of browsers
      return redo();
    }
    if (key === "u" && !command || key === "z" && command) return undo();
    if (document.querySelector("dialog:not(#detail, #field)[open]")) return;
    if (command && key === "a" && !detail.cell && !field.field && grid.cells.length) {
      event.preventDefault();
      selection.set(grid.cells);
    } else if (command) return;
    else if (key === "escape" && !detail.cell) selection.set([]);
    else if (key === "n") next();
    else if (/^\d$/.test(key)) {
      const name = classOfKey(classes, key);
      if (name !== undefined) give(targets(page), name);
    } else if (key === "r") {
      const cells = targets(page).filter((cell) => cell.field);
      if (cells.length) give(cells, RED);
    }
  });
}

/** The cells that a label is for: the one seen large or in its field, those chosen together, or the one with the focus. */
export function targets({ detail, field, grid, selection }) {
  if (field.field) return field.cell ? [field.cell] : [];
  if (detail.cell) return [detail.cell];
  if (selection.size) return selection.cells;
  return grid.focused && grid.current ? [grid.current] : [];
}
