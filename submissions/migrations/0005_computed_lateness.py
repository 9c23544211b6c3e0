"""Stop storing whether work is late: it is computed from the deadline of now."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("submissions", "0004_torchscript_kind")]

    operations = [migrations.RemoveField(model_name="submission", name="is_late")]
