// The page on which people enter marks: from student to student by keys, and only changed
// marks are sent. The page works without it, as a form.

const form = document.querySelector("[data-entered]");
const inputs = [...form.querySelectorAll(".entered__points")];
const changed = form.querySelector("[data-changed]");
const find = form.querySelector("[data-find]");
let isSent = false;

const seenOf = (input) => input.previousElementSibling;
const isChanged = (input) => input.value.trim() !== seenOf(input).value;

function sayChanged() {
  const count = inputs.filter(isChanged).length;
  changed.textContent = count ? `${count} not saved yet` : "";
}

// --- From student to student -------------------------------------------------------

function step(from, by) {
  let index = inputs.indexOf(from) + by;
  while (inputs[index]?.closest("tr").hidden) index += by;
  inputs[index]?.focus();
}

form.addEventListener("keydown", (event) => {
  if (!event.target.matches(".entered__points") || event.isComposing) return;
  const by = { Enter: event.shiftKey ? -1 : 1, ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!by || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  step(event.target, by);
});
form.addEventListener("focusin", (event) => {
  if (event.target.matches(".entered__points")) event.target.select();
});

// --- Only what has changed is sent, and nothing typed is lost ----------------------

form.addEventListener("input", (event) => {
  if (event.target.matches(".entered__points")) sayChanged();
});
form.addEventListener("submit", () => {
  isSent = true;
  for (const input of inputs) {
    if (isChanged(input)) continue;
    input.disabled = true;
    seenOf(input).disabled = true;
  }
});
addEventListener("pageshow", () => {
  isSent = false;
  for (const input of inputs) {
    input.disabled = false;
    seenOf(input).disabled = false;
  }
  sayChanged();
});
addEventListener("beforeunload", (event) => {
  if (!isSent && inputs.some(isChanged)) event.preventDefault();
});

// --- Find a student ----------------------------------------------------------------

find?.addEventListener("input", () => {
  const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const input of inputs) {
    const row = input.closest("tr");
    const text = row.textContent.toLowerCase();
    row.hidden = !words.every((word) => text.includes(word));
  }
});
find?.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  inputs.find((input) => !input.closest("tr").hidden)?.focus();
});
