"""The Celery application and the two kinds of task there are."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("softmark")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
