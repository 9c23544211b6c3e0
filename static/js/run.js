// The run page while it is live: announces each step once, keeps the scroll position, and
// counts the seconds between answers. poll.js asks for what is new.

const STATUS = "[data-run-status]";

const status = () => document.querySelector(STATUS);
const tail = () => document.querySelector("[data-tail]");

// --- Elapsed seconds -------------------------------------------------------------

function inWords(seconds) {
  if (seconds < 60) return `${seconds}\u00a0s`;
  const rest = seconds % 60;
  const minutes = `${Math.floor(seconds / 60)}\u00a0min`;
  return rest ? `${minutes} ${rest}\u00a0s` : minutes;
}

function tick() {
  const node = document.querySelector("[data-elapsed]");
  if (!node) return;
  // Starts at the server's own figure, because the two clocks may differ.
  node.dataset.seenAt ??= String(performance.now());
  const since = (performance.now() - Number(node.dataset.seenAt)) / 1000;
  const words = inWords(Math.floor(Number(node.dataset.elapsed) + since));
  if (node.textContent !== words) node.textContent = words;
}

// --- Words for screen readers and the tab ------------------------------------------

let announced = status()?.dataset.announce;

function announce() {
  const now = status();
  if (!now || now.dataset.announce === announced) return;
  announced = now.dataset.announce;
  document.querySelector("[data-run-announcement]").textContent = announced;
  document.title = document.title.replace(/^.*(?= · [^·]* · Softmark$)/, now.dataset.title);
}

// --- The output keeps its scroll position ------------------------------------

let reading = null; // pixels from the top, or null at the end

function noteScroll() {
  const output = tail();
  if (!output) return;
  const below = output.scrollHeight - output.scrollTop - output.clientHeight;
  reading = below < 8 ? null : output.scrollTop;
}

function restoreScroll() {
  const output = tail();
  if (output) output.scrollTop = reading ?? output.scrollHeight;
}

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target?.matches(STATUS) && event.detail.shouldSwap) noteScroll();
});

document.addEventListener("htmx:afterSwap", () => {
  announce();
  restoreScroll();
  tick();
});

restoreScroll();
window.setInterval(tick, 250);
