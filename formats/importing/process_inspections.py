"""Find tests that inspect their own process as if the student's code ran in it.

The student's code has a process of its own. The tests cannot see how much memory it
takes, what it draws, which files and figures it leaves and what it sets. So a test that
checks whether something has not changed always passes.
"""

import ast
from collections.abc import Iterator, Mapping
from typing import Final

from formats.assignment.unpickling import Finding
from formats.assignment.value_origins import imported_names
from formats.importing.library_changes import full_name
from formats.importing.replaced_names import USUAL_LIBRARY_NAMES
from formats.importing.statements import dotted

_MEASURES: Final = (
    "the student's code runs in a process of its own, and is not measured"
)
_GENERATORS: Final = "the student's code has its own random generators"
_THREADS: Final = "the student's code handles one call at a time, so no race can show"
_STATE: Final = (
    "what the student's code sets, opens or leaves behind is in its own process"
)
# By the beginning of the full name: all of it, or a part that ends before a dot.
_LOOKS: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        (
            *("tracemalloc", "resource.getrusage", "psutil", "memory_profiler"),
            *("sys.setprofile", "sys.settrace", "threading.setprofile"),
            *("threading.settrace", "cProfile", "profile", "line_profiler"),
            *("torch.profiler", "torch.autograd.profiler", "torch.utils.flop_counter"),
            *("thop", "fvcore", "time.process_time", "time.thread_time", "os.times"),
            *("time.process_time_ns", "time.thread_time_ns", "time.clock"),
            *("gc.get_objects", "gc.get_count", "gc.get_stats", "sys.gettotalrefcount"),
            *("torch.cuda.memory_allocated", "torch.cuda.max_memory_allocated"),
            *("torch.cuda.memory_reserved", "torch.cuda.max_memory_reserved"),
            "torch.cuda.memory_stats",
        ),
        _MEASURES,
    ),
    **dict.fromkeys(
        (
            *("random.getstate", "numpy.random.get_state", "torch.get_rng_state"),
            *("torch.random.get_rng_state", "torch.cuda.get_rng_state"),
            *("torch.initial_seed", "torch.random.initial_seed"),
            "torch.cuda.get_rng_state_all",
        ),
        _GENERATORS,
    ),
    **dict.fromkeys(
        (
            *("threading.Thread", "threading.Barrier", "_thread.start_new_thread"),
            *("concurrent.futures.ThreadPoolExecutor", "multiprocessing.dummy"),
            "multiprocessing.pool.ThreadPool",
        ),
        _THREADS,
    ),
    **dict.fromkeys(
        (
            *("torch.is_grad_enabled", "torch.is_inference_mode_enabled"),
            *(
                "torch.get_default_dtype",
                "torch.get_num_threads",
                "torch.get_default_device",
            ),
            *("torch.are_deterministic_algorithms_enabled", "numpy.geterr"),
            *("numpy.get_printoptions", "pandas.get_option", "warnings.filters"),
            *("matplotlib.pyplot.get_fignums", "matplotlib.pyplot.get_figlabels"),
            *("matplotlib.pyplot.gcf", "matplotlib.pyplot.gca"),
            "matplotlib.pyplot.fignum_exists",
            *("threading.active_count", "threading.enumerate", "sys.modules"),
            *("multiprocessing.active_children", "sys.getrecursionlimit"),
            *("sys.getrefcount", "locale.getlocale", "decimal.getcontext"),
        ),
        _STATE,
    ),
}
# These list the working folder if they are given no other folder.
_LISTING: Final = frozenset(
    ("os.listdir", "os.scandir", "os.walk", "glob.glob", "glob.iglob")
)
_LISTING_METHODS: Final = frozenset(("glob", "rglob", "iterdir", "walk"))
_SHOWS: Final = (
    "it shows the course's files and files that are handed in beside the notebook, "
    "but not the notebook itself, and no file that the notebook has written"
)
_HINT: Final = (
    "Let a function of the notebook do it and return the number, or check what the "
    "student's code returns."
)


def find_process_inspections(
    tree: ast.Module, imports: Mapping[str, str]
) -> Iterator[Finding]:
    """Yield a note for each place where a test reads the state of its own process.

    `imports` gives the meaning of the names that the staff notebook imports.
    """
    libraries = {**imports, **imported_names(tree)}
    # `sys.modules[__name__]` is one module, and shows nothing of the others.
    inner = {
        id(one.value)
        for one in ast.walk(tree)
        if isinstance(one, ast.Attribute | ast.Subscript)
    }
    made = _modules_made(tree, libraries)
    said: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in inner or not isinstance(node, ast.expr):
            continue
        why = _look(node, libraries) or _kept_mode(node, made)
        if why and _shown(node) not in said:
            said.add(_shown(node))
            yield Finding(
                message=f"`{_shown(node)}` looks at the tests' own process: {why}.",
                line=node.lineno,
                hint=_HINT,
                is_certain=False,
            )


def _shown(node: ast.expr) -> str:
    match node:
        case ast.Call(func=ast.Attribute(attr=name, value=ast.Call(func=maker))):
            return f"{dotted(maker)}().{name}"
        case ast.Call(func=function):
            return dotted(function)
    return dotted(node)


def _look(node: ast.expr, libraries: Mapping[str, str]) -> str:
    """Return why the expression shows nothing of the student's code, or ""."""
    match node:
        case ast.Name(ctx=ast.Load()) | ast.Attribute(ctx=ast.Load()):
            return _why(dotted(node), libraries)
        case ast.Call(func=function, args=args):
            if full_name(dotted(function), libraries) in _LISTING and _is_here(args):
                return _SHOWS
            if _lists_path(function, libraries):
                return _SHOWS
    return ""


def _lists_path(function: ast.expr, libraries: Mapping[str, str]) -> bool:
    """Return whether a Path method lists files in the working folder or below it."""
    match function:
        case ast.Attribute(attr=name, value=ast.Call(func=maker, args=args)) if (
            name in _LISTING_METHODS
        ):
            made = full_name(dotted(maker), libraries)
            is_path = made in {"Path", "pathlib.Path"} and _is_here(args)
            return is_path or made in {"Path.cwd", "pathlib.Path.cwd"}
    return False


def _why(name: str, libraries: Mapping[str, str]) -> str:
    root = name.partition(".")[0]
    if root not in libraries and root not in USUAL_LIBRARY_NAMES:
        return ""  # a name of the notebook, such as `profile`
    parts = full_name(name, libraries).split(".")
    beginnings = (".".join(parts[: end + 1]) for end in range(len(parts)))
    return next((_LOOKS[one] for one in beginnings if one in _LOOKS), "")


def _is_here(args: list[ast.expr]) -> bool:
    """Return whether the arguments name the working folder, or a place below it."""
    match args:
        case []:
            return True
        case [ast.Constant(value=str() as path), *_]:
            return not path.startswith("/")
    return False


def _modules_made(tree: ast.Module, libraries: Mapping[str, str]) -> frozenset[str]:
    """Return the names to which the test assigns torch layers that it made."""
    return frozenset(
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        for target in node.targets
        if isinstance(target, ast.Name)
        and full_name(dotted(node.value.func), libraries).startswith("torch.nn.")
    )


def _kept_mode(node: ast.expr, made: frozenset[str]) -> str:
    match node:
        case ast.Attribute(attr="training", value=ast.Name(id=name), ctx=ast.Load()):
            if name in made:
                return "the student's code gets a copy of what the test has made"
    return ""
