"""Whether work is late follows from the deadline as it stands, and is not stored."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("submissions", "0004_torchscript_kind")]

    operations = [migrations.RemoveField(model_name="submission", name="is_late")]
