// Draws cells' pictures: their centred square, which is what the model sees. No object URL is ever made.

import { cutOut } from "./cutouts.js";
import { picture } from "./service.js";

const SIDE = 192; // pixels of a kept thumbnail
const KEPT = 500;
const AT_A_TIME = 4;

const kept = new Map(); // cell -> ImageBitmap, the last used last; null where it cannot be read
const wanted = new Map(); // canvas -> cell
let busy = 0;

/** Draw a cell's thumbnail on a canvas, soon. */
export function thumbnail(cell, canvas) {
  if (kept.has(cell)) {
    wanted.delete(canvas);
    paint(cell, canvas);
  } else {
    canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
    wanted.set(canvas, cell);
    work();
  }
}

/** Draw a cell large. Gives false where it cannot be read. */
export async function large(cell, canvas, side) {
  canvas.width = canvas.height = side;
  const bitmap = await square(cell, null);
  if (!bitmap) return false;
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, side, side);
  bitmap.close();
  return true;
}

/** Let go of all thumbnails. */
export function forget() {
  wanted.clear();
  for (const bitmap of kept.values()) bitmap?.close();
  kept.clear();
}

async function work() {
  while (busy < AT_A_TIME && wanted.size) {
    const [canvas, cell] = wanted.entries().next().value;
    wanted.delete(canvas);
    if (!canvas.isConnected) continue; // scrolled away
    busy++;
    square(cell, SIDE).then((bitmap) => {
      busy--;
      kept.set(cell, bitmap);
      if (kept.size > KEPT) drop(kept.keys().next().value);
      if (canvas.dataset.cell === String(cell.id)) paint(cell, canvas);
      work();
    });
  }
}

function drop(cell) {
  kept.get(cell)?.close();
  kept.delete(cell);
}

function paint(cell, canvas) {
  const bitmap = kept.get(cell);
  kept.delete(cell);
  kept.set(cell, bitmap);
  canvas.classList.toggle("unseeable", !bitmap);
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  if (bitmap) context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
}

async function square(cell, side) {
  try {
    if (cell.field) return await createImageBitmap(await cutOut(cell, side));
    const file = await cell.read();
    const whole = await createImageBitmap(file).catch(async () => createImageBitmap(await picture(file)));
    const edge = Math.min(whole.width, whole.height);
    const left = Math.floor((whole.width - edge) / 2);
    const top = Math.floor((whole.height - edge) / 2);
    const size = side && { resizeWidth: side, resizeHeight: side, resizeQuality: "high" };
    const part = await createImageBitmap(whole, left, top, edge, edge, size ?? {});
    whole.close();
    return part;
  } catch {
    return null;
  }
}
