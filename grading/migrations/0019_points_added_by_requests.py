from decimal import Decimal

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("grading", "0018_excused_students"),
    ]

    operations = [
        migrations.AddField(
            model_name="regraderequest",
            name="added",
            field=models.DecimalField(
                db_default=Decimal("0"),
                decimal_places=2,
                default=Decimal("0"),
                help_text="The points that the answer added to the mark, for a question that checks mark.",
                max_digits=7,
            ),
        ),
    ]
