// Finds the files that a notebook opens and that will not be there when it runs, for a
// warning before the first byte is sent. Only names that stand in the call as text are
// known here: the server reads the code itself and finds more.

const READERS =
  "load|load_file|safe_open|load_model|load_weights|loadtxt|genfromtxt|fromfile|imread|read_image|" +
  "read_csv|read_json|read_excel|read_parquet|read_pickle|read_table|read_hdf|read_feather|loadmat";
const WRITERS =
  "save|save_file|save_model|savez|savez_compressed|savetxt|savefig|imsave|savemat|imwrite|to_csv|" +
  "to_json|to_parquet|to_pickle|to_excel|to_feather|save_image|urlretrieve";
const TEXT = `[rR]?(["'])((?:(?!\\1)[^\\\\\\n])+)\\1`;
const FIRST = `\\(\\s*(?:(?:file|filename|path|f|fname|filepath_or_buffer)\\s*=\\s*)?${TEXT}`;
// open("a", "w"), np.load("a.npy"), Path("a").read_text(): the name, then what follows.
const OPENED = new RegExp(`(?<![\\w.])open${FIRST}(\\s*,\\s*(?:mode\\s*=\\s*)?["'][^"']*["'])?`, "g");
const READ = new RegExp(`(?<!\\bhub\\.)\\b(?:${READERS})${FIRST}`, "g");
const PATH = new RegExp(`\\bPath${FIRST}\\s*\\)\\s*\\.(?:(read_text|read_bytes)\\b|open\\(\\s*(["'][^"']*["'])?)`, "g");
// A line with one of these may make, copy or look for each file that it names.
const MAKES = new RegExp(
  `\\b(?:${WRITERS}|write_text|write_bytes|touch|copy|copy2|copyfile|move|rename|replace|exists|isfile|is_file)\\s*\\(|^\\s*[!%]`,
);
// Patterns, folders, addresses, and places of the system's own are no files to hand in.
const NO_FILE = /[*?{}]|\/$|^[a-z0-9]+:\/\/|^\/(?:tmp|dev|proc|sys)(?:\/|$)/i;

const isWriting = (mode) => /[wax]/.test(mode ?? "");

function normal(path) {
  const parts = [];
  for (const part of path.trim().replaceAll("\\", "/").split("/")) {
    if (part === ".." && parts.length) parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}

const textOf = (source) => (Array.isArray(source) ? source.join("") : String(source ?? ""));

// What a cell reads, and the text of all lines that may make a file.
function accesses(source) {
  const lines = source.split("\n").filter((line) => !/^\s*#/.test(line));
  const made = lines.filter((line) => MAKES.test(line)).join("\n");
  const code = lines.filter((line) => !MAKES.test(line)).join("\n");
  const reads = [];
  const writes = [];
  for (const [, , path, mode] of code.matchAll(OPENED)) (isWriting(mode) ? writes : reads).push(path);
  for (const [, , path] of code.matchAll(READ)) if (path.includes(".")) reads.push(path);
  for (const [, , path, , mode] of code.matchAll(PATH)) (isWriting(mode) ? writes : reads).push(path);
  const [, written] = /^%%(?:writefile|file)\s+(?:-a\s+)?(\S+)/.exec(source) ?? [];
  if (written) writes.push(written);
  return { reads, writes, made };
}

// The files that the notebook opens, each once with the number of its cell, that are not
// `present` beside it and that no earlier cell makes.
export function missingFiles(notebook, present) {
  const there = new Set(present.map(normal));
  const found = new Map();
  let made = "";
  let number = 0;
  for (const cell of notebook.cells ?? []) {
    if (cell?.cell_type !== "code") continue;
    number += 1;
    const cellAccesses = accesses(textOf(cell.source));
    made += `\n${cellAccesses.made}`;
    for (const path of cellAccesses.writes) there.add(normal(path));
    for (const path of cellAccesses.reads) {
      const isKnown = there.has(normal(path)) || NO_FILE.test(path) || made.includes(path);
      if (!isKnown && !found.has(path)) found.set(path, number);
    }
  }
  return [...found].map(([path, cell]) => ({ path, cell }));
}
