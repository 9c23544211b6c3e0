"""Find tests that draw random numbers after a function of the notebook has set the seed.

The student's code has generators of its own: `set_seed(3)` sets those. What the test then
draws itself is not what it would draw in a notebook.
"""

import ast
from collections.abc import Collection, Iterator, Mapping
from typing import Final

from formats.assignment.unpickling import Finding
from formats.assignment.value_origins import imported_names
from formats.importing.library_changes import full_name
from formats.importing.replaced_names import USUAL_LIBRARY_NAMES
from formats.importing.statements import dotted

_OF_TORCH: Final = frozenset(
    f"torch.{name}"
    for name in (
        *("rand", "randn", "randint", "randperm", "rand_like", "randn_like"),
        *("randint_like", "normal", "bernoulli", "multinomial", "poisson"),
    )
)
_MODULES: Final = ("random.", "numpy.random.")
# These functions draw nothing from the shared generator.
_NO_DRAWS: Final = ("seed", "state", "default_rng", "Random", "Generator")
_SEEDING: Final = frozenset(("seed", "manual_seed", "seed_all", "seed_everything"))


def find_draws_after_seed(
    tree: ast.Module, defined: Collection[str], imports: Mapping[str, str]
) -> Iterator[Finding]:
    """Yield a note for the first number that a test draws after a seed of the notebook's.

    `defined` are the names that the staff's notebook defines, and `imports` gives the
    meaning of those that it imports. A test that sets the seed itself is not noted.
    """
    libraries = {**imports, **imported_names(tree)}
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    names = {id(call): dotted(call.func) for call in calls}
    if any(_last(name) in _SEEDING and name not in defined for name in names.values()):
        return
    seeds = [
        call
        for call in calls
        if "seed" in names[id(call)].lower() and names[id(call)] in defined
    ]
    first = min((call.lineno for call in seeds), default=None)
    for call in sorted(calls, key=lambda one: (one.lineno, one.col_offset)):
        name = names[id(call)]
        if first is None or call.lineno < first or not _draws(call, name, libraries):
            continue
        yield Finding(
            message=f"`{names[id(seeds[0])]}` sets the seed of the student's code, "
            f"and `{name}` draws from the tests' own generator, which this seed does "
            "not set.",
            line=call.lineno,
            hint="Let a function of the notebook draw the numbers, or set the seed in the "
            "test itself: torch.manual_seed(3).",
            is_certain=False,
        )
        return


def _draws(call: ast.Call, name: str, libraries: Mapping[str, str]) -> bool:
    """Return whether the call draws from a generator that all code shares."""
    root = name.partition(".")[0]
    if root not in libraries and root not in USUAL_LIBRARY_NAMES:
        return False
    if any(keyword.arg == "generator" for keyword in call.keywords):
        return False
    full = full_name(name, libraries)
    is_draw = full.startswith(_MODULES) and not full.endswith(_NO_DRAWS)
    return is_draw or full in _OF_TORCH


def _last(name: str) -> str:
    return name.rpartition(".")[2]
