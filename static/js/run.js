// The run page while it is live: requests only what is new, announces each step once,
// and counts the seconds between answers. htmx sends the requests and swaps the parts.

const STATUS = "[data-run-status]";
const NOT_MODIFIED = 304;

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

// --- Requests ----------------------------------------------------------------------

document.addEventListener("htmx:beforeRequest", (event) => {
  // A page in the background does not ask. It asks again as soon as it is visible.
  if (event.target.matches(STATUS) && document.hidden) event.preventDefault();
});

document.addEventListener("htmx:configRequest", (event) => {
  if (!event.target.matches(STATUS)) return;
  event.detail.headers["If-None-Match"] = `"${event.target.dataset.etag}"`;
});

document.addEventListener("htmx:beforeSwap", (event) => {
  if (!event.detail.target?.matches(STATUS)) return;
  const { status: code, responseText } = event.detail.xhr;
  // Nothing is new, or the answer is the sign-in page instead of the status.
  if (code === NOT_MODIFIED || !responseText.includes("data-run-status")) {
    event.detail.shouldSwap = false;
  } else noteScroll();
});

document.addEventListener("htmx:afterSwap", () => {
  announce();
  restoreScroll();
  tick();
});

document.addEventListener("visibilitychange", () => {
  if (!document.hidden && status()) status().dispatchEvent(new Event("run:look"));
});

restoreScroll();
window.setInterval(tick, 250);
