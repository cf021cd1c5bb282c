// Writes a workbook that spreadsheets open (Office Open XML, ECMA-376): tables of texts and numbers, no formulas.

import { zip } from "./zip.js";

const MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE = "http://schemas.openxmlformats.org/package/2006";
const KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml";

/**
 * A workbook.
 * @param {Object<string, (string|number|null)[][]>} sheets name -> rows
 * @returns {Promise<Blob>}
 */
export async function workbook(sheets) {
  const names = Object.keys(sheets);
  const numbered = (write) => names.map((name, i) => write(i + 1, name)).join("");
  const files = {
    "[Content_Types].xml":
      `<Types xmlns="${PACKAGE}/content-types">` +
      '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>' +
      `<Override PartName="/xl/workbook.xml" ContentType="${KIND}.sheet.main+xml"/>` +
      numbered((i) => `<Override PartName="/xl/worksheets/sheet${i}.xml" ContentType="${KIND}.worksheet+xml"/>`) +
      "</Types>",
    "_rels/.rels":
      `<Relationships xmlns="${PACKAGE}/relationships">` +
      `<Relationship Id="rId1" Type="${OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    "xl/workbook.xml":
      `<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}"><sheets>` +
      numbered((i, name) => `<sheet name="${escape(name)}" sheetId="${i}" r:id="rId${i}"/>`) +
      "</sheets></workbook>",
    "xl/_rels/workbook.xml.rels":
      `<Relationships xmlns="${PACKAGE}/relationships">` +
      numbered((i) => `<Relationship Id="rId${i}" Type="${OFFICE}/worksheet" Target="worksheets/sheet${i}.xml"/>`) +
      "</Relationships>",
  };
  names.forEach((name, i) => (files[`xl/worksheets/sheet${i + 1}.xml`] = sheet(sheets[name])));
  const made = Object.entries(files).map(([name, text]) => {
    return { name, blob: new Blob(['<?xml version="1.0" encoding="UTF-8"?>\n', text]), pack: true };
  });
  return new Blob([await zip(made)], { type: `${KIND}.sheet` });
}

const sheet = (rows) =>
  `<worksheet xmlns="${MAIN}"><sheetData>${rows.map((row) => `<row>${row.map(field).join("")}</row>`).join("")}</sheetData></worksheet>`;

/** A field; a text is marked as one, so that none is ever taken for a formula. */
function field(value) {
  if (value === null || value === undefined || value === "") return "<c/>";
  if (Number.isFinite(value)) return `<c><v>${value}</v></c>`;
  return `<c t="inlineStr"><is><t xml:space="preserve">${escape(String(value))}</t></is></c>`;
}

/** Text in XML; what XML cannot hold is written as Office does. */
function escape(text) {
  const code = (letter) => `_x${letter.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}_`;
  return text
    .toWellFormed()
    .replace(/_(?=x[0-9A-Fa-f]{4}_)/g, "_x005F_")
    .replace(/[\0-\x08\x0b\x0c\r\x0e-\x1f\ufffe\uffff]/g, code)
    .replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
