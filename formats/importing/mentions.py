"""Find the files that the cells of a notebook name, in code, links and prose."""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePath
from typing import Any, Final
from urllib.parse import unquote

from formats.assignment.notebook_cells import source_of
from formats.notebook.cell_syntax import parameters_with_defaults
from formats.notebook.ipython_syntax import (
    is_python_magic,
    plain_python,
    split_cell_magic,
)

# The target of a Markdown link or image, or of an HTML tag. Brackets inside it may be
# paired.
_LINK: Final = re.compile(
    r"\]\(\s*<?([^()\s<>]*(?:\([^()\s]*\)[^()\s<>]*)*)"
    r"|^[ ]{0,3}\[[^\]\n]{1,200}\]:[ \t]*<?([^\s<>]+)"
    r"|\b(?:src|href|data)\s*=\s*[\"']?([^\"'\s>]+)",
    re.MULTILINE | re.IGNORECASE,
)
_COMMENT: Final = re.compile(r"(^|\s)#.*")
_SPACED: Final = re.compile(r"[\s,;:]+")
_MAGIC: Final = re.compile(r"\s*[%!]")
# A single word may be a folder, but also a key, a label or a mode.
_WORD: Final = re.compile(r"[\w-]+")
_OF_FOLDERS: Final = re.compile(
    r"path|join|dir|folder|file|root|base|load|read|open|glob|walk|import|data|src"
    r"|append|insert|where|source|from|image",
    re.IGNORECASE,
)
# A variable with such a name holds folders.
_FOLDER: Final = re.compile(r"path|dir|folder|root|base", re.IGNORECASE)
_BODIES: Final = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True, kw_only=True)
class Mentions:
    """The files that cells name.

    `paths` are texts in code and targets of links. `other_code` is code of other languages.
    `modules` are dotted names of imported modules, and of names imported from them.
    `prose` is the rest: files that only prose names may be the staff's.
    """

    paths: frozenset[str] = frozenset()
    other_code: str = ""
    modules: frozenset[str] = frozenset()
    prose: str = ""

    @cached_property
    def _names(self) -> frozenset[str]:
        """The last part of each path."""
        return frozenset(re.split(r"[/\\]", path)[-1] for path in self.paths)

    @cached_property
    def _modules(self) -> frozenset[str]:
        """The dotted names of the modules and packages that the imports load."""
        parts = [each.split(".") for each in self.modules]
        return frozenset(
            ".".join(each[:count])
            for each in parts
            for count in range(1, len(each) + 1)
        )

    @cached_property
    def text(self) -> str:
        """The paths in quotes, one on each line, and the code of other languages."""
        return "\n".join(
            [*(f'"{path}"' for path in sorted(self.paths)), self.other_code]
        )

    def names(self, path: PurePath) -> bool:
        """Return whether code or a link names the file, or code imports it.

        `path` starts at the notebook's folder. SECURITY: prose never counts. It names
        files that are kept from students, and its “from” and “import” are words. A web
        address is another file's. So is a submodule of a library: an import is matched
        from the left, and `from torchvision import models` loads no models.py.
        """
        if path.name in self._names or mentions_file(self.other_code, path.name):
            return True
        return path.suffix.lower() == ".py" and _module_of(path) in self._modules


def _module_of(path: PurePath) -> str:
    """Return the dotted name under which the notebook imports a file."""
    parts = path.parent.parts if path.stem == "__init__" else path.with_suffix("").parts
    return ".".join(parts)


def mentions_file(text: str, name: str) -> bool:
    """Return whether the name of a file occurs in a text, in any context."""
    return bool(re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", text))


def mentions_of(
    cells: Iterable[dict[str, Any]],
    *,
    reads: Callable[[dict[str, Any]], bool] = lambda _: True,
) -> Mentions:
    """Return the files that the cells name.

    In cells that `reads` rejects, only imports count.
    """
    paths: set[str] = set()
    loose: list[str] = []
    modules: set[str] = set()
    prose: list[str] = []
    for cell in cells:
        source = source_of(cell)
        if cell["cell_type"] == "code":
            tree = tree_of(source)
            modules |= set(_modules(tree)) if tree is not None else set()
            if reads(cell):
                paths |= set(_paths(tree)) if tree is not None else set()
                loose += non_python_lines(source, has_tree=tree is not None)
            prose += [source]
        else:
            found = (next(filter(None, each), "") for each in _LINK.findall(source))
            paths |= {unquote(each) for each in found if "://" not in each}
            prose.append(source)
    return Mentions(
        paths=frozenset(paths),
        other_code="\n".join(loose),
        modules=frozenset(modules),
        prose="\n".join(prose),
    )


def tree_of(source: str) -> ast.Module | None:
    """Return the syntax tree of a code cell, or None if it is not Python."""
    try:
        return ast.parse(plain_python(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def non_python_lines(source: str, *, has_tree: bool) -> Iterator[str]:
    """Yield the lines of a code cell that Python cannot parse, without comments."""
    name, arguments, _ = split_cell_magic(source)
    is_whole = not has_tree or not is_python_magic(name)
    if not is_whole:
        yield arguments
    for line in source.split("\n"):
        if is_whole or _MAGIC.match(line):
            text = _COMMENT.sub("", line)
            yield " ".join(word for word in text.split() if "://" not in word)


def _modules(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (each.name for each in names)
            case ast.ImportFrom(module=module, names=names, level=0 | 1):
                above = f"{module}." if module else ""
                yield from (f"{above}{each.name}" for each in names)
            case ast.Call(
                func=ast.Name(id=name) | ast.Attribute(attr=name),
                args=[ast.Constant(value=str(module)), *_],
            ) if name in {"import_module", "__import__"}:
                yield module


def _paths(tree: ast.Module) -> Iterator[str]:
    """Yield the texts in code that may be paths. Sentences and docstrings are left out."""
    said = {id(node.value) for node in docstrings(tree)}
    above = {id(c): n for n in ast.walk(tree) for c in ast.iter_child_nodes(n)}
    built = _in_paths(tree)
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in said
            and "://" not in node.value
            and (not _WORD.fullmatch(node.value) or _may_be_folder(node, above, built))
        ):
            yield from _words(node.value)


def _in_paths(tree: ast.Module) -> frozenset[str]:
    """Return the names from which paths are built, and those whose items they are."""
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.BinOp(op=ast.Div() | ast.Add()) | ast.JoinedStr():
                has_slash = isinstance(node, ast.BinOp) or any(
                    isinstance(each, ast.Constant) and "/" in str(each.value)
                    for each in node.values
                )
                found |= _names_in(node) if has_slash else set()
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
                if _OF_FOLDERS.search(name):
                    found |= {
                        each.id for each in node.args if isinstance(each, ast.Name)
                    }
    for node in ast.walk(tree):
        match node:
            case (
                ast.For(target=ast.Name(id=name), iter=ast.Name(id=values))
                | ast.comprehension(target=ast.Name(id=name), iter=ast.Name(id=values))
            ) if name in found:
                found.add(values)
    return frozenset(found)


def _names_in(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _may_be_folder(
    node: ast.AST, above: dict[int, ast.AST], built: frozenset[str]
) -> bool:
    """Return whether a word may be a folder, and not a key, a mode or a phase.

    SECURITY: a word of a list is not a folder unless a path is built from it:
    `["train", "eval"]` may be the phases of a model.
    """
    name, parent = "", above[id(node)]
    if isinstance(parent, ast.List | ast.Tuple):
        parent = above[id(parent)]
    match parent:
        case ast.BinOp(op=ast.Div() | ast.Add()):
            return True
        case (
            ast.Assign(targets=[ast.Name(id=name) | ast.Attribute(attr=name), *_])
            | ast.AnnAssign(target=ast.Name(id=name))
            | ast.NamedExpr(target=ast.Name(id=name))
            | ast.AugAssign(target=ast.Name(id=name) | ast.Attribute(attr=name))
            | ast.For(target=ast.Name(id=name))
            | ast.comprehension(target=ast.Name(id=name))
        ):
            return name in built or _FOLDER.search(name) is not None
        case ast.arguments():
            defaults = parameters_with_defaults(parent)
            return any(name in built for name, each in defaults if each is node)
        case (
            ast.keyword(arg=str(name))
            | ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name))
        ):
            return _OF_FOLDERS.search(name) is not None
    return False


def _words(value: str) -> Iterator[str]:
    """Yield the text itself, and its words if each of them looks like a path."""
    yield value
    words = [word for word in _SPACED.split(value) if word]
    if len(words) > 1 and all(re.search(r"\w[./]\w", word) for word in words):
        yield from words


def docstrings(tree: ast.Module) -> Iterator[ast.Expr]:
    """Yield the statements that are a constant: docstrings, and values a cell shows."""
    for node in ast.walk(tree):
        if isinstance(node, _BODIES):
            for each in node.body:
                if isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant):
                    yield each
