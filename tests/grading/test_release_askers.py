"""Whether marks are released to a student is asked in few places, each listed here."""

import re
from pathlib import Path
from typing import Final

from django.conf import settings

# The rule in Python, and the same in SQL. Pages and lists ask these.
RULES: Final = {"grading/services/view_times.py", "grading/querysets/released.py"}
# The release for everybody is stored, moved, shown to staff, or asked together with
# that of groups.
OTHERS: Final = {
    "courses/admin/assignments.py": "a field for staff",
    "courses/api/release_field.py": "the reader's own release",
    "courses/api/serializers.py": "the name of that field",
    "courses/models/assignment.py": "the column, and `marks_are_out`",
    "courses/models/group_release.py": "its docstring",
    "courses/pages/shift.py": "the word of the column",
    "courses/services/copied_coursework.py": "a copy has no release",
    "courses/services/edited_rows.py": "the record of the release",
    "courses/services/settings_changes.py": "a setting with a record of its own",
    "courses/services/shift_planning.py": "moves with the run",
    "gradebook/pages/gradebook_rows.py": "the head of a column, for staff",
    "gradebook/services/scores.py": "who has nothing, for all or by group",
    "grading/forms/marking_settings.py": "the least time of another setting",
    "grading/pages/release.py": "the page of the release, for staff",
    "grading/services/class_marks.py": "only marks that came out together",
    "grading/services/releasing.py": "the services that store it",
    "portal/admin_words.py": "the word of the column",
    "portal/demo/class_test.py": "the demo course",
    "portal/demo/finished_course.py": "the demo course",
    "portal/demo/marked_work.py": "the demo course",
    "templates/grading/release.html": "the page of the release, for staff",
}
ASKED: Final = re.compile(r"marks_released_at|marks_are_released")
APPS: Final = ("accounts", "courses", "gradebook", "grading", "portal", "submissions")


def test_nothing_else_asks_whether_marks_are_released() -> None:
    """A new place must ask `view_times` or `released_to`: these know groups, too."""
    root = Path(settings.BASE_DIR)
    files = [
        *(path for app in APPS for path in (root / app).rglob("*.py")),
        *(root / "templates").rglob("*"),
    ]
    found = {
        str(path.relative_to(root))
        for path in files
        if path.is_file()
        and "migrations" not in path.parts
        and ASKED.search(path.read_text(errors="replace"))
    }
    assert found == RULES | OTHERS.keys()
