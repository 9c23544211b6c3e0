// The gradebook: entered points are changed in their cells. Each is saved by itself, with
// what was seen before, and the student's row comes back with its total. Without a script,
// the page on which marks are entered does it.

const frame = document.querySelector("[data-gradebook]");
const said = document.querySelector("[data-said]");
const token = () => /(?:^|; )csrftoken=([^;]+)/.exec(document.cookie)?.[1] ?? "";

const cellOf = (node) => node.closest("td[data-entry]");
const inputOf = (cell) => cell.querySelector("input");

// The cell of the same column, `by` rows further.
function neighbour(cell, by) {
  const row = cell.parentElement;
  const next = by > 0 ? row.nextElementSibling : row.previousElementSibling;
  return next?.cells[cell.cellIndex];
}

function open(cell) {
  if (inputOf(cell)) return;
  const input = document.createElement("input");
  input.className = "gradebook__input";
  input.inputMode = "decimal";
  input.autocomplete = "off";
  input.maxLength = 40;
  input.value = cell.dataset.entry;
  input.setAttribute("aria-label", cell.querySelector("button").getAttribute("aria-label"));
  for (const child of cell.children) child.hidden = true;
  cell.append(input);
  input.focus();
  input.select();
}

function close(cell) {
  const input = inputOf(cell);
  // What is removed loses the focus, and is not to be saved for that.
  if (input) input.readOnly = true;
  input?.remove();
  cell.querySelector(".gradebook__error")?.remove();
  for (const child of cell.children) child.hidden = false;
}

function sayError(cell, words) {
  const input = inputOf(cell);
  let box = cell.querySelector(".gradebook__error");
  if (!box) {
    box = document.createElement("div");
    box.className = "gradebook__error";
    box.id = "gradebook-error";
    box.setAttribute("role", "alert");
    cell.append(box);
  }
  box.textContent = words;
  input.setAttribute("aria-invalid", "true");
  input.setAttribute("aria-describedby", box.id);
}

async function ask(cell, points) {
  const body = new URLSearchParams({
    assignment: cell.dataset.of,
    student: cell.parentElement.dataset.student,
    points,
    seen: cell.dataset.entry,
  });
  const answer = await fetch(frame.dataset.gradebook, {
    method: "POST",
    body,
    headers: { "X-CSRFToken": token(), Accept: "application/json" },
  });
  const isJson = answer.headers.get("Content-Type")?.startsWith("application/json");
  if (!isJson) throw new Error(String(answer.status));
  return answer.json();
}

function replaceRow(row, html) {
  const made = document.createElement("template");
  made.innerHTML = html.trim();
  const fresh = made.content.firstElementChild;
  const others = [...row.querySelectorAll(".gradebook__input")].filter((one) => !one.readOnly);
  for (const input of others) input.readOnly = true;
  row.replaceWith(fresh);
  // What is typed in another cell of the row meanwhile stays.
  for (const input of others) {
    const cell = fresh.cells[cellOf(input).cellIndex];
    open(cell);
    inputOf(cell).value = input.value;
  }
  return fresh;
}

// Returns the cell as it is then, or nothing if it stays open with an error.
async function save(cell) {
  const input = inputOf(cell);
  if (!input) return cell;
  const points = input.value.trim();
  if (points === cell.dataset.entry) {
    close(cell);
    return cell;
  }
  const { cellIndex, parentElement: row } = cell;
  // Once only, also if the field is left while the answer is awaited.
  if (input.readOnly) return undefined;
  input.readOnly = true;
  try {
    const answer = await ask(cell, points);
    if (answer.row) {
      said.textContent = points ? `${points} is stored.` : "The mark is removed.";
      return replaceRow(row, answer.row).cells[cellIndex];
    }
    if ("seen" in answer) cell.dataset.entry = answer.seen;
    sayError(cell, answer.error);
  } catch {
    sayError(cell, "Not stored: the portal did not answer. Try again, or load the page again.");
  }
  input.readOnly = false;
  return undefined;
}

async function saveAndGo(cell, by) {
  const next = neighbour(cell, by);
  const done = await save(cell);
  if (!done) return inputOf(cell)?.focus();
  if (next?.isConnected && next.matches("[data-entry]")) open(next);
  else done.querySelector("button").focus();
}

frame.addEventListener("click", (event) => {
  if (event.target.matches(".gradebook__edit")) open(cellOf(event.target));
});
frame.addEventListener("dblclick", (event) => {
  const cell = cellOf(event.target);
  if (cell) open(cell);
});
frame.addEventListener("keydown", (event) => {
  if (!event.target.matches(".gradebook__input") || event.isComposing) return;
  const cell = cellOf(event.target);
  const by = { Enter: event.shiftKey ? -1 : 1, ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (event.key === "Escape") {
    close(cell);
    cell.querySelector("button").focus();
  } else if (by) {
    event.preventDefault();
    saveAndGo(cell, by);
  }
});
// Who leaves the field has finished with it. A field with an error stays.
frame.addEventListener("focusout", (event) => {
  const cell = event.target.matches(".gradebook__input") && cellOf(event.target);
  if (cell && !event.target.readOnly && !cell.querySelector(".gradebook__error")) save(cell);
});
addEventListener("beforeunload", (event) => {
  const isOpen = [...frame.querySelectorAll(".gradebook__input")].some(
    (input) => input.value.trim() !== cellOf(input).dataset.entry,
  );
  if (isOpen) event.preventDefault();
});
