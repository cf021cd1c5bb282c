// Labels by buttons: each picture gets a class, and the page gives back the list with them filled in.
const data = JSON.parse(document.getElementById("lines").textContent);
const lines = data.lines.map(([start, guess, end]) => ({ start, guess, end, label: "" }));
const bar = document.getElementById("decided");

const labelled = () => lines.filter((line) => line.label);
/** A text as a field of a CSV; one that a spreadsheet would take for a formula gets a ' before it, as in all our CSV. */
function field(text) {
  if (/^'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(text)) text = `'${text}`;
  return /[",;\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function decide(line, label) {
  line.label = label.trim();
  const { figure, badge, button, box } = line;
  badge.textContent = line.label ? "labelled" : "no label";
  figure.classList.toggle("relabel", line.label !== "");
  badge.className = line.label ? "badge relabel" : "badge";
  button.setAttribute("aria-pressed", String(line.label === line.guess));
  if (box.value.trim() !== line.label) box.value = line.label;
  undone(labelled().length);
  bar.hidden = !labelled().length;
  document.getElementById("count").textContent = `${labelled().length} of ${lines.length} cells have a label.`;
}

for (const figure of document.querySelectorAll("figure[data-line]")) {
  const line = lines[figure.dataset.line];
  const group = made("div", "", { className: "decide", role: "group", ariaLabel: `Class of ${figure.dataset.name}` });
  const button = made("button", "that is right", { type: "button", ariaPressed: "false" });
  const box = made("input", "", { type: "text", placeholder: "or its class", ariaLabel: `Class of ${figure.dataset.name}`, autocomplete: "off", spellcheck: false });
  box.setAttribute("list", "classes");
  button.addEventListener("click", () => decide(line, line.label === line.guess ? "" : line.guess));
  box.addEventListener("input", () => decide(line, box.value));
  group.append(button, box);
  figure.append(group);
  Object.assign(line, { figure, badge: figure.querySelector(".badge"), button, box });
}

offer(() => [data.header, ...lines.map((line) => [line.start, field(line.label), line.end].join(","))]);
