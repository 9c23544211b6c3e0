import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("courses", "0004_upload_minutes"),
    ]

    operations = [
        migrations.AddField(
            model_name="course",
            name="quota_mb",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="How many MB the files of each student may take in this course. If it is empty, the portal's own limit applies.",
                null=True,
                validators=[django.core.validators.MinValueValidator(1)],
            ),
        ),
        migrations.AddConstraint(
            model_name="course",
            constraint=models.CheckConstraint(
                condition=models.Q(("quota_mb", 0), _negated=True),
                name="course_quota_is_not_zero",
            ),
        ),
    ]
