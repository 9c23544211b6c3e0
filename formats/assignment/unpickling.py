"""Find tests that would let a handed-in file run code in the grader.

The tests run beside the private files. A student's module or program must not run
there, and no object may be unpickled there. The grader reads the content of a file as
data, and objects stay in the student's process. The import refuses what the text of a
test shows. The runner refuses the rest in the run.
"""

import ast
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from formats.assignment.value_origins import Origin, Origins, Sources
from runner.protocol.jobs import TestStyle

_NO_IMPORTS: Final[Mapping[str, str]] = {}
_NOTHING: Final[Origins] = frozenset()
# Allowed with a path: the student's process may then read objects in the file.
_BY_PATH: Final = frozenset({"pickle.load", "torch.load", "torch.jit.load"})
# torch.load takes no objects by default, so it may read any file.
_WEIGHTS: Final = "torch.load"
_ARRAYS: Final = "numpy.load"
# Calls whose result does not show whose file it was read from.
_UNTRACED: Final = frozenset(
    {"io.BytesIO", "gzip.open", "bz2.open", "lzma.open", "gzip.GzipFile"}
)
_PRIVATE_ONLY: Final = frozenset(
    {
        *("joblib.load", "pandas.read_pickle", "pickle.Unpickler", "shelve.open"),
        *("dill.load", "dill.loads", "cloudpickle.load", "cloudpickle.loads"),
        *("marshal.load", "marshal.loads", "yaml.unsafe_load", "jsonpickle.decode"),
        *("runpy.run_path", "importlib.machinery.SourceFileLoader"),
        "importlib.util.spec_from_file_location",
    }
)
# The ways in which `os.exec…` and `os.spawn…` take their arguments.
_KINDS: Final = ("l", "le", "lp", "lpe", "v", "ve", "vp", "vpe")
_RUNS_TEXT: Final = frozenset(
    {
        *("builtins.exec", "builtins.eval", "builtins.compile", "builtins.__import__"),
        *("importlib.import_module", "runpy.run_module", "sympy.sympify", "sympy.S"),
        *("sympy.parse_expr", "sympy.parsing.sympy_parser.parse_expr"),
        *("sympy.simplify", "sympy.core.sympify.sympify", "pytest.main"),
    }
)
_RUNS_PROGRAM: Final = frozenset(
    {
        *(f"subprocess.{name}" for name in ("run", "call", "check_call", "Popen")),
        *("subprocess.check_output", "subprocess.getoutput", "os.system", "os.popen"),
        *("subprocess.getstatusoutput", "pty.spawn", "os.posix_spawn"),
        *("os.posix_spawnp", "asyncio.create_subprocess_exec"),
        *("asyncio.create_subprocess_shell", "os.startfile"),
        *(f"os.spawn{kind}" for kind in _KINDS),
        *(f"os.exec{kind}" for kind in _KINDS if kind[0] in "lv"),
        *("ctypes.CDLL", "ctypes.cdll.LoadLibrary", "torch.ops.load_library"),
    }
)
_DO_BY_PATH: Final = (
    "Copy a value with copy.deepcopy. Read a file by its path: pickle.load(open(path, "
    "'rb')), torch.load(path) or np.load(path, allow_pickle=True). The content of the "
    "file arrives as data, and objects in it stay in the student's process."
)
_DO_IN_NOTEBOOK: Final = (
    "Let a function of the notebook read it and return data. Put a file of your own "
    "into private/ and read it there: Path(private) / “NAME”."
)
_DO_CALL: Final = (
    "Call a function of the notebook instead: it runs in the student's process."
)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A finding about a test's code. `line` counts from 1 in that code.

    Without `is_certain`, the text does not show whether it is a fault, and the import
    goes on.
    """

    message: str
    line: int
    hint: str = ""
    is_certain: bool = True


def find_unpickling(
    tree: ast.Module,
    style: TestStyle,
    *,
    handed_in: Collection[str] = (),
    public: Collection[str] = (),
    imports: Mapping[str, str] = _NO_IMPORTS,
) -> tuple[Finding, ...]:
    """Return each place where the code would read or run what students hand in.

    `handed_in` are the names of the files that students hand in beside the notebook.
    `public` are the names of the course's files beside it. `imports` gives the meaning
    of the names that the staff notebook imports.
    """
    try:
        sources = Sources(
            tree, style, handed_in=handed_in, public=public, imports=imports
        )
        finder = _Finder(sources, handed_in)
        finder.visit(tree)
    except RecursionError:
        return (Finding(message="This is nested too deeply to be checked.", line=1),)
    return tuple(sorted(finder.found, key=lambda finding: finding.line))


class _Finder(ast.NodeVisitor):
    def __init__(self, sources: Sources, handed_in: Collection[str]) -> None:
        self._sources = sources
        self._scope = self._sources.top
        self._modules = {
            PurePosixPath(name).stem for name in handed_in if name.endswith(".py")
        }
        self.found: list[Finding] = []

    # --- Scopes ------------------------------------------------------------------

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._enter(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._enter(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._enter(node)

    def _enter(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> None:
        outer = self._scope
        self._scope = self._sources.inner(node, outer)
        self.generic_visit(node)
        self._scope = outer

    # --- Statements and calls ----------------------------------------------------

    def visit_Import(self, node: ast.Import) -> None:
        for each in node.names:
            self._check_module(each.name, node.lineno)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.module and not node.level:
            self._check_module(node.module, node.lineno)

    def _check_module(self, name: str, line: int) -> None:
        if name.partition(".")[0] in self._modules:
            self._add(
                f"Students hand in “{name}”, and it would run here, in the tests' own "
                "process.",
                line,
                _DO_CALL,
            )

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        name = self._sources.called(node, self._scope)
        checks: dict[str, Callable[[ast.Call, str], None]] = {
            "pickle.loads": self._check_bytes,
            _ARRAYS: self._check_arrays,
            **dict.fromkeys(_BY_PATH, self._check_path),
            **dict.fromkeys(_PRIVATE_ONLY, self._check_private),
            **dict.fromkeys(_RUNS_TEXT, self._check_text),
            **dict.fromkeys(_RUNS_PROGRAM, self._check_program),
        }
        if name in checks:
            checks[name](node, name.removeprefix("builtins."))

    def _check_bytes(self, node: ast.Call, name: str) -> None:
        """Refuse bytes, except those that the test itself made with pickle.dumps."""
        data = _first(node)
        if data is not None and self._sources.is_call_of(
            data, self._scope, "pickle.dumps"
        ):
            return
        self._add(
            f"`{name}` unpickles bytes, and it is unknown whose they are.",
            node.lineno,
            _DO_BY_PATH,
        )

    def _check_arrays(self, node: ast.Call, name: str) -> None:
        for keyword in node.keywords:
            allows = keyword.arg == "allow_pickle"
            is_off = isinstance(keyword.value, ast.Constant) and not keyword.value.value
            if allows and not is_off:
                self._check_path(node, name)

    def _check_path(self, node: ast.Call, name: str) -> None:
        """Refuse a buffer or a packed file that does not come from the staff's files.

        A path to any file is allowed.
        """
        file = _first(node)
        if file is None or not self._sources.made_by(file, self._scope, _UNTRACED):
            return
        if name == _WEIGHTS and _takes_no_objects(node):
            return
        if not _is_own(self._origins(node)):
            self._add(
                f"`{name}` would unpickle a buffer or a packed file, and it is "
                "unknown whose it is.",
                node.lineno,
                _DO_BY_PATH,
            )

    def _check_private(self, node: ast.Call, name: str) -> None:
        origins = self._origins(node)
        if _is_own(origins):
            return
        if Origin.UNKNOWN in origins and Origin.STUDENT not in origins:
            self._add(
                f"It is unknown what `{name}` reads here.",
                node.lineno,
                "It must be a file in private/. In a run, anything else is refused.",
                is_certain=False,
            )
            return
        self._add(
            f"`{name}` would run code from a file that is not in private/.",
            node.lineno,
            _DO_IN_NOTEBOOK,
        )

    def _check_text(self, node: ast.Call, name: str) -> None:
        first = _first(node)
        if isinstance(first, ast.Constant) and first.value in self._modules:
            self._check_module(str(first.value), node.lineno)
            return
        origins = _NOTHING if first is None else self._of(first)
        self._check_run(name, origins, node.lineno)

    def _check_program(self, node: ast.Call, name: str) -> None:
        self._check_run(name, self._origins(node), node.lineno)

    def _check_run(self, name: str, origins: Origins, line: int) -> None:
        if Origin.STUDENT in origins:
            self._add(
                f"`{name}` would run handed-in code in the tests' own process.",
                line,
                _DO_CALL,
            )
        elif Origin.UNKNOWN in origins:
            self._add(
                f"It is unknown what `{name}` runs here.",
                line,
                "It must not be anything of the student's: it would run beside your "
                "tests.",
                is_certain=False,
            )

    # --- Answers -----------------------------------------------------------------

    def _origins(self, node: ast.Call) -> Origins:
        """Return the origins of all arguments of a call."""
        found = _NOTHING
        for part in (*node.args, *(keyword.value for keyword in node.keywords)):
            found |= self._of(part)
        return found

    def _of(self, node: ast.expr) -> Origins:
        return self._sources.origins(node, self._scope)

    def _add(
        self, message: str, line: int, hint: str, *, is_certain: bool = True
    ) -> None:
        self.found.append(
            Finding(message=message, line=line, hint=hint, is_certain=is_certain)
        )


def _first(node: ast.Call) -> ast.expr | None:
    if node.args:
        return node.args[0]
    return node.keywords[0].value if node.keywords else None


def _takes_no_objects(node: ast.Call) -> bool:
    """Return whether a call of torch.load takes weights alone, as by default."""
    return all(
        isinstance(keyword.value, ast.Constant) and keyword.value.value in (True, None)
        for keyword in node.keywords
        if keyword.arg in (None, "weights_only")
    )


def _is_own(origins: Origins) -> bool:
    """Return whether the value comes from a file of the staff's and nothing else."""
    own = origins & {Origin.PRIVATE, Origin.PUBLIC}
    return bool(own) and not origins & {Origin.STUDENT, Origin.UNKNOWN}
