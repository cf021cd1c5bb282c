// The buttons of what can be taken away.

import { $ } from "./dom.js";
import { crops } from "./crops.js";
import { counts, labels, results, save, saveTable } from "./export.js";
import { clearPaper, layOut } from "./paper.js";
import { toFile } from "./session.js";
import { workbook } from "./xlsx.js";

/**
 * Make the buttons work.
 * @param session {cells, fields, all(), counted(), classes, about, model, measured, unsaved}
 */
export function takeaway(session) {
  const { cells, classes, about } = session;
  let ready = false; // whether the fields are laid out on paper
  const tell = (text) => ($("export-said").textContent = text);

  function saveLabels(checked, name) {
    const rows = labels(cells.list, checked);
    if (rows.length > 1) return saveTable(rows, about.file(name));
    tell(checked ? "No cell has a label by hand yet: there is nothing to save." : "No cell has a label yet: there is nothing to save.");
  }

  async function saveBook() {
    const when = new Date().toLocaleString("en-GB", { dateStyle: "long", timeStyle: "short" });
    const head = [["Sample", about.sample], ["Note", about.note], ["Made", when], ["Model", session.title]]; // a zoom and teaching are in it
    head.push(["Unlike what the model learnt", $("unlike").textContent], ["", "Not a medical device: not for diagnosis."]);
    const measured = session.measured.of(session.counted());
    if (measured) head.push(["Model's shares", measured.note]);
    const sheets = { Cells: results(session.all(), classes), Differential: counts(session.counted(), classes, head, measured) };
    save(await workbook(sheets), about.file("hemascope.xlsx"));
  }

  async function saveSession() {
    tell("Saving…");
    const before = session.unsaved;
    session.unsaved = false; // what is done from now on may be too late for the file
    try {
      const { blob, lost } = await toFile(session);
      save(blob, about.file("session.zip"));
      if (!lost) return;
      tell(`${lost.toLocaleString("en")} of the pictures can be read no more: they are not in the session.`);
      session.unsaved = before;
    } catch (error) {
      session.unsaved = before;
      throw error;
    }
  }

  async function saveCrops() {
    tell("Saving…");
    const { blob, count, lost } = await crops(session.fields.list);
    if (!count) return tell("No white cell of a field has a class yet: there is nothing to save.");
    save(blob, about.file("crops.zip"));
    if (lost) tell(`${lost.toLocaleString("en")} of the cells cannot be cut out any more: their fields can be read no more.`);
  }

  const buttons = {
    "export-csv": () => saveTable(results(session.all(), classes), about.file("hemascope.csv")),
    "export-checked": () => saveLabels(true, "labels-checked.csv"),
    "export-all": () => saveLabels(false, "labels.csv"),
    "export-book": saveBook,
    "export-crops": saveCrops,
    "save-session": saveSession,
    print: async () => {
      tell("Preparing…");
      await layOut(session.fields.list, classes, $("threshold").valueAsNumber / 100);
      ready = true;
      tell("");
      print();
    },
  };
  for (const [id, act] of Object.entries(buttons)) {
    $(id).addEventListener("click", async () => {
      tell("");
      try {
        await act();
        if ($("export-said").textContent === "Saving…") tell("Saved.");
      } catch (error) {
        tell(`Not saved: ${error.message}`);
      }
    });
  }
  addEventListener("beforeprint", () => {
    about.print(session.title);
    if (!ready) layOut(session.fields.list, classes, $("threshold").valueAsNumber / 100); // by the browser's menu: as many pictures as there is time for
  });
  addEventListener("afterprint", () => {
    ready = false;
    clearPaper();
  });
}
