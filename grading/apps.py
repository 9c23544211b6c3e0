from django.apps import AppConfig


class GradingConfig(AppConfig):
    name = "grading"

    def ready(self) -> None:
        """Let the history of marks follow the settings of coursework."""
        from courses.services.settings_changes import (  # noqa: PLC0415  after models
            follow_counting,
        )
        from grading.services.marks import (  # noqa: PLC0415  after models
            follow_settings,
        )

        follow_counting(follow_settings)
