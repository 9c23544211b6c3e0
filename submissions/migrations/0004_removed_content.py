from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("submissions", "0003_opened_attempts"),
    ]

    operations = [
        migrations.AddField(
            model_name="submittedfile",
            name="removed_at",
            field=models.DateTimeField(
                blank=True,
                help_text="When the content was removed, as the course's rule for old weights says. Name, size and hash stay.",
                null=True,
            ),
        ),
    ]
