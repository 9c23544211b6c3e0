"""The course's own modules, imported by tests with checks of their templates, too."""

import ast
import contextlib
import sys
from collections.abc import Iterator
from importlib.machinery import FileFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from runner.inside.grader import string_formatting


class _CourseLoader(SourceFileLoader):
    """A loader that compiles a module of the course as a test is compiled."""

    def source_to_code(  # type: ignore[override]  # as importlib calls it
        self, data: Any, path: Any, *, _optimize: int = -1
    ) -> CodeType:
        tree = string_formatting.with_checked_templates(ast.parse(data, path))
        code: CodeType = compile(tree, path, "exec", dont_inherit=True)
        return code

    def exec_module(self, module: ModuleType) -> None:
        setattr(module, string_formatting.NAME, string_formatting.format_of)
        super().exec_module(module)


def import_from(folder: Path) -> None:
    """Let the tests import modules from the folder, after all that are installed."""
    find = FileFinder.path_hook((_CourseLoader, [".py"]))

    def hook(path: str) -> Any:
        if not Path(path).is_relative_to(folder):
            raise ImportError("not a folder of the course", path=path)
        return find(path)

    sys.path_hooks.insert(0, hook)
    sys.path_importer_cache.pop(str(folder), None)
    sys.path[:] = [*(path for path in sys.path if path), str(folder)]


def method_names_in(folder: Path) -> Iterator[str]:
    """Yield the names that classes of the course's own modules define."""
    for path in folder.rglob("*.py"):
        with contextlib.suppress(SyntaxError, ValueError, RecursionError):
            for node in ast.walk(ast.parse(path.read_bytes())):
                if isinstance(node, ast.ClassDef):
                    yield from (getattr(part, "name", "") for part in node.body)
