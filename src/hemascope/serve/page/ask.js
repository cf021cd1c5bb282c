// Asks for the service's token.

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
