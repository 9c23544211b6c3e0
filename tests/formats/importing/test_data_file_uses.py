"""A file that tests read is public only if the notebook certainly does not write it."""

from pathlib import Path

import pytest

from formats.importing.written_files import is_written, written_by
from tests.formats.importing.foreign import checking, code, marks, text
from tests.formats.importing.test_named_files import hiding, imported

ANSWER = code("x = 1", **marks("a", solution=True))
LOADS = code("net.load_state_dict(torch.load('best.pt'))")
WRITTEN_SOMEHOW = (
    "cfg = {'ckpt': 'best.pt'}\ntorch.save(net, cfg['ckpt'])",
    "stop = EarlyStopping(path='best.pt')",
    (
        "class Stop:\n    def __init__(self, path):\n        self.path = path\n"
        "    def __call__(self, net):\n        torch.save(net, self.path)\n"
        "stop = Stop('best.pt')"
    ),
    "p.add_argument('--model', default='best.pt')",
    "args = SimpleNamespace(ckpt='best.pt')",
    "os.replace('tmp.pt', 'best.pt')",
    "Path('tmp.pt').rename('best.pt')",
    "sqlite3.connect('best.pt')",
    "s = pd.HDFStore('best.pt')",
    "train(net, checkpoint='best.pt')",
    "open('best.pt', mode)",
    "open('best.pt', **how)",
    "load_or_train('best.pt')",
    "CKPT = 'best.pt'\ntorch.save(net, globals()['CKPT'])",
    "CKPT = 'best.pt'\nload(CKPT)\nkeep(CKPT)",
    "def path():\n    return 'best.pt'\nkeep(path())",
    "def load(path):\n    keep(path)\nload('best.pt')",
    "load = keep\nload('best.pt')",
    "from trainer import train as load\nload('best.pt')",
    "!python train.py --checkpoint best.pt",
    "%%bash\n./run best.pt",
    "for name, net in {'best': a}.items():\n    keep(net, f'{name}.pt')",
    "names = ['best']\nkeep(net, names[0] + '.pt')",
    "keep(model_prefix='best')",
    "pl.Trainer(default_root_dir='.').fit(m)",
)
READ = (
    "x = torch.load('best.pt')",
    "x = np.load(Path('.') / 'best.pt')",
    "x = open('best.pt', 'rb').read()",
    "with open(f'{HERE}/best.pt') as f:\n    pass",
    "x = Path('best.pt').read_bytes()",
    "PATH = 'best.pt'\nx = torch.load(PATH)",
    "for each in ('best.pt', 'b.pt'):\n    torch.load(each)",
    "def get(path, mode='rb'):\n    return torch.load(path)\nx = get('best.pt')",
    (
        "class Data:\n    def __init__(self, path):\n        self.path = path\n"
        "    def get(self):\n        return torch.load(self.path)\nd = Data('best.pt')"
    ),
    (
        "def read(path):\n    return load(path)\n"
        "def keep(path):\n    torch.save(1, path)\nread('best.pt')\nkeep('b.pt')"
    ),
    "print('best.pt')\nx = torch.load('best.pt')",
    "!head best.pt",
)


@pytest.mark.parametrize("source", WRITTEN_SOMEHOW)
@pytest.mark.parametrize("where", ["given", "solution"])
def test_a_file_that_tests_read_and_code_may_write_is_left_out(
    tmp_path: Path, source: str, where: str
) -> None:
    cell = code(source, **(marks("w", solution=True) if where == "solution" else {}))
    hidden = hiding("torch.load('best.pt')")
    public, notes, _ = imported(
        tmp_path, ANSWER, cell, LOADS, hidden, files=("best.pt",)
    )
    assert public == []
    assert "may write them: best.pt" in notes or "writes them: best.pt" in notes
    assert all(word in notes for word in ("--require", "[NAME](NAME)"))


@pytest.mark.parametrize("source", READ)
def test_data_that_given_code_only_reads_is_public_without_a_note(
    tmp_path: Path, source: str
) -> None:
    hidden = hiding("torch.load('best.pt')")
    public, notes, _ = imported(
        tmp_path, code(source), ANSWER, hidden, files=("best.pt",)
    )
    assert (public, "best.pt" in notes) == (["best.pt"], False)


@pytest.mark.parametrize("source", WRITTEN_SOMEHOW[:4])
def test_a_file_that_code_may_write_is_noted_where_no_test_reads_it(
    tmp_path: Path, source: str
) -> None:
    public, notes, _ = imported(
        tmp_path, ANSWER, code(source), LOADS, hiding("x"), files=("best.pt",)
    )
    assert (public, "students get them: best.pt" in notes) == (["best.pt"], True)


@pytest.mark.parametrize(
    ("source", "is_noted"), [("y = 1", False), ("keep('best.pt')", True)]
)
def test_a_linked_file_is_public_and_a_note_says_where_code_may_write_it(
    tmp_path: Path,
    source: str,
    is_noted: bool,  # noqa: FBT001 - a case
) -> None:
    link, hidden = text("[the weights](best.pt)"), hiding("load('best.pt')")
    public, notes, _ = imported(
        tmp_path, link, ANSWER, code(source), hidden, files=("best.pt",)
    )
    assert (public, "best.pt" in notes) == (["best.pt"], is_noted)


def test_data_that_is_read_before_any_write_is_public(
    tmp_path: Path,
) -> None:
    reads, writes = code("pd.read_csv('a.csv')"), code("keep(f'{name}.csv')")
    cells, hidden = (ANSWER, reads, writes), hiding("open('a.csv')")
    public, notes, _ = imported(tmp_path, *cells, hidden, files=("a.csv",))
    assert (public, "a.csv" in notes) == (["a.csv"], False)
    turned = (ANSWER, writes, reads, hidden)
    public, notes, _ = imported(tmp_path / "b", *turned, files=("a.csv",))
    assert (public, "may write them: a.csv" in notes) == ([], True)


@pytest.mark.parametrize("name", ["conf.yaml", "trainer.py", "run.sh"])
def test_a_file_beside_the_notebook_may_tell_which_files_are_written(
    tmp_path: Path, name: str
) -> None:
    given = code("x = torch.load('best.pt')")
    files = ("best.pt", name)
    cells = (given, ANSWER, hiding("load('best.pt')"))
    public, _, _ = imported(tmp_path, *cells, files=files)
    assert "best.pt" in public
    said = {"trainer.py": "CKPT = 'best.pt'", "run.sh": "./run best.pt"}
    text_of_it = said.get(name, "ckpt: best.pt")
    public, _, _ = imported(
        tmp_path / "b", *cells, files=files, contents={name: text_of_it}
    )
    assert "best.pt" not in public


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("y.npy", "np.save('y', y)"),
        ("y.npz", "np.savez('y', y)"),
        ("y.png", "plt.savefig('y')"),
    ],
)
def test_an_ending_that_a_library_adds_is_known(name: str, source: str) -> None:
    assert is_written(name, written_by([code(source)]))
    assert not is_written("y.csv", written_by([code(source)]))


def test_a_visible_test_that_reads_data_does_not_tell_who_writes_it(
    tmp_path: Path,
) -> None:
    check = checking("t", "assert len(open('best.pt').read()) == x")
    public, notes, _ = imported(
        tmp_path, ANSWER, code("keep('best.pt')"), check, files=("best.pt",)
    )
    assert (public, "may write them: best.pt" in notes) == ([], True)
