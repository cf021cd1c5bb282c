// The fields on paper: their pictures with the boxes, and what is counted in each.

import { drawBoxes } from "./boxes.js";
import { using } from "./cutouts.js";
import { $, element, several } from "./dom.js";
import { countsOf } from "./fields.js";

const WIDE = 1000; // pixels of a picture at the most
const PEN = 450; // CSS pixels that such a picture is wide on paper
const MOST = 60; // fields with pictures; the others have their counts alone

/** Lay the fields out on paper; the pictures come when they are drawn. */
export async function layOut(fields, classes, threshold) {
  const found = fields.filter(({ cells }) => cells);
  $("paper-fields").replaceChildren(...found.map((field) => figure(field, threshold)));
  $("paper").classList.toggle("empty", !found.length);
  const pictures = $("paper-fields").querySelectorAll("img");
  for (const [i, field] of found.slice(0, MOST).entries()) {
    const blob = await picture(field, classes).catch(() => null);
    if (!blob) continue;
    pictures[i].src = URL.createObjectURL(blob);
    await pictures[i].decode().catch(() => {});
  }
}

/** Let go of the pictures. */
export function clearPaper() {
  for (const { src } of $("paper-fields").querySelectorAll("img[src]")) URL.revokeObjectURL(src);
  $("paper-fields").replaceChildren();
}

function figure(field, threshold) {
  const { white, red, platelet } = countsOf(field, threshold);
  const counts = [several(white, "white cell"), several(red, "red cell"), several(platelet, "platelet")].join(", ");
  return element("figure", {}, element("img", { alt: "" }), element("figcaption", {}, element("b", {}, field.path), ` ${counts}`));
}

function picture(field, classes) {
  return using(field, (bitmap) => {
    const scale = Math.min(1.5, WIDE / bitmap.width);
    const canvas = new OffscreenCanvas(Math.round(bitmap.width * scale), Math.round(bitmap.height * scale));
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    const pen = canvas.width / PEN; // thicker lines and larger letters: on paper it is small
    context.scale(pen, pen);
    const onto = ([x, y, right, lower]) => [x, y, right - x, lower - y].map((value) => (value * scale) / pen);
    drawBoxes(context, field.cells, onto, classes, {});
    return canvas.convertToBlob({ type: "image/jpeg", quality: 0.85 });
  });
}
