"""Decide what a statement certainly does, such as run a loop or let errors through."""

import ast
from typing import Final

# Context managers that let every error through, as they are written.
_THROUGH: Final = frozenset(
    {
        *("open", "io.StringIO", "io.BytesIO", "gzip.open", "zipfile.ZipFile"),
        *("tarfile.open", "h5py.File", "Image.open", "PIL.Image.open", "np.load"),
        *("torch.no_grad", "torch.enable_grad", "torch.inference_mode", "no_grad"),
        *("torch.set_grad_enabled", "torch.autocast", "torch.amp.autocast"),
        *("torch.cuda.amp.autocast", "torch.device", "torch.random.fork_rng"),
        *("torch.autograd.set_detect_anomaly", "torch.profiler.profile"),
        *("np.errstate", "numpy.errstate", "np.printoptions", "numpy.printoptions"),
        *("warnings.catch_warnings", "catch_warnings", "decimal.localcontext"),
        *("contextlib.redirect_stdout", "contextlib.redirect_stderr"),
        *("redirect_stdout", "redirect_stderr", "contextlib.nullcontext"),
        *("nullcontext", "contextlib.closing", "closing", "contextlib.chdir"),
        *("tempfile.TemporaryDirectory", "tempfile.NamedTemporaryFile"),
        *("tempfile.TemporaryFile", "TemporaryDirectory", "NamedTemporaryFile"),
        *("mock.patch", "patch", "mock.patch.object", "patch.object"),
        *("mock.patch.dict", "patch.dict", "unittest.mock.patch"),
        *("unittest.mock.patch.object", "pd.option_context", "plt.style.context"),
        *("ThreadPoolExecutor", "concurrent.futures.ThreadPoolExecutor"),
        *("self.subTest",),
    }
)
# Calls whose result is empty only if an argument is empty.
_SAME_ITEMS: Final = frozenset(
    {"enumerate", "reversed", "sorted", "list", "tuple", "zip"}
)
# Decorators that do not call the function.
_KEEPING: Final = frozenset(
    {
        *(
            "staticmethod",
            "classmethod",
            "property",
            "abstractmethod",
            "setter",
            "wraps",
        ),
        *("cached_property", "lru_cache", "cache", "contextmanager", "no_grad"),
        *("inference_mode", "singledispatch", "skip", "skipIf", "skipUnless"),
        *("test_case", "override", "overload", "final"),
    }
)
_ENDING: Final = frozenset({"pytest.fail", "pytest.skip", "sys.exit", "self.fail"})


def ends(node: ast.stmt) -> bool:
    """Return whether nothing after the statement runs."""
    match node:
        case ast.Raise() | ast.Return():
            return True
        case ast.Assert(test=ast.Constant(value=value)):
            return not value
        case ast.Expr(value=ast.Call(func=func)):
            return ast.unparse(func) in _ENDING
    return False


def has_items(node: ast.expr) -> bool:
    """Return whether the iterable of a loop certainly has an item."""
    match node:
        case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
            return any(not isinstance(each, ast.Starred) for each in items)
        case ast.Dict(keys=keys):
            return any(key is not None for key in keys)
        case ast.Constant(value=str(text) | bytes(text)):
            return bool(text)
        case ast.Call(func=ast.Name(id=name), args=[_, *_] as arguments):
            return _has_items_called(name, arguments)
        case ast.Call(func=ast.Attribute(value=ast.Dict() as value, attr=attr)):
            return attr in {"items", "keys", "values"} and has_items(value)
    return False


def _has_items_called(name: str, arguments: list[ast.expr]) -> bool:
    if name == "range":
        return _is_range_filled(arguments)
    given = arguments if name == "zip" else arguments[:1]
    return name in _SAME_ITEMS and all(map(has_items, given))


def never_ends(node: ast.stmt) -> bool:
    """Return whether a loop ends only with `break`, as `while True` does."""
    match node:
        case ast.While(test=ast.Constant(value=value)):
            return bool(value)
    return False


def matches_all(case: ast.match_case) -> bool:
    """Return whether a case matches every value that earlier cases did not match."""
    pattern = case.pattern
    is_open = isinstance(pattern, ast.MatchAs) and pattern.pattern is None
    return is_open and case.guard is None


def keeps_function(decorator: ast.expr) -> bool:
    """Return whether a decorator is known not to call the function."""
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return ast.unparse(called).rpartition(".")[2] in _KEEPING


def _is_range_filled(arguments: list[ast.expr]) -> bool:
    try:
        values = [ast.literal_eval(each) for each in arguments]
        return len(range(*values)) > 0
    except (ValueError, TypeError, OverflowError, SyntaxError):
        return False


def lets_errors_through(node: ast.expr) -> bool:
    """Return whether a context manager is known to let every error through."""
    called = node.func if isinstance(node, ast.Call) else node
    return ast.unparse(called) in _THROUGH
