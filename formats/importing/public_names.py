"""Import names in tests from public modules if the notebook imports them there."""

import ast
import re
from collections.abc import Mapping
from pathlib import Path

from formats.choices import QuestionKind
from formats.importing.draft import Draft
from formats.importing.public_files import public_modules
from formats.importing.source_notebooks import names_in, names_of_cells
from formats.importing.statements import (
    AuthoredCell,
    Statement,
    latest_bindings,
    statements_of,
)


def add_public_imports(draft: Draft) -> None:
    """Add to the draft's imports the names in tests that public modules define.

    SECURITY: the tests have the public modules themselves. So a name that the notebook
    imports from one is not read from the notebook, where a student can replace it. An
    object of a class must be the notebook's own if it is passed to the notebook.
    """
    modules = public_modules(draft.public)
    tops = {module.partition(".")[0] for module in modules}
    keys = {
        question.key
        for question in draft.questions
        if question.kind == QuestionKind.AUTO and question.style.has_sections
    }
    texts = {key: text for key, text in draft.tests.items() if key in keys}
    given, others = names_of_cells(draft.handout["cells"])
    own, more = names_of_cells(draft.staff["cells"])
    for name in sorted(given.keys() & names_in("\n".join(texts.values()))):
        targets = given[name] | own.get(name, set())
        target = min(targets)
        module, _, member = target.partition(":")
        if not any(re.split("[.:]", each)[0] in tops for each in targets):
            continue
        users = [key for key, text in texts.items() if name in names_in(text)]
        is_alone = len(targets) == 1 and name not in others | more
        if is_alone and _is_fixed(modules.get(module), member):
            draft.imports[name] = target
            continue
        for key in users:
            draft.note(
                f"“{name}” in the tests of “{key}” comes from the notebook, so a "
                "student can change its value.",
                hint="If no object of it is passed to the notebook, add it to “imports” "
                "in assignment.yaml.",
            )


def _is_fixed(path: Path | None, member: str) -> bool:
    """Return whether the member (or each member) of the module means the same in tests."""
    if path is None:
        return False
    try:
        statements = statements_of(
            [AuthoredCell(cell=0, source=path.read_text("utf-8-sig"))]
        )
    except (OSError, UnicodeDecodeError):
        return False
    known = latest_bindings(statements, 1)
    if member:
        return member in known and _is_function(member, known, frozenset())
    return all(_is_function(name, known, frozenset()) for name in known)


def _is_function(
    name: str, known: Mapping[str, Statement], above: frozenset[str]
) -> bool:
    """Return whether a name is a function or a value.

    It must not need a class of the module.
    """
    each = known[name]
    if name in above or each.is_import:
        return True
    if isinstance(each.node, ast.ClassDef) or not each.is_complete():
        return False
    needs = each.uses & known.keys()
    return all(_is_function(need, known, above | {name}) for need in needs)
