// The marking page: everything by keys, points as they are chosen, like answers, and who
// else is here. The page works without it, as a form.

const page = document.querySelector("[data-marking]");
const form = document.getElementById("marking-form");
const frame = document.getElementById("marking-notebook");
const keys = document.querySelector("[data-keys]");
const PRESENCE_SECONDS = 20;
const MOST_COMPARISONS = 30;

// --- Points ----------------------------------------------------------------------

// Cents, so that sums are exact.
const cents = (text) => Math.round(100 * Number(String(text).replace(",", ".").replace("−", "-")));

function inPoints(value) {
  return String(value / 100).replace("-", "−");
}

function ofGroup(group) {
  const chosen = [...group.querySelectorAll("input[data-points]:checked")];
  if (!chosen.length) return 0;
  const { minimum, maximum } = group.dataset;
  let sum = chosen.reduce((total, item) => total + cents(item.dataset.points), 0);
  if (minimum) sum = Math.max(sum, cents(minimum));
  if (maximum) sum = Math.min(sum, cents(maximum));
  return sum;
}

// What is above the possible points or below 0 does not count, which nobody should miss.
function sayCut(sum, shown, possible) {
  const place = form.querySelector("[data-cut]");
  const counts = shown === 100 ? "counts" : "count";
  const words =
    Number.isNaN(sum) || sum === shown
      ? ""
      : `Together this is ${inPoints(sum)}. ${inPoints(shown)} ${counts}, because the question has 0 to ${inPoints(possible)} points.`;
  if (place.textContent !== words) place.textContent = words;
}

function showPoints() {
  const possible = cents(form.dataset.possible);
  const groups = [...form.querySelectorAll("[data-group]")];
  const start = form.dataset.starts === "full" ? possible : 0;
  const added = cents(form.adjustment.value || "0");
  const sum = groups.reduce((total, group) => total + ofGroup(group), start) + added;
  const shown = Math.min(Math.max(sum, 0), possible);
  form.querySelector("[data-points-now]").textContent = Number.isNaN(shown) ? "?" : inPoints(shown);
  sayCut(sum, shown, possible);
}

// --- What is typed is not lost -----------------------------------------------------

const filled = () => new URLSearchParams(new FormData(form)).toString();
const before = "unsaved" in form.dataset ? "" : filled();
let isSent = false;

addEventListener("beforeunload", (event) => {
  if (!isSent && filled() !== before) event.preventDefault();
});
form.addEventListener("submit", () => (isSent = true));
addEventListener("pageshow", () => (isSent = false));

// --- Items, comments, earlier markings ---------------------------------------------

function toggle(item) {
  if (item.type === "radio" && item.checked) {
    // A chosen item of a group is taken back by "None of these".
    form.querySelector(`input[name="${item.name}"][value=""]`).checked = true;
  } else item.checked = !item.checked;
  item.focus({ preventScroll: false });
  showPoints();
}

function takeOver(link) {
  const chosen = new Set(link.dataset.items.split(" ").filter(Boolean));
  for (const item of form.querySelectorAll("input[data-points]")) {
    item.checked = chosen.has(item.value);
  }
  for (const group of form.querySelectorAll("[data-group]")) {
    const none = group.querySelector('input[type="radio"][value=""]');
    if (none && !group.querySelector("input[data-points]:checked")) none.checked = true;
  }
  form.adjustment.value = link.dataset.adjustment;
  form.comment.value = link.dataset.comment;
  showPoints();
}

function addSaved() {
  const words = form.saved.value.trim();
  if (!words) return false;
  const comment = form.comment;
  comment.value = comment.value.trim() ? `${comment.value.trimEnd()}\n${words}` : words;
  form.saved.value = "";
  comment.focus();
  return true;
}

function chooseAlike() {
  const boxes = [...document.querySelectorAll("input[data-alike]")];
  const isOn = !boxes.every((box) => box.checked);
  for (const box of boxes) box.checked = isOn;
  boxes[0]?.focus({ preventScroll: false });
}

// Each time the next cell's, for an answer may have several.
let commented = -1;

function commentAtCell() {
  const places = [...document.querySelectorAll("details.answer-cell__comment")];
  if (!places.length) return;
  commented = (commented + 1) % places.length;
  places[commented].open = true;
  places[commented].querySelector("select, textarea").focus();
}

function changeView() {
  const views = [...document.querySelectorAll("a[data-view][data-toggle]")];
  const at = Number(frame?.dataset.view ?? 0);
  const next = views[(at + 1) % views.length];
  if (!frame || !next) return;
  frame.dataset.view = String((at + 1) % views.length);
  next.click();
}

// --- Keys --------------------------------------------------------------------------

function go(url) {
  if (url) location.assign(url);
}

const finish = () => form.requestSubmit(form.querySelector('button[value="finish"]'));
const COMMANDS = {
  n: () => go(page.dataset.next),
  p: () => go(page.dataset.previous),
  N: () => go(page.dataset.following),
  P: () => go(page.dataset.preceding),
  ArrowRight: () => go(page.dataset.next),
  ArrowLeft: () => go(page.dataset.previous),
  c: () => form.comment.focus(),
  C: commentAtCell,
  a: () => form.adjustment.select(),
  s: () => form.saved.focus(),
  g: chooseAlike,
  t: () => document.querySelector("[data-take]")?.click(),
  d: changeView,
  "?": () => keys.showModal(),
  Enter: finish,
};

const TYPED_IN = 'input[type="text"], textarea, select, [contenteditable]';
// Controls and regions that use the key themselves.
const OWN_ENTER = "a, button, summary";
const OWN_ARROWS = 'input[type="radio"], [tabindex="0"]';

function command(event) {
  const { key } = event;
  const active = document.activeElement;
  if (key === "Enter" && active?.matches(OWN_ENTER)) return null;
  if (key.startsWith("Arrow") && active?.matches(OWN_ARROWS)) return null;
  const item = form.querySelector(`input[data-key="${CSS.escape(key)}"]`);
  return item ? () => toggle(item) : COMMANDS[key];
}

const keysAreOn = () => {
  try {
    return localStorage.getItem("marking-keys") !== "off";
  } catch {
    return true;
  }
};

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.altKey || event.isComposing || keys.open) return;
  const active = document.activeElement;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    finish();
    return;
  }
  if (event.ctrlKey || event.metaKey) return;
  if (active?.matches(TYPED_IN)) {
    if (event.key === "Escape") active.blur();
    if (event.key === "Enter" && active === form.saved && addSaved()) event.preventDefault();
    if (event.key === "Enter" && active === form.adjustment) {
      // Enter takes the points; from outside of the field, it finishes.
      event.preventDefault();
      active.blur();
    }
    return;
  }
  if (!keysAreOn()) return;
  const run = command(event);
  if (!run) return;
  event.preventDefault();
  run();
});

// A click into the notebook takes the keys with it, for its frame runs no script.
addEventListener("blur", () => {
  setTimeout(() => {
    if (document.activeElement === frame) document.getElementById("main").focus({ preventScroll: true });
  });
});

// A link in an answer opens beside the page, and says not where from.
for (const link of document.querySelectorAll(".answer-cell__content a[href]")) {
  link.target = "_blank";
  link.rel = "noopener noreferrer";
}

document.addEventListener("click", (event) => {
  const take = event.target.closest?.("a[data-items]");
  if (take) {
    event.preventDefault();
    takeOver(take);
  }
  if (event.target.closest?.("[data-keys-open]")) keys.showModal();
  if (event.target.closest?.("a[data-view]")) frame?.scrollIntoView({ block: "nearest" });
});

for (const button of document.querySelectorAll("[data-keys-open]")) button.hidden = false;
const switched = document.querySelector("[data-keys-on]");
switched.checked = keysAreOn();
switched.addEventListener("change", () => {
  try {
    localStorage.setItem("marking-keys", switched.checked ? "on" : "off");
  } catch {
    // Storage is off: the keys stay on.
  }
});

// Chosen from the list, a saved comment is added at once.
form.saved.addEventListener("input", () => {
  const options = [...document.querySelectorAll("#saved-comments option")];
  if (options.some((option) => option.value === form.saved.value)) addSaved();
});
form.addEventListener("input", showPoints);
form.addEventListener("change", showPoints);

// --- Like answers, the next page, and who is here -----------------------------------

async function part(url, options = {}) {
  const answer = await fetch(url, options);
  if (!answer.ok || answer.redirected) return "";
  return answer.text();
}

async function compare() {
  const place = document.querySelector("[data-like]");
  const url = place?.dataset.like;
  if (!url || place.querySelector(".like")) return;
  for (let times = 0; times < MOST_COMPARISONS; times += 1) {
    const html = await part(url);
    if (!html) return;
    const chosen = [...place.querySelectorAll("input:checked")].map((box) => box.value);
    place.innerHTML = html;
    for (const box of place.querySelectorAll("input")) box.checked = chosen.includes(box.value);
    if (!place.querySelector("[data-more]")) return;
  }
}

async function fetchAhead() {
  const { next } = page.dataset;
  if (!next) return;
  const html = await part(next, { priority: "low" });
  const src = new DOMParser().parseFromString(html, "text/html").getElementById("marking-notebook")?.getAttribute("src");
  // Rendered once, the notebook is kept for its next reader.
  if (src) await part(src, { priority: "low" });
}

async function tellPresence() {
  if (document.hidden) return;
  const sent = new FormData();
  sent.set("csrfmiddlewaretoken", form.csrfmiddlewaretoken.value);
  sent.set("version", form.version.value);
  const html = await part(page.dataset.presence, { method: "POST", body: sent });
  if (!html) return;
  const answer = new DOMParser().parseFromString(html, "text/html");
  for (const name of ["present", "changed"]) {
    const words = answer.querySelector(`[data-${name}-words]`)?.textContent ?? "";
    const place = document.querySelector(`[data-${name}]`);
    if (place.textContent !== words) place.textContent = words;
  }
}

const quietly = (work) => work().catch(() => undefined);

showPoints();
// On a phone, the form is below the answer, and so is why it was not stored.
form.querySelector('[role="alert"]')?.scrollIntoView({ block: "nearest" });
setInterval(() => quietly(tellPresence), 1000 * PRESENCE_SECONDS);
quietly(tellPresence);
quietly(compare).then(() => quietly(fetchAhead));
