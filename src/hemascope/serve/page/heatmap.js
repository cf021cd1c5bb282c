// Lays a heat map over a picture.

import { $, percent } from "./dom.js";
import { Problem, heat } from "./service.js";

const WEAKEST = 0.7; // a fall of the log-odds by less is called little: odds halved
const SOLID = 190; // of 255, where the map is strongest
const kept = new WeakMap(); // cell -> {by: what saw it, maps: {label: answer}}
let stop = new AbortController();

/** Take away the map, and forget one that is on its way. */
export function noHeat() {
  stop.abort();
  const canvas = $("heat");
  canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
  $("heat-text").textContent = "";
}

/** Fetch and draw the map of a cell for a class of the model. */
export async function showHeat(cell, label, title) {
  noHeat();
  stop = new AbortController();
  const { signal } = stop;
  $("heat-text").textContent = "Looking…";
  try {
    const { by } = cell;
    const { maps } = kept.get(cell)?.by === by ? kept.get(cell) : { maps: {} };
    maps[label] ??= await heat(await cell.read(), label, signal, by?.about);
    kept.set(cell, { by, maps });
    if (signal.aborted) return;
    draw(maps[label].grid);
    $("heat-text").textContent = words(maps[label], title);
  } catch (error) {
    if (error.name === "AbortError") return;
    $("heat-text").textContent = error instanceof Problem ? `No heat map: ${error.message}` : "No heat map.";
  }
}

function words({ grid, probability, lowest, method }, title) {
  if (Math.max(...grid.flat()) < WEAKEST) return `No single part of the picture matters much for ${title}. Method: ${method}.`;
  const fall = `hiding the brightest spot takes its probability from ${percent(probability)} to ${percent(lowest)}`;
  return `What speaks for ${title}: ${fall}. It shows what the model used, not whether it is right. Method: ${method}.`;
}

function draw(grid) {
  const side = grid.length;
  const top = Math.max(WEAKEST, ...grid.flat());
  const small = new OffscreenCanvas(side, side);
  const image = new ImageData(side, side);
  grid.flat().forEach((value, i) => image.data.set(colour(Math.max(0, value) / top), 4 * i));
  small.getContext("2d").putImageData(image, 0, 0);
  const canvas = $("heat");
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(small, 0, 0, canvas.width, canvas.height);
}

/** Clear, then green, then yellow: colours that no stain has, told apart by colour-blind eyes too. */
function colour(strength) {
  return [255 * strength ** 1.5, 120 + 125 * strength, 40, SOLID * strength ** 1.2];
}
