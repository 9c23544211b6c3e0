// Small functions for every page: theme, copying, menus, forms. Pages work without them.

const root = document.documentElement;

/* Theme: light, dark, or as the system says. */
function currentTheme() {
  return root.dataset.theme || "auto";
}

function showTheme() {
  for (const button of document.querySelectorAll("[data-set-theme]")) {
    button.setAttribute("aria-pressed", button.dataset.setTheme === currentTheme());
  }
}

function setTheme(theme) {
  if (theme === "auto") delete root.dataset.theme;
  else root.dataset.theme = theme;
  try {
    localStorage.setItem("theme", theme);
  } catch {
    // Storage is off: the choice lasts as long as the page.
  }
  showTheme();
}

/* Copying: <button data-copy="id of the element whose text to copy">. */
async function copy(button) {
  const text = document.getElementById(button.dataset.copy)?.textContent.trim();
  if (!text) return;
  const label = button.querySelector("[data-copy-label]") ?? button;
  const before = label.textContent;
  try {
    await navigator.clipboard.writeText(text);
    label.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(document.getElementById(button.dataset.copy));
    label.textContent = "Press Ctrl+C";
  }
  setTimeout(() => (label.textContent = before), 2000);
}

/* Mark a drop zone that has files. */
function showFiles(zone) {
  const input = zone.querySelector('input[type="file"]');
  zone.classList.toggle("is-filled", input.files.length > 0);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.dataset.setTheme) setTheme(button.dataset.setTheme);
  if (button?.dataset.copy) copy(button);
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

document.addEventListener("change", (event) => {
  const zone = event.target.closest?.(".dropzone");
  if (zone) showFiles(zone);
});

for (const type of ["dragenter", "dragover", "dragleave", "drop"]) {
  document.addEventListener(type, (event) => {
    const zone = event.target.closest?.(".dropzone");
    zone?.classList.toggle("is-over", type === "dragenter" || type === "dragover");
  });
}

/* A form is sent only once: its buttons are disabled until the answer comes. */
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.hasAttribute("data-many")) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  for (const button of form.querySelectorAll("button[data-busy]")) {
    button.dataset.label = button.textContent;
    button.textContent = button.dataset.busy;
    button.setAttribute("aria-disabled", "true");
  }
});

// The browser shows a page from its cache: its forms can be sent again.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("button[data-label]")) {
      button.textContent = button.dataset.label;
      button.removeAttribute("aria-disabled");
    }
  }
});

// Open all folded parts before printing.
addEventListener("beforeprint", () => {
  for (const fold of document.querySelectorAll("main details")) fold.open = true;
});

showTheme();
