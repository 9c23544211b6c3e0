"""Outputs without what differs between two runs of a notebook, and their comparison."""

import difflib
import json
import re
from collections.abc import Iterable, Mapping
from itertools import zip_longest
from typing import Any, Final

_WIDGET: Final = "application/vnd.jupyter.widget-view+json"
_KERNEL: Final = "/ipykernel/"
# Parts that differ between runs: addresses, paths of files, durations and times.
_SHIFTING: Final = (
    (re.compile(r"0x[0-9a-f]{6,}"), "0x"),
    (re.compile(r"(?:/[\w.+-]+)*/ipykernel_\d+/\d+\.py"), "CELL"),
    (re.compile(r"\b\d+\.py(?=, line)"), "CELL"),
    (re.compile(r"(?:~|/[\w.+-]+)(?:/[\w.+-]+)*/([\w-]+\.py)\b"), r"\1"),
    # %time writes 1000 ns as 1e+03 ns.
    (re.compile(r"\d+(?:\.\d+)?(?:e[+-]\d+)? (?:ns|us|[µμ]s|ms|s)\b"), "TIME"),
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z?"), "DATE"),
)

Output = Mapping[str, Any]


def assert_same(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> None:
    """Fail, and show what differs between two runs of a notebook, cell by cell."""
    found = []
    for number, pair in enumerate(zip_longest(ours["cells"], theirs["cells"])):
        mine, other = (_shown(cell) for cell in pair)
        if mine != other:
            lines = difflib.unified_diff(other, mine, "nbclient", "ours", lineterm="")
            source = "".join((pair[0] or pair[1])["source"])
            found.append("\n".join([f"cell {number}: {source}", *lines]))
    if found:
        raise AssertionError("\n\n".join(found))


def _shown(cell: Mapping[str, Any] | None) -> list[str]:
    if cell is None or cell["cell_type"] != "code":
        return []
    shown = {
        "execution_count": cell.get("execution_count"),
        "outputs": normal(cell["outputs"]),
    }
    return json.dumps(shown, indent=1, sort_keys=True).splitlines()


def normal(outputs: Iterable[Output]) -> list[dict[str, Any]]:
    """Return the outputs without what differs between two runs.

    Between two other outputs the order of text of different streams is left open: a
    kernel sends each stream by itself.
    """
    found: list[dict[str, Any]] = []
    for output in outputs:
        if output["output_type"] != "stream":
            found.append(_normal_one(output))
            continue
        if not found or "streams" not in found[-1]:
            found.append({"streams": {}})
        streams = found[-1]["streams"]
        streams[output["name"]] = streams.get(output["name"], "") + output["text"]
    for one in found:
        if "streams" in one:
            one["streams"] = {k: settled(text) for k, text in one["streams"].items()}
    return found


def _normal_one(output: Output) -> dict[str, Any]:
    if output["output_type"] == "error":
        parts = [part for part in output["traceback"] if _KERNEL not in part]
        traceback = settled("\n".join(parts))
        return {**output, "evalue": settled(output["evalue"]), "traceback": traceback}
    data = {kind: _normal_form(form) for kind, form in output["data"].items()}
    if _WIDGET in data:
        data[_WIDGET] = {**data[_WIDGET], "model_id": ""}
    return {**output, "data": data}


def _normal_form(form: Any) -> Any:
    if isinstance(form, list) and all(isinstance(line, str) for line in form):
        form = "".join(form)
    return settled(form) if isinstance(form, str) else form


def settled(text: str) -> str:
    """Return the text without what differs between two runs."""
    for pattern, word in _SHIFTING:
        text = pattern.sub(word, text)
    return text
