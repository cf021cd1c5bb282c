// The classes to give by hand: a row of buttons, on which cells can be dropped too.

import { NONE } from "./cells.js";
import { $, element } from "./dom.js";

/** The keys of the classes: 1 to 9 in order, 0 for no cell. */
export function classOfKey(classes, key) {
  return key === "0" ? NONE : classes.all[key - 1]?.name;
}

/**
 * Keep the row of buttons.
 * @param classes the Classes
 * @param selection the cells chosen together
 * @param give called with the name of a class
 */
export function palette(classes, selection, give) {
  function fill() {
    const entries = classes.all.map(({ name, title, colour }, i) => [name, title, i < 9 ? String(i + 1) : "", colour]);
    entries.push([NONE, "No cell", "0", "transparent"]);
    const made = entries.map(([name, title, key, colour]) => {
      const swatch = element("i", { className: "swatch", style: { "--class": colour } });
      const button = element("button", { type: "button", className: "class" }, swatch, title);
      if (key) button.prepend(element("kbd", {}, key));
      if (key) button.setAttribute("aria-keyshortcuts", key);
      button.dataset.class = name;
      return button;
    });
    $("classes").replaceChildren(...made);
    choose();
  }

  /** Say how many are chosen; without any, the buttons are for the mouse alone: the keys do the same. */
  function choose() {
    const n = selection.size;
    $("chosen").textContent = n ? `${n.toLocaleString("en")} chosen:` : "";
    document.body.classList.toggle("choosing", n > 0);
    for (const button of $("palette").querySelectorAll("button")) button.tabIndex = n ? 0 : -1;
  }

  $("palette").addEventListener("mousedown", (event) => event.preventDefault()); // the cell keeps the focus
  $("classes").addEventListener("click", ({ target }) => {
    const button = target.closest("[data-class]");
    if (button) give(button.dataset.class);
  });
  classes.addEventListener("change", fill);
  fill();
  return choose;
}
