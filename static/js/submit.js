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

function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// --- One file ------------------------------------------------------------------

function showChoice(slot) {
  const input = slot.querySelector("input[type=file]");
  const words = slot.querySelector("[data-chosen]");
  const [file] = input.files;
  const limit = Number(slot.dataset.maxBytes);
  const isTooLarge = Boolean(file) && file.size > limit;
  slot.classList.toggle("slot--chosen", Boolean(file) && !isTooLarge);
  slot.classList.toggle("slot--bad", isTooLarge);
  input.setCustomValidity(isTooLarge ? "This file is too large." : "");
  input.toggleAttribute("aria-invalid", isTooLarge);
  if (!file) {
    words.textContent = "";
  } else if (isTooLarge) {
    words.textContent =
      `${file.name} is ${sizeInWords(file.size)}; at most ${sizeInWords(limit)} is taken.`;
  } else {
    words.textContent = `${file.name} · ${sizeInWords(file.size)}`;
  }
}

function wireSlot(slot, form) {
  const input = slot.querySelector("input[type=file]");
  input.addEventListener("change", () => {
    // Other files make another attempt: an answer to the old key would be the old one.
    form.elements.idempotency_key.value = newKey();
    slot.querySelector("[data-slot-problems]")?.remove();
    slot.classList.remove("slot--refused");
    showChoice(slot);
  });
  slot.addEventListener("dragenter", () => slot.classList.add("slot--over"));
  slot.addEventListener("dragleave", (event) => {
    if (!slot.contains(event.relatedTarget)) slot.classList.remove("slot--over");
  });
  slot.addEventListener("drop", () => slot.classList.remove("slot--over"));
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

// Puts the server's form in place of the old one, with the files that it did not
// complain about.
function replaceForm(form, html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").querySelector("[data-submit-form]");
  if (!fresh) return false;
  const imported = document.importNode(fresh, true);
  for (const slot of imported.querySelectorAll("[data-slot]")) {
    const input = slot.querySelector("input[type=file]");
    const old = form.elements[input.name];
    if (old?.files.length && !slot.querySelector("[data-slot-problems]")) {
      input.files = old.files;
    }
  }
  form.replaceWith(imported);
  wireForm(imported);
  imported.querySelector("[data-problems]")?.focus();
  return true;
}

function answered(form, request) {
  if (request.status === 200 && request.getResponseHeader("Content-Type")?.startsWith("application/json")) {
    window.removeEventListener("beforeunload", warn);
    window.location.assign(JSON.parse(request.responseText).redirect);
    return;
  }
  setBusy(form, false);
  if (request.status === 422 && replaceForm(form, request.responseText)) return;
  if (request.status === 200) {
    say(form, "You have been signed out.", "Sign in again in another tab, then press the button again: the files are still chosen here.");
  } else if (request.status === 429) {
    say(form, "That was many attempts in a short time.", "Wait a minute, then press the button again. Nothing has been handed in.");
  } else if (request.status === 413) {
    say(form, "The files are too large together.", "Nothing has been handed in.");
  } else if (request.status === 403) {
    say(form, "The server did not accept this form.", "Load the page again and choose the files again. Nothing has been handed in.");
  } else if (request.status === 404) {
    say(form, "This coursework is no longer open to you.", "Load the page again. Nothing has been handed in.");
  } else {
    say(form, "The portal made a mistake.", "Press the button again in a minute. It counts as one attempt, however often you press it.");
  }
}

function warn(event) {
  event.preventDefault();
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
  request.send(new FormData(form));
}

function wireForm(form) {
  form.classList.add("submit-form--enhanced");
  for (const slot of form.querySelectorAll("[data-slot]")) wireSlot(slot, form);
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

// A file dropped beside a zone must not replace the page.
for (const type of ["dragover", "drop"]) {
  window.addEventListener(type, (event) => {
    if (!(event.target instanceof Element && event.target.closest("[data-slot]"))) event.preventDefault();
  });
}

for (const form of document.querySelectorAll("[data-submit-form]")) wireForm(form);
