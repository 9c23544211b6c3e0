"""Write an `.env` with a new secret key, if there is no file yet: `write_env.py PATH`."""

import os
import secrets
import sys
from pathlib import Path


def main(path: Path) -> None:
    """Write a file that only its owner can read. An existing file is not changed."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(handle, "w") as env:
        env.write("# Settings of this machine. docs/operating.md lists them all.\n")
        env.write(f"SECRET_KEY={secrets.token_urlsafe(50)}\n")
    sys.stdout.write(f"Wrote {path} with a new secret key\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
