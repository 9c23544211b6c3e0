"""The runner's outputs are those that a notebook front end would show."""

import pytest

from runner.host.outputs import CellOutputs, JobOutputs
from runner.host.runner import Runner
from runner.protocol.jobs import Limits, Verdict
from tests.runner.notebooks import cell, job, outputs, text

pytestmark = pytest.mark.torch


def test_a_good_notebook_completes(runner: Runner) -> None:
    result = runner.run(job("x = 1", "x + 1"))
    assert (result.verdict, result.code) == (Verdict.COMPLETED, "completed")
    assert outputs(result, 2) == [
        {
            "output_type": "execute_result",
            "execution_count": 2,
            "data": {"text/plain": "2"},
            "metadata": {},
        }
    ]
    assert result.measures.cells_run == 2
    assert result.measures.level == runner.level() != "L0"
    assert result.measures.versions["torch"]


def test_consecutive_text_of_one_stream_is_merged(runner: Runner) -> None:
    source = (
        "import sys\nfor i in range(3): print(i)\nprint('e', file=sys.stderr)\nprint(3)"
    )
    result = runner.run(job(source))
    assert [(one["name"], one["text"]) for one in outputs(result)] == [
        ("stdout", "0\n1\n2\n"),
        ("stderr", "e\n"),
        ("stdout", "3\n"),
    ]


def test_text_of_shells_and_of_c_code_keeps_its_place(runner: Runner) -> None:
    source = (
        "import os\nprint('one')\nos.system('echo two; echo err >&2')\nprint('three')"
    )
    result = runner.run(job(source, "!echo shell"))
    assert [(one["name"], one["text"]) for one in outputs(result)] == [
        ("stdout", "one\ntwo\n"),
        ("stderr", "err\n"),
        ("stdout", "three\n"),
    ]
    assert text(result, 2) == "shell\r\n"


def test_buffered_text_is_not_lost_when_the_notebook_forks(runner: Runner) -> None:
    source = (
        "import os, sys\nprint('out'); print('err', file=sys.stderr)\n"
        "if os.fork() == 0:\n    print('child'); os._exit(0)\nos.wait();"
    )
    found = outputs(runner.run(job(source)))
    assert {one["name"]: one["text"] for one in found} == {
        "stdout": "out\nchild\n",
        "stderr": "err\n",
    }


def test_displays_of_many_threads_arrive_whole(runner: Runner) -> None:
    source = (
        "from threading import Thread\ndef show(n):\n"
        "    for _ in range(50): display(str(n) * 50_000)\n"
        "threads = [Thread(target=show, args=(n,)) for n in range(4)]\n"
        "for t in threads: t.start()\nfor t in threads: t.join()"
    )
    limits = Limits(cell_output_bytes=30_000_000, job_output_bytes=30_000_000)
    result = runner.run(job(source, limits=limits))
    shown = [one["data"]["text/plain"] for one in outputs(result)]
    assert len(shown) == 200
    assert {len(set(one.strip("'"))) for one in shown} == {1}


def test_the_first_cell_finds_a_fresh_shell(runner: Runner) -> None:
    source = (
        "s = get_ipython()\n"
        "s.last_execution_result, s.last_execution_succeeded, s.execution_count, "
        "len(In), Out, _i, _, *s.history_manager.get_range(0, 1, 1)"
    )
    result = runner.run(job(source))
    assert text(result) == "(None, True, 2, 2, {}, '', '')"
    assert outputs(result)[0]["execution_count"] == 1


def test_a_figure_is_a_png_at_its_place_in_the_text(runner: Runner) -> None:
    source = "import matplotlib.pyplot as plt\nprint('a')\nplt.plot([1, 2])\nplt.show()\nprint('b')"
    kinds = [one["output_type"] for one in outputs(runner.run(job(source)))]
    assert kinds == ["stream", "display_data", "stream"]
    assert "image/png" in outputs(runner.run(job(source)))[1]["data"]


@pytest.mark.parametrize("backend", ["widget", "notebook", "qt", "inline"])
def test_every_matplotlib_backend_is_inline(runner: Runner, backend: str) -> None:
    source = f"%matplotlib {backend}\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])"
    result = runner.run(job(source))
    assert result.verdict is Verdict.COMPLETED
    assert "image/png" in outputs(result)[-1]["data"]


def test_displays_are_updated_in_place(runner: Runner) -> None:
    result = runner.run(
        job("h = display('old', display_id=True)", "h.update('new')\nprint('later')")
    )
    assert outputs(result)[0]["data"]["text/plain"] == "'new'"
    assert text(result, 2) == "later\n"


def test_an_update_counts_as_output_of_the_cell_that_shows_it() -> None:
    whole = JobOutputs(Limits(cell_output_bytes=1000))
    cells = [CellOutputs(whole, number) for number in (1, 2)]
    shown = {"t": "display", "display_id": "a", "data": {"text/plain": ""}}
    cells[0].add(shown)
    for size in (400, 800, 1200):
        cells[1].add({**shown, "t": "update", "data": {"text/plain": "x" * size}})
        cells[1].add({"t": "clear"})
    assert len(cells[0].outputs[0]["data"]["text/plain"]) == 800
    assert 800 < whole.stored_bytes < 1000


def test_clearing_waits_for_the_next_output(runner: Runner) -> None:
    source = (
        "from IPython.display import clear_output\n"
        "print('old')\nclear_output(wait=True)\nprint('new')\nclear_output(wait=True)"
    )
    assert text(runner.run(job(source))) == "new\n"


def test_an_error_has_its_traceback(runner: Runner) -> None:
    (error,) = outputs(runner.run(job("def f():\n    return 1 / 0\nf()")))
    assert error["output_type"] == "error"
    assert error["ename"] == "ZeroDivisionError"
    assert error["evalue"] == "division by zero"
    assert any("1" in line and "0" in line for line in error["traceback"])


def test_a_value_that_cannot_be_shown_is_an_error(runner: Runner) -> None:
    source = "class C:\n    def __repr__(self): raise ValueError('no')\nC()"
    result = runner.run(job(source))
    assert result.detail == {"cell": 1, "failed": 1, "ename": "ValueError"}


def test_a_display_that_is_not_plain_data_is_an_error(runner: Runner) -> None:
    result = runner.run(job("display({'application/json': object()}, raw=True)"))
    (error,) = outputs(result)
    assert error["ename"] == "ValueError"
    assert not any("runner" in line for line in error["traceback"])


def test_text_that_is_not_utf8_is_shown(runner: Runner) -> None:
    source = "import os\nos.write(1, b'\\xff\\xc3')\nprint('\\ud800 \\u00e9')"
    result = runner.run(job(source))
    assert result.verdict is Verdict.COMPLETED
    assert "é" in text(result)


def test_a_result_silenced_by_a_semicolon_is_not_shown(runner: Runner) -> None:
    assert outputs(runner.run(job("1 + 1;"))) == []


def test_magics_and_top_level_await_work(runner: Runner) -> None:
    source = "import asyncio\nawait asyncio.sleep(0)\nprint('awaited')"
    result = runner.run(job("%%time\nx = 1", source, "%env HOME", "%cd /\n%pwd"))
    assert result.verdict is Verdict.COMPLETED
    assert text(result, 2) == "awaited\n"


def test_long_text_is_cut_with_a_marker_and_the_notebook_goes_on(
    runner: Runner,
) -> None:
    limits = Limits(cell_output_bytes=10_000)
    result = runner.run(job("print('x' * 50_000)", "'next'", limits=limits))
    assert result.verdict is Verdict.COMPLETED
    assert "Output cut here" in text(result)
    assert len(text(result)) < 10_200
    assert text(result, 2) == "'next'"


def test_a_flood_of_text_ends_the_job(runner: Runner) -> None:
    source = "for _ in range(200): print('x' * 1_000_000)"
    result = runner.run(job(source, "1"))
    assert (result.verdict, result.code) == (Verdict.LIMIT, "output")
    assert len(result.notebook) < 2_000_000


def test_a_flood_of_displays_ends_the_job(runner: Runner) -> None:
    limits = Limits(job_output_bytes=100_000)
    source = "for i in range(1_000_000): display(i, clear=True)"
    result = runner.run(job(source, limits=limits))
    assert (result.verdict, result.code) == (Verdict.LIMIT, "output")


def test_figures_count_towards_the_limit(runner: Runner) -> None:
    limits = Limits(cell_output_bytes=30_000)
    source = (
        "import numpy as np, matplotlib.pyplot as plt\n"
        "for _ in range(3):\n    plt.imshow(np.random.rand(99, 99))\n    plt.show()"
    )
    result = runner.run(job(source, limits=limits))
    assert len(result.notebook) < 60_000
    assert "Output cut here" in text(result)


def test_text_of_a_thread_after_its_cell_is_left_out(runner: Runner) -> None:
    source = (
        "import threading, time\n"
        "def speak():\n    while True:\n        print('noise'); time.sleep(0.001)\n"
        "threading.Thread(target=speak, daemon=True).start()\nprint('first')"
    )
    result = runner.run(job(source, "pass"))
    assert result.verdict is Verdict.COMPLETED
    assert "first" in text(result)


def test_the_stored_outputs_are_not_kept(runner: Runner) -> None:
    old = {"output_type": "stream", "name": "stdout", "text": "old"}
    stored = {"source": "1", "outputs": [old], "execution_count": 9}
    skipped = {**stored, "metadata": {"tags": ["skip-execution"]}}
    result = runner.run(job(stored, skipped))
    assert "old" not in result.notebook
    assert outputs(result, 2) == []


def test_cells_with_a_skip_tag_do_not_run(runner: Runner) -> None:
    spec = job(
        cell("1 / 0", tags=["skip-execution"]),
        cell("1 / 0", tags=["otter_ignore"]),
        "2",
        skip_tags=("otter_ignore",),
    )
    result = runner.run(spec)
    assert result.verdict is Verdict.COMPLETED
    assert result.measures.cells_run == 1
    assert result.measures.cells_total == 3


def test_an_expected_exception_is_no_failure(runner: Runner) -> None:
    result = runner.run(job(cell("1 / 0", tags=["raises-exception"]), "2"))
    assert result.verdict is Verdict.COMPLETED
    assert outputs(result)[0]["ename"] == "ZeroDivisionError"
