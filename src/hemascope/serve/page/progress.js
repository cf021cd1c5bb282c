// How far the classifying is, and how long it will take.

import { $, say, several } from "./dom.js";

const LEAST = 3; // seconds, and
const ANSWERS = 32; // answers: what is known before a time is told

let told = 0; // cells when the end was last told
let begun = null; // the time when these answers began, and how many there were then: [milliseconds, number]

/** Show the progress, and tell its end once. */
export function progress(cells, fields) {
  const all = cells.list.length;
  const failed = cells.list.filter((cell) => cell.error).length;
  const done = failed + cells.list.filter((cell) => cell.answer).length;
  const waiting = fields.waiting.length;
  const lost = fields.list.filter((field) => field.error).length;
  const some = all + fields.list.length;
  $("running").hidden = !some;
  $("progress").max = some || 1;
  $("progress").value = done + fields.list.length - waiting;
  $("progress").classList.toggle("done", done === all && !waiting);
  const text = [`${done.toLocaleString("en")} of ${all.toLocaleString("en")} classified`];
  if (failed) text.push(`${failed.toLocaleString("en")} failed`);
  if (waiting) text.push(`${waiting.toLocaleString("en")} of ${several(fields.list.length, "field")} to search`);
  if (lost) text.push(`${several(lost, "field")} failed`);
  if (done < all) {
    begun ??= [performance.now(), done];
    const left = timeLeft((performance.now() - begun[0]) / 1000, done - begun[1], all - done);
    if (left) text.push(left);
  } else begun = null;
  $("progress-text").textContent = text.join(", ");
  $("retry").hidden = ![...cells.list, ...fields.list].some(({ error, lasting }) => error && !lasting);
  const whole = done === all && !waiting;
  if (some && whole && told !== some) say(text.join(", "));
  told = whole ? some : 0;
}

/**
 * What is left in words, once it can be told.
 * @param {number} seconds since the beginning
 * @param {number} done answers since then
 * @param {number} waiting answers still to come
 */
export function timeLeft(seconds, done, waiting) {
  if (seconds < LEAST || done < ANSWERS) return "";
  const left = (seconds / done) * waiting;
  if (left < 10) return "a few seconds left";
  if (left < 90) return `about ${10 * Math.round(left / 10)} seconds left`;
  return `about ${several(Math.round(left / 60), "minute")} left`;
}
