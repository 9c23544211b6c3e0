"""A jail shows only the parts of the host that the interpreter needs."""

import sys

import pytest

from runner.jail import path_rules


def test_no_folder_is_shown_twice_and_the_root_is_not_shown() -> None:
    view = path_rules.host_view()
    assert "/" not in view.trees
    for tree in view.trees:
        assert not [
            one for one in view.trees if one != tree and one.startswith(tree + "/")
        ]


def test_the_interpreter_and_its_packages_are_shown() -> None:
    trees = path_rules.host_view().trees
    for path in (sys.prefix, sys.base_prefix, pytest.__file__):
        assert any(path == tree or path.startswith(tree + "/") for tree in trees)


def test_homes_settings_and_data_are_not_shown() -> None:
    trees = path_rules.host_view().trees
    assert not {"/home", "/root", "/etc", "/var", "/run", "/proc", "/sys", "/dev"} & {
        *trees
    }


def test_a_python_in_the_root_of_the_system_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "base_prefix", "/")
    with pytest.raises(path_rules.TooWideError, match="root of the system"):
        path_rules.host_view()
