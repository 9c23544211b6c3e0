"""The marks of honest work: of the examples, our tests' notebooks and imported ones.

`marks.json` holds the marks from before the rules between grader and snapshot became
stricter. It holds only numbers and digests, and no content of other people.
`write_marks` writes the marks as they are now.
"""

import contextlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from formats.assignment import (
    Bundle,
    check_cells,
    locked_cells,
    mark_cells,
    read_bundle,
    split_sections,
)
from formats.choices import Part, QuestionKind
from runner.host.runner import Runner
from runner.protocol.jobs import (
    CheckSpec,
    JobFile,
    JobResult,
    JobSpec,
    Limits,
    QuestionSpec,
    TestStyle,
)
from tests.examples import marking
from tests.formats.importing.foreign import converted
from tests.formats.importing.test_published import PIN
from tests.formats.importing.test_published import _fetch as fetch_nbgrader
from tests.runner.compared_notebooks import NOTEBOOKS
from tests.runner.host import test_questions as questions
from tests.runner.inside.grader import test_test_styles as styles
from tests.runner.notebooks import job, job_file, question, scores
from tests.runner.peer import ROOT

STORED: Final = Path(__file__).with_name("marks.json")
_EXAMPLE: Final = ROOT / "examples" / "conv-digits"
_OTTER: Final = "otter-grader/test/test_assign/files"

Found = Any
Case = Callable[[Runner, Path], Found]


class UnreachedError(Exception):
    """A foreign source is not available; `str` names it."""


def _marks(result: JobResult) -> Found:
    return {"code": result.code, "scores": scores(result)}


# --- Ours ---------------------------------------------------------------------------


def _example(name: str) -> Case:
    def run(runner: Runner, _: Path) -> Found:
        spec = marking.job_of(read_bundle(_EXAMPLE), *marking.handed_in(name))
        return _marks(runner.run(spec))

    return run


def _style(style: TestStyle, *sources: str) -> Case:
    def run(runner: Runner, _: Path) -> Found:
        return _marks(styles.run(runner, styles.own(style, *sources, worth=2)))

    return run


def _otter_cases(runner: Runner, _: Path) -> Found:
    names = ("doubles", "doubles_all")
    checks = tuple(CheckSpec(name=name) for name in names)
    spec = QuestionSpec(
        key="q1", style=TestStyle.CASES, source=styles.CASES, checks=checks
    )
    return _marks(styles.run(runner, spec))


def _values(runner: Runner, _: Path) -> Found:
    source = "".join(
        f"def check{n}(answer):\n    {body}\n"
        for n, (body, *_) in enumerate(questions.VALUES)
    )
    return _marks(runner.run(job("answer = 1", questions=(question("q1", source),))))


def _outputs(text: str) -> Case:
    def run(runner: Runner, _: Path) -> Found:
        result = runner.run(job(notebook=text, limits=Limits(cell_seconds=20)))
        cells = json.loads(result.notebook)["cells"]
        # Their outputs are compared with nbclient's in tests/runner/test_fidelity.py.
        kinds = [[_kind(one) for one in cell.get("outputs", [])] for cell in cells]
        return {"code": result.code, "outputs": kinds}

    return run


def _kind(output: Mapping[str, Any]) -> str:
    """Return the kind of an output: its stream, exception or media types."""
    forms = " ".join(sorted(output.get("data", {})))
    return str(output.get("name") or output.get("ename") or forms)


# --- Imported -------------------------------------------------------------------------


def _nbgrader() -> Path:
    target = ROOT / "build" / "nbgrader-0.9.5"
    assert "0.9.5" in PIN
    if not target.exists():
        with contextlib.suppress(pytest.skip.Exception):
            fetch_nbgrader(target)
    if not target.exists():
        raise UnreachedError("nbgrader's example course cannot be fetched")
    return target


def _clone(name: str) -> Callable[[], Path]:
    def find() -> Path:
        folder = os.environ.get("SOFTMARK_FOREIGN", "")
        if not folder:
            raise UnreachedError("SOFTMARK_FOREIGN names no folder with clones")
        return Path(folder) / _OTTER / name

    return find


def _imported(
    find: Callable[[], Path],
    handed_in: str,
    old: str = "",
    new: str = "",
    **options: Any,
) -> Case:
    """Return the case of a foreign source: the staff's notebook, or the hand-out.

    `old` is a text of it that is replaced by `new`: a mistake.
    """

    def run(runner: Runner, scratch: Path) -> Found:
        found, bundle = converted(find(), scratch / "out", **options)
        text = (found.folder / f"{handed_in}.ipynb").read_text()
        assert old in text
        cells = json.loads(text.replace(old, new))
        return _marks(runner.run(job_of_import(found.folder, bundle, cells)))

    return run


def job_of_import(folder: Path, bundle: Bundle, cells: dict[str, Any]) -> JobSpec:
    """Return the job of a notebook, as grading.worker.job_spec makes it from stored rows."""
    staff = json.loads((folder / "staff.ipynb").read_text())
    tested = [q for q in bundle.questions if q.kind == QuestionKind.AUTO]
    mark_cells(cells, [q.key for q in tested], locked_cells(staff))
    shown = check_cells(staff)
    return job(
        notebook=json.dumps(cells),
        public_files=_files(bundle, Part.PUBLIC),
        private_files=_files(bundle, Part.PRIVATE),
        questions=tuple(_question(folder, one) for one in tested),
        test_names=dict(bundle.imports),
        restored={q.key: shown[q.key] for q in tested if q.key in shown},
        seed=bundle.seed,
        skip_tags=bundle.skip_tags,
        parameters=bundle.parameters,
        **_defined(staff),
    )


def _defined(staff: Mapping[str, Any]) -> dict[str, Any]:
    """Return the names that the staff's notebook defines, if imports know them."""
    from formats.assignment import definitions_of  # noqa: PLC0415 - not in the base
    from tests.runner.proof.entries import defined_in  # noqa: PLC0415 - same

    code = [cell["source"] for cell in staff["cells"] if cell["cell_type"] == "code"]
    names: dict[str, None] = {}
    classes: dict[str, None] = {}
    for source in code:
        with contextlib.suppress(SyntaxError):  # a magic of IPython's
            found, kinds = defined_in("".join(source))
            names |= dict.fromkeys(found)
            classes |= dict.fromkeys(kinds)
    return {
        "defined_names": tuple(names),
        "defined_classes": tuple(classes),
        "defined_methods": tuple(definitions_of(dict(staff)).methods),
    }


def _question(folder: Path, found: Any) -> QuestionSpec:
    text = (folder / "tests" / f"{found.key}.py").read_text()
    style = TestStyle(found.style.value)
    is_cut = style.has_sections
    pieces = {one.name: one.source for one in split_sections(text)} if is_cut else {}
    return QuestionSpec(
        key=found.key,
        style=style,
        source="" if is_cut else text,
        checks=tuple(
            CheckSpec(name=one.name, source=pieces.get(one.name, ""))
            for one in found.checks
        ),
    )


def _files(bundle: Bundle, part: Part) -> tuple[JobFile, ...]:
    return tuple(
        job_file(file.path, file.name) for file in bundle.files if file.part == part
    )


_PROBLEM: Final[dict[str, Any]] = {"notebook": Path("problem1.ipynb")}
CASES: Final[Mapping[str, Case]] = {
    **{f"example: {name}": _example(name) for name in marking.EXPECTED},
    "ours: scripts": _style(TestStyle.SCRIPT, *(one for one, *_ in styles.SCRIPTS)),
    "ours: doctests": _style(TestStyle.DOCTEST, *(one for one, _ in styles.DOCTESTS)),
    "ours: cases": _otter_cases,
    "ours: values": _values,
    "nbgrader: solution": _imported(_nbgrader, "staff", **_PROBLEM),
    "nbgrader: hand-out": _imported(_nbgrader, "handout", **_PROBLEM),
    "nbgrader: not squared": _imported(
        _nbgrader, "staff", "i ** 2", "i ** 3", **_PROBLEM
    ),
    "nbgrader: squares not used": _imported(
        _nbgrader, "staff", "sum(squares(n))", "sum(i * i for i in range(n + 1))", **_PROBLEM
    ),
    **{
        f"otter: {name}, {notebook}": _imported(_clone(name), notebook)
        for name in ("example-correct", "exception-correct")
        for notebook in ("staff", "handout")
    },
    **{f"outputs: {name}": _outputs(text) for name, text in NOTEBOOKS.items()},
}  # fmt: skip


def stored() -> Mapping[str, Found]:
    """Return the marks as they were recorded."""
    found: Mapping[str, Found] = json.loads(STORED.read_text())
    return found
