// Sends large files in pieces, by the protocol tus 1.0 (docs/api.md, "Large files"):
// what has arrived is kept if the connection breaks or the page is loaded again.

const PIECE = 8 * 1024 * 1024;
const WAITS = [1, 2, 4, 8, 15, 30];
const TUS = { "Tus-Resumable": "1.0.0" };
// Of the last so many milliseconds the speed is taken.
const WINDOW = 10_000;

export class Refused extends Error {
  constructor(status, errors) {
    super(errors[0]?.detail ?? "");
    this.status = status;
    this.errors = errors;
  }
}

const token = () => /(?:^|; )csrftoken=([^;]+)/.exec(document.cookie)?.[1] ?? "";

// --- Requests ------------------------------------------------------------------

async function ask(method, url, body) {
  const headers = { "X-CSRFToken": token(), Accept: "application/json" };
  if (body) headers["Content-Type"] = "application/json";
  const answer = await fetch(url, { method, headers, body: body && JSON.stringify(body), redirect: "error" });
  const isJson = answer.headers.get("Content-Type")?.startsWith("application/json");
  const content = isJson ? await answer.json() : {};
  if (!answer.ok) throw new Refused(answer.status, content.errors ?? []);
  return content;
}

async function offsetOf(url) {
  const answer = await fetch(url, { method: "HEAD", headers: TUS, cache: "no-store" });
  if (!answer.ok) throw new Refused(answer.status, []);
  return Number(answer.headers.get("Upload-Offset"));
}

// Sends a piece and returns where the next one begins. fetch tells no progress.
function patch(url, piece, offset, { signal, onBytes }) {
  return new Promise((resolve, reject) => {
    // A request that was never sent tells of no abort.
    if (signal.aborted) {
      reject(new TypeError("network"));
      return;
    }
    const request = new XMLHttpRequest();
    request.open("PATCH", url);
    const headers = { ...TUS, "X-CSRFToken": token(), "Upload-Offset": offset, "Content-Type": "application/offset+octet-stream" };
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", (event) => onBytes(offset + event.loaded));
    request.addEventListener("error", () => reject(new TypeError("network")));
    request.addEventListener("abort", () => reject(new TypeError("network")));
    request.addEventListener("load", () => {
      if (request.status === 204) {
        resolve(Number(request.getResponseHeader("Upload-Offset")));
        return;
      }
      let errors = [];
      try {
        ({ errors } = JSON.parse(request.responseText));
      } catch {
        // A proxy answers in its own way.
      }
      reject(new Refused(request.status, errors));
    });
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(piece);
  });
}

// Whether trying again may help: the network, the portal, or another tab is at fault.
const isPassing = (error) =>
  !(error instanceof Refused) || error.status >= 500 || [409, 423, 429].includes(error.status);

// --- Before the first byte -------------------------------------------------------

export function hashesOf(files, workerUrl, onBytes) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(workerUrl);
    const end = (settle, value) => {
      worker.terminate();
      settle(value);
    };
    worker.addEventListener("message", ({ data }) => {
      if (data.hashes) end(resolve, data.hashes);
      else if (data.unreadable) end(reject, new Refused(0, [{ code: "unreadable", detail: data.unreadable }]));
      else onBytes(data.done);
    });
    worker.addEventListener("error", () => end(reject, new Refused(0, [])));
    worker.postMessage(files);
  });
}

async function faultsOf({ name, file }) {
  const said = (detail) => ({ attr: name, detail });
  if (file.size === 0) return [said(`“${file.name}” is empty (0 bytes). Perhaps it was not saved, or the download did not finish.`)];
  const head = await file.slice(0, 64).text();
  if (head.startsWith("version https://git-lfs.github.com/")) {
    return [said(`“${file.name}” is a Git LFS pointer: a short text in place of the file itself. Run “git lfs pull” in your repository, then choose the file again.`)];
  }
  if (!name.endsWith(".ipynb")) return [];
  if (!/^\s*\{/.test(head)) {
    return [said(`“${file.name}” is not a Jupyter notebook. Choose the .ipynb file as Jupyter saves it, not a picture, an export or a web page of it.`)];
  }
  try {
    const notebook = JSON.parse(await file.text());
    return Array.isArray(notebook?.cells) ? [] : [said(`“${file.name}” is JSON, but not a notebook: it has no cells.`)];
  } catch {
    return [said(`“${file.name}” is not valid JSON, so it is not a whole notebook. Check that it opens in Jupyter.`)];
  }
}

// Everything that the browser can find before a byte is sent.
export async function allFaults(chosen) {
  const found = await Promise.all(chosen.map(faultsOf));
  return found.flat();
}

// --- One attempt -----------------------------------------------------------------

export const open = (url, attempt) => ask("POST", url, attempt);

export const finish = (url) => ask("POST", url);

export const check = (url) => ask("POST", url);

export const drop = (url) => ask("DELETE", url);

export async function openAttempt(url, assignment) {
  const { results } = await ask("GET", `${url}?assignment=${assignment}`);
  return results.find((attempt) => attempt.submission === null);
}

// Sends files until all have arrived, and goes on after each break. `onState` is told
// {sent, total, speed, isPaused, isWaiting}; `pause` and `resume` may be called at any time.
export class Sender {
  constructor(parts, onState) {
    this.parts = parts;
    this.total = parts.reduce((sum, { file }) => sum + file.size, 0);
    this.offsets = new Map(parts.map(({ url }) => [url, 0]));
    this.samples = [];
    this.onState = onState;
    this.isPaused = false;
    this.isWaiting = false;
    this.abort = new AbortController();
    this.wake = () => {};
    this.online = () => this.wake();
  }

  get sent() {
    return [...this.offsets.values()].reduce((sum, offset) => sum + offset, 0);
  }

  get speed() {
    const [first] = this.samples;
    const last = this.samples.at(-1);
    return last && last.at - first.at > 1000 ? ((last.sent - first.sent) * 1000) / (last.at - first.at) : null;
  }

  tell() {
    this.onState(this);
  }

  note(url, offset) {
    this.offsets.set(url, offset);
    const at = performance.now();
    this.samples.push({ at, sent: this.sent });
    this.samples = this.samples.filter((sample) => at - sample.at <= WINDOW);
    this.tell();
  }

  pause() {
    this.isPaused = true;
    this.abort.abort();
    this.tell();
  }

  resume() {
    this.isPaused = false;
    this.abort = new AbortController();
    this.samples = [];
    this.wake();
    this.tell();
  }

  stop() {
    this.isStopped = true;
    this.abort.abort();
    this.wake();
  }

  async run() {
    window.addEventListener("online", this.online);
    try {
      for (const part of this.parts) await this.sendFile(part);
    } finally {
      window.removeEventListener("online", this.online);
    }
  }

  async sendFile({ url, file }) {
    let tries = 0;
    let offset = null;
    while (offset === null || offset < file.size) {
      if (this.isStopped) throw new Refused(0, [{ code: "stopped", detail: "" }]);
      if (this.isPaused) {
        await this.sleep(null);
        offset = null;
        continue;
      }
      try {
        offset ??= await offsetOf(url);
        this.note(url, offset);
        if (offset >= file.size) break;
        offset = await patch(url, file.slice(offset, offset + PIECE), offset, {
          signal: this.abort.signal,
          onBytes: (bytes) => this.note(url, Math.min(bytes, file.size)),
        });
        this.note(url, offset);
        tries = 0;
      } catch (error) {
        offset = null;
        if (this.isPaused || this.isStopped) continue;
        if (!isPassing(error)) throw error;
        this.isWaiting = true;
        this.samples = [];
        this.tell();
        await this.sleep(WAITS[Math.min(tries, WAITS.length - 1)]);
        tries += 1;
        this.isWaiting = false;
      }
    }
  }

  // Waits so many seconds, or until something calls `wake`.
  sleep(seconds) {
    return new Promise((resolve) => {
      const timer = seconds === null ? null : setTimeout(resolve, seconds * 1000);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
