"""Tests of real processes are in xdist groups, which a new pytest once undid."""

import pytest


def test_a_test_of_processes_is_in_the_group_of_its_folder(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        "import pytest\n@pytest.mark.xdist_group('ops')\ndef test_it(): pass\n"
    )
    options = ("-p", "xdist", "-n", "1", "--dist", "loadgroup", "-v", "-p", "no:django")
    done = pytester.runpytest_subprocess(*options)
    done.stdout.fnmatch_lines(["*test_it@ops*"])
