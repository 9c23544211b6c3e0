// The run page while it is live: asks only for what is new, says each step once, and
// lets the seconds run between answers. htmx does the asking and the swapping.

const SELECTOR = "[data-run-status]";
const NOT_MODIFIED = 304;

function live() {
  return document.querySelector(SELECTOR);
}

// --- Elapsed seconds -------------------------------------------------------------

function inWords(seconds) {
  if (seconds < 60) return `${seconds} s`;
  const rest = seconds % 60;
  return rest ? `${Math.floor(seconds / 60)} min ${rest} s` : `${seconds / 60} min`;
}

function tick() {
  for (const node of document.querySelectorAll("[data-elapsed]")) {
    // Counted from the server's own figure, since the two clocks may differ.
    node.dataset.seenAt ??= String(performance.now());
    const since = (performance.now() - Number(node.dataset.seenAt)) / 1000;
    const words = inWords(Math.floor(Number(node.dataset.elapsed) + since));
    if (node.textContent !== words) node.textContent = words;
  }
}

// --- Words for screen readers and the tab ------------------------------------------

let announced = live()?.dataset.announce;

function announce() {
  const status = live();
  if (!status || status.dataset.announce === announced) return;
  announced = status.dataset.announce;
  document.querySelector("[data-run-announcement]").textContent = announced;
  document.title = status.dataset.title;
}

// --- Asking ------------------------------------------------------------------------

document.addEventListener("htmx:beforeRequest", (event) => {
  // A page in the background waits; it asks again as soon as it is looked at.
  if (event.target.matches(SELECTOR) && document.hidden) event.preventDefault();
});

document.addEventListener("htmx:configRequest", (event) => {
  if (event.target.matches(SELECTOR)) {
    event.detail.headers["If-None-Match"] = event.target.dataset.etag;
  }
});

document.addEventListener("htmx:beforeSwap", (event) => {
  if (!event.detail.target?.matches(SELECTOR)) return;
  if (event.detail.xhr.status === NOT_MODIFIED) event.detail.shouldSwap = false;
});

document.addEventListener("htmx:beforeSwap", (event) => {
  const tail = event.detail.target?.querySelector?.("[data-tail]");
  if (!tail) return;
  const isAtEnd = tail.scrollHeight - tail.scrollTop - tail.clientHeight < 8;
  event.detail.target.dataset.tailScroll = isAtEnd ? "end" : String(tail.scrollTop);
  lastScroll = isAtEnd ? "end" : tail.scrollTop;
});

let lastScroll = "end";

function restoreScroll() {
  const tail = document.querySelector("[data-tail]");
  if (tail) tail.scrollTop = lastScroll === "end" ? tail.scrollHeight : lastScroll;
}

document.addEventListener("htmx:afterSwap", () => {
  announce();
  restoreScroll();
  tick();
});

document.addEventListener("visibilitychange", () => {
  const status = live();
  if (!document.hidden && status?.hasAttribute("hx-get")) {
    window.htmx?.trigger(status, "softmark:look");
  }
});

restoreScroll();
window.setInterval(tick, 250);
