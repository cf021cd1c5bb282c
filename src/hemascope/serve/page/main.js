// The page: joins the parts.

import { Cells, NONE, group } from "./cells.js";
import { Choice } from "./choice.js";
import { Detail } from "./detail.js";
import { $, element, say } from "./dom.js";
import { labels, results, save } from "./export.js";
import { Grid } from "./grid.js";
import { chosen, dropped, imagesOf } from "./intake.js";
import { forget } from "./pictures.js";
import { Queue } from "./queue.js";
import { report } from "./report.js";
import { get, onToken } from "./service.js";
import { progress } from "./progress.js";
import { askToken } from "./ask.js";

onToken(askToken);
start().catch((error) => complain([error.message]));

async function start() {
  const model = await get("v1/model");
  const { classes } = await get("v1/classes");
  const { card, limits } = model;
  $("model").textContent = `Model ${card.name}${card.network ? `, ${card.network}` : ""}, ${model.sha256.slice(0, 8)}`;
  const key = (name, ...text) => element("span", {}, element("kbd", {}, name), ...text);
  $("keys").append(
    ...classes.slice(0, 9).map(({ title, colour }, i) => {
      const swatch = element("i", { className: "swatch", style: { "--class": colour } });
      return key(i + 1, swatch, title.toLowerCase());
    }),
    key("0", "no cell"),
    key("U", "undo"),
  );

  const cells = new Cells();
  const choice = new Choice(classes);
  const colours = new Map(classes.map((cell) => [cell.name, cell.colour]));
  const grid = new Grid(choice, (name) => colours.get(name) ?? "var(--second)", (place) => detail.open(place));
  const detail = new Detail(grid, choice, classes, give);
  let queue = new Queue(cells, limits);
  let due = false;

  function give(cell, label) {
    if (!cell.answer) return;
    cells.label(cell, label);
    say(`${choice.title(group(cell))}. Undo with U.`);
  }

  function undo() {
    const cell = cells.undo();
    if (cell) say(`Undone: ${choice.title(group(cell))} again.`);
  }

  /** Choose and order anew what is shown. */
  function arrange() {
    const shown = choice.of(cells.list);
    $("empty").hidden = shown.length > 0 || !cells.list.length;
    $("grid").hidden = !shown.length;
    grid.show(shown);
  }

  /** Draw what follows from the cells, once a frame at most. */
  function follow(arranged) {
    due ||= requestAnimationFrame(() => {
      due = false;
      $("bench").hidden = !cells.list.length;
      document.body.classList.toggle("busy", cells.list.length > 0);
      progress(cells);
      choice.offer(cells.list);
      report(cells.list, classes);
      $("undo").disabled = !cells.canUndo;
      detail.refresh();
    });
    if (arranged) arrange();
    else grid.refresh(); // a corrected cell stays where it is until something else is chosen
  }

  async function take(promise) {
    complain([]);
    const { images, others, problems } = await imagesOf(await promise, limits.max_body);
    if (others) problems.push(`${others.toLocaleString("en")} other ${others === 1 ? "file is no image" : "files are no images"} by name and passed over.`);
    if (!images.length && !others && !problems.length) problems.push("There is no file in it.");
    complain(problems);
    if (images.length) queue.add(cells.add(images));
  }

  cells.addEventListener("change", ({ detail: cell }) => follow(!cell));
  for (const id of ["show", "sort"]) $(id).addEventListener("change", arrange);
  $("threshold").addEventListener("input", () => {
    $("threshold-text").textContent = `${$("threshold").value}%`;
    follow($("show").value === "review");
  });
  $("undo").addEventListener("click", undo);
  $("retry").addEventListener("click", () => queue.add(cells.again()));
  $("clear").addEventListener("click", () => {
    queue.stop();
    queue = new Queue(cells, limits);
    cells.clear();
    forget();
    complain([]);
    $("pick-files").focus();
  });
  for (const [button, input] of [["pick-files", "files"], ["pick-folder", "folder"]]) {
    $(button).addEventListener("click", () => $(input).click());
    $(input).addEventListener("change", () => {
      take(chosen($(input).files)).finally(() => ($(input).value = ""));
    });
  }
  addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("over");
  });
  addEventListener("dragleave", (event) => event.relatedTarget || document.body.classList.remove("over"));
  addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("over");
    take(dropped(event.dataTransfer)).catch((error) => complain([error.message]));
  });
  addEventListener("keydown", (event) => {
    if (event.altKey || event.target.matches("select, input:not([type=checkbox], [type=range])")) return;
    const undoing = event.key === "u" || ((event.ctrlKey || event.metaKey) && event.key === "z");
    if (undoing) return undo();
    if (event.ctrlKey || event.metaKey || !/^\d$/.test(event.key)) return;
    const cell = detail.cell ?? (grid.focused ? grid.current : null);
    const label = event.key === "0" ? NONE : classes[event.key - 1]?.name;
    if (cell && label !== undefined) give(cell, label);
  });
  addEventListener("beforeunload", (event) => cells.canUndo && event.preventDefault()); // labels would be lost

  $("export-csv").addEventListener("click", () => save(results(cells.list, classes), "hemascope.csv"));
  $("export-checked").addEventListener("click", () => save(labels(cells.list, true), "labels-checked.csv"));
  $("export-all").addEventListener("click", () => save(labels(cells.list, false), "labels.csv"));
  $("print").addEventListener("click", () => print());
  addEventListener("beforeprint", () => {
    const when = new Date().toLocaleString("en-GB", { dateStyle: "long", timeStyle: "short" });
    $("report-about").textContent = `${when}. ${$("model").textContent}.`;
  });
}

function complain(problems) {
  $("problem").textContent = problems.join(" ");
  $("problem").hidden = !problems.length;
}
