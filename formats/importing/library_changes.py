"""Find changes that a test makes to a library, which the student's code does not see.

The tests and the notebook run in separate processes, each with its own libraries. If a
test replaces a function of numpy, or turns a warning into an error, only the test sees
it.
"""

import ast
from collections.abc import Collection, Iterator, Mapping
from typing import Final

from formats.assignment.unpickling import Finding
from formats.assignment.value_origins import imported_names
from formats.importing.replaced_names import USUAL_LIBRARY_NAMES
from formats.importing.statements import dotted

_SWITCHES: Final = frozenset(
    {
        *("warnings.simplefilter", "warnings.filterwarnings", "numpy.seterrcall"),
        *("torch.set_default_dtype", "torch.cuda.amp.autocast"),
        *("sys.setrecursionlimit", "os.chdir", "torch.use_deterministic_algorithms"),
    }
)
# If a test replaces these builtins, they are replaced for the student's code, too.
_LENT: Final = frozenset(("builtins.input", "builtins.print"))
_MODULES: Final = "sys.modules"
_LOOKS: Final[Mapping[str, str]] = {
    "dir()": "`dir()` lists the test's own names, not the notebook's.",
    "__code__": "A test cannot read `__code__` of a function of the notebook.",
    "dis": "A test cannot take the code of a function of the notebook apart.",
    "getsource": "The text of a function comes from the student's process, which can "
    "give any text. It shows how honest work was written, but it proves nothing.",
}
_LOOK_HINT: Final = (
    'Ask for one name with `"answer" in globals()`, and test what a function returns.'
)
_USUAL: Final[Mapping[str, str]] = {
    "np": "numpy",
    "pd": "pandas",
    "nn": "torch.nn",
    "plt": "matplotlib.pyplot",
}


def find_library_changes(
    tree: ast.Module, imports: Mapping[str, str], settings: Collection[str] = ()
) -> Iterator[Finding]:
    """Yield a note for each change of a library that only the tests see.

    `imports` gives the meaning of the names that the staff notebook imports. `settings`
    are the full names of those that this notebook makes, too: they are not noted.
    """
    libraries = {
        **dict.fromkeys(USUAL_LIBRARY_NAMES, ""),
        **imports,
        **imported_names(tree),
    }
    for node in ast.walk(tree):
        for name in _changed(node, libraries):
            if full_name(name, libraries) in settings:
                continue
            yield Finding(
                message=f"`{name}` changes only the tests' own process. The student's "
                "code runs in another one and does not notice.",
                line=getattr(node, "lineno", 1),
                hint="Check what the student's code returns or raises, or replace a "
                "function of the notebook with a stand-in.",
                is_certain=False,
            )


def find_misleading_inspections(tree: ast.Module) -> Iterator[Finding]:
    """Yield a note for each inspection of the notebook that misleads the test."""
    for node in ast.walk(tree):
        kind = ""
        match node:
            case ast.Call(func=ast.Name(id="dir"), args=[], keywords=[]):
                kind = "dir()"
            case ast.Attribute(attr="__code__" | "getsource" as kind):
                pass
            case ast.Call(func=ast.Name(id="getsource" as kind)):
                pass
            case ast.Import(names=names) if any(one.name == "dis" for one in names):
                kind = "dis"
            case ast.ImportFrom(module="dis" as kind):
                pass
        if kind:
            yield Finding(
                message=_LOOKS[kind],
                line=getattr(node, "lineno", 1),
                hint=_LOOK_HINT,
                is_certain=False,
            )


def _changed(node: ast.AST, libraries: Mapping[str, str]) -> Iterator[str]:
    match node:
        case ast.Subscript(value=value, ctx=ast.Store() | ast.Del()):
            if dotted(value) == _MODULES:
                yield _MODULES
        case ast.Attribute(ctx=ast.Store() | ast.Del()):
            if _is_of_library(node, libraries) and dotted(node) not in _LENT:
                yield dotted(node)
        case ast.Call():
            yield from _changed_by(node, libraries)


def _changed_by(node: ast.Call, libraries: Mapping[str, str]) -> Iterator[str]:
    """Yield what the call changes in a library."""
    name, target = dotted(node.func), node.args[0] if node.args else None
    if full_name(name, libraries) in _SWITCHES and not _ignores(node):
        yield name
    elif name.split(".")[-1] == "patch":
        yield from _patched(target, libraries)
    elif name.endswith("patch.dict") and _is_modules(target):
        yield f"{name}({_MODULES}, …)"
    elif _sets_on(name) and not _is_lent(node.args[:2]):
        yield from _set_on(name, target, libraries)


def _sets_on(name: str) -> bool:
    return name.endswith("patch.object") or name in {"setattr", "delattr"}


def _is_lent(args: list[ast.expr]) -> bool:
    match args:
        case [ast.Name(id="builtins"), ast.Constant(value=str() as name)]:
            return f"builtins.{name}" in _LENT
    return False


def _set_on(
    name: str, target: ast.expr | None, libraries: Collection[str]
) -> Iterator[str]:
    if target is not None and _is_of_library(target, libraries):
        yield f"{name}({dotted(target)}, …)"


def _is_modules(target: ast.expr | None) -> bool:
    match target:
        case ast.Constant(value=path):
            return bool(path == _MODULES)
        case ast.Attribute():
            return dotted(target) == _MODULES
    return False


def _patched(target: ast.expr | None, libraries: Collection[str]) -> Iterator[str]:
    match target:
        case ast.Constant(value=str() as path):
            main, _, own = path.partition("__main__.")
            is_own = not main and own.partition(".")[0] not in libraries
            if not is_own and path not in _LENT:
                yield f"patch({path!r})"


def _ignores(call: ast.Call) -> bool:
    """Return whether the call only hides warnings."""
    match call.args:
        case [ast.Constant(value="ignore" | "default"), *_]:
            return True
    return False


def _is_of_library(node: ast.expr, libraries: Collection[str]) -> bool:
    return dotted(node).partition(".")[0] in libraries


def full_name(name: str, libraries: Mapping[str, str]) -> str:
    """Return the dotted name, beginning with the library's full name."""
    root, dot, rest = name.partition(".")
    above = libraries.get(root) or _USUAL.get(root, root)
    return f"{above.replace(':', '.')}{dot}{rest}"
