"""Read the staff notebook and the hand-out: check cells and solution regions."""

import copy
import json
import re
import warnings
from collections.abc import Callable, Collection
from typing import Any, Final
from urllib.parse import unquote

from formats.assignment.hidden_marks import looks_hidden
from formats.assignment.otter_metadata import drop_hidden
from formats.problems import ProblemList
from formats.unreadable_files import Reason, conflict_in, not_json, text_of, wrong_file
from formats.yaml_document import nearest
from runner.protocol.notebook import CellName, name_cells

Notebook = dict[str, Any]
# Returns the names of the cells of a notebook.
Naming = Callable[[list[dict[str, Any]]], list[CellName]]
MAX_BYTES: Final = 20 * 1024**2
_CHECK: Final = re.compile(r"\s*#\s*softmark:\s*check\s+(\S+)\s*")
_REGION: Final = re.compile(
    r"(\s*)(?:#+|<!--)\s*(BEGIN|END) (SOLUTION|MARK SCHEME)\b.*"
)
# Text that looks like a mark, at any place in a line.
_TRACE: Final = re.compile(r"(BEGIN|END)\W+(SOLUTION|MARK\W?SCHEME)")
# The keys of a notebook's and a cell's metadata that students are given.
_NOTEBOOK_METADATA: Final = frozenset(
    ("kernelspec", "language_info", "softmark", "otter")
)
_CELL_METADATA: Final = frozenset(
    (
        *("softmark", "nbgrader", "otter", "tags", "name", "editable", "deletable"),
        *("collapsed", "jupyter", "slideshow", "scrolled", "trusted"),
    )
)
# A line with such a mark and nothing else, in small letters too.
_MARK_ALONE: Final = re.compile(
    r"\s*(?:#|<!--)\W*(?:begin|end)\W+(?:solutions?|mark\W?scheme)\W*", re.IGNORECASE
)
# The most values in a notebook's JSON. SECURITY: validation makes an object of each.
MAX_VALUES: Final = 1_000_000
# The most broken cells that are named one by one.
_MOST_BROKEN: Final = 50
_CELL_KINDS: Final = ("code", "markdown", "raw")


def read_notebook(
    data: bytes,
    *,
    file: str,
    faults: ProblemList,
    naming: Naming = name_cells,
) -> Notebook | None:
    """Return a sound nbformat 4 notebook, or None with the reasons in `faults`.

    From then on, `faults` uses the cell names that `naming` returns. `naming` must know
    which cells the run skips and which it puts back.
    """
    if len(data) > MAX_BYTES:
        faults.add(
            "The notebook is larger than 20 MB.",
            file=file,
            hint="Clear its outputs and save it again.",
        )
        return None
    if sum(map(data.count, (b",", b"[", b"{"))) > MAX_VALUES:
        faults.add(
            "The notebook has too many values.",
            file=file,
            hint="Clear its outputs, and save it again without the state of widgets.",
        )
        return None
    notebook = _parsed(data)
    if isinstance(notebook, Reason):
        faults.add(notebook.message, file=file, line=notebook.line, hint=notebook.hint)
        return None
    if not _has_cells(notebook, file, faults):
        return None
    faults.call_cells(file, [name.within for name in naming(notebook["cells"])])
    # A conflict is checked first because it is the most likely cause of other faults.
    if _conflicts(notebook, file, faults) or _check_format(notebook, file, faults):
        return None
    return dict(notebook)


def _is_trace(line: str) -> bool:
    """Return whether a line looks like the mark of a solution or a mark scheme."""
    return bool(_TRACE.search(line) or _MARK_ALONE.fullmatch(line))


def _parsed(data: bytes) -> Any:
    """Return the value of the JSON text, or a Reason if it is not JSON."""
    try:
        text = text_of(data, "a notebook")
        return text if isinstance(text, Reason) else json.loads(text)
    except json.JSONDecodeError as error:
        return wrong_file(data, "a notebook") or not_json(error)
    except RecursionError:
        return Reason(message="The notebook is nested too deeply.")


def _has_cells(notebook: object, file: str, faults: ProblemList) -> bool:
    """Return whether this is a notebook of format 4 with readable cells.

    If it is not, the reason is noted.
    """
    version = notebook.get("nbformat", 4) if isinstance(notebook, dict) else 4
    if version != 4:  # noqa: PLR2004
        faults.add(
            f"The notebook is in format {version}, not 4.",
            file=file,
            hint="Open it in Jupyter and save it again, or run “jupyter nbconvert "
            "--to notebook --inplace” on it.",
        )
        return False
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        faults.add("This is not a notebook: it has no list of cells.", file=file)
        return False
    if "nbformat" not in notebook:
        faults.add(
            "The notebook does not say which format it is in.",
            file=file,
            hint="Open it in Jupyter and save it again.",
        )
        return False
    broken = [
        number for number, cell in enumerate(notebook["cells"], 1) if not _is_cell(cell)
    ]
    for number in broken[:_MOST_BROKEN]:
        faults.add("This is not a cell of a notebook.", file=file, cell=number)
    if len(broken) > _MOST_BROKEN:
        faults.add(f"{len(broken)} cells are not cells of a notebook.", file=file)
    return not broken


def _conflicts(notebook: Notebook, file: str, faults: ProblemList) -> list[int]:
    """Note the cells with git's conflict marks, and return their numbers."""
    found = []
    for number, cell in enumerate(notebook["cells"], 1):
        reason = conflict_in(source_of(cell).encode("utf-8", "replace"))
        if reason is not None:
            faults.add(
                reason.message,
                file=file,
                cell=number,
                line=reason.line,
                hint="Keep one version in the cell, and delete the marks.",
            )
            found.append(number)
    return found


def _is_cell(cell: object) -> bool:
    if not isinstance(cell, dict) or cell.get("cell_type") not in _CELL_KINDS:
        return False
    text = cell.get("source")
    return isinstance(cell.get("metadata"), dict) and (
        isinstance(text, str)
        or (isinstance(text, list) and all(isinstance(part, str) for part in text))
    )


def _check_format(notebook: Notebook, file: str, faults: ProblemList) -> list[int]:
    import nbformat  # noqa: PLC0415  3 MB that few requests need

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            nbformat.validate(copy.deepcopy(notebook), relax_add_props=True)
    except nbformat.ValidationError as error:
        path = list(getattr(error, "relative_path", None) or [])
        cell = path[1] + 1 if path[:1] == ["cells"] and len(path) > 1 else None
        message = str(error).partition("\n")[0][:300]
        faults.add(
            f"This does not fit the notebook format: {message}", file=file, cell=cell
        )
        return [cell or 0]
    return []


def source_of(cell: dict[str, Any]) -> str:
    """Return a cell's text. In the file it is one text or a list of lines."""
    text = cell["source"]
    return text if isinstance(text, str) else "".join(text)


def dump_notebook(notebook: Notebook) -> str:
    """Return the notebook as the text of an .ipynb file, in Jupyter's layout."""
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def check_key(cell: dict[str, Any]) -> str | None:
    """Return the key of the question that this cell checks, or None."""
    if cell["cell_type"] != "code":
        return None
    ours = cell["metadata"].get("softmark")
    if isinstance(ours, dict) and isinstance(ours.get("question"), str):
        return str(ours["question"])
    found = _CHECK.fullmatch(source_of(cell).partition("\n")[0])
    return found[1] if found else None


def check_cells(notebook: Notebook) -> dict[str, str]:
    """Return the source of each question's check cell, or of the first of several."""
    found: dict[str, str] = {}
    for cell in notebook["cells"]:
        key = check_key(cell)
        if key is not None:
            found.setdefault(key, source_of(cell))
    return found


def make_handout(staff: Notebook) -> Notebook:
    """Return the notebook without solutions, outputs and execution counts.

    A region between BEGIN SOLUTION and END SOLUTION becomes a stub: in code, one that
    raises NotImplementedError; in text, an invitation to write. A region between BEGIN
    MARK SCHEME and END MARK SCHEME is left out. Images are left out of a cell that
    loses the text which shows them, and so is metadata that no student needs, such as
    the state of widgets.
    """
    handout = copy.deepcopy(staff)
    handout["metadata"] = _entries_named(handout.get("metadata"), _NOTEBOOK_METADATA)
    drop_hidden(handout)
    for cell in handout["cells"]:
        is_code = cell["cell_type"] == "code"
        text = source_of(cell)
        cell["source"] = _without_solutions(text, is_code=is_code)
        cell["metadata"] = _entries_named(cell["metadata"], _CELL_METADATA)
        if cell["source"] != text:
            _drop_attachments(cell)
        if is_code:
            cell["outputs"], cell["execution_count"] = [], None
    return handout


def _entries_named(metadata: object, names: Collection[str]) -> dict[str, Any]:
    """Return the entries of the metadata that have these names."""
    given = metadata if isinstance(metadata, dict) else {}
    return {name: value for name, value in given.items() if name in names}


def _drop_attachments(cell: dict[str, Any]) -> None:
    """Drop the images that the cell's text no longer shows: they belong to a solution."""
    named = cell.get("attachments")
    if isinstance(named, dict):
        text = unquote(cell["source"])
        kept = {k: v for k, v in named.items() if _shows(text, k)}
        cell["attachments"] = kept
        if not kept:
            del cell["attachments"]


def _shows(text: str, name: str) -> bool:
    """Return whether the text shows this image, not one with a longer name."""
    return bool(re.search(rf"attachment:{re.escape(name)}(?![\w.-]*\w)", text))


def _without_solutions(text: str, *, is_code: bool) -> str:
    if "BEGIN " not in text and "END " not in text:
        return text
    kept: list[str] = []
    inside = False
    for line in text.split("\n"):
        mark = _REGION.fullmatch(line)
        if mark and mark[2] == "BEGIN":
            inside = True
            if mark[3] != "SOLUTION":
                continue
            stub = ("# YOUR CODE HERE", "raise NotImplementedError")
            kept += [mark[1] + part for part in stub] if is_code else ["*Your answer*"]
        elif mark:
            inside = False
        elif not inside:
            kept.append(line)
    return "\n".join(kept)


def validate_staff_notebook(notebook: Notebook, file: str, faults: ProblemList) -> None:
    """Note misplaced marks of solutions, and regions that are not closed in order."""
    for number, cell in enumerate(notebook["cells"], 1):
        _check_locked(cell, number, file, faults)
        _check_hidden(cell, number, file, faults)
        opened, kind = 0, ""
        for line, text in enumerate(source_of(cell).split("\n"), 1):
            mark = _REGION.fullmatch(text)
            if mark is None and _is_trace(text):
                faults.add(
                    "This looks like the mark of a solution, but it is not one. "
                    "Students would get the text that it marks.",
                    file=file,
                    cell=number,
                    line=line,
                    hint="Write ### BEGIN SOLUTION and ### END SOLUTION, or the same "
                    "with MARK SCHEME, each on its own line.",
                )
            if mark and (mark[2] == "BEGIN") == bool(opened):
                word = "another BEGIN" if opened else "an END without a BEGIN"
                faults.add(
                    f"{word} {mark[3]} is here.", file=file, cell=number, line=line
                )
            elif mark and opened and mark[3] != kind:
                faults.add(
                    f"An END {mark[3]} closes a BEGIN {kind} here.",
                    file=file,
                    cell=number,
                    line=line,
                )
            if mark:
                opened, kind = (line if mark[2] == "BEGIN" else 0), mark[3]
        if opened:
            faults.add(
                f"This BEGIN {kind} has no END {kind}.",
                file=file,
                cell=number,
                line=opened,
            )


def _check_hidden(
    cell: dict[str, Any], number: int, file: str, faults: ProblemList
) -> None:
    """Note each mark of hidden tests. Notebooks hold none: students would read them."""
    for line, text in enumerate(source_of(cell).split("\n"), 1):
        if cell["cell_type"] == "code" and looks_hidden(text):
            faults.add(
                "This looks like the mark of hidden tests. Students would get what it "
                "marks.",
                file=file,
                cell=number,
                line=line,
                hint="Put tests into tests/ only. In a notebook for nbgrader, mark "
                "the cell as “Autograder tests”, and write ### BEGIN HIDDEN TESTS.",
            )


def _check_locked(
    cell: dict[str, Any], number: int, file: str, faults: ProblemList
) -> None:
    """Note a solution in a cell that a run replaces by the staff's version."""
    ours = cell["metadata"].get("softmark")
    is_locked = isinstance(ours, dict) and bool(ours.get("locked"))
    if not is_locked and check_key(cell) is None:
        return
    for line, text in enumerate(source_of(cell).split("\n"), 1):
        mark = _REGION.fullmatch(text)
        if mark and mark[2] == "BEGIN":
            what = "locked cell" if is_locked else "check cell"
            faults.add(
                f"A {mark[3].lower()} is in a {what}, which students cannot change.",
                file=file,
                cell=number,
                line=line,
                hint="Move it to a cell that students write, or unlock the cell."
                if is_locked
                else "Move it to a cell that students write.",
            )


def validate_handout(notebook: Notebook, file: str, faults: ProblemList) -> None:
    """Note every trace of a solution, because students would be given it."""
    for number, cell in enumerate(notebook["cells"], 1):
        _check_hidden(cell, number, file, faults)
        for line, text in enumerate(source_of(cell).split("\n"), 1):
            if _is_trace(text):
                faults.add(
                    "The hand-out still has a solution or a mark scheme.",
                    file=file,
                    cell=number,
                    line=line,
                    hint="Generate it again: manage.py make_handout FOLDER.",
                )


def validate_check_cells(
    notebook: Notebook, keys: Collection[str], file: str, faults: ProblemList
) -> None:
    """Note check cells of unknown questions, and repeated ones of the same question."""
    seen: dict[str, int] = {}
    for number, cell in enumerate(notebook["cells"], 1):
        key = check_key(cell)
        if key is None:
            continue
        if key not in keys:
            faults.add(
                f"This cell checks “{key}”, but no question checked by tests has this "
                "key.",
                file=file,
                cell=number,
                hint=nearest(key, list(keys)),
            )
        elif key in seen:
            faults.add(
                f"“{key}” is checked in {faults.place(file, seen[key])} already.",
                file=file,
                cell=number,
            )
        seen.setdefault(key, number)
