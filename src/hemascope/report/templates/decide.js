// What pages to decide on share: elements, and a table that the browser saves.
"use strict";
let unsaved = 0; // decisions

const made = (name, text, properties = {}) => Object.assign(document.createElement(name), { textContent: text, ...properties });

/** So many decisions would be lost with the page. */
const undone = (count) => (unsaved = count);

/** Have the button save the table of these lines, and the browser ask where they would be lost. */
function offer(linesOf) {
  document.getElementById("save").addEventListener("click", () => {
    const link = made("a", "", { href: URL.createObjectURL(new Blob([[...linesOf(), ""].join("\n")], { type: "text/csv" })), download: data.name });
    link.click();
    URL.revokeObjectURL(link.href);
    unsaved = 0;
  });
  addEventListener("beforeunload", (event) => unsaved && event.preventDefault());
}
