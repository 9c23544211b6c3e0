from django.db import migrations
from django.db.models import Case, FloatField, Q, Value, When
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce

_BATCH = 1000


def fill_from_measures(apps, schema_editor):
    """Set the seconds of earlier runs from their measures, a thousand at a time."""
    runs = apps.get_model("grading", "GradingRun").objects.filter(
        state="finished", copied_from__isnull=True
    )

    def measured(name):
        return Coalesce(Cast(KT(f"measures__{name}"), FloatField()), Value(0.0))

    def on_gpu(name):
        without = Q(measures__gpu="") | Q(measures__gpu__isnull=True)
        return Case(When(without, then=Value(0.0)), default=measured(name))

    keys = list(runs.values_list("pk", flat=True))
    for start in range(0, len(keys), _BATCH):
        runs.filter(pk__in=keys[start : start + _BATCH]).update(
            cpu_seconds=measured("cpu_seconds"),
            gpu_seconds=on_gpu("seconds"),
            checking_cpu_seconds=measured("checking_cpu_seconds"),
            checking_gpu_seconds=on_gpu("checking_seconds"),
        )


class Migration(migrations.Migration):
    # Each batch is a transaction of its own, so that grading goes on meanwhile. Running
    # it again after an interruption changes nothing.
    atomic = False

    dependencies = [("grading", "0004_use_of_runs")]

    operations = [
        migrations.RunPython(
            fill_from_measures, migrations.RunPython.noop, elidable=True
        ),
    ]
