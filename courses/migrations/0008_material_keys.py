"""Materials that were there before keys get one made from their code or title."""

from django.db import migrations, models
from django.utils.text import slugify


def name_materials(apps, schema_editor):
    material = apps.get_model("courses", "Material")
    taken = set()
    for row in material.objects.filter(key="").order_by("pk"):
        key = wanted = slugify(row.code or row.title)[:50].strip("-") or "item"
        number = 2
        while (row.course_id, key) in taken:
            key, number = f"{wanted}-{number}", number + 1
        taken.add((row.course_id, key))
        material.objects.filter(pk=row.pk).update(key=key)


class Migration(migrations.Migration):

    dependencies = [
        ("courses", "0007_timetable"),
    ]

    operations = [
        migrations.RunPython(name_materials, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="material",
            name="key",
            field=models.SlugField(
                blank=True,
                help_text="Its stable name in addresses, such as n02a. Empty: made from its code.",
                max_length=60,
            ),
        ),
        migrations.AddConstraint(
            model_name="material",
            constraint=models.UniqueConstraint(
                fields=("course", "key"), name="material_key_unique_in_course"
            ),
        ),
    ]
