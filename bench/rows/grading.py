"""Row 2: the same notebook, graded, against nbgrader and Otter."""

from typing import Final

from bench.measured_notebooks import SMALL
from bench.peers.nbgrader import Course
from bench.peers.otter import Autograder
from bench.setting import Findings, Setting
from bench.targets import at_least_as_fast

_WORK: Final = "2. the same, graded"


def measure(setting: Setting) -> Findings:
    """Return the times of three graders with the same answers, tests and points."""
    course = Course(
        SMALL,
        students=1,
        interpreter=setting.peers,
        folder=setting.folder / "nbgrader",
    )
    autograder = Autograder(
        SMALL, interpreter=setting.peers, folder=setting.folder / "otter"
    )
    series = setting.take_turns(
        {
            "ours": lambda: setting.ours.run(SMALL).seconds,
            "nbgrader": course.autograde,
            "otter": autograder.run,
        }
    )
    ours = series["ours"]
    return Findings(
        rows=(
            at_least_as_fast(_WORK, ours, "nbgrader", series["nbgrader"], times=15),
            at_least_as_fast(_WORK, ours, "Otter", series["otter"], times=20),
        )
    )
