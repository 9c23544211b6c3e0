from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("grading", "0003_fair_turns")]

    operations = [
        migrations.AddField(
            model_name="gradingrun",
            name="cpu_seconds",
            field=models.FloatField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="gradingrun",
            name="gpu_seconds",
            field=models.FloatField(
                db_default=0,
                default=0,
                help_text="For how long the notebook held a GPU.",
            ),
        ),
        migrations.AddField(
            model_name="gradingrun",
            name="checking_cpu_seconds",
            field=models.FloatField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="gradingrun",
            name="checking_gpu_seconds",
            field=models.FloatField(db_default=0, default=0),
        ),
    ]
