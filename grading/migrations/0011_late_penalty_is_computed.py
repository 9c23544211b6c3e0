from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("grading", "0010_indexes_of_lists"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="mark",
            name="mark_parts_not_negative",
        ),
        migrations.RemoveField(
            model_name="mark",
            name="late_penalty",
        ),
        migrations.AddConstraint(
            model_name="mark",
            constraint=models.CheckConstraint(
                condition=models.Q(("manual_points__gte", 0)),
                name="mark_points_not_negative",
            ),
        ),
    ]
