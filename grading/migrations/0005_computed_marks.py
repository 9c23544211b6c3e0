"""Stop storing which run counts and the points of a mark: both are computed."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("grading", "0004_secret_seed")]

    operations = [
        migrations.RemoveConstraint(
            model_name="mark", name="mark_parts_not_negative"
        ),
        migrations.RemoveField(model_name="mark", name="run"),
        migrations.RemoveField(model_name="mark", name="automatic_points"),
        migrations.RemoveField(model_name="mark", name="final_points"),
        migrations.AddConstraint(
            model_name="mark",
            constraint=models.CheckConstraint(
                condition=Q(manual_points__gte=0, late_penalty__gte=0),
                name="mark_parts_not_negative",
            ),
        ),
    ]
