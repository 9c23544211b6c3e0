"""The digest of a plan tells nobody what is in it."""

import hashlib

from grading.services.plan_digest import plan_digest
from grading.services.settings_plan import SettingsPlan


def test_digest_of_a_plan_cannot_be_guessed_from_its_content() -> None:
    words = ("Two students could hand in again.",)
    digest = SettingsPlan(marks=(), lateness=(), words=words).digest
    shown: tuple[object, ...] = ([], [], words)
    assert digest == plan_digest(shown)
    assert digest != hashlib.sha256(repr(shown).encode()).hexdigest()


def test_plans_that_differ_have_different_digests() -> None:
    assert plan_digest([1, 2]) == plan_digest([1, 2])
    assert plan_digest([1, 2]) != plan_digest([1, 3])
