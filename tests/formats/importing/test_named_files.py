"""Students get a file if code or a link names it, but not if only prose does."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from formats.assignment import Bundle
from formats.choices import Part
from formats.importing import notes_on
from formats.importing.mentions import mentions_of
from formats.importing.options import read_required
from formats.importing.written_files import is_written, written_by
from tests.formats.assignment.bundles import (
    HANDOUT_CELLS,
    MANIFEST,
    STAFF_CELLS,
    notebook_of,
    write_bundle,
)
from tests.formats.importing.foreign import (
    checking,
    code,
    converted,
    marks,
    text,
    write,
)

ANSWER = code("x = 1", **marks("a", solution=True))
CHECK = checking("t", "assert x == 1")


def hiding(source: str) -> dict[str, object]:
    hidden = f"### BEGIN HIDDEN TESTS\n{source}\n### END HIDDEN TESTS"
    return checking("t", f"assert x == 1\n{hidden}")


def imported(
    folder: Path,
    *cells: dict[str, object],
    files: tuple[str, ...],
    contents: Mapping[str, str] = MappingProxyType({}),
    **options: object,
) -> tuple[list[str], str, Bundle]:
    """Return which of these files are public, and all notes."""
    write(folder / "in", "source/ps/ps.ipynb", *cells)
    for name in files:
        path = folder / "in/source/ps" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(contents.get(name, "y = 1\n"))
    found, bundle = converted(folder / "in", folder / "out", **options)
    said = "\n".join(f"{n.message} {n.hint}" for n in notes_on(found, bundle))
    return [f.name for f in bundle.files if f.part == Part.PUBLIC], said, bundle


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("grading.py", text("The bonus part is excluded from grading.")),
        ("reference.py", text("Losses may differ from reference values.")),
        ("tests.py", text("Errors from tests below; import tests if you like.")),
        ("tests.py", code("# import tests is not for you\ny = 1")),
        ("tests.py", code('y = "errors from tests"')),
        ("tests.py", code('def f():\n    """\n    import tests\n    """')),
    ],
)
def test_only_code_imports_a_module(
    tmp_path: Path, name: str, cell: dict[str, object]
) -> None:
    stem = name.removesuffix(".py")
    hidden = hiding(f"import {stem}")
    public, notes, _ = imported(tmp_path, cell, ANSWER, hidden, files=(name,))
    assert public == []
    assert f"like the staff's: {name}" in notes


@pytest.mark.parametrize(
    "cell",
    [
        "import tests",
        "from tests import check",
        "if x:\n    from tests import *",
        "import importlib\nimportlib.import_module('tests')",
        "%time import tests",
        "!python tests.py",
        "%run tests.py",
    ],
)
def test_a_module_that_code_imports_or_runs_is_public(
    tmp_path: Path, cell: str
) -> None:
    public, _, _ = imported(tmp_path, ANSWER, code(cell), CHECK, files=("tests.py",))
    assert public == ["tests.py"]


def test_a_module_that_a_visible_test_imports_is_public(tmp_path: Path) -> None:
    visible = checking("t", "from tests import check\nassert x == 1")
    public, notes, _ = imported(tmp_path, ANSWER, visible, files=("tests.py",))
    assert (public, "tests.py" in notes) == (["tests.py"], False)


@pytest.mark.parametrize(
    "cell",
    [
        text("Compared with `y.npy`, which is not handed out."),
        code("# compared with y.npy\nz = 1"),
        code('z = "it is compared with y.npy"'),
        code("z = 'https://example.org/y.npy'"),
        text("See [the page](https://example.org/y.npy) and `y.npy`."),
    ],
)
def test_a_file_that_prose_and_hidden_tests_name_is_left_out(
    tmp_path: Path, cell: dict[str, object]
) -> None:
    hidden = hiding("assert open('y.npy')")
    public, notes, _ = imported(tmp_path, cell, ANSWER, hidden, files=("y.npy",))
    assert public == []
    assert "only the text, the tests and solutions name them: y.npy" in notes
    assert all(word in notes for word in ("](NAME)", "--require", "private/"))


@pytest.mark.parametrize(
    "cell",
    [
        text("Look at [the data](y.npy)."),
        text("[the data]: ./y.npy\n"),
        text('<a href="y.npy">data</a>'),
        text("![](data/../y.npy)"),
        code("z = np.load('y.npy')"),
        code("z = np.load(f'{HERE}/y.npy')"),
        code("!head y.npy"),
        code("%%bash\nhead y.npy"),
    ],
)
def test_data_that_code_or_a_link_names_is_public_without_a_note(
    tmp_path: Path, cell: dict[str, object]
) -> None:
    hidden = hiding("assert open('y.npy')")
    public, notes, _ = imported(tmp_path, cell, ANSWER, hidden, files=("y.npy",))
    assert (public, "y.npy" in notes) == (["y.npy"], False)


@pytest.mark.parametrize(
    "answer",
    [
        code("x = open('train.csv')", **marks("a", solution=True)),
        code("### BEGIN SOLUTION\nx = open('train.csv')\n### END SOLUTION"),
    ],
)
def test_a_file_that_only_a_solution_and_tests_read_is_left_out(
    tmp_path: Path, answer: dict[str, object]
) -> None:
    """The solution may compare with the right values, as the tests do."""
    prose, hidden = text("`train.csv` holds points."), hiding("open('train.csv')")
    public, notes, _ = imported(tmp_path, prose, answer, hidden, files=("train.csv",))
    assert (public, "solutions name them: train.csv" in notes) == ([], True)


def test_a_file_that_prose_names_and_only_a_solution_reads_is_noted(
    tmp_path: Path,
) -> None:
    answer = code("x = open('train.csv')", **marks("a", solution=True))
    prose = text("`train.csv` holds points.")
    public, notes, _ = imported(tmp_path, prose, answer, CHECK, files=("train.csv",))
    assert (public, "none of them: train.csv" in notes) == (["train.csv"], True)


@pytest.mark.parametrize("name", ["labels.csv", "grades.csv", "submission.csv"])
def test_a_doubtful_file_that_prose_names_is_left_out(
    tmp_path: Path, name: str
) -> None:
    prose = text(f"In the end we look into {name}.")
    public, notes, _ = imported(tmp_path, prose, ANSWER, CHECK, files=(name,))
    assert (public, name in notes) == ([], True)


def test_a_file_that_prose_alone_names_is_noted(tmp_path: Path) -> None:
    prose = text("It is compared with `oracle.csv`.")
    public, notes, _ = imported(tmp_path, prose, ANSWER, CHECK, files=("oracle.csv",))
    assert (public, "none of them: oracle.csv" in notes) == (["oracle.csv"], True)


WRITING = (
    "df.to_csv('out.csv')",
    "np.save('out.csv', x)",
    "np.savez_compressed(file='out.csv', x=x)",
    "torch.save(net.state_dict(), 'out.csv')",
    "open('out.csv', 'w').write('1')",
    "with open('out.csv', mode='ab') as f:\n    f.write(b'')",
    "plt.savefig('./out.csv')",
    "joblib.dump(x, 'out.csv')",
    "json.dump(x, open('out.csv', 'wt'))",
    "Path('out.csv').write_text('1')",
    "(Path('.') / 'out.csv').open('x')",
    "p = Path('out.csv')\np.write_bytes(b'')",
    "save_file(net.state_dict(), 'out.csv')",
    "model.save('out.csv')",
    "NAME = 'out.csv'\ndf.to_csv(NAME)",
    "stem = 'out'\ndf.to_csv(f'{stem}.csv')",
    "df.to_csv(os.path.join(HERE, 'out.csv'))",
    "def keep(df, path='out.csv'):\n    df.to_csv(path)",
    "def keep(df, path):\n    df.to_csv(path)\nkeep(df, 'out.csv')",
    "def keep(path):\n    open(path, 'w')\ndef all(p):\n    keep(p)\nall('out.csv')",
    "for name in ('out.csv', 'b.csv'):\n    df.to_csv(name)",
    "df.to_csv('/content/out.csv')",
    "shutil.copy('a.csv', 'out.csv')",
    "torch.onnx.export(net, x, 'out.csv')",
    "fit(net, save_path='out.csv')",
    "gzip.open('out.csv', 'wt')",
    "%time df.to_csv('out.csv')",
    "%%writefile out.csv\n1,2",
    "!python run.py > out.csv",
)
READING = (
    "df = pd.read_csv('out.csv')",
    "x = open('out.csv').read()",
    "x = open('out.csv', 'rb').read()",
    "torch.load('out.csv', map_location='cpu')",
    "pd.read_csv('out.csv').to_csv('b.csv')",
    "torch.save(load('out.csv'), 'b.pt')",
    "shutil.copy('out.csv', 'b.csv')",
    "for name in names:\n    df.to_csv(f'{name}.csv')",
    "df.to_csv('other/out.csv')",
    "plt.imread('out.csv')",
    "df.to_string()",
)


@pytest.mark.parametrize("source", WRITING)
def test_a_path_that_code_writes_is_known(source: str) -> None:
    assert is_written("out.csv", written_by([code(source)]))


@pytest.mark.parametrize("source", READING)
def test_a_path_that_code_only_reads_is_not_written(source: str) -> None:
    assert not is_written("out.csv", written_by([code(source)]))


@pytest.mark.parametrize("where", ["given", "solution"])
@pytest.mark.parametrize("name", ["model.pt", "data/model.pt", "net/model.pt"])
def test_a_file_that_the_notebook_writes_is_never_public(
    tmp_path: Path, name: str, where: str
) -> None:
    source = f"x = 1\ntorch.save(net, '{name}')\nx"
    cell = code(source, **(marks("a", solution=True) if where == "solution" else {}))
    prose = text(f"Save the weights to [the file]({name}), `{name}`.")
    public, notes, _ = imported(
        tmp_path, prose, cell, CHECK, code(f"'{name}'"), files=(name,)
    )
    assert public == []
    assert f"the notebook writes them: {name}" in notes
    assert "--require" in notes


def test_a_written_file_that_is_required_belongs_to_the_model_solution(
    tmp_path: Path,
) -> None:
    cell = code("torch.save(net, 'net.pt')", **marks("a", solution=True))
    check = checking("t", "assert open('net.pt')")
    public, notes, bundle = imported(
        tmp_path,
        cell,
        check,
        files=("net.pt",),
        required_files=(read_required("net.pt"),),
    )
    solution = [f.name for f in bundle.files if f.part == Part.SOLUTION]
    assert (public, solution, "notebook writes" in notes) == ([], ["net.pt"], False)


def test_a_folder_that_the_notebook_writes_is_never_public(tmp_path: Path) -> None:
    cell = code("model.save('data/net')\ntf.load('data/net/a.pb')")
    files = ("data/net/a.pb", "data/a.csv")
    public, _, _ = imported(tmp_path, ANSWER, cell, CHECK, files=files)
    assert public == ["data/a.csv"]


def test_a_file_that_students_must_write_is_never_public(
    tmp_path: Path,
) -> None:
    """The staff's file would replace the one that a student's notebook must write."""
    prose = text("Write your predictions to `predictions.csv`.")
    check = checking("t", "assert len(open('predictions.csv').read())")
    files = ("predictions.csv",)
    public, notes, _ = imported(tmp_path, prose, ANSWER, check, files=files)
    assert (public, "predictions.csv" in notes) == ([], True)


def test_a_file_that_the_notebook_writes_for_tests_must_be_required(
    tmp_path: Path,
) -> None:
    cell = code("df.to_csv('p.csv')", **marks("a", solution=True))
    check = checking("t", "assert len(open('p.csv').read())")
    _, notes, _ = imported(tmp_path, cell, check, files=())
    assert "Tests name files that the notebook writes: p.csv" in notes


@pytest.mark.parametrize(
    ("cell", "is_public"),
    [
        ("net.mode('eval')", False),
        ("batch['eval']", False),
        ("plot(x, label='eval')", False),
        ("if x == 'eval':\n    pass", False),
        ("# eval/test.csv\nx = 1", False),
        ("phases = ['train', 'eval']", False),
        ("for phase in ('train', 'eval'):\n    net.train(phase == 'train')", False),
        ("for p in ['train', 'eval']:\n    print(f'{p}: {x}')", False),
        ("MODE = 'eval'", False),
        ("def run(mode='eval'):\n    return mode", False),
        ("parts = ['train', 'eval']\nfor p in parts:\n    Path('.') / p", True),
        ("folders = ['train', 'eval']", True),
        ("part = 'eval'\nopen(f'{part}/test.csv')", True),
        ("def get(part='eval'):\n    return ImageFolder(part)", True),
        ("Path('eval') / 'test.csv'", True),
        ("os.path.join('eval', 'test.csv')", True),
        ("ImageFolder('eval')", True),
        ("FOLDER = 'eval'", True),
        ("for each in ('eval', 'train'):\n    load(f'{each}/test.csv')", True),
        ("open('eval/test.csv')", True),
        ("fit(root='eval')", True),
    ],
)
def test_a_word_that_is_not_a_folder_names_none(
    tmp_path: Path,
    cell: str,
    is_public: bool,  # noqa: FBT001 - a case
) -> None:
    cells = (ANSWER, code(cell), CHECK)
    public, _, _ = imported(tmp_path, *cells, files=("eval/test.csv",))
    assert public == (["eval/test.csv"] if is_public else [])


@pytest.mark.parametrize("part", ["private", "solution"])
def test_our_own_format_notes_public_files_that_replace_written_ones(
    tmp_path: Path, part: str
) -> None:
    required = "    kind: notebook\n    max_mb: 2\n"
    more = "  - {name: w.pt, kind: other, max_mb: 1}\n"
    folder = write_bundle(
        tmp_path / "own",
        manifest=MANIFEST.replace(required, required + more),
        staff=json.dumps(notebook_of(*STAFF_CELLS, "open('out.csv', 'w')")),
    )
    files = {f"{part}/w.pt": "7", "public/a.csv": "7", "public/out.csv": "8"}
    for name, content in {**files, "public/b.csv": "9"}.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content)
    notes = notes_on(*converted(folder, tmp_path / "out"))
    assert [note.file for note in notes] == ["public/a.csv", "public/out.csv"]
    assert f"{part}/w.pt" in notes[0].message
    assert "required_files" in notes[1].hint


def with_outputs(document: dict[str, Any]) -> None:
    stream = {"output_type": "stream", "name": "stdout", "text": "1"}
    document["cells"][-1]["outputs"] = [stream]


def with_metadata(document: dict[str, Any]) -> None:
    document["metadata"]["author"] = "7"


def with_lines(document: dict[str, Any]) -> None:
    document["cells"][-1]["source"] = [document["cells"][-1]["source"]]


@pytest.mark.parametrize(
    ("change", "is_noted"),
    [(with_outputs, True), (with_metadata, True), (with_lines, False)],
)
def test_our_own_format_notes_a_hand_out_with_more_than_students_need(
    tmp_path: Path,
    change: Callable[[dict[str, Any]], None],
    is_noted: bool,  # noqa: FBT001 - a case
) -> None:
    document = notebook_of(*HANDOUT_CELLS)
    change(document)
    folder = write_bundle(tmp_path / "own", handout=json.dumps(document))
    notes = notes_on(*converted(folder, tmp_path / "out"))
    assert ["students get them" in n.message for n in notes] == [True] * is_noted


def test_long_texts_are_searched_in_linear_time(tmp_path: Path) -> None:
    """In quadratic time, for each folder, these lengths would take minutes."""
    cells = [text("[a\n" * 20_000), text("](" * 40_000), code("\n" * 40_000)]
    folders = tuple(f"f{number}/a.csv" for number in range(20))
    public, _, _ = imported(tmp_path, *cells, ANSWER, CHECK, files=folders)
    assert public == []


def test_links_of_markdown_and_html_are_read() -> None:
    cell = text("![a](<a%201.png>) [b](b(1).csv 'title')\n<img src=\"c.png\"/>")
    named = mentions_of([cell])
    assert named.paths == {"a 1.png", "b(1).csv", "c.png"}


@pytest.mark.parametrize("parameters", ["at='d'", "n, *, at='d'", "at='d', /, n=1"])
def test_a_default_from_which_a_path_is_built_is_a_folder(parameters: str) -> None:
    cell = code(f"def load({parameters}):\n    return open(at + '/a.csv')")
    assert "d" in mentions_of([cell]).paths


@pytest.mark.parametrize(
    ("name", "cell", "is_named"),
    [
        ("models.py", "from torchvision import models", False),
        ("utils.py", "from torch.utils.data import DataLoader", False),
        ("data.py", "import torch.utils.data as data", False),
        ("metrics.py", "import sklearn.metrics", False),
        ("testing.py", "from numpy import testing as tests", False),
        ("models.py", "importlib.import_module('torchvision.models')", False),
        ("models.py", "from .. import models", False),
        ("near/close.py", "import close", False),
        ("near/close.py", "from other.near import close", False),
        ("near/close.py", "from near import close", True),
        ("near/close.py", "from near.close import f", True),
        ("near/__init__.py", "import near.close", True),
        ("near.py", "import near.close", True),
        ("near.py", "from near import f as g", True),
        ("near.py", "from . import near", True),
        ("near.py", "importlib.import_module('near')", True),
    ],
)
def test_an_import_names_a_module_by_its_whole_path_from_the_left(
    name: str,
    cell: str,
    is_named: bool,  # noqa: FBT001 - a case
) -> None:
    assert mentions_of([code(cell)]).names(Path(name)) == is_named


def test_importing_a_library_s_submodule_does_not_publish_a_staff_module_silently(
    tmp_path: Path,
) -> None:
    cell, hidden = code("from torchvision import models"), hiding("import models")
    _, notes, _ = imported(tmp_path, cell, ANSWER, hidden, files=("models.py",))
    assert "only tests name: models.py" in notes
