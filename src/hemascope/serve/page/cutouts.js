// Pictures of fields, and the cells cut out of them. Few fields are unpacked at a time.

import { picture } from "./service.js";

const ROOM = 40_000_000; // pixels of unpacked fields that are kept, 4 bytes each
const kept = new Map(); // field -> {bitmap: Promise<ImageBitmap>, users}, the last used last

/**
 * Call with a field's picture, which stays unpacked as long as the call takes.
 * @param {(bitmap: ImageBitmap) => any} use
 */
export async function using(field, use) {
  const one = kept.get(field) ?? { bitmap: unpacked(field), users: 0 };
  kept.delete(field);
  kept.set(field, one);
  one.users++;
  try {
    return await use(await one.bitmap);
  } catch (error) {
    kept.delete(field);
    throw error;
  } finally {
    one.users--;
    makeRoom();
  }
}

/** Let go of all of them. */
export function forgetFields() {
  for (const [field, { users }] of kept) if (!users) drop(field);
}

function makeRoom() {
  let held = [...kept.keys()].reduce((sum, { width, height }) => sum + width * height, 0);
  for (const [field, { users }] of kept) {
    if (held <= ROOM) return;
    if (users) continue;
    held -= field.width * field.height;
    drop(field);
  }
}

function drop(field) {
  kept.get(field).bitmap.then((bitmap) => bitmap.close(), () => {});
  kept.delete(field);
}

async function unpacked(field) {
  const file = await field.read();
  const as = { colorSpaceConversion: "none" }; // as the service reads it
  return createImageBitmap(file, as).catch(async () => createImageBitmap(await picture(file, true), as));
}

/** A cell's square, framed as the service frames it, on a canvas; beyond the field's edge it is mirrored. */
export function cutOut(cell, size = null) {
  const { field, box: [left, top, right, lower] } = cell;
  const side = cell.fields.side(cell);
  const x = Math.round((left + right) / 2 - side / 2);
  const y = Math.round((top + lower) / 2 - side / 2);
  return using(field, (bitmap) => {
    const canvas = new OffscreenCanvas(size ?? side, size ?? side);
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    const scale = canvas.width / side;
    const { width, height } = bitmap;
    for (const [flipX, placeX] of spans(x, side, width)) {
      for (const [flipY, placeY] of spans(y, side, height)) {
        context.setTransform(flipX * scale, 0, 0, flipY * scale, (placeX - x) * scale, (placeY - y) * scale);
        context.drawImage(bitmap, 0, 0);
      }
    }
    return canvas;
  });
}

/** Copies of an axis that a part of it, from a start on, touches: [1 or -1 where it is mirrored, where it begins]. */
const spans = (start, side, length) => [
  ...(start < 0 ? [[-1, 0]] : []),
  [1, 0],
  ...(start + side > length ? [[-1, 2 * length]] : []),
];

/** The same as a file. */
export const cutOutFile = async (cell) => (await cutOut(cell)).convertToBlob({ type: "image/png" });
