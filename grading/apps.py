from django.apps import AppConfig


class GradingConfig(AppConfig):
    name = "grading"

    def ready(self) -> None:
        """Record changed marks whenever the settings of an assignment change."""
        from courses.services.settings_changes import (  # noqa: PLC0415  after models
            on_marks_change,
        )
        from grading.services.marks import (  # noqa: PLC0415  after models
            follow_course,
            follow_settings,
        )

        on_marks_change(follow_settings, follow_course)
