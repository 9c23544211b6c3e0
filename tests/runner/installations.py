"""Python installations for tests, whose site-packages run code at every start."""

import os
import sys
from pathlib import Path


def make_installation(folder: Path, startup: str = "") -> str:
    """Return the interpreter of a copy that uses our packages and runs `startup`."""
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    site = folder / "lib" / version / "site-packages"
    site.mkdir(parents=True)
    ours = [path for path in sys.path if path.endswith("site-packages")]
    (site / "shared.pth").write_text("\n".join(ours) + "\n")
    if startup:
        (site / "startup_of_test.py").write_text(startup)
        (site / "startup.pth").write_text("import startup_of_test\n")
    python = folder / "bin" / "python"
    python.parent.mkdir()
    python.symlink_to(os.path.realpath(sys.executable))
    home = Path(os.path.realpath(sys.executable)).parent
    (folder / "pyvenv.cfg").write_text(f"home = {home}\n")
    return str(python)
