"""The style guide shows every component, and is not there in production."""

import pytest
from django.test import Client, RequestFactory

from portal.views.style import style
from tests.portal.test_components import COMPONENTS, TEMPLATES


def test_every_component_is_in_the_style_guide() -> None:
    guide = (TEMPLATES / "portal/style.html").read_text()
    frame = {"brand", "footer", "messages", "theme_menu", "user_menu", "avatar"}
    inside_a_course = {"course_switcher", "course_tabs", "hidden_badge", "run_badge"}
    of_forms_and_lists = {"field", "form_errors", "form_fields", "pagination"}
    for path in COMPONENTS:
        if path.stem in frame | inside_a_course | of_forms_and_lists:
            continue
        ways = (f"components/{path.stem}.html", f'component "{path.stem}"')
        tag = f"{{% {path.stem} "
        assert any(way in guide for way in (*ways, tag)), path.stem


def test_style_guide_renders(rf: RequestFactory) -> None:
    assert style(rf.get("/style/")).status_code == 200


@pytest.mark.django_db
def test_style_guide_has_no_address_in_production(client: Client) -> None:
    assert client.get("/style/").status_code == 404
