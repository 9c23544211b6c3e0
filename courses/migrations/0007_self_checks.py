import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("courses", "0006_days_of_old_weights"),
    ]

    operations = [
        migrations.AddField(
            model_name="assignment",
            name="self_check_limit",
            field=models.PositiveSmallIntegerField(
                db_default=0,
                default=0,
                help_text="How many checks of their work a student can have without waiting. 0 turns checking off.",
                validators=[django.core.validators.MaxValueValidator(100)],
            ),
        ),
        migrations.AddField(
            model_name="assignment",
            name="self_check_minutes",
            field=models.PositiveSmallIntegerField(
                db_default=30,
                default=30,
                help_text="After so many minutes a student has one more check of their work, up to the limit.",
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(10080),
                ],
            ),
        ),
        migrations.AddConstraint(
            model_name="assignment",
            constraint=models.CheckConstraint(
                condition=models.Q(("self_check_minutes__gte", 1)),
                name="assignment_self_check_minutes_positive",
            ),
        ),
    ]
