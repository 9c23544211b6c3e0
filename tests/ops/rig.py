"""A supervisor with two small programs, for test_supervisor: `rig.py FOLDER`."""

import sys
from pathlib import Path

from portal.supervisor.children import Program
from portal.supervisor.console import Console
from portal.supervisor.sign_of_life import SignOfLife
from portal.supervisor.supervisor import Supervisor

# Records its start and end, answers SIGTERM, and has a child tied to it, as a web
# server has its worker.
LIFE = """
import pathlib, signal, subprocess, sys, time
name, folder, deaf = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3] == "deaf"
def note(what):
    with (folder / "notes").open("a") as notes:
        notes.write(f"{name}-{what}\\n")
def end(number, frame):
    if not deaf:
        note("down")
        sys.exit(0)
signal.signal(signal.SIGTERM, end)
note("up")
if name == "first":
    import os
    from portal.supervisor.launch import LAUNCHER
    subprocess.Popen([sys.executable, LAUNCHER, str(os.getpid()), "sleep", "600"],
                     start_new_session=True)
print("hello from", name, flush=True)
(folder / name).touch()
while True:
    (folder / f"{name}.alive").touch()
    time.sleep(0.05)
"""


def program(name: str, folder: Path, mood: str = "") -> Program:
    """Return a program that is ready once it has touched its file."""

    def ready() -> bool:
        if not (folder / name).exists():
            return False
        if name == "first":
            with (folder / "notes").open("a") as notes:
                notes.write("first-ready\n")
        return True

    sign = SignOfLife(folder / f"{name}.alive", seconds=3)
    return Program(
        name=name,
        command=(sys.executable, "-c", LIFE, name, str(folder), mood),
        ready=ready,
        before=sign.begin,
        alive=sign.is_there,
        stop_seconds=1 if mood else 5,
    )


def main(folder: Path, option: str) -> int:
    """Run both until asked to stop."""
    second = program("second", folder, "deaf" if option == "--second-deaf" else "")
    if option == "--second-fails":
        command = (sys.executable, "-c", "raise SystemExit(3)")
        second = Program(name="second", command=command, ready=lambda: False)
    console = Console()
    supervisor = Supervisor([program("first", folder), second], console=console)
    return supervisor.run(when_ready=lambda: console.say("all ready"))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else ""))
