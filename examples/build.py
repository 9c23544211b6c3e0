"""Makes everything in an example that is generated, from what is written by hand.

Run it from the top of the repository, with the development requirements installed:

    python -m examples.build

It writes the data, the hand-out, the weights of the model solution, and each
submission's notebook and weights. The weights are trained for real, on one thread from fixed seeds: a few seconds each.
"""

import argparse
import contextlib
import io
import json
import re
import tempfile
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import torch

from formats.assignment import make_handout, write_handout
from formats.assignment.notebook_cells import dump_notebook, source_of

EXAMPLE = Path(__file__).parent / "conv-digits"
NOTEBOOK, WEIGHTS, DATA = "conv-digits.ipynb", "digits.safetensors", "digits-train.npz"
HELD_OUT = 500
_ANSWER = re.compile(r"(?m)^# %% ")


def write_data() -> None:
    """Split scikit-learn's digits into what students have and what the tests have."""
    from sklearn.datasets import load_digits  # noqa: PLC0415  it takes seconds

    digits = load_digits()
    order = np.random.default_rng(70010).permutation(len(digits.target))
    images = digits.images[order].astype(np.uint8)
    labels = digits.target[order].astype(np.uint8)
    for path, part in (
        (EXAMPLE / "public" / DATA, slice(HELD_OUT, None)),
        (EXAMPLE / "private" / "digits-heldout.npz", slice(HELD_OUT)),
    ):
        path.parent.mkdir(exist_ok=True)
        np.savez_compressed(path, images=images[part], labels=labels[part])


def read_answers(path: Path) -> dict[str, str]:
    """Return the cells that a student changed, by the cell's id."""
    answers = {}
    for block in _ANSWER.split(path.read_text(encoding="utf-8"))[1:]:
        head, _, body = block.rstrip("\n").partition("\n")
        if head.startswith("[markdown] "):
            body = re.sub(r"(?m)^# ?", "", body)
        answers[head.removeprefix("[markdown] ").strip()] = body
    return answers


def fill_in(staff: dict[str, Any], answers: dict[str, str]) -> dict[str, Any]:
    """Return the hand-out with the answers in the place of its cells."""
    notebook = make_handout(staff)
    left = dict(answers)
    for cell in notebook["cells"]:
        cell["source"] = left.pop(cell["id"], source_of(cell))
    if left:
        raise SystemExit(f"There is no cell called {', '.join(left)}.")
    return notebook


def train(notebook: dict[str, Any], folder: Path) -> None:
    """Run the notebook's cells in order, as its author would, and keep the weights."""
    with tempfile.TemporaryDirectory() as place, contextlib.chdir(place):
        Path(DATA).write_bytes((EXAMPLE / "public" / DATA).read_bytes())
        names: dict[str, Any] = {}
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                # A cell that fails does not stop a notebook that is run by hand.
                with contextlib.suppress(Exception):
                    exec(source_of(cell), names)  # noqa: S102  our own example
        (folder / WEIGHTS).write_bytes(Path(WEIGHTS).read_bytes())


def quietly_train(notebook: dict[str, Any], folder: Path) -> None:
    """Train without the notebook's own words, and say what came of it."""
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.redirect_stdout(io.StringIO()):
        train(notebook, folder)
    print(f"{folder.name}: {(folder / WEIGHTS).stat().st_size} bytes of weights")  # noqa: T201


def write_submission(staff: dict[str, Any], answers: Path) -> None:
    """Write what one made-up student hands in."""
    folder = EXAMPLE / "submissions" / answers.stem
    folder.mkdir(parents=True, exist_ok=True)
    notebook = fill_in(staff, read_answers(answers))
    (folder / NOTEBOOK).write_text(dump_notebook(notebook), encoding="utf-8")
    quietly_train(notebook, folder)


def main() -> None:
    """Write all of it."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    mpl.use("Agg")
    torch.set_num_threads(1)
    write_data()
    write_handout(EXAMPLE)
    staff = json.loads((EXAMPLE / "staff.ipynb").read_text(encoding="utf-8"))
    quietly_train(staff, EXAMPLE / "solution")
    for answers in sorted((EXAMPLE / "answers").glob("*.py")):
        write_submission(staff, answers)


if __name__ == "__main__":
    main()
