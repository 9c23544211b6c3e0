"""What a test does to a library, and the student's code does not notice.

The tests and the notebook run in processes of their own, each with its own libraries. A
function that a test replaces in numpy, and a warning that it turns into an error, are
the test's alone.
"""

import ast
from collections.abc import Collection, Iterator, Mapping
from typing import Final

from courses.bundle.unpickling import Finding
from courses.importing.replaced_names import USUAL
from courses.importing.statements import dotted

_SWITCHES: Final = frozenset(
    {
        *("warnings.simplefilter", "warnings.filterwarnings", "numpy.errstate"),
        *("numpy.seterr", "numpy.seterrcall", "torch.set_default_dtype"),
        *("sys.setrecursionlimit", "torch.set_grad_enabled", "os.chdir"),
    }
)
_USUAL: Final[Mapping[str, str]] = {"np": "numpy"}


def find_library_changes(
    tree: ast.Module, imports: Mapping[str, str]
) -> Iterator[Finding]:
    """Yield a note for each change of a library that stays with the tests.

    `imports` says what names stand for that the staff's notebook imports.
    """
    libraries = {**dict.fromkeys(USUAL, ""), **imports, **_imported(tree)}
    for node in ast.walk(tree):
        for name in _changed(node, libraries):
            yield Finding(
                message=f"`{name}` stays with the tests; the student's code does not "
                "notice.",
                line=getattr(node, "lineno", 1),
                hint="Look at what the student's code returns or raises, or put a "
                "stand-in in the place of a function of the notebook.",
                is_certain=False,
            )


def _changed(node: ast.AST, libraries: Mapping[str, str]) -> Iterator[str]:
    match node:
        case ast.Attribute(ctx=ast.Store() | ast.Del()):
            if _is_of_library(node, libraries):
                yield dotted(node)
        case ast.Call(func=func, args=args):
            name = dotted(func)
            target = args[0] if args else None
            if _full(name, libraries) in _SWITCHES and not _ignores(node):
                yield name
            elif name.split(".")[-1] == "patch":
                yield from _patched(target)
            elif name.endswith("patch.object") or name in {"setattr", "delattr"}:
                yield from _set_on(name, target, libraries)


def _set_on(
    name: str, target: ast.expr | None, libraries: Collection[str]
) -> Iterator[str]:
    if target is not None and _is_of_library(target, libraries):
        yield f"{name}({dotted(target)}, …)"


def _patched(target: ast.expr | None) -> Iterator[str]:
    match target:
        case ast.Constant(value=str() as path):
            if not path.startswith(("__main__.", "builtins.")):
                yield f"patch({path!r})"


def _ignores(call: ast.Call) -> bool:
    """Whether warnings are only kept from sight."""
    match call.args:
        case [ast.Constant(value="ignore" | "default"), *_]:
            return True
    return False


def _is_of_library(node: ast.expr, libraries: Collection[str]) -> bool:
    return dotted(node).partition(".")[0] in libraries


def _full(name: str, libraries: Mapping[str, str]) -> str:
    root, dot, rest = name.partition(".")
    above = libraries.get(root) or _USUAL.get(root, root)
    return f"{above.replace(':', '.')}{dot}{rest}"


def _imported(tree: ast.Module) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for each in node.names:
                top = each.name.partition(".")[0]
                found[each.asname or top] = each.name if each.asname else top
        elif isinstance(node, ast.ImportFrom) and node.module:
            for each in node.names:
                found[each.asname or each.name] = f"{node.module}.{each.name}"
    return found
