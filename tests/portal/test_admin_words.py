"""The admin uses the words of the pages, and no migration holds them."""

import re

import pytest
from django.contrib import admin
from django.core.management import call_command
from django.test import Client

from portal.admin_words import FIELDS, MODELS, OUR_APPS
from tests.factories import UserFactory

CODE_WORDS = re.compile(r"^(is|by) |_| (at|sha256)$")


def test_no_label_is_the_name_of_a_column() -> None:
    found = [
        f"{model._meta.label}.{field.name}: {field.verbose_name}"
        for model in admin.site._registry
        if model._meta.app_label in OUR_APPS
        for field in model._meta.local_fields
        if CODE_WORDS.search(str(field.verbose_name))
    ]
    assert found == [], "say these in portal.admin_words"


def test_every_word_belongs_to_an_existing_field() -> None:
    names = {
        field.name
        for app in OUR_APPS
        for model in admin.site._registry
        for field in [*model._meta.local_fields, *model._meta.local_many_to_many]
        if model._meta.app_label == app
    }
    inlines = {
        *("is_optional", "max_bytes", "online_label", "position", "removed_at"),
        "sha256",
        # Of shares of the mark, which are edited within their course.
        *("best_count", "drop_lowest", "required_percent", "split"),
    }
    assert set(FIELDS) - names <= inlines
    assert all(one != several for one, several in MODELS.values())


@pytest.mark.django_db
def test_words_need_no_migration() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.django_db
def test_index_has_each_section_once() -> None:
    client = Client()
    client.force_login(UserFactory.create(site_staff=True))
    apps = client.get("/admin/").context["app_list"]
    names = [app["name"] for app in apps]
    assert names.count("Accounts") == 1
    assert len(set(names)) == len(names)
