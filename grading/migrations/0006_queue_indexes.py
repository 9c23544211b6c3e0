from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("grading", "0005_use_of_earlier_runs")]

    operations = [
        migrations.AddIndex(
            model_name="gradingrun",
            index=models.Index(
                condition=models.Q(("state", "queued")),
                fields=["queued_at"],
                name="grading_run_oldest",
            ),
        ),
        migrations.AddIndex(
            model_name="gradingrun",
            index=models.Index(
                condition=models.Q(
                    ("copied_from__isnull", True),
                    ("state", "finished"),
                    ("submission__isnull", False),
                ),
                fields=["revision", "-finished_at"],
                name="grading_run_recent",
            ),
        ),
    ]
