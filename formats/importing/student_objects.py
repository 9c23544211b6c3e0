"""Find uses of the notebook's objects in a test that do not work through a handle.

A test holds handles to the notebook's objects, and copies of its tensors. `type` sees
the handle, and no gradient flows through a copy.
"""

import ast
from collections.abc import Collection, Iterator, Mapping
from typing import Final

from formats.assignment.unpickling import Finding
from formats.assignment.value_origins import imported_names
from formats.importing.expected_interrupts import find_interrupts
from formats.importing.library_changes import full_name
from formats.importing.statements import dotted
from runner.protocol.jobs import TestStyle

# Values of these types are copied into the test and keep their types.
_COPIED: Final = frozenset(
    {
        *("int", "float", "complex", "bool", "str", "bytes", "list", "tuple", "dict"),
        *("set", "frozenset", "None", "NoneType", "ndarray", "Tensor", "Parameter"),
    }
)
# The most rounds of following names. No test has a longer chain of names.
_ROUNDS: Final = 10
_OPTIMISERS: Final = ("torch.optim.", "optim.")
_OF_ATTRIBUTES: Final = {
    "backward": "`.backward()` in a test does not reach the notebook",
    "grad_fn": "`.grad_fn` in a test tells nothing",
}
# Functions of torch that differentiate, or call with objects that stand for many
# tensors.
_DIFFERENTIATING: Final = frozenset(
    (
        *("jacobian", "hessian", "vjp", "jvp", "hvp", "vhp", "jacrev", "jacfwd"),
        *("linearize", "grad_and_value", "vmap", "gradcheck", "gradgradcheck"),
    )
)
_OF_TORCH: Final = (
    "torch.",
    "autograd.",
    "func.",
    "functional.",
    "fwAD.",
    "forward_ad.",
)
_MUTATORS: Final = frozenset(
    (
        *("append", "extend", "insert", "remove", "sort", "reverse", "clear"),
        *("update", "setdefault", "add", "discard", "appendleft", "extendleft"),
    )
)
_TAKING: Final = frozenset(("pop", "popitem", "popleft", "__setitem__"))
_GRADIENT_HINT: Final = (
    "Let a function of the notebook compute the gradients, and test what it returns. "
    "`requires_grad` can be read, and so can a `grad` that the notebook itself filled."
)


def find_unsupported_uses(
    tree: ast.Module, style: TestStyle, defined: Collection[str]
) -> Iterator[Finding]:
    """Yield a note for each kind of use that a handle or a copy does not support.

    `defined` are the names that the staff notebook defines.
    """
    theirs = _NotebookObjects(tree, style, defined)
    found: dict[str, Finding] = {}
    for finding in (
        *_gradients(tree, theirs),
        *_types(tree, theirs),
        *_changes(tree, theirs),
        *_changes_by_callbacks(tree, theirs),
        *find_interrupts(tree, theirs.reaches),
    ):
        found.setdefault(finding.message, finding)
    yield from found.values()


def _gradients(tree: ast.Module, theirs: "_NotebookObjects") -> Iterator[Finding]:
    for node in ast.walk(tree):
        if words := _of_gradients(node, theirs):
            yield Finding(
                message=f"{words}: what the notebook's code returns is a copy.",
                line=getattr(node, "lineno", 1),
                hint=_GRADIENT_HINT,
                is_certain=False,
            )


def _of_gradients(node: ast.AST, theirs: "_NotebookObjects") -> str:
    """Return why the gradient that this node asks for does not work, or ""."""
    match node:
        case ast.Attribute(attr="backward" | "grad_fn" as name, value=value):
            if theirs.reaches(value):
                return _OF_ATTRIBUTES[name]
        case ast.Call(func=func) if _last(theirs.full_name(func)) == "make_dual":
            if theirs.are_used:
                return "`make_dual` in a test does not reach the notebook"
        case ast.Call(func=func) if theirs.reaches_any(node, by_functions=True):
            if shown := _derivative(theirs.full_name(func)):
                return f"`{shown}` in a test does not reach the notebook"
            if dotted(func).startswith(_OPTIMISERS):
                return (
                    "An optimiser that a test makes does not train the notebook's model"
                )
    return ""


def _derivative(name: str) -> str:
    """Return the name of a torch function that differentiates, or ""."""
    module, _, last = name.rpartition(".")
    if name.endswith(("autograd.grad", "func.grad")):
        return f"{_last(module)}.grad"
    is_it = name.startswith(_OF_TORCH) and last in _DIFFERENTIATING
    return last if is_it else ""


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _types(tree: ast.Module, theirs: "_NotebookObjects") -> Iterator[Finding]:
    passed_over = set(_in_words(tree)) | set(_of_copies(tree))
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="type"), args=[value]) if (
                theirs.reaches(value) and id(node) not in passed_over
            ):
                shown = ast.unparse(value)[:40]
                yield Finding(
                    message=f"`type({shown})` is not the class of the notebook's "
                    "object: the test holds a handle to it.",
                    line=node.lineno,
                    hint=f"Write isinstance({shown}, CLASS), or type({shown}) == "
                    f"CLASS if it must be exactly this class. {shown}.__class__ is "
                    "CLASS works only for a library's class.",
                    is_certain=False,
                )


def _changes(tree: ast.Module, theirs: "_NotebookObjects") -> Iterator[Finding]:
    """Yield a note for each change of a received value: `cart.items.append(1)`."""
    for node in ast.walk(tree):
        match node:
            case ast.Expr(
                ast.Call(func=ast.Attribute(attr=name, value=value) as changed)
            ) if name in _MUTATORS and isinstance(value, ast.Attribute | ast.Call):
                if theirs.reaches(value):
                    yield Finding(
                        message=f"`{ast.unparse(changed)[:60]}` changes only the "
                        "test's own copy if the value is a list, a set or a "
                        "dictionary. The notebook's value stays as it is.",
                        line=node.lineno,
                        hint="Let the notebook make the change: call a method, or a "
                        "function, of its own.",
                        is_certain=False,
                    )


def _changes_by_callbacks(
    tree: ast.Module, theirs: "_NotebookObjects"
) -> Iterator[Finding]:
    """Yield a note for each change that a test's function makes to its argument."""
    functions = {
        node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not theirs.reaches(node.func):
            continue
        for value in (*node.args, *(each.value for each in node.keywords)):
            given = functions.get(value.id) if isinstance(value, ast.Name) else value
            if not isinstance(given, ast.FunctionDef | ast.Lambda):
                continue
            for change in _changes_to_parameters(given):
                yield Finding(
                    message=f"`{ast.unparse(change)[:60]}` changes only the test's "
                    "own copy if the value is a list, a dictionary, an array or a "
                    "tensor. The student's code, which calls this function, keeps its "
                    "own value.",
                    line=change.lineno,
                    hint="Let the function return what the student's code should use, "
                    "or use a function of the notebook as the callback.",
                    is_certain=False,
                )


def _changes_to_parameters(
    function: ast.FunctionDef | ast.Lambda,
) -> Iterator[ast.expr]:
    """Yield the parts of a function that change one of its parameters in place."""
    names = _parameters(function)
    for node in ast.walk(function):
        match node:
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()):
                if name in names:
                    yield node
            case ast.Call(func=ast.Attribute(attr=attr, value=ast.Name(id=name))):
                is_in_place = attr.endswith("_") and not attr.startswith("_")
                if name in names and (attr in _MUTATORS | _TAKING or is_in_place):
                    yield node


def _in_words(tree: ast.Module) -> Iterator[int]:
    """Yield the ids of the nodes that only describe an error."""
    for node in ast.walk(tree):
        said: list[ast.AST] = []
        match node:
            case ast.Assert(msg=message) if message is not None:
                said = [message]
            case ast.JoinedStr() | ast.Raise():
                said = [node]
            case ast.Call(func=ast.Name(id="print")):
                said = [node]
        yield from (id(each) for part in said for each in ast.walk(part))


def _of_copies(tree: ast.Module) -> Iterator[int]:
    """Yield the ids of nodes that compare with types whose values are copied."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            others = [side for side in sides if not isinstance(side, ast.Call)]
            if others and all(_is_copied(other) for other in others):
                yield from (id(each) for each in ast.walk(node))


def _is_copied(node: ast.expr) -> bool:
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return all(map(_is_copied, node.elts))
    return dotted(node).rpartition(".")[2] in _COPIED


class _NotebookObjects:
    """Decides which expressions of a test lead to objects of the notebook."""

    def __init__(
        self, tree: ast.Module, style: TestStyle, defined: Collection[str]
    ) -> None:
        self._names = set(defined)
        parameters = {
            node.name: _parameters(node)
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef)
        }
        if not style.has_sections:
            self._names = self._names.union(*parameters.values())
        pairs = [pair for node in ast.walk(tree) for pair in _bound(node, parameters)]
        self._imported = imported_names(tree)
        for _ in range(_ROUNDS):
            count = len(self._names)
            for names, value in pairs:
                if self.reaches(value):
                    self._names |= names
            if count == len(self._names):
                break
        self.are_used = self.reaches(tree)
        self._functions = {
            node.name
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef) and any(map(self.reaches, node.body))
        }

    def reaches(self, node: ast.AST) -> bool:
        """Return whether the expression uses a name that leads to the notebook."""
        return any(
            isinstance(each, ast.Name) and each.id in self._names
            for each in ast.walk(node)
        )

    def reaches_any(self, call: ast.Call, *, by_functions: bool = False) -> bool:
        """Return whether an argument of the call leads to the notebook.

        With `by_functions`, a function of the test whose body does so counts, too.
        """
        values = [*call.args, *(each.value for each in call.keywords)]
        if by_functions and any(dotted(each) in self._functions for each in values):
            return True
        return any(map(self.reaches, values))

    def full_name(self, node: ast.expr) -> str:
        """Return the dotted name, with the full name of its imported first part."""
        return full_name(dotted(node), self._imported)


def _parameters(function: ast.FunctionDef | ast.Lambda) -> set[str]:
    given = function.args
    return {each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs)}


def _bound(
    node: ast.AST, parameters: Mapping[str, set[str]]
) -> Iterator[tuple[set[str], ast.expr]]:
    """Yield the names that a node binds, each with the value it is bound to.

    A call of one of the test's own functions binds its parameters.
    """
    match node:
        case ast.Assign(targets=targets, value=value):
            yield set().union(*map(_stored, targets)), value
        case (
            ast.AnnAssign(target=target, value=ast.expr() as value)
            | ast.NamedExpr(target=target, value=value)
            | ast.For(target=target, iter=value)
            | ast.comprehension(target=target, iter=value)
            | ast.withitem(optional_vars=ast.expr() as target, context_expr=value)
        ):
            yield _stored(target), value
        case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords):
            for value in (*args, *(each.value for each in keywords)):
                yield parameters.get(name, set()), value


def _stored(target: ast.expr) -> set[str]:
    return {
        each.id
        for each in ast.walk(target)
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
    }
