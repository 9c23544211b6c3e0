"""What a Celery worker does with a run: claim it, execute it, report what came out."""
