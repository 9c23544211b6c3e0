"""Make an interpreter with pinned packages: `make_environment.py NAME PACKAGE==VERSION …`.

The pins are its own, all else it shares with the interpreter that runs this, torch
included: nothing large is fetched or stored twice. A pin that another shared package
cannot live with is reported, not repaired: pin that one too.
"""

import argparse
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
# Read after the environment's own packages, which therefore win.
SHARED: Final = "shared-packages.pth"


class UnmadeError(Exception):
    """The environment cannot be made. `str` says why."""


def make_environment(folder: Path, pins: list[str]) -> Path:
    """Return the interpreter of a new or changed environment that has the pins."""
    if unpinned := [pin for pin in pins if "==" not in pin]:
        raise UnmadeError(f"Pin a version, as in numpy==1.26.4: {', '.join(unpinned)}")
    if any(pin.split("==")[0].strip().lower() == "torch" for pin in pins):
        raise UnmadeError(
            "torch is shared. For another one make a virtual environment by hand, "
            "install requirements/torch.txt and requirements/base.txt into it, and "
            "name it in RUNNER_ENVIRONMENTS."
        )
    venv.EnvBuilder(with_pip=False, symlinks=True).create(folder)
    python = folder / "bin" / "python"
    paths = {"base": str(folder), "platbase": str(folder)}
    site = Path(sysconfig.get_path("purelib", scheme="venv", vars=paths))
    _install(pins, site)
    shared = [path for path in sys.path if path.endswith("site-packages")]
    (site / SHARED).write_text("".join(f"{path}\n" for path in shared))
    _try(python)
    return python


def _install(pins: list[str], site: Path) -> None:
    """The pins lie in the folder, without what they ask for: that is shared."""
    options = ["--quiet", "--upgrade", "--no-deps", "--only-binary=:all:"]
    options += ["--disable-pip-version-check", "--target", str(site)]
    ended = subprocess.run(  # noqa: S603  (the operator names the packages)
        [sys.executable, "-m", "pip", "install", *options, *pins],
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise UnmadeError(ended.stderr.strip())


def _try(python: Path) -> None:
    """What every notebook needs can be imported."""
    ended = subprocess.run(  # noqa: S603  (the interpreter just made)
        [str(python), "-I", "-c", "import IPython, matplotlib.pyplot, numpy, torch"],
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        last = ended.stderr.strip().splitlines()[-1:]
        raise UnmadeError(
            f"The packages do not go together: {''.join(last)}. Pin those that clash."
        )


def main() -> None:
    """Make it, and say how to name it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", help="what assignments call it")
    parser.add_argument("pins", nargs="+", metavar="PACKAGE==VERSION")
    parser.add_argument(
        "--folder", type=Path, help="where to; build/environments/NAME if left out"
    )
    asked = parser.parse_args()
    folder = asked.folder or ROOT / "build" / "environments" / asked.name
    try:
        python = make_environment(folder.absolute(), asked.pins)
    except UnmadeError as error:
        sys.exit(str(error))
    sys.stdout.write(f"RUNNER_ENVIRONMENTS=default=,{asked.name}={python}\n")


if __name__ == "__main__":
    main()
