"""Writes the marks of honest work as they are now, where foreign sources are available.

    DJANGO_SETTINGS_MODULE=tests.settings python -m tests.runner.proof.write_marks FILE

SOFTMARK_FOREIGN names a folder with a clone of ucbds-infra/otter-grader.
"""

import json
import sys
import tempfile
from pathlib import Path

import django

from runner.host.runner import Runner


def main() -> None:
    """Run every case and write its marks; name the cases that cannot run."""
    django.setup()
    # These read the portal's models, which are loaded only now.
    from tests.runner.proof.differential import CASES, UnreachedError  # noqa: PLC0415

    runner = Runner({"default": ""})
    runner.warm_up()
    found = {}
    for name, run in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            try:
                found[name] = run(runner, Path(folder))
            except UnreachedError as error:
                sys.stderr.write(f"{name}: {error}\n")
    runner.close()
    text = json.dumps(found, indent=1, sort_keys=True)
    Path(sys.argv[1]).write_text(text + "\n")


if __name__ == "__main__":
    main()
