// Keeps the set-up of an account as it is now, and copies its address.
import { showTimes } from "./times.js";

const EVERY = 2000; // Milliseconds between two looks.

for (const field of document.querySelectorAll("[data-copied]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Selected; press Ctrl+C";
    }
    setTimeout(() => {
      button.textContent = "Copy";
    }, 3000);
  });
  field.after(button);
}

const part = document.querySelector("[data-poll]");
if (part) {
  let before = "";
  const look = async () => {
    try {
      const answer = await fetch(part.dataset.poll, { redirect: "error" });
      if (answer.status === 401) window.location.reload();
      const html = answer.ok ? await answer.text() : before;
      if (html !== before) {
        const open = part.querySelector("details[open]") !== null;
        part.innerHTML = html;
        showTimes(part);
        const details = part.querySelector("details");
        if (details) details.open = open;
      }
      before = html;
    } catch {
      // Nobody answers just now; the next look comes soon.
    }
  };
  look();
  setInterval(() => {
    if (!document.hidden) look();
  }, EVERY);
}
