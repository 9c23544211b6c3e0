// Sends the coursework form with progress, and keeps the chosen files when the
// server finds a problem. Large files go in pieces (uploads.js), and go on after a
// break. Without this module the form is an ordinary one.

const UNITS = ["KB", "MB", "GB"];
// Smaller forms are sent as a whole: the server checks them at once.
const LARGE = 8 * 1024 * 1024;
const MOST_WARNINGS = 5;
// As the portal writes times, by the clock of this machine.
const MOMENT = { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZoneName: "short" };

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
  // No line breaks between a number and its unit.
  if (seconds < 1.5) return "1\u00a0s";
  if (seconds < 90) return `${Math.round(seconds)}\u00a0s`;
  return `${Math.round(seconds / 60)}\u00a0min`;
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
    warnOfOpened(slot.closest("form"));
  });
  slot.addEventListener("drop", (event) => {
    if (event.target === input || !event.dataTransfer.files.length) return;
    event.preventDefault();
    if (event.dataTransfer.files.length > 1) {
      distribute(slot.closest("form"), [...event.dataTransfer.files]);
      return;
    }
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
  slot.addEventListener("dragover", (event) => {
    if (event.target !== input) event.preventDefault();
  });
  showChoice(slot);
}

// --- Files that the notebook opens -------------------------------------------------

// What stands beside the notebook when it runs: hand-outs, and files that must be handed
// in or are chosen.
function presentFiles(form) {
  const inputs = [...form.querySelectorAll("[data-slot] input[type=file]")];
  const expected = inputs.filter((input) => input.required || input.files.length);
  return [...form.dataset.present.split("\n"), ...expected.map(requiredName)];
}

async function openedWords(form, file) {
  try {
    const { missingFiles } = await import(form.dataset.opened);
    return missingFiles(JSON.parse(await file.text()), presentFiles(form)).map(
      ({ path, cell }) => `Code cell ${cell} opens “${path}”, which is neither among your files nor handed out.`,
    );
  } catch {
    // Whoever reads the file next says what is wrong with it.
    return [];
  }
}

// Warns beside the notebook. It can be handed in all the same.
async function warnOfOpened(form) {
  for (const box of form.querySelectorAll("[data-slot-warnings]")) {
    const input = box.closest("[data-slot]").querySelector("input[type=file]");
    const [file] = input.files;
    const words = file ? await openedWords(form, file) : [];
    // Another file may have been chosen while this one was read.
    if (input.files[0] !== file) return;
    const shown = words.slice(0, MOST_WARNINGS);
    if (words.length > shown.length) shown.push(`It opens ${words.length - shown.length} more such files.`);
    box.replaceChildren(
      ...shown.map((text) => {
        const warning = form.querySelector("[data-warning]").content.cloneNode(true);
        warning.querySelector(".problem__message").textContent = text;
        return warning;
      }),
    );
  }
}

// --- Several files at once -------------------------------------------------------

const requiredName = (input) => input.name.replace(/^file:/, "");

// The input that a file is for: by its name, or because only one takes its kind.
function inputFor(file, inputs) {
  const name = file.name.toLowerCase();
  const ending = name.slice(name.lastIndexOf("."));
  const ofKind = inputs.filter((input) => input.accept.split(",").includes(ending));
  return (
    inputs.find((input) => requiredName(input) === file.name) ??
    inputs.find((input) => requiredName(input).toLowerCase() === name) ??
    (ofKind.length === 1 ? ofKind[0] : undefined)
  );
}

function put(file, input) {
  const transfer = new DataTransfer();
  transfer.items.add(file);
  input.files = transfer.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

// Puts each file into its place, and says which have none.
function distribute(form, files) {
  let left = [...form.querySelectorAll("[data-slot] input[type=file]")];
  const strange = [];
  for (const file of files) {
    const input = inputFor(file, left);
    if (input) {
      left = left.filter((other) => other !== input);
      put(file, input);
    } else strange.push(file.name);
  }
  const placed = files.length - strange.length;
  const words = form.querySelector("[data-many-words]");
  words.textContent =
    `${placed} of ${files.length} ${files.length === 1 ? "file has" : "files have"} a place.` +
    (strange.length ? ` This coursework does not ask for ${strange.join(", ")}.` : "");
  words.classList.toggle("slot__chosen--bad", strange.length > 0);
}

function wireMany(form) {
  const zone = form.querySelector("[data-many]");
  if (!zone) return;
  zone.hidden = false;
  const input = zone.querySelector("input");
  input.addEventListener("change", () => {
    distribute(form, [...input.files]);
    input.value = "";
  });
  zone.addEventListener("dragover", (event) => event.preventDefault());
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    distribute(form, [...event.dataTransfer.files]);
  });
}

// Files whose content has changed on the disk since they were chosen cannot be sent.
async function unreadableFile(form) {
  for (const input of form.querySelectorAll("[data-slot] input[type=file]")) {
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
  for (const button of form.querySelectorAll("[type=submit]")) {
    // A check that cannot be asked for now stays so.
    button.dataset.wasDisabled ??= String(button.disabled);
    button.disabled = isBusy || button.dataset.wasDisabled === "true";
  }
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

function send(form, action = form.action) {
  const request = new XMLHttpRequest();
  const began = performance.now();
  const stop = form.querySelector("[data-upload-stop]");
  const stopped = () => request.abort();
  const finished = () => {
    window.removeEventListener("beforeunload", warn);
    stop.removeEventListener("click", stopped);
  };
  request.open("POST", action);
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

// --- Large files, in pieces ------------------------------------------------------

function chosenFiles(form) {
  const inputs = [...form.querySelectorAll("[data-slot] input[type=file]")];
  return inputs.filter((input) => input.files.length).map((input) => ({ input, name: requiredName(input), file: input.files[0] }));
}

const isLarge = (form) => chosenFiles(form).reduce((sum, { file }) => sum + file.size, 0) > LARGE;

// Takes away what was said about the last try.
function forgetProblems(form) {
  form.querySelector("[data-submit-error]").hidden = true;
  form.querySelector("[data-replace]").hidden = true;
  form.querySelector("[data-problems]")?.remove();
  for (const slot of form.querySelectorAll("[data-slot]")) {
    slot.querySelector("[data-slot-problems]")?.remove();
    showChoice(slot);
  }
}

// Shows each problem beside its file, and the others above the button.
function showProblems(form, errors, isCheck) {
  const inputs = [...form.querySelectorAll("[data-slot] input[type=file]")];
  const others = [];
  for (const { attr, detail } of errors) {
    const input = inputs.find((one) => requiredName(one) === attr);
    if (!input) {
      others.push(detail);
      continue;
    }
    const slot = input.closest("[data-slot]");
    let box = slot.querySelector("[data-slot-problems]");
    if (!box) {
      box = document.createElement("div");
      box.className = "slot__problems";
      box.dataset.slotProblems = "";
      slot.append(box);
    }
    const words = document.createElement("p");
    words.className = "problem__message slot__chosen--bad small";
    words.textContent = detail;
    box.append(words);
    showChoice(slot);
  }
  const many = errors.length === 1 ? "one problem" : `${errors.length} problems`;
  const effect = isCheck ? "Nothing was handed in." : "No attempt was used.";
  say(form, isCheck ? "Not checked" : "Not handed in", [`Correct ${many} first. ${effect}`, ...others].join(" "));
}

function showState(form, sender) {
  const bar = form.querySelector("[data-upload] progress");
  bar.value = (sender.sent / sender.total) * 100;
  const parts = [`${sizeInWords(sender.sent)} of ${sizeInWords(sender.total)} sent`];
  if (sender.isPaused) parts.push("paused");
  else if (sender.isWaiting) parts.push("the connection broke, trying again");
  else if (sender.speed) {
    parts.push(`${sizeInWords(sender.speed)} a second`);
    parts.push(`about ${secondsInWords((sender.total - sender.sent) / sender.speed)} left`);
  }
  form.querySelector("[data-upload-words]").textContent = parts.join(" · ");
}

function showAllowance(form, opened) {
  const box = form.querySelector("[data-upload-allowance]");
  const clock = (at) => new Date(at).toLocaleString("en-GB", MOMENT);
  box.textContent = `Opened ${clock(opened.opened_at)}. It counts from then if all of it arrives by ${clock(opened.complete_by)}. You can go on later: choose the same files again.`;
  box.hidden = false;
}

// The answers to the questions of the declaration, by the keys of the questions.
function answersOf(form) {
  const inputs = [...form.querySelectorAll("[data-answer]")].filter((input) => input.value);
  return Object.fromEntries(inputs.map((input) => [input.name.replace(/^answer:/, ""), input.value]));
}

// Opens the attempt; asks first if another one is open, and returns nothing then. For a
// check nothing is declared.
async function openOrAsk(form, uploads, files, { replaces, isCheck }) {
  const { attempts, assignment } = form.dataset;
  const declared = isCheck ? { for_check: true } : { declaration: true, answers: answersOf(form) };
  try {
    return await uploads.open(attempts, { assignment: Number(assignment), files, ...declared, ...(replaces && { replaces }) });
  } catch (error) {
    if (error.errors?.[0]?.code !== "attempt_open") throw error;
  }
  const other = await uploads.openAttempt(attempts, assignment);
  const box = form.querySelector("[data-replace]");
  box.hidden = false;
  box.focus();
  box.querySelector("[data-replace-yes]").onclick = () => {
    box.hidden = true;
    sendLarge(form, { replaces: other?.id, isCheck });
  };
  return undefined;
}

async function sendAll(form, uploads, wanted) {
  const chosen = chosenFiles(form);
  const words = form.querySelector("[data-upload-words]");
  const bar = form.querySelector("[data-upload] progress");
  const faults = await uploads.allFaults(chosen);
  if (faults.length) {
    showProblems(form, faults, wanted.isCheck);
    return;
  }
  const total = chosen.reduce((sum, { file }) => sum + file.size, 0);
  const hashes = await uploads.hashesOf(chosen.map(({ file }) => file), form.dataset.hasher, (done) => {
    bar.value = (done / total) * 100;
    words.textContent = `Reading the files: ${sizeInWords(done)} of ${sizeInWords(total)}`;
  });
  const files = chosen.map(({ name, file }, index) => ({ name, original_name: file.name, size: file.size, sha256: hashes[index] }));
  const opened = await openOrAsk(form, uploads, files, wanted);
  if (!opened) return;
  showAllowance(form, opened);
  const urls = new Map(opened.files.map(({ name, url }) => [name, new URL(url).pathname]));
  const parts = chosen.map(({ name, file }) => ({ url: urls.get(name), file }));
  const sender = new uploads.Sender(parts, () => showState(form, sender));
  await withButtons(form, sender, () => sender.run());
  bar.removeAttribute("value");
  words.textContent = "All sent. The server is checking the files…";
  const where = `${form.dataset.attempts}${opened.id}/`;
  const { html_url } = wanted.isCheck ? await uploads.check(`${where}check/`) : (await uploads.finish(`${where}finish/`)).run;
  window.removeEventListener("beforeunload", warn);
  window.location.assign(new URL(html_url).pathname);
}

// Lets Pause and Stop act on the sender while the work goes on.
async function withButtons(form, sender, work) {
  const pause = form.querySelector("[data-upload-pause]");
  const stop = form.querySelector("[data-upload-stop]");
  const toggle = () => {
    if (sender.isPaused) sender.resume();
    else sender.pause();
    pause.textContent = sender.isPaused ? "Go on" : "Pause";
  };
  const end = () => sender.stop();
  pause.hidden = false;
  pause.addEventListener("click", toggle);
  stop.addEventListener("click", end);
  try {
    await work();
  } finally {
    pause.hidden = true;
    pause.textContent = "Pause";
    pause.removeEventListener("click", toggle);
    stop.removeEventListener("click", end);
  }
}

function sayRefused(form, error, isCheck) {
  const code = error.errors?.[0]?.code;
  if (code === "stopped") {
    say(form, "Stopped.", "Nothing has been handed in. What has arrived is kept for a day: choose the same files and press the button to go on.");
  } else if (code === "unreadable") {
    say(form, `${error.message} has changed since you chose it.`, "Choose it again, so that the version you mean is sent.");
  } else if (error.status === 400) showProblems(form, error.errors, isCheck);
  else if (error.status === 401 || code === "not_authenticated") {
    say(form, "You have been signed out.", "Sign in again in another tab, then press the button again: the files are still chosen here.");
  } else if (error.status === 404 || error.status === 410) {
    say(form, "This attempt is gone.", "It was dropped, or it has expired. Press the button to open it again.");
  } else if (error.message) say(form, isCheck ? "Not checked" : "Not handed in", error.message);
  else say(form, "The connection broke.", "Press the button again. What has arrived is kept.");
}

async function sendLarge(form, wanted) {
  setBusy(form, true);
  window.addEventListener("beforeunload", warn);
  try {
    const uploads = await import(form.dataset.uploads);
    await sendAll(form, uploads, wanted);
  } catch (error) {
    sayRefused(form, error, wanted.isCheck);
  } finally {
    window.removeEventListener("beforeunload", warn);
    form.querySelector("[data-upload-allowance]").hidden = true;
    setBusy(form, false);
  }
}

// Shows anew how much room the files take. The chosen files stay.
async function showRoom(form) {
  const answer = await fetch(form.dataset.page, { cache: "no-store" });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("[data-quota]");
  if (fresh) form.closest("[data-submit-panel]").querySelector("[data-quota]").replaceWith(document.importNode(fresh, true));
}

function wireOpened(form) {
  const drop = form.querySelector("[data-drop]");
  if (!drop) return;
  drop.closest("details").hidden = false;
  drop.addEventListener("click", async () => {
    const uploads = await import(form.dataset.uploads);
    try {
      await uploads.drop(drop.dataset.drop);
      drop.closest("[data-opened-attempt]").remove();
      await showRoom(form);
    } catch (error) {
      sayRefused(form, error);
    }
  });
}

// --- Lateness ----------------------------------------------------------------------

// What a notice says that handing in costs, without how late it is.
const costOf = (notice) => notice?.textContent.split(": ").at(-1).trim();

// Whether handing in costs more than the form says, because time has passed since it was
// loaded. Then the form says it now.
async function showNewCost(form) {
  // An attempt that is open counts from its opening.
  if (Date.now() < form.dueAt || form.querySelector("[data-opened-attempt]")) return false;
  try {
    const answer = await fetch(form.dataset.page, { cache: "no-store" });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("[data-late-now]");
    const shown = form.querySelector("[data-late-now]");
    if (!fresh || (shown && costOf(shown) === costOf(fresh))) return false;
    shown?.remove();
    form.prepend(document.importNode(fresh, true));
    return true;
  } catch {
    // Sending will say what is wrong with the connection.
    return false;
  }
}

function wireForm(form) {
  form.dueAt = Date.now() + Number(form.dataset.dueIn) * 1000;
  for (const slot of form.querySelectorAll("[data-slot]")) wireSlot(slot);
  wireMany(form);
  wireOpened(form);
  warnOfOpened(form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    forgetProblems(form);
    setBusy(form, true);
    const changed = await unreadableFile(form);
    if (changed) {
      setBusy(form, false);
      changed.input.value = "";
      showChoice(changed.input.closest("[data-slot]"));
      say(form, `${changed.file.name} has changed since you chose it.`, "Choose it again, so that the version you mean is sent.");
      return;
    }
    const isCheck = event.submitter?.hasAttribute("formaction") ?? false;
    if (!isCheck && (await showNewCost(form))) {
      setBusy(form, false);
      say(form, "Lateness costs more than when you opened this page.", "Nothing is handed in yet. The notice above says what it costs now. Press the button again to hand in.");
      return;
    }
    if (isLarge(form)) sendLarge(form, { isCheck });
    else send(form, isCheck ? event.submitter.formAction : form.action);
  });
}

// The browser must not open a file that is dropped outside a zone.
for (const type of ["dragover", "drop"]) {
  window.addEventListener(type, (event) => {
    if (!(event.target instanceof Element && event.target.closest("[data-slot]"))) event.preventDefault();
  });
}

for (const form of document.querySelectorAll("[data-submit-form]")) wireForm(form);
