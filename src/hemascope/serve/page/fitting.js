// Fits the model to the cells: offers the zoom that the service finds, and teaching by labels. Both only where asked.

import { inWords } from "./adapted.js";
import { NONE, isCorrected } from "./cells.js";
import { $, element, say, several } from "./dom.js";
import { save } from "./export.js";
import { FORM } from "./queue.js";
import { findZoom, taughtModel, teach } from "./service.js";

const LOOKED = 64; // cells that a zoom is looked for by, as many as the service takes; at least
const LEAST = 32;
const LABELS = 10; // by hand, of
const CLASSES = 2; // classes, before teaching is offered

/**
 * Keep the part of the page about it.
 * @param session {cells, classes, adapted, about}
 * @param limits of the service: max_body, max_files
 * @returns {{follow: () => void, forget: () => void}} to be called where cells change, and where they are cleared
 */
export function fitting({ cells, classes, adapted, about }, limits) {
  let looked = 0; // cells there were when a zoom was looked for
  let found = null; // what the service found
  let stop = new AbortController();

  /** Look for a zoom once all cells are classified, and again where they have become twice as many. */
  async function look() {
    const answered = cells.list.filter(({ answer }) => answer);
    const waits = cells.list.some(({ answer, error }) => !answer && !error);
    if (adapted.last || waits || answered.length < Math.max(LEAST, 2 * looked) || limits.max_files < LEAST) return;
    looked = answered.length;
    const { signal } = stop;
    try {
      const images = await read(spread(answered, Math.min(LOOKED, limits.max_files)), limits);
      const zoom = await findZoom(images, signal);
      if (signal.aborted || adapted.last) return;
      found = zoom.zoom === 1 ? null : zoom;
      show();
      if (found) say($("zoom-text").textContent);
    } catch (error) {
      if (error.name !== "AbortError") found = null; // an offer that could not be made
    }
  }

  const given = () => cells.list.filter((cell) => cell.answer && cell.given !== null && cell.given !== NONE);

  function show() {
    $("zoom-offer").hidden = !found || adapted.last !== null;
    if (found) {
      const size = found.zoom > 1 ? "smaller" : "larger";
      $("zoom-text").textContent =
        `These look ${size} than what the model knows: zoom ${found.zoom}. ` +
        `Of ${several(found.images, "cell")}, looked at in ${found.seconds.toFixed(1)} s, ${found.reason}.`;
      $("zoom-use").textContent = `See them at zoom ${found.zoom}`;
    }
    const labelled = given();
    const names = new Set(labelled.map((cell) => cell.given));
    const enough = labelled.length >= LABELS && names.size >= CLASSES && labelled.some((cell) => isCorrected(cell));
    const known = adapted.taught && same(adapted.taught.used, labelled);
    $("teach-offer").hidden = !enough || known;
    $("teach-text").textContent = `${several(labelled.length, "label")} by hand, of ${several(names.size, "class", "classes")}, can teach the model.`;
    $("teach").textContent = adapted.taught ? "Teach the model anew" : "Teach the model";
    $("steps").replaceChildren(...adapted.steps.map(line));
    $("fitting").hidden = [...$("fitting").children].every((part) => part.hidden || (part.id === "steps" && !part.children.length));
  }

  /** A step that is in use; the last one can be taken back. */
  function line(step) {
    const text = step.kind === "zoom" ? `All cells are seen at zoom ${step.about.zoom}.` : `The model is taught: ${step.text}.`;
    const made = element("li", {}, element("span", {}, step === adapted.last ? `${text} ${moved(step)}` : text));
    if (step !== adapted.last) return made;
    const button = (title, act) => {
      const one = element("button", { type: "button", className: "screen-only" }, title);
      one.addEventListener("click", act);
      made.append(one);
    };
    if (step.kind === "taught") button("Save the model file", (event) => saveModel(step, event.target));
    button(step.kind === "zoom" ? "Undo the zoom" : "Undo the teaching", () => {
      adapted.undo();
      say("Undone.");
      document.activeElement === document.body && $("grid").querySelector("[tabindex='0']")?.focus();
    });
    return made;
  }

  function moved({ kind }) {
    const { moved: n, of } = adapted.moved();
    const others = kind === "zoom" ? "cells" : "other cells";
    return of ? `${n.toLocaleString("en")} of ${of.toLocaleString("en")} ${others} have another class now.` : "";
  }

  async function saveModel(step, button) {
    button.disabled = true;
    try {
      const { images, labels } = await lesson(step.used);
      save(await taughtModel(images, { labels, zoom: step.about.zoom }), about.file("taught.onnx"));
      say("Saved.");
    } catch (error) {
      $("steps").lastElementChild?.append(element("span", { role: "alert" }, `Not saved: ${error.message}`));
    }
    button.disabled = false;
  }

  /** Images and labels of the cells that can be read. */
  async function lesson(used) {
    const images = await read(used.map(([cell]) => cell), limits);
    const labels = new Map(used.map(([cell, label]) => [String(cell.id), label]));
    return { images, labels: images.map(({ name }) => labels.get(name)) };
  }

  /** Ask the service what the labels teach, show it, and use it where the person wants that. */
  async function learn() {
    const labelled = given().sort((a, b) => isCorrected(b) - isCorrected(a)); // where there are too many, mistakes first
    const used = labelled.slice(0, limits.max_files).map((cell) => [cell, cell.given]);
    const box = $("lesson");
    const fill = (title, rows, notes, useful) => {
      $("lesson-title").textContent = title;
      $("lesson-table").hidden = !rows.length;
      $("lesson-table").tBodies[0].replaceChildren(...rows.map(({ name, before, after }) =>
        element("tr", {}, element("th", { scope: "row" }, name), element("td", {}, before), element("td", {}, after))));
      $("lesson-notes").replaceChildren(...notes.map((note) => element("li", {}, note)));
      $("lesson-use").hidden = !useful;
    };
    fill("Teaching…", [], [`By ${several(used.length, "labelled cell")}; it takes some seconds. The service keeps none of them.`], false);
    box.returnValue = "";
    const closed = new Promise((resolve) => box.addEventListener("close", resolve, { once: true }));
    box.showModal();
    const leave = new AbortController();
    closed.then(() => leave.abort());
    let told = null;
    try {
      const { images, labels } = await lesson(used);
      told = await teach(images, { labels, zoom: adapted.zoom }, leave.signal);
      if (!box.open) return;
      const head = told.better ? "What these labels teach" : "These labels do not make the model better";
      fill(head, told.rows, [
        `${told.heading}: each is judged by a model that was taught by the others.`,
        "Cells that you chose are no fair sample: of the rest fewer may have been wrong. Check some that are right, too.",
        ...(labelled.length > used.length ? [`${several(labelled.length - used.length, "more label")} did not fit in a request.`] : []),
        ...told.lines,
      ], told.better);
      $(told.better ? "lesson-use" : "lesson-cancel").focus();
    } catch (error) {
      if (error.name !== "AbortError" && box.open) fill("The model was not taught", [], [error.message], false);
    }
    await closed;
    if (box.returnValue === "use" && told?.taught) adapted.teach(told.taught, used, told.comparison);
  }

  $("zoom-use").addEventListener("click", () => {
    const { zoom } = found;
    found = null;
    adapted.zoomTo(zoom);
    say(`All cells are seen at zoom ${zoom}.`);
  });
  $("zoom-leave").addEventListener("click", () => ((found = null), show()));
  $("teach").addEventListener("click", learn);

  return {
    follow: () => (show(), look()),
    forget() {
      stop.abort();
      stop = new AbortController();
      looked = 0;
      found = null;
    },
  };
}

/** So many things of a list, evenly through it. */
const spread = (list, most) =>
  list.length <= most ? list : Array.from({ length: most }, (_, i) => list[Math.floor((i * list.length) / most)]);

const same = (used, cells) =>
  used.length === cells.length && used.every(([cell, label]) => cells.includes(cell) && cell.given === label);

/** Pictures of cells that can be read and fit in one request. */
async function read(cells, { max_body }) {
  const images = [];
  let bytes = 0;
  for (const cell of cells) {
    const blob = await cell.read().catch(() => null);
    if (!blob || bytes + blob.size + 2 * FORM > max_body) continue;
    bytes += blob.size + FORM;
    images.push({ name: String(cell.id), blob });
  }
  return images;
}
