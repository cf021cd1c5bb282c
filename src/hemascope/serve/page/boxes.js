// Draws the cells of a field over its picture, in the colours of their classes.

import { FAILED, NONE, RED, UNKNOWN, group } from "./cells.js";
import { percent } from "./dom.js";

const COLOURS = { [UNKNOWN]: "#b3126b", [NONE]: "#5a6470", [FAILED]: "#8c1d18", "?waiting": "#5a6470" };
const LABELLED = 46; // CSS pixels of a box's width from which its class stands above it

/**
 * Draw boxes.
 * @param {CanvasRenderingContext2D} context in CSS pixels
 * @param cells of the field
 * @param {(box: number[]) => number[]} onto a box of the field on the canvas: [left, top, width, height]
 * @param classes the Classes
 * @param {{current: object|null, doubtful: (cell) => boolean, words: boolean}} how words: whether classes are written
 */
export function drawBoxes(context, cells, onto, classes, { current = null, doubtful = () => false, words = true }) {
  const order = [...cells].sort((a, b) => rank(a, current) - rank(b, current)); // white ones over red ones, the current one on top
  for (const cell of order) {
    const name = group(cell);
    const colour = COLOURS[name] ?? classes.colour(name);
    const [left, top, width, height] = onto(cell.box);
    const small = name === RED || name === "platelet" || name === NONE;
    context.setLineDash(name === NONE ? [4, 4] : []);
    if (!small || cell === current) outline(context, [left, top, width, height], "rgb(255 255 255 / .85)", cell === current ? 7 : 4.5);
    outline(context, [left, top, width, height], colour, cell === current ? 4 : small ? 1.25 : 2.25);
    if (cell === current) outline(context, [left - 5, top - 5, width + 10, height + 10], "#111", 1.25);
    context.setLineDash([]);
    if (words && !small && (width >= LABELLED || cell === current)) {
      const share = cell.answer && cell.given === null && !cell.answer.is_unknown ? ` ${percent(cell.answer.confidence)}` : "";
      write(context, `${classes.title(name)}${share}${doubtful(cell) ? " ?" : ""}`, left, top, colour);
    }
  }
}

const rank = (cell, current) => (cell === current ? 3 : cell.shown ? 2 : group(cell) === NONE ? 0 : 1);

function outline(context, [left, top, width, height], colour, line) {
  context.strokeStyle = colour;
  context.lineWidth = line;
  context.strokeRect(left, top, width, height);
}

function write(context, text, left, top, colour) {
  context.font = "600 12px system-ui, 'Liberation Sans', sans-serif";
  const width = context.measureText(text).width + 10;
  const y = top >= 20 ? top - 20 : top + 2;
  context.fillStyle = colour;
  const x = Math.max(0, left - 1); // in sight, where the box begins outside
  context.fillRect(x, y, width, 18);
  context.fillStyle = "#fff";
  context.textBaseline = "middle";
  context.fillText(text, x + 5, y + 9.5);
}
