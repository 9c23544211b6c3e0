import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("courses", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="assignment",
            name="cpu_budget_seconds",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="CPU seconds that the notebooks of one student may use in all. If it is empty, there is no limit.",
                null=True,
                validators=[django.core.validators.MinValueValidator(1)],
            ),
        ),
        migrations.AddField(
            model_name="assignment",
            name="gpu_budget_seconds",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Seconds for which the notebooks of one student may hold a GPU in all. If it is empty, there is no limit.",
                null=True,
                validators=[django.core.validators.MinValueValidator(1)],
            ),
        ),
        migrations.AddConstraint(
            model_name="assignment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("cpu_budget_seconds", 0), _negated=True),
                    models.Q(("gpu_budget_seconds", 0), _negated=True),
                ),
                name="assignment_budget_is_not_zero",
            ),
        ),
    ]
