// Verdicts by buttons: each picture with a finding gets its own, and the page gives back a findings.csv.
const data = JSON.parse(document.getElementById("lines").textContent);
const lines = data.lines.map(([start, verdict, label]) => ({ start, verdict, label, was: { verdict, label }, shots: [] }));
const bar = document.getElementById("decided");

const changed = () => lines.filter((line) => line.verdict !== line.was.verdict || line.label !== line.was.label);
const title = (label) => data.classes.find(([, cell]) => cell === label)?.[0] ?? label;

function show(line) {
  for (const { figure, badge, buttons, choice } of line.shots) {
    figure.classList.remove("keep", "review", "relabel", "drop");
    figure.classList.add(line.verdict);
    badge.className = `badge ${line.verdict}`;
    badge.textContent = line.verdict;
    for (const [verdict, button] of buttons) button.setAttribute("aria-pressed", String(verdict === line.verdict));
    choice.value = line.verdict === "relabel" ? line.label : "";
  }
  const count = changed().length;
  bar.hidden = count === 0;
  document.getElementById("count").textContent = `${count.toLocaleString("en")} ${count === 1 ? "verdict" : "verdicts"} changed.`;
}

/** Sets a verdict; the same one again takes it back. */
function decide(line, verdict, label) {
  const again = verdict === line.verdict && label === line.label && changed().includes(line);
  Object.assign(line, again ? line.was : { verdict, label });
  undone(changed().length);
  show(line);
}

for (const figure of document.querySelectorAll("figure[data-line]")) {
  const line = lines[figure.dataset.line];
  const group = made("div", "", { className: "decide", role: "group", ariaLabel: `Verdict on ${figure.dataset.name}` });
  const buttons = new Map();
  const add = (verdict, text, label) => {
    const button = made("button", text, { type: "button" });
    button.addEventListener("click", () => decide(line, verdict, label));
    buttons.set(verdict, button);
    group.append(button);
  };
  add("keep", "keep", line.was.label);
  add("drop", "drop", line.was.label);
  if (line.was.label) add("relabel", `is ${title(line.was.label)}`, line.was.label);
  const choice = made("select", "", { ariaLabel: `Relabel ${figure.dataset.name}` });
  choice.append(made("option", "relabel as …", { value: "" }), ...data.classes.map(([name, cell]) => made("option", name, { value: cell })));
  choice.addEventListener("change", () =>
    choice.value ? decide(line, "relabel", choice.value) : decide(line, line.was.verdict, line.was.label));
  group.append(choice);
  figure.append(group);
  line.shots.push({ figure, badge: figure.querySelector(".badge"), buttons, choice });
  if (line.verdict === "relabel") choice.value = line.label;
  for (const [verdict, button] of buttons) button.setAttribute("aria-pressed", String(verdict === line.verdict));
}

offer(() => [data.header, ...lines.map((line) => `${line.start},${line.verdict},${line.label}`)]);
