// How far the classifying is, and how long it will take.

import { $, say, several } from "./dom.js";

const LEAST = 3; // seconds, and
const ANSWERS = 32; // answers: what is known before a time is told

let told = 0; // cells when the end was last told
let begun = null; // the time when these answers began, and how many there were then: [milliseconds, number]

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
  if (done < all) {
    begun ??= [performance.now(), done];
    const left = timeLeft((performance.now() - begun[0]) / 1000, done - begun[1], all - done);
    if (left) text.push(left);
  } else begun = null;
  $("progress-text").textContent = text.join(", ");
  $("retry").hidden = !cells.list.some((cell) => cell.error && !cell.lasting);
  if (all && done === all && told !== all) say(text.join(", "));
  told = done === all ? all : 0;
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
