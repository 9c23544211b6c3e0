import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("courses", "0005_quota_of_students"),
    ]

    operations = [
        migrations.AddField(
            model_name="course",
            name="weights_days",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="The weights of attempts that do not count are removed so many days after they were handed in. If it is empty, none are removed.",
                null=True,
                validators=[django.core.validators.MinValueValidator(1)],
            ),
        ),
        migrations.AddConstraint(
            model_name="course",
            constraint=models.CheckConstraint(
                condition=models.Q(("weights_days", 0), _negated=True),
                name="course_weights_days_are_not_zero",
            ),
        ),
    ]
