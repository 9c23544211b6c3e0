// Sends the coursework form with progress, and keeps the chosen files when the
// server finds a problem. Without this module the form is an ordinary one.

const UNITS = ["KB", "MB", "GB"];

export function sizeInWords(bytes) {
  if (bytes < 1024) return `${bytes} bytes`;
  let amount = bytes / 1024;
  let unit = 0;
  while (Math.round(amount) >= 1024 && unit < UNITS.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  return `${amount < 9.95 ? Math.round(amount * 10) / 10 : Math.round(amount)} ${UNITS[unit]}`;
}

export function secondsInWords(seconds) {
  if (seconds < 1.5) return "1 s";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  return `${Math.round(seconds / 60)} min`;
}

// --- One file ------------------------------------------------------------------

function showChoice(slot) {
  const zone = slot.querySelector(".dropzone");
  const input = slot.querySelector("input[type=file]");
  const words = slot.querySelector("[data-chosen]");
  const [file] = input.files;
  const limit = Number(slot.dataset.maxBytes);
  const isTooLarge = Boolean(file) && file.size > limit;
  const isRefused = Boolean(slot.querySelector("[data-slot-problems]"));
  zone.classList.toggle("is-filled", Boolean(file) && !isTooLarge);
  zone.classList.toggle("has-error", isTooLarge || isRefused);
  input.setCustomValidity(isTooLarge ? "This file is too large. Choose a smaller one." : "");
  if (isTooLarge || isRefused) input.setAttribute("aria-invalid", "true");
  else input.removeAttribute("aria-invalid");
  words.classList.toggle("slot__chosen--bad", isTooLarge);
  if (!file) words.textContent = "";
  else if (isTooLarge) {
    words.textContent = `Too large: the limit is ${sizeInWords(limit)}.`;
  } else words.textContent = sizeInWords(file.size);
}

function wireSlot(slot) {
  const input = slot.querySelector("input[type=file]");
  input.addEventListener("change", () => {
    slot.querySelector("[data-slot-problems]")?.remove();
    showChoice(slot);
  });
  slot.addEventListener("drop", (event) => {
    if (event.target === input || !event.dataTransfer.files.length) return;
    event.preventDefault();
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
  slot.addEventListener("dragover", (event) => {
    if (event.target !== input) event.preventDefault();
  });
  showChoice(slot);
}

// Files whose content has changed on the disk since they were chosen cannot be sent.
async function unreadableFile(form) {
  for (const input of form.querySelectorAll("input[type=file]")) {
    for (const file of input.files) {
      try {
        await file.slice(0, 1).arrayBuffer();
      } catch {
        return { input, file };
      }
    }
  }
  return null;
}

// --- The form ------------------------------------------------------------------

function say(form, title, text) {
  const box = form.querySelector("[data-submit-error]");
  box.querySelector("[data-title]").textContent = title;
  box.querySelector("[data-text]").textContent = text;
  box.hidden = false;
  box.focus();
}

function setBusy(form, isBusy) {
  form.setAttribute("aria-busy", String(isBusy));
  form.querySelector("[data-upload]").hidden = !isBusy;
  form.querySelector("[type=submit]").disabled = isBusy;
  for (const input of form.querySelectorAll("input[type=file], input[type=checkbox]")) {
    input.inert = isBusy;
  }
}

function showProgress(form, began, event) {
  const bar = form.querySelector("[data-upload] progress");
  const words = form.querySelector("[data-upload-words]");
  if (!event.lengthComputable) return;
  const share = event.loaded / event.total;
  bar.value = share * 100;
  if (share >= 1) {
    bar.removeAttribute("value");
    words.textContent = "All sent. The server is checking the files…";
    return;
  }
  const seconds = (performance.now() - began) / 1000;
  const left = seconds > 1 && share > 0.02 ? (seconds / share) * (1 - share) : null;
  words.textContent =
    `${sizeInWords(event.loaded)} of ${sizeInWords(event.total)} sent` +
    (left === null ? "" : ` · about ${secondsInWords(left)} left`);
}

// Replaces the panel by the server's new one, and keeps the files that have no problem.
function replacePanel(form, html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").querySelector("[data-submit-panel]");
  if (!fresh) return false;
  const panel = document.importNode(fresh, true);
  const again = panel.querySelector("[data-submit-form]");
  for (const slot of panel.querySelectorAll("[data-slot]")) {
    const input = slot.querySelector("input[type=file]");
    const old = form.elements[input.name];
    if (old?.files.length && !slot.querySelector("[data-slot-problems]")) input.files = old.files;
  }
  form.closest("[data-submit-panel]").replaceWith(panel);
  if (again) wireForm(again);
  const problems = panel.querySelector("[data-problems]") ?? panel;
  problems.focus();
  problems.scrollIntoView({ block: "nearest" });
  return true;
}

// Says what a page of a fault says, and keeps the chosen files.
function sayFault(form, html) {
  const page = new DOMParser().parseFromString(html, "text/html").querySelector(".fault");
  if (!page) return false;
  const texts = [...page.querySelectorAll("p:not([class])")].map((one) => one.textContent);
  say(form, page.querySelector("h1").textContent, texts.join(" "));
  return true;
}

// The address of the run, if the work was accepted. The sign-in page also answers a
// script in JSON and with 200.
function destination(request) {
  const isJson = request.getResponseHeader("Content-Type")?.startsWith("application/json");
  return request.status === 200 && isJson ? JSON.parse(request.responseText).redirect : undefined;
}

function answered(form, request) {
  const where = destination(request);
  if (where) {
    window.removeEventListener("beforeunload", warn);
    window.location.assign(where);
    return;
  }
  setBusy(form, false);
  if ([422, 429].includes(request.status) && replacePanel(form, request.responseText)) return;
  if (request.status === 200) {
    say(form, "You have been signed out.", "Sign in again in another tab, then press the button again: the files are still chosen here.");
  } else if (request.status === 413) {
    say(form, "The files are too large together.", "Nothing has been handed in.");
  } else if (request.status === 403) {
    say(form, "The server did not accept this form.", "Load the page again and choose the files again. Nothing has been handed in.");
  } else if (request.status === 404) {
    say(form, "This coursework is no longer open to you.", "Load the page again. Nothing has been handed in.");
  } else if (!sayFault(form, request.responseText)) {
    say(form, "The portal made a mistake.", "Press the button again in a minute. It counts as one attempt, however often you press it.");
  }
}

function warn(event) {
  event.preventDefault();
}

// Signing in again in another tab makes the token of this page out of date; the
// cookie has the new one.
function contents(form) {
  const data = new FormData(form);
  const token = /(?:^|; )csrftoken=([^;]+)/.exec(document.cookie)?.[1];
  if (token) data.set("csrfmiddlewaretoken", token);
  return data;
}

function send(form) {
  const request = new XMLHttpRequest();
  const began = performance.now();
  const stop = form.querySelector("[data-upload-stop]");
  const stopped = () => request.abort();
  const finished = () => {
    window.removeEventListener("beforeunload", warn);
    stop.removeEventListener("click", stopped);
  };
  request.open("POST", form.action);
  request.setRequestHeader("X-Requested-With", "XMLHttpRequest");
  request.upload.addEventListener("progress", (event) => showProgress(form, began, event));
  request.addEventListener("loadend", finished);
  request.addEventListener("load", () => answered(form, request));
  request.addEventListener("abort", () => {
    setBusy(form, false);
    say(form, "Stopped.", "Load the page again to see whether the attempt had already arrived.");
  });
  request.addEventListener("error", () => {
    setBusy(form, false);
    say(form, "The connection broke.", "Press the button again. If everything had already arrived, you get the same receipt and no second attempt is used.");
  });
  window.addEventListener("beforeunload", warn);
  stop.addEventListener("click", stopped);
  request.send(contents(form));
}

function wireForm(form) {
  for (const slot of form.querySelectorAll("[data-slot]")) wireSlot(slot);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    form.querySelector("[data-submit-error]").hidden = true;
    setBusy(form, true);
    const changed = await unreadableFile(form);
    if (changed) {
      setBusy(form, false);
      changed.input.value = "";
      showChoice(changed.input.closest("[data-slot]"));
      say(form, `${changed.file.name} has changed since you chose it.`, "Choose it again, so that the version you mean is sent.");
      return;
    }
    send(form);
  });
}

// The browser must not open a file that is dropped outside a zone.
for (const type of ["dragover", "drop"]) {
  window.addEventListener(type, (event) => {
    if (!(event.target instanceof Element && event.target.closest("[data-slot]"))) event.preventDefault();
  });
}

for (const form of document.querySelectorAll("[data-submit-form]")) wireForm(form);
