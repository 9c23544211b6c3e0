// A part of a page that follows something asks for itself again: `data-poll` is after how
// many seconds at first, `data-poll-most` is the longest pause. The pause grows while
// nothing is new, and differs a little, so that many pages do not ask at the same moment.
// A page in the background does not ask; it asks as soon as it is visible again.
// htmx sends the requests (hx-trigger="poll") and swaps the part.

const PART = "[data-poll]";
const NOT_MODIFIED = 304;
const GROWTH = 1.25;
const GROWTH_AFTER_ERROR = 2;
const MOST_AFTER_ERROR = 60;
const JITTER = 0.2;

const part = () => document.querySelector(PART);

let factor = 1;
let hasFailed = false;
let timer = 0;
let retryAfter = 0; // seconds, as an answer may ask

function pause(node) {
  const least = Number(node.dataset.poll);
  const most = hasFailed ? MOST_AFTER_ERROR : Number(node.dataset.pollMost ?? least);
  return Math.min(least * factor, most) * (1 + JITTER * (2 * Math.random() - 1));
}

function ask() {
  part()?.dispatchEvent(new Event("poll"));
}

function schedule() {
  window.clearTimeout(timer);
  const node = part();
  if (!node || document.hidden) return;
  timer = window.setTimeout(ask, 1000 * Math.max(pause(node), retryAfter));
  retryAfter = 0;
}

document.addEventListener("htmx:configRequest", (event) => {
  const { etag } = event.target.dataset;
  if (event.target.matches(PART) && etag) event.detail.headers["If-None-Match"] = `"${etag}"`;
});

document.addEventListener("htmx:beforeSwap", (event) => {
  const { target, xhr } = event.detail;
  if (!target?.matches(PART)) return;
  const isWhole = xhr.responseText.includes("<html");
  // Nothing is new, or the answer is the sign-in page instead of the part.
  if (xhr.status === NOT_MODIFIED || isWhole) event.detail.shouldSwap = false;
});

document.addEventListener("htmx:afterRequest", (event) => {
  const { target, xhr } = event.detail;
  if (!target?.matches(PART)) return;
  hasFailed = xhr.status === 0 || xhr.status >= 400;
  if (hasFailed) {
    factor *= GROWTH_AFTER_ERROR;
    retryAfter = Number(xhr.getResponseHeader("Retry-After")) || 0;
  } else if (xhr.status === NOT_MODIFIED) {
    factor *= GROWTH;
    target.dataset.etag = xhr.getResponseHeader("ETag")?.replaceAll('"', "") ?? "";
  } else factor = 1;
  schedule();
});

document.addEventListener("htmx:afterSettle", schedule);

document.addEventListener("visibilitychange", () => {
  if (document.hidden) window.clearTimeout(timer);
  else ask();
});

schedule();
