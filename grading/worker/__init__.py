"""What a Celery worker does with a run: claim it, execute it, and store its result."""
