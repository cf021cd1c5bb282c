// How far the classifying is.

import { $, say } from "./dom.js";

let told = 0; // cells when the end was last told

/** Show the progress, and tell its end once. */
export function progress(cells) {
  const all = cells.list.length;
  const failed = cells.list.filter((cell) => cell.error).length;
  const done = failed + cells.list.filter((cell) => cell.answer).length;
  $("running").hidden = !all;
  $("progress").max = all || 1;
  $("progress").value = done;
  $("progress").classList.toggle("done", done === all);
  const text = [`${done.toLocaleString("en")} of ${all.toLocaleString("en")} classified`];
  if (failed) text.push(`${failed.toLocaleString("en")} failed`);
  $("progress-text").textContent = text.join(", ");
  $("retry").hidden = !cells.list.some((cell) => cell.error && !cell.lasting);
  if (all && done === all && told !== all) say(text.join(", "));
  told = done === all ? all : 0;
}
