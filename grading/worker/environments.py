"""What is installed where runs are executed, read without importing any of it."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

# If a package is installed twice, the one that Python imports comes first. Modules that
# scripts/make_environment.py found unusable count as not installed.
ASK_ALL: Final = """
import importlib.metadata as m, json, os, pkgutil, platform, sys
found = {}
for one in m.distributions():
    found.setdefault(one.metadata["Name"], one.version)
names = {each.name for each in pkgutil.iter_modules()} | set(m.packages_distributions())
names |= {*sys.stdlib_module_names, *sys.builtin_module_names}
for folder in sys.path:
    listed = os.path.join(folder, "unusable-modules.txt")
    if os.path.isfile(listed):
        names -= set(open(listed).read().split())
names = sorted(each for each in names if each.isidentifier() and each[0] != "_")
print(json.dumps([platform.python_version(), found, names]))
"""
ASK_SECONDS: Final = 20


@dataclass(frozen=True, kw_only=True)
class FoundEnvironment:
    """What a worker found in one of its interpreters.

    `packages` maps the names of installed packages to their versions; `modules` are the
    names that can be imported.
    """

    name: str
    python: str
    packages: Mapping[str, str]
    modules: tuple[str, ...] = ()


def environments_in(interpreters: Mapping[str, str]) -> Iterator[FoundEnvironment]:
    """Yield what is installed in each interpreter that answers.

    `interpreters` maps the names of environments to interpreters; "" is our own.
    """
    for name, interpreter in interpreters.items():
        try:
            python, packages, modules = json.loads(
                ask_interpreter(interpreter or sys.executable, ASK_ALL)
            )
        except ValueError:
            continue
        names = sorted((str(key) for key in packages), key=str.lower)
        yield FoundEnvironment(
            name=name,
            python=python,
            packages={key: packages[key] for key in names},
            modules=tuple(modules),
        )


def ask_interpreter(interpreter: str, code: str) -> str:
    """Return what the code prints in the interpreter, or "" if it cannot be run."""
    try:
        told = subprocess.run(  # noqa: S603  (the operator names the interpreter)
            [interpreter, "-I", "-c", code],
            capture_output=True,
            text=True,
            timeout=ASK_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return told.stdout.strip()
