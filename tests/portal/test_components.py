"""Components are documented and complete, and escape their arguments."""

import re
from decimal import Decimal
from pathlib import Path

import pytest
from django import forms
from django.conf import settings
from django.template import Context, Template
from django.template.loader import render_to_string

from formats.choices import MaterialKind
from grading.points_bar import divided

TEMPLATES = Path(settings.BASE_DIR, "templates")
COMPONENTS = sorted(TEMPLATES.glob("components/*.html"))
SHARED = sorted({*COMPONENTS, *TEMPLATES.rglob("_*.html")})
EVIL = '"><script>alert(1)</script>'


def render(source: str, **context: object) -> str:
    return Template("{% load softmark %}" + source).render(Context(context))


@pytest.mark.parametrize("path", SHARED, ids=lambda path: path.name)
def test_component_starts_with_its_variables(path: Path) -> None:
    head = path.read_text().split("{% endcomment %}")[0]
    assert head.startswith("{% comment %}")
    assert "ariables" in head


def test_icons_that_templates_name_exist() -> None:
    sprite = Path(settings.BASE_DIR, "static/img/icons.svg").read_text()
    named = re.compile(r'''(?:\{% icon |icon=)"([\w-]+)"''')
    for path in TEMPLATES.rglob("*.html"):
        for name in named.findall(path.read_text()):
            assert f'id="{name}"' in sprite, (path.name, name)


def test_every_kind_of_material_has_an_icon() -> None:
    sprite = Path(settings.BASE_DIR, "static/img/icons.svg").read_text()
    for kind in MaterialKind.values:
        assert f'id="{kind}"' in sprite


def test_block_component_escapes_variables_and_keeps_markup() -> None:
    html = render(
        '{% component "alert" title=evil tone="danger" %}<p>{{ evil }}</p>{% endcomponent %}',
        evil=EVIL,
    )
    assert "<script>" not in html
    assert "<p>&quot;&gt;&lt;script&gt;" in html


@pytest.mark.parametrize(
    "component",
    [
        "{% badge e title=e %}",
        '{% include "components/button.html" with label=e href=e only %}',
        '{% include "components/file_row.html" with name=e href=e sha256=e only %}',
        '{% include "components/dropzone.html" with label=e name=e error=e only %}',
        "{% stat e e hint=e %}",
        '{% include "components/points_bar.html" with bar=bar caption=e only %}',
        '{% component "card" title=e foot=e %}{{ e }}{% endcomponent %}',
        '{% component "table" caption=e %}{{ e }}{% endcomponent %}',
    ],
)
def test_component_escapes_its_arguments(component: str) -> None:
    bar = divided(total=Decimal(2), earned=Decimal(1), by_hand=Decimal(0))
    assert "<script>" not in render(component, e=EVIL, bar=bar)


class SampleForm(forms.Form):
    name = forms.CharField(help_text="What it is for.")
    agreed = forms.BooleanField()
    scopes = forms.MultipleChoiceField(
        choices=[("a", "A")], widget=forms.CheckboxSelectMultiple, required=False
    )


def test_field_ties_label_help_and_errors_together() -> None:
    form = SampleForm({"scopes": []})
    html = render_to_string("components/form_fields.html", {"form": form})
    assert '<label for="id_name">Name</label>' in html
    assert 'aria-describedby="id_name_error id_name_helptext"' in html
    assert 'aria-invalid="true"' in html
    assert 'id="id_name_error"' in html


def test_choices_are_a_group_with_a_name() -> None:
    html = render_to_string("components/form_fields.html", {"form": SampleForm()})
    assert '<div role="group" aria-labelledby="id_scopes_label">' in html
    assert 'id="id_scopes_label"' in html


def test_a_choice_has_its_own_words_as_its_name() -> None:
    html = render_to_string("components/form_fields.html", {"form": SampleForm()})
    (choice,) = re.findall(r"<input[^>]*type=.checkbox.[^>]*name=.scopes.[^>]*>", html)
    assert "aria-labelledby" not in choice


def test_form_errors_that_belong_to_no_field_are_an_alert() -> None:
    form = SampleForm({})
    form.add_error(None, "Too many.")
    html = render_to_string("components/form_fields.html", {"form": form})
    assert 'role="alert"' in html
    assert "Too many." in html
