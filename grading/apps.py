from django.apps import AppConfig


class GradingConfig(AppConfig):
    name = "grading"

    def ready(self) -> None:
        """Register what this app knows with the apps below it."""
        from courses.hidden_work import hide_work_where  # noqa: PLC0415  after models
        from courses.querysets.changes import (  # noqa: PLC0415  after models
            on_work_taken,
        )
        from courses.services.rubrics import (  # noqa: PLC0415  after models
            on_rubric_in_course_file,
        )
        from courses.services.settings_changes import (  # noqa: PLC0415  after models
            on_marks_change,
        )
        from grading.querysets.hidden_markings import (  # noqa: PLC0415  after models
            assignments_hidden_from,
        )
        from grading.querysets.released import (  # noqa: PLC0415  after models
            no_longer_taken,
        )
        from grading.services.marks import (  # noqa: PLC0415  after models
            follow_course,
            follow_settings,
        )
        from grading.services.rubric_edit import (  # noqa: PLC0415  after models
            edit_without_marks,
        )
        from grading.services.self_checks import (  # noqa: PLC0415  after models
            kept_check_files,
        )
        from submissions.quota import count_also  # noqa: PLC0415  after models

        hide_work_where(assignments_hidden_from)
        on_marks_change(follow_settings, follow_course)
        on_work_taken(no_longer_taken)
        on_rubric_in_course_file(edit_without_marks)
        count_also(kept_check_files)
