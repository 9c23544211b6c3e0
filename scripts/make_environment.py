"""Make an interpreter with pinned packages: `make_environment.py NAME PACKAGE==VERSION …`.

Only the pinned packages are installed. All others, such as torch, are shared with the
interpreter that runs this script, so nothing large is downloaded or stored twice. If a
shared package does not work with a pin, the script reports it: pin that package, too.
"""

import argparse
import importlib.metadata
import re
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
# Python reads these paths after the environment's own packages, which take precedence.
SHARED: Final = "shared-packages.pth"
# Shared modules that cannot be imported here. grading/worker/environments.py reads it.
UNUSABLE: Final = "unusable-modules.txt"
_NEEDED: Final = ("IPython", "matplotlib.pyplot", "numpy", "torch")
# Modules that many notebooks import.
_USUAL: Final = ("scipy", "pandas", "sklearn", "einops", "torchmetrics", "tqdm")
# Prints each module with the reason why it cannot be imported, if there is one.
_TRY: Final = """
import importlib, importlib.util, os, sys
for name in sys.argv[1:]:
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        try:
            importlib.import_module(name)
        except BaseException as error:
            first = " ".join(str(error).split())[:300]
            os.write(writer, f"{type(error).__name__}: {first}".encode())
        os._exit(0)
    os.close(writer)
    with open(reader) as pipe:
        why = pipe.read()
    status = os.waitpid(child, 0)[1]
    print(name, why or (f"it ends the interpreter ({status})" if status else ""), sep="\\t")
"""


class EnvironmentNotMadeError(Exception):
    """The environment cannot be made. `str` says why."""


def make_environment(folder: Path, pins: list[str]) -> tuple[Path, list[str]]:
    """Return the interpreter of an environment that has the pins, and notes.

    The notes are shared packages that cannot be imported beside the pins. Raises
    EnvironmentNotMadeError.
    """
    if unpinned := [pin for pin in pins if "==" not in pin]:
        raise EnvironmentNotMadeError(
            f"Pin a version, as in numpy==1.26.4: {', '.join(unpinned)}"
        )
    if any(pin.split("==")[0].strip().lower() == "torch" for pin in pins):
        raise EnvironmentNotMadeError(
            "All environments share one torch. To use another torch, make a virtual "
            "environment by hand, install requirements/torch.txt and "
            "requirements/base.txt into it, and name it in RUNNER_ENVIRONMENTS."
        )
    venv.EnvBuilder(with_pip=False, symlinks=True).create(folder)
    python = folder / "bin" / "python"
    paths = {"base": str(folder), "platbase": str(folder)}
    site = Path(sysconfig.get_path("purelib", scheme="venv", vars=paths))
    _install(pins, site)
    shared = [path for path in sys.path if path.endswith("site-packages")]
    (site / SHARED).write_text("".join(f"{path}\n" for path in shared))
    return python, _try(python, pins, site)


def _install(pins: list[str], site: Path) -> None:
    """Install the pins into the folder without their dependencies, which are shared."""
    options = ["--quiet", "--upgrade", "--no-deps", "--only-binary=:all:"]
    options += ["--disable-pip-version-check", "--target", str(site)]
    ended = subprocess.run(  # noqa: S603  (the operator names the packages)
        [sys.executable, "-m", "pip", "install", *options, *pins],
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise EnvironmentNotMadeError(ended.stderr.strip())


def _try(python: Path, pins: list[str], site: Path) -> list[str]:
    """Return the shared packages that cannot be imported beside the pins, and why.

    Raises EnvironmentNotMadeError if a package that every notebook needs, or a pin, cannot be
    imported. Other modules that cannot be imported are written to a file, so that the
    import of an assignment can tell staff.
    """
    modules = {name: pin for pin in pins for name in _modules(pin, site)}
    failed = _failures(python, [*_NEEDED, *modules, *_USUAL])
    clashes = [
        f"{modules.get(name, name)} cannot be imported: {failed[name]}"
        for name in (*_NEEDED, *modules)
        if name in failed
    ]
    if clashes:
        raise EnvironmentNotMadeError(
            "\n".join(clashes)
            + "\nThe packages do not fit together. Pin those that conflict or are missing."
        )
    unusable = [name for name in _USUAL if name in failed and name not in modules]
    (site / UNUSABLE).write_text("".join(f"{name}\n" for name in unusable))
    return [f"{name} cannot be imported: {failed[name]}" for name in unusable]


def _modules(pin: str, site: Path) -> list[str]:
    """Return the modules of an installed package, without its private ones and tests."""
    name = _normal(re.split(r"[=\[]", pin)[0])
    found: set[str] = set()
    for one in importlib.metadata.distributions(path=[str(site)]):
        if _normal(one.metadata["Name"]) == name:
            listed = (one.read_text("top_level.txt") or "").split()
            files = [file.parts[0] for file in one.files or () if _is_code(file)]
            found.update(listed or (part.partition(".")[0] for part in files))
    names = (each for each in found if each.isidentifier())
    return sorted(each for each in names if not each.startswith(("_", "test")))


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


def _is_code(file: importlib.metadata.PackagePath) -> bool:
    return file.suffix in {".py", ".so"}


def _failures(python: Path, modules: list[str]) -> dict[str, str]:
    """Return why modules cannot be imported, by name. Each has its own process."""
    ended = subprocess.run(  # noqa: S603  (the interpreter just made)
        [str(python), "-I", "-c", _TRY, *dict.fromkeys(modules)],
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise EnvironmentNotMadeError(
            f"The interpreter does not start: {ended.stderr.strip()}"
        )
    found = (line.partition("\t") for line in ended.stdout.splitlines())
    return {name: why for name, _, why in found if why}


def main() -> None:
    """Make the environment, and print the setting that names it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", help="the name that assignments use")
    parser.add_argument("pins", nargs="+", metavar="PACKAGE==VERSION")
    parser.add_argument(
        "--folder",
        type=Path,
        help="the folder to make; default: build/environments/NAME",
    )
    asked = parser.parse_args()
    folder = asked.folder or ROOT / "build" / "environments" / asked.name
    try:
        python, notes = make_environment(folder.absolute(), asked.pins)
    except EnvironmentNotMadeError as error:
        sys.exit(str(error))
    for note in notes:
        sys.stderr.write(f"Note: {note}\n")
    if notes:
        sys.stderr.write("Notebooks that import it fail. Pin a release that fits.\n")
    sys.stdout.write(f"RUNNER_ENVIRONMENTS=default=,{asked.name}={python}\n")


if __name__ == "__main__":
    main()
