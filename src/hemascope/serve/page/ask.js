// Asks: for the service's token, for the name of a class, whether something is to be done.

import { $ } from "./dom.js";

/** The token that the user types; `refused` where the last one was wrong. */
export function askToken(refused) {
  const box = $("ask");
  $("ask-text").textContent = refused
    ? "That token was refused. Try again."
    : "It is kept until the page is closed, and nowhere else.";
  $("token").value = "";
  box.showModal();
  return new Promise((resolve) => {
    $("ask-form").addEventListener("submit", () => resolve($("token").value.trim()), { once: true });
    box.addEventListener("cancel", (event) => event.preventDefault());
  });
}

/** Have a class added: gives its name, or null. */
export function askClass(classes) {
  const box = $("own");
  $("own-name").value = "";
  $("own-problem").hidden = true;
  box.showModal();
  return closed(box, (event) => {
    try {
      return classes.add($("own-name").value, $("own-counted").value);
    } catch (error) {
      event.preventDefault();
      $("own-problem").hidden = false;
      $("own-problem").textContent = error.message;
      return undefined;
    }
  });
}

/** Whether the user wants what `text` says; `act` is the word on the button. */
export function sure(text, act) {
  const box = $("sure");
  $("sure-text").textContent = text;
  $("sure-act").textContent = act;
  box.showModal();
  return closed(box, () => true);
}

/** What `take` gives when the form of a box is sent; null where the box is closed otherwise. */
function closed(box, take) {
  const form = box.querySelector("form");
  return new Promise((resolve) => {
    const submit = (event) => {
      if (event.submitter?.value === "cancel") return;
      const taken = take(event);
      if (taken !== undefined) resolve(taken);
    };
    form.addEventListener("submit", submit);
    box.addEventListener("close", () => (form.removeEventListener("submit", submit), resolve(null)), { once: true });
  });
}
