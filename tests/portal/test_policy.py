"""Pages follow the content policy: nothing inline, nothing from other hosts."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import User
from tests.factories import EnrolmentFactory, UserFactory

TEMPLATES = sorted(Path(settings.BASE_DIR, "templates").rglob("*.html"))
STATIC = Path(settings.BASE_DIR, "static")
HANDLER = re.compile(r"""<[^>%]*\son[a-z]+\s*=""")
OPEN_PAGES = ["account_login", "account_reset_password", "account_signup"]
OWN_PAGES = [
    "home",
    "account_logout",
    "account_email",
    "account_change_password",
    "mfa_index",
    "mfa_activate_totp",
    "account_reauthenticate",
    "accounts:profile",
    "accounts:tokens",
]


def inline_parts(html: str) -> list[str]:
    scripts = re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", html)
    return (
        [script for script in scripts if "application/json" not in script]
        + re.findall(r"<style\b|\sstyle=", html)
        + HANDLER.findall(html)
    )


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_template_has_nothing_inline(path: Path) -> None:
    assert inline_parts(path.read_text()) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_template_loads_nothing_from_elsewhere(path: Path) -> None:
    loads = re.findall(r"""(?:src|<link[^>]*href)=["']([^"']*)""", path.read_text())
    assert [url for url in loads if url.startswith(("http", "//"))] == []


@pytest.mark.django_db
@pytest.mark.parametrize("name", OPEN_PAGES)
def test_public_page_has_the_portal_s_design(name: str, client: Client) -> None:
    assert_ours(client.get(reverse(name)).content.decode())


@pytest.mark.django_db
@pytest.mark.parametrize("name", OWN_PAGES)
def test_signed_in_page_has_the_portal_s_design(name: str, client: Client) -> None:
    client.force_login(EnrolmentFactory.create().user)
    assert_ours(client.get(reverse(name), follow=True).content.decode())


def assert_ours(html: str) -> None:
    assert "css/softmark.css" in html
    assert html.count("<h1") == 1
    assert inline_parts(html) == []
    assert 'lang="en-GB"' in html


@pytest.mark.django_db
def test_staff_reach_the_admin_under_the_policy(client: Client) -> None:
    staff: User = UserFactory.create(site_staff=True)
    client.force_login(staff)
    html = client.get(reverse("admin:index"), follow=True).content.decode()
    assert inline_parts(html) == []


def test_every_file_that_a_stylesheet_names_exists(
    settings: Settings, tmp_path: Path
) -> None:
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {
            "BACKEND": f"{ManifestStaticFilesStorage.__module__}."
            f"{ManifestStaticFilesStorage.__name__}"
        },
    }
    call_command("collectstatic", interactive=False, verbosity=0)
    entry = next(tmp_path.glob("css/softmark.*.css")).read_text()
    for name in re.findall(r'url\("([^"]+)"\)', entry):
        assert (tmp_path / "css" / name).is_file()
        assert re.search(r"\.[0-9a-f]{12}\.css$", name)


def test_every_stylesheet_of_a_component_is_in_the_entry() -> None:
    entry = (STATIC / "css/softmark.css").read_text()
    for path in (STATIC / "css/components").glob("*.css"):
        assert f'"components/{path.name}"' in entry


def test_fonts_are_small_and_licensed() -> None:
    fonts = list((STATIC / "fonts").glob("*.woff2"))
    assert sum(font.stat().st_size for font in fonts) < 400_000
    for family in {font.name.split("-latin")[0] for font in fonts}:
        licence = (STATIC / f"fonts/LICENSE-{family}.txt").read_text()
        assert "SIL Open Font License" in licence


def test_scripts_do_not_import_each_other() -> None:
    """File names with hashes would break an import, so each module stands alone."""
    for path in (STATIC / "js").glob("*.js"):
        assert not re.search(r"^\s*import\b", path.read_text(), re.MULTILINE)
