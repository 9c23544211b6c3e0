"""Calls that only look at what they are given, and what their results may be.

The lists are closed. A result is a new object only where that is certain; any other may
be a part of what was looked at, or a view of it.
"""

import ast
from typing import Final

# Functions that may do anything, by name, and what leads to them.
DO_ANYTHING: Final = frozenset(
    (
        *("exec", "eval", "compile", "globals", "locals", "vars", "__import__"),
        *("get_ipython", "__main__", "__dict__", "run_path", "run_module", "f_globals"),
        *("reload", "exec_module", "run_line_magic", "run_cell", "user_ns", "modules"),
    )
)
# Python's functions whose results are new.
NEW_FUNCTIONS: Final = frozenset(
    (
        *("print", "display", "len", "str", "repr", "isinstance", "float", "int"),
        *("bool", "format", "range", "any", "all", "deepcopy"),
    )
)
# Those that give a number, as a rule; or one of the objects that they were given.
NUMBER_FUNCTIONS: Final = frozenset(("sum", "min", "max", "abs", "round"))
# Those whose results hold what they were given.
PART_FUNCTIONS: Final = frozenset(
    (
        *("type", "list", "tuple", "set", "dict", "sorted", "reversed"),
        *("enumerate", "zip"),
    )
)
# Functions whose results call, when they are gone through, what they were given.
LAZY_FUNCTIONS: Final = frozenset(("map", "filter"))
DRAWING: Final = frozenset(("plt", "sns", "px"))
# What figures are called, and their methods that draw.
_AXES: Final = frozenset(("ax", "axs", "axes", "ax1", "ax2"))
_DRAWING_METHODS: Final = frozenset(("plot", "hist", "scatter", "bar", "imshow"))
_ARRAYS: Final = frozenset(("np", "numpy", "torch", "F"))
# Functions of array libraries whose results are new, and how many of their first
# arguments they look at. The next one may be the array that they write to.
_ARRAY_FUNCTIONS: Final = {
    **dict.fromkeys(("mean", "sum", "std", "var", "argmax", "argmin"), 1),
    **dict.fromkeys(("min", "max", "abs", "round", "sqrt", "exp", "log", "norm"), 1),
    **dict.fromkeys(("allclose", "isclose", "array_equal", "equal"), 2),
    **dict.fromkeys(("tensor", "stack", "cat", "concatenate", "softmax"), 1),
    **dict.fromkeys(("log_softmax", "sigmoid", "tanh", "zeros_like", "ones_like"), 1),
    **dict.fromkeys(("matmul", "mm", "bmm", "dot", "maximum", "minimum"), 2),
    **dict.fromkeys(("cross_entropy", "nll_loss", "mse_loss"), 2),
    **dict.fromkeys(("linear", "where"), 3),
}
# Methods of values whose results are new.
NEW_METHODS: Final = frozenset(
    (
        *("item", "mean", "sum", "std", "var", "min", "max", "argmax", "argmin"),
        *("describe", "info", "round", "format", "upper", "lower", "join", "count"),
        *("index", "size", "dim", "numel", "plot", "hist", "corr", "value_counts"),
        *("isna", "any", "all", "norm", "abs", "to_string", "allclose", "isclose"),
        *("array_equal", "equal", "sqrt", "exp", "log", "clone"),
    )
)
# Methods that look at an object, and may give parts or views of it.
PART_METHODS: Final = frozenset(
    (
        *("items", "keys", "values", "get", "copy", "detach", "numpy", "cpu"),
        *("astype", "reshape", "flatten", "head", "tail", "split", "groupby"),
        *("tolist", "view", "squeeze", "ravel", "parameters", "named_parameters"),
        *("state_dict", "children", "named_children", "modules", "named_modules"),
        *("__getitem__", "__len__", "__iter__", "to", "cuda", "float", "long"),
        *("unsqueeze", "permute", "transpose", "expand", "chunk"),
    )
)
# Those that move a network itself, while a tensor gives another.
MOVING_METHODS: Final = frozenset(("to", "cuda", "float", "long"))
# Methods that look at their arguments, too: they print them, or they are sizes.
PLAIN_METHODS: Final = frozenset(
    (
        *("format", "join", "view", "reshape", "astype", "head", "tail", "size"),
        *("squeeze", "unsqueeze", "permute", "transpose", "expand", "chunk", "to"),
    )
)
# Methods by which an object comes to hold their arguments.
HOLDING_METHODS: Final = frozenset(
    (
        *("append", "appendleft", "extend", "insert", "add", "update", "setdefault"),
        *("add_module", "register_module", "add_param_group", "put", "push"),
    )
)
# Methods that call a function at once and do not keep it.
CALLING_METHODS: Final = frozenset(("apply", "map", "agg", "step", "sort", "filter"))
# Attributes that are no methods.
DATA_ATTRIBUTES: Final = frozenset(
    (
        *("weight", "bias", "data", "grad", "shape", "T", "values", "columns"),
        *("index", "target", "loc", "iloc", "dtype", "device", "dataset"),
    )
)
# Methods that Python calls where none is named, or that a network calls.
_NETWORK_METHODS: Final = frozenset(("forward", "call"))
# Those that are called where an object is made, or visibly changed.
_OPEN_METHODS: Final = frozenset(
    (
        *("__init__", "__new__", "__post_init__", "__init_subclass__", "__del__"),
        *("__setitem__", "__delitem__", "__setattr__", "__delattr__", "__setstate__"),
        *("__iadd__", "__isub__", "__imul__", "__itruediv__", "__ior__", "__iand__"),
    )
)
# Arguments that say what is changed. No name stands for a dictionary of arguments.
CHANGING_ARGUMENTS: Final = frozenset(("inplace", "out", "file", None))
# Decorators that leave a function as it is.
_CALM_DECORATORS: Final = frozenset(("no_grad", "inference_mode"))


def array_arguments(function: ast.expr) -> int | None:
    """Return how many arguments a library's function looks at to make something new."""
    match function:
        case ast.Attribute(value=ast.Name(id=root), attr=name) if root in _ARRAYS:
            return _ARRAY_FUNCTIONS.get(name)
        case ast.Attribute(value=ast.Name(id="copy"), attr="deepcopy"):
            return 1
    return None


def is_drawing(function: ast.expr) -> bool:
    """Return whether a function draws its arguments, as a plot does."""
    match function:
        case ast.Attribute(value=ast.Name(id=root)) if root in DRAWING:
            return True
        case ast.Attribute(value=value, attr=name):
            return root_name(value) in _AXES and name in _DRAWING_METHODS
    return False


def runs_text_as_code(call: ast.Call) -> bool:
    """Return whether a method may run a text as code.

    `net.eval()` and `net.modules()` do not, nor does a text that is only compiled.
    """
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    is_empty = not call.args and not call.keywords
    is_calm = name == "compile" or (name in {"eval", "modules"} and is_empty)
    return name in DO_ANYTHING and not is_calm


def keeps_effects(node: ast.expr) -> bool:
    """Return whether a decorator leaves the function's effects as they are."""
    match node.func if isinstance(node, ast.Call) else node:
        case ast.Attribute(value=ast.Name(id="torch"), attr=name):
            return name in _CALM_DECORATORS
    return False


def is_called_implicitly(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Return whether Python calls the method although code does not name it.

    Special methods, properties and a network's `forward` are: by a call of the object,
    an index, a loop or `print`.
    """
    if node.name in _OPEN_METHODS:
        return False
    is_special = node.name.startswith("__") and node.name.endswith("__")
    decorators = {root_name(one) for one in node.decorator_list}
    is_property = bool(decorators & {"property", "cached_property", "functools"})
    return is_special or is_property or node.name in _NETWORK_METHODS


def root_name(node: ast.AST) -> str:
    """Return `a` for `a`, `a.b` and `a[0].b`, and "" for anything else."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
