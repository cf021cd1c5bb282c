// What the page has to say: problems, what was passed over, and images unlike those that the model learnt from.

import { $ } from "./dom.js";

/** Show sentences; `calm` where nothing is wrong. None takes them away. */
export function complain(sentences, calm = false) {
  const box = $("problem");
  box.classList.toggle("calm", calm);
  box.setAttribute("role", calm ? "status" : "alert");
  box.textContent = sentences.join(" ");
  box.hidden = !sentences.length;
}

/** Warn where the service says of most of the images that they are unlike those that the model learnt from. */
export function warnUnlike(cells) {
  const answered = cells.filter((cell) => cell.answer);
  const unlike = answered.filter((cell) => cell.unlike);
  const warned = unlike.length > answered.length / 2;
  $("unlike").hidden = !warned;
  $("unlike").textContent = warned ? unlike.at(-1).unlike.message : "";
}
