from django.apps import AppConfig


class SubmissionsConfig(AppConfig):
    name = "submissions"

    def ready(self) -> None:
        """Let the quota bound the files of requests for extensions, too."""
        from courses.services.extension_requests import (  # noqa: PLC0415  after models
            take_room_by,
        )
        from submissions.reserved_room import (  # noqa: PLC0415  after models
            take_room_of_request,
        )

        take_room_by(take_room_of_request)
