"""The admin's names for fields and models: the words of the pages, not of the code.

Django makes a label of a field's name: "Is late", "Due at", "Made by". Only the shown
name is set here, so that no migration is needed for a word.
"""

from typing import Any, Final

from django.apps import apps

OUR_APPS: Final = ("accounts", "courses", "submissions", "grading", "mfa", "account")
FIELDS: Final = {
    "academic_year": "year",
    "also_in": "also shown in",
    "bundle_sha256": "SHA-256 of the folder",
    "by_team": "with the whole team",
    "cancel_reason": "why it was cancelled",
    "cancel_requested_at": "cancellation requested",
    "cancelled_at": "cancelled",
    "cell_seconds": "time limit of a cell, seconds",
    "cpu_budget_seconds": "CPU seconds of each student",
    "cpu_seconds": "CPU seconds",
    "checking_cpu_seconds": "CPU seconds of its checks",
    "checking_gpu_seconds": "GPU seconds of its checks",
    "closes_at": "hand-in closes",
    "confirmed_at": "confirmed",
    "counting": "attempt that counts",
    "created_at": "made",
    "created_by": "made by",
    "discarded_at": "discarded",
    "disk_mb": "disk, MB",
    "due_at": "deadline",
    "ends_at": "ends",
    "enrolled_at": "enrolled",
    "executed_sha256": "SHA-256 of the executed notebook",
    "expires_at": "expires",
    "finished_at": "finished",
    "gpu_memory_mb": "GPU memory, MB",
    "grace_minutes": "minutes of grace",
    "granted_at": "granted",
    "woken_at": "workers told",
    "input_sha256": "SHA-256 of the inputs",
    "invitation_due_at": "invitation due",
    "invited_at": "invited",
    "is_active": "active",
    "is_mailed": "sent by mail",
    "is_optional": "optional",
    "is_override": "published despite its trial runs",
    "is_pinned": "pinned",
    "is_public": "told to students",
    "key": "name in addresses",
    "last_used_at": "last used",
    "gpu_budget_seconds": "GPU seconds of each student",
    "gpu_seconds": "GPU seconds",
    "lease_expires_at": "claim ends",
    "lease_token": "claim",
    "late_days": "late days in the whole course",
    "late_days_limit": "late days for one piece of coursework",
    "late_floor": "late work: points not below, %",
    "late_maximum": "late work: loss at most, %",
    "late_mode": "what late work loses",
    "late_step": "late work: loss for each unit",
    "late_unit": "unit of lateness",
    "late_zero_after": "late work: no points after, units",
    "login": "college login",
    "made_at": "when",
    "mailed_at": "mailed",
    "mailed_up_to": "mailed up to person",
    "mailing_until": "mailing reserved until",
    "marks_released_at": "marks released",
    "max_attempts": "number of attempts",
    "max_bytes": "size limit, bytes",
    "memory_mb": "memory, MB",
    "moved_from": "was planned for",
    "not_before": "tried again from",
    "is_further": "another run of the student waited",
    "notebook_name": "notebook",
    "online_label": "online",
    "online_url": "link to join",
    "opens_at": "opens",
    "platform_tries": "tries that failed by the portal's fault",
    "position": "order",
    "question_seconds": "time limit of a question, seconds",
    "pass_mark": "pass mark, %",
    "pause_code": "reason of the pause",
    "put_back_count": "times that it was put back",
    "queue_label": "queue for help",
    "queue_url": "link to that queue",
    "queued_at": "queued",
    "received_at": "received",
    "recorded_at": "recorded",
    "release_at": "released",
    "replaced_at": "file replaced",
    "requested_at": "requested",
    "requested_by": "requested by",
    "revoked_at": "revoked",
    "run_seconds": "time limit of a run, seconds",
    "sha256": "SHA-256",
    "seen_at": "last seen",
    "skip_tags": "tags of cells that are left out",
    "slug": "name in addresses",
    "started_at": "started",
    "starts_at": "starts",
    "starts_on": "starts",
    "updated_at": "last changed",
    "upload_minutes": "minutes for uploads in pieces",
    "url": "link",
    "user": "person",
    "uses_attempt": "counts as an attempt",
    "weight_percent": "share of the mark, %",
}
MODELS: Final = {
    "accounts.User": ("person", "people"),
    "account.EmailAddress": ("email address", "email addresses"),
    "courses.AssignmentRevision": ("revision", "revisions"),
    "courses.Component": ("share of the mark", "shares of the mark"),
    "courses.CourseChange": ("change", "changes"),
    "courses.Enrolment": ("enrolment", "enrolments"),
    "courses.SessionLecture": ("lecture of the session", "lectures of the session"),
    "courses.Slot": ("weekly hour", "weekly hours"),
    "courses.Teacher": ("name on the timetable", "names on the timetable"),
    "grading.GradingRun": ("run", "runs"),
    "grading.MarkChange": ("change of the mark", "changes of the mark"),
    "grading.QuestionResult": ("result", "results"),
    "grading.RunEvent": ("event", "events"),
    "grading.RunnerEnvironment": ("environment", "environments"),
    "grading.WorkerPresence": ("worker", "workers"),
    "mfa.Authenticator": ("second factor", "second factors"),
}
APPS: Final = {"account": "Email addresses", "mfa": "Second factors"}


def name_fields_and_models() -> None:
    """Set the shown names of our models and of their fields."""
    for label, (one, several) in MODELS.items():
        options: Any = apps.get_model(label)._meta  # noqa: SLF001  Django's documented name
        options.verbose_name, options.verbose_name_plural = one, several
    for app in OUR_APPS:
        config = apps.get_app_config(app)
        config.verbose_name = APPS.get(app, config.verbose_name)
        for model in config.get_models():
            for field in model._meta.local_fields + model._meta.local_many_to_many:  # noqa: SLF001  as above
                field.verbose_name = FIELDS.get(field.name, field.verbose_name)
