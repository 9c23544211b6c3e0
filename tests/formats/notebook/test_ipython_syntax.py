"""IPython's own syntax is separated from Python in one module."""

import pytest

from formats.notebook.ipython_syntax import plain_python, run_python, split_cell_magic


@pytest.mark.parametrize(
    ("source", "plain"),
    [
        ("%matplotlib inline\nx = 1", "pass\nx = 1"),
        ("if a:\n    !ls\nx = 1", "if a:\n    pass\nx = 1"),
        ("%time x = f()", "x = f()"),
        ("%prun -l 3 f()", "pass"),
        ("names = !ls", "names = None"),
        ("found = %sql select", "found = None"),
        ("f?\nf.g??", "pass\npass"),
        ("print('ok?')", "print('ok?')"),
        ("x %= 2\ny != x", "x %= 2\ny != x"),
        ("\n%%time\nx = 1", "\n\nx = 1"),
        ("%%capture out\nx = 1", "\nx = 1"),
        ("%%bash\nx=1", ""),
        ("%%writefile a.py\nx = 1", ""),
    ],
)
def test_a_cell_s_python_keeps_its_line_numbers(source: str, plain: str) -> None:
    assert plain_python(source) == plain


def test_a_cell_magic_has_a_name_and_arguments() -> None:
    assert split_cell_magic("%%writefile -a a.py\nx") == ("writefile", "-a a.py", "\nx")
    assert split_cell_magic("x = 1") == ("", "", "x = 1")


@pytest.mark.parametrize(
    ("source", "run"),
    [
        ("%timeit f(x)", "f(x)"),
        ("if a:\n    r = %timeit -qo -n 3 f(x)", "if a:\n    r = f(x)"),
        ("%prun -s time f(x)", "run_magic(s, time, f, x)"),
        ("%%timeit -n 3 a = f(x)\ng(a)", "run_magic(n, a, f, x)\n\ng(a)"),
        ("names = !ls {f(x)}", "names = None; run_magic(f, x)"),
        ("%matplotlib inline", "pass"),
        ("%%bash\nf(x)", ""),
    ],
)
def test_code_that_magics_run_is_read(source: str, run: str) -> None:
    assert run_python(source) == run
