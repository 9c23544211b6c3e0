// The arrow keys go to the previous and the next student, where they move nothing else.

const ENDS = { ArrowLeft: "prev", ArrowRight: "next" };

// Fields, frames and regions that scroll use the keys themselves.
const USERS = 'input, select, textarea, iframe, [contenteditable], [tabindex="0"]';

document.addEventListener("keydown", (event) => {
  const rel = ENDS[event.key];
  if (!rel || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (event.defaultPrevented || document.activeElement?.matches(USERS)) return;
  const link = document.querySelector(`[data-walk] [rel="${rel}"]`);
  if (!link) return;
  event.preventDefault();
  link.click();
});
