"""Names that a function of a test declares `global`, bound through `Names`.

Python would store such a name without calling `Names`. A function that removes a name
of the notebook would then remove it from the test alone, and a solution that calls the
forbidden function would pass.
"""

import ast
from typing import Final, TypeVar

Tree = TypeVar("Tree", bound=ast.AST)

# The name by which the tests' source finds `globals`, which a notebook may redefine.
NAME: Final = "__globals_of__"
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def with_globals_as_items(tree: Tree) -> Tree:
    """Return the tree, changed so that each global name is bound through `Names`."""
    _GlobalsAsItems().visit(tree)
    return ast.fix_missing_locations(tree)


class _GlobalsAsItems(ast.NodeTransformer):
    """Replace `name = value` by `globals()["name"] = value` for a global name."""

    def __init__(self) -> None:
        self._declared: frozenset[str] = frozenset()

    def _inside(self, node: ast.AST) -> None:
        kept, self._declared = self._declared, frozenset(_declared_in(node))
        self.generic_visit(node)
        self._declared = kept

    def _definition(self, node: _Function | ast.ClassDef) -> list[ast.stmt]:
        self._inside(node)
        return [node, *self._again([node.name], node)]

    visit_FunctionDef = _definition  # noqa: N815 - as NodeTransformer calls it
    visit_AsyncFunctionDef = _definition  # noqa: N815 - same
    visit_ClassDef = _definition  # noqa: N815 - same

    def _import(self, node: ast.Import | ast.ImportFrom) -> list[ast.stmt]:
        names = [each.asname or each.name.partition(".")[0] for each in node.names]
        return [node, *self._again(names, node)]

    visit_Import = _import  # noqa: N815 - same
    visit_ImportFrom = _import  # noqa: N815 - same

    def visit_comprehension(self, node: ast.comprehension) -> ast.comprehension:
        """Leave the target: it is local to the comprehension."""
        node.iter = self.visit(node.iter)
        node.ifs = [self.visit(each) for each in node.ifs]
        return node

    def visit_NamedExpr(self, node: ast.NamedExpr) -> ast.NamedExpr:
        """Leave the target: Python allows only a name there."""
        node.value = self.visit(node.value)
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Bind or delete a global name as an item of `globals()`."""
        if node.id not in self._declared or isinstance(node.ctx, ast.Load):
            return node
        return ast.copy_location(_item(node.id, node.ctx), node)

    def _again(self, names: list[str], node: ast.stmt) -> list[ast.stmt]:
        """Return assignments that bind the statement's global names again, through `Names`."""
        return [
            ast.copy_location(
                ast.Assign(
                    targets=[_item(name, ast.Store())],
                    value=ast.Name(id=name, ctx=ast.Load()),
                ),
                node,
            )
            for name in names
            if name in self._declared
        ]


def _item(name: str, context: ast.expr_context) -> ast.Subscript:
    names = ast.Call(func=ast.Name(id=NAME, ctx=ast.Load()), args=[], keywords=[])
    return ast.Subscript(value=names, slice=ast.Constant(name), ctx=context)


def _declared_in(node: ast.AST) -> set[str]:
    """Return the names that a function or a class body itself declares global."""
    found: set[str] = set()
    waiting = list(ast.iter_child_nodes(node))
    while waiting:
        part = waiting.pop()
        if isinstance(part, ast.Global):
            found.update(part.names)
        elif not isinstance(part, _Function | ast.ClassDef | ast.Lambda):
            waiting += ast.iter_child_nodes(part)
    return found
