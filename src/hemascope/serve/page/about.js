// The sample's name and a note on it, as typed; on paper as text.

import { $ } from "./dom.js";

export class About {
  /** @param changed called where either changes */
  constructor(changed) {
    for (const id of ["sample", "note"]) $(id).addEventListener("input", changed);
  }

  get sample() {
    return $("sample").value.trim();
  }

  get note() {
    return $("note").value.trim();
  }

  set(sample, note) {
    $("sample").value = sample;
    $("note").value = note;
  }

  /** Fill what stands on paper. */
  print(model) {
    const when = new Date().toLocaleString("en-GB", { dateStyle: "long", timeStyle: "short" });
    $("report-about").textContent = `${when}. ${model}.`;
    $("report-sample").textContent = this.sample && `Sample: ${this.sample}`;
    $("report-note").textContent = this.note;
  }

  /** A file's name that says which sample it is of. */
  file(name) {
    const safe = this.sample.replace(/[^\p{L}\p{M}\p{N}._-]+/gu, "-").replace(/^[.-]+|-+$/g, "");
    return safe ? `${safe}-${name}` : name;
  }
}
