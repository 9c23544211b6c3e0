"""Tables, columns and indices of pandas cross as data, in both directions."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runner.host.runner import Runner
from runner.inside.values.codec import CodecError, Decoder, Encoder, RefusedError
from runner.protocol.jobs import CheckSpec, QuestionSpec, TestStyle
from tests.runner.inside.values.test_values import cross, decode, refuse
from tests.runner.notebooks import cell, job, scores
from tests.runner.proof.entries import Entry
from tests.runner.proof.recording import honest, mark

pd: Any = pytest.importorskip("pandas")
pytestmark = pytest.mark.torch

DAYS = pd.date_range("2024-01-01", periods=3, freq="D")
COLUMNS = {
    "numbers": [1, 2, 3],
    "fractions": [0.5, np.nan, 2],
    "truth": [True, False, True],
    "text": ["a", None, "ä"],
    "objects": pd.Series([1, "x", None], dtype=object),
    "lists": pd.Series([[1], [], [2, 3]]),
    "categories": pd.Categorical(["b", "a", None], categories=["b", "a"], ordered=True),
    "times": DAYS,
    "times in a zone": DAYS.tz_localize("Europe/Berlin"),
    "spans": pd.to_timedelta([1, 2, 3], unit="h"),
    "periods": pd.period_range("2024-01", periods=3, freq="M"),
    "small": np.array([1, 2, 3], dtype="int8"),
}
INDICES = {
    "a range": pd.RangeIndex(5, 11, 2, name="n"),
    "text": pd.Index(["a", "b", "c"]),
    "days": DAYS,
    "numbers with a name": pd.Index([3, 1, 2], name=("a", 1)),
    "levels": pd.MultiIndex.from_tuples(
        [("a", 1), ("b", 2), ("a", 2)], names=["x", None]
    ),
    "categories": pd.CategoricalIndex(["a", "b", "a"]),
    "moved": pd.Index([1.5, 2.5, 3.5]),
}


@pytest.mark.parametrize("column", COLUMNS.values(), ids=COLUMNS)
@pytest.mark.parametrize("index", INDICES.values(), ids=INDICES)
def test_a_table_arrives_unchanged(column: Any, index: Any) -> None:
    series = pd.Series(pd.Series(column).array, index=index, name="s")
    frame = pd.DataFrame({"a": series, ("b", 1): range(3)})
    pd.testing.assert_series_equal(cross(series), series, check_freq=True)
    pd.testing.assert_frame_equal(cross(frame), frame)
    pd.testing.assert_frame_equal(cross(frame.T), frame.T)
    pd.testing.assert_index_equal(cross(index), index, exact=True)


OTHERS = {
    "no rows": pd.DataFrame({"a": []}),
    "no columns": pd.DataFrame(index=[1, 2]),
    "nothing": pd.DataFrame(),
    "one name twice": pd.DataFrame([[1, "x"]], columns=["a", "a"]),
    "thousands of columns": pd.DataFrame(np.arange(20000.0).reshape(2, 10000)),
}


@pytest.mark.parametrize("frame", OTHERS.values(), ids=OTHERS)
def test_an_odd_table_arrives_unchanged(frame: Any) -> None:
    pd.testing.assert_frame_equal(cross(frame), frame)


@pytest.mark.parametrize(
    "value",
    [
        *(pd.Timestamp("2024-01-01 12:00:01.5"), pd.Timedelta("3 days"), pd.NaT, pd.NA),
        *(pd.Timestamp("2024-03-31", tz="Europe/Berlin"), pd.Period("2024-02", "M")),
    ],
)
def test_a_scalar_arrives_unchanged(value: Any) -> None:
    found = cross(value)
    assert type(found) is type(value)
    assert found is value or found == value
    assert getattr(found, "unit", 0) == getattr(value, "unit", 0)


def test_a_subclass_arrives_as_a_plain_table_with_its_attrs() -> None:
    class Own(pd.DataFrame):
        pass

    found = cross(Own({"a": [1]}))
    assert type(found) is pd.DataFrame
    found.attrs["source"] = "x"
    assert cross(found).attrs == {"source": "x"}


HIDING = {
    "missing numbers": pd.array([1, None, 3], dtype="Int64"),
    "missing truth": pd.array([True, None, False], dtype="boolean"),
    "missing text": pd.array(["a", None, "b"], dtype="string"),
    "missing objects": pd.Series([1, pd.NA, "x"], dtype=object),
    "none missing yet": pd.array([1.5, 2.5, 3.5], dtype="Float64"),
    "text, none missing yet": pd.array(["a", "b", "c"], dtype="string"),
    "categories": pd.Categorical(["a"] * 3, pd.array(["a"], dtype="string")),
}


def sent_by_a_test(value: Any) -> tuple[Any, list[Any]]:
    encoder = Encoder(refuse)
    encoder.sends_missing = True
    return encoder.encode(value), encoder.buffers


@pytest.mark.parametrize("values", HIDING.values(), ids=HIDING)
def test_a_table_with_na_is_refused(values: Any) -> None:
    """`(got == want).all()` skips NA, and pandas itself fills gaps with NA."""
    series = pd.Series(values)
    index = pd.Index(series)
    values = [series, series.to_frame(), index]
    if series.dtype != object:  # a MultiIndex turns NA of objects into NaN by itself
        values.append(pd.Series(1, pd.MultiIndex.from_arrays([index, range(3)])))
    for value in values:
        with pytest.raises(RefusedError, match=r"pandas' NA.*Convert it first"):
            cross(value)
        node, buffers = sent_by_a_test(value)
        with pytest.raises(CodecError, match="hide"):
            decode(node, *buffers)


@pytest.mark.parametrize("values", HIDING.values(), ids=HIDING)
def test_a_test_may_give_a_table_with_na(values: Any) -> None:
    series = pd.Series(values)
    node, buffers = sent_by_a_test(series)
    decoder = Decoder(buffers, refuse)
    decoder.takes_missing = True
    pd.testing.assert_series_equal(decoder.decode(node), series)


def test_columns_without_a_common_row_are_not_equal() -> None:
    """In values that cross, pandas fills gaps between different labels with NaN."""
    want = pd.Series([1.5, 2.5])
    for values in ([7.5], ["a"], [None], pd.to_datetime(["2024-01-01"])):
        got = cross(pd.Series(values, index=[9]))
        assert not got.eq(want).all()
        assert got.ne(want).any()
    assert not ((cross(pd.Series([7.5], index=[9])) - want).abs() < 1).all()


REFUSED = {
    "objects": pd.DataFrame({"a": [object()]}),
    "functions": pd.Series([print]),
    "intervals": pd.Series(pd.interval_range(0, 3)),
    "sparse": pd.Series(pd.arrays.SparseArray([0, 1])),
    "objects as labels": pd.Series([1], index=[object()]),
}


@pytest.mark.parametrize("value", REFUSED.values(), ids=REFUSED)
def test_a_table_of_objects_is_refused_by_name(value: Any) -> None:
    with pytest.raises(RefusedError, match=r"cannot be sent"):
        cross(value)


def test_a_part_of_a_table_crosses_without_the_rest() -> None:
    whole = pd.DataFrame({"a": [1, 7777], "b": pd.Categorical(["y", "z"])})
    whole.index = pd.MultiIndex.from_tuples([("x", 1), ("canary", 8888)])
    text = pd.Series(["x", "canary"], index=whole.index)
    for part in (whole.head(1), text.head(1), whole.iloc[:1, :1], whole.index[:1]):
        encoder = Encoder(refuse)
        sent = json.dumps(encoder.encode(part)).encode() + b"".join(encoder.buffers)
        for secret in (b"canary", (7777).to_bytes(8, "little"), b"8888"):
            assert secret not in sent


def array(values: Any) -> dict[str, Any]:
    encoder = Encoder(refuse)
    return encoder.encode(np.array(values))  # type: ignore[no-any-return]  # a node


RANGE = {"r": [0, 2, 1], "n": [None]}
FALSE = {
    "another length": {"k": "series", "v": array([1]), "i": RANGE, "n": None},
    "another shape": {"k": "frame", "b": array([[1]]), "i": RANGE, "c": RANGE},
    "no names": {"k": "index", "v": {"r": [0, 1, 1], "n": []}},
    "a table as a column": {"k": "column", "v": array([[1]])},
    "an endless step": {"k": "index", "v": {"r": [0, 1, 0], "n": [None]}},
    "codes without labels": {
        "k": "column",
        "v": {"t": "category", "v": array([5]), "c": array([1]), "o": False},
    },
    "a zone that is a path": {"k": "timestamp", "v": array(0), "z": "../x"},
    "an unknown kind": {"k": "column", "v": {"t": "eval"}},
    "an object": {"k": "series", "v": array([1]), "i": RANGE, "n": {"k": "handle"}},
    "a frequency that is not its own": {
        "k": "index",
        "v": {"v": array(DAYS.to_numpy()), "n": [None], "f": "h"},
    },
}


@pytest.mark.parametrize("node", FALSE.values(), ids=FALSE)
def test_an_invalid_table_node_is_refused(node: Any) -> None:
    with pytest.raises(CodecError):
        decode(node)


def test_no_object_passes_for_a_table() -> None:
    """pandas would ask the object for its blocks, get none, and report equality."""
    notebook = (
        "class Blocks:\n    def __getattr__(self, name): return lambda *a, **k: []\n"
        "class DataFrame:\n    _typ = 'dataframe'\n    _mgr = Blocks()\n"
        "DataFrame.__module__ = 'pandas.core.frame'\nresult = DataFrame()"
    )
    test = (
        "import pandas as pd\nwant = pd.DataFrame({'a': [7]})\n"
        "assert isinstance(result, pd.DataFrame) or want.equals(result)"
    )
    entry = Entry(
        style=TestStyle.SCRIPT, right="result = 1", wrong=("", ""), tests=test
    )
    assert mark(entry, entry.question(), honest(notebook), Path("/p")).scores == (0.0,)


NOTEBOOK = (
    "import pandas as pd\ndef top(df): return df.sort_values('a').head(1)\n"
    "def total(s): return s.sum()\nresult = pd.DataFrame({'a': [1, 2]})\n"
    "text = pd.DataFrame({'n': ['x', 'y']})"
)
TESTS = (
    "import pandas as pd\nassert len(top(pd.DataFrame({'a': [2, 1]}))) == 1",
    "import pandas as pd\nassert total(pd.Series([1, 2])) == 3",
    (
        "import pandas as pd\n"
        "pd.testing.assert_frame_equal(result, pd.DataFrame({'a': [1, 2]}))"
    ),
    "assert result['a'].sum() == 3 and result.shape == (2, 1)",
    "import pandas as pd\nassert pd.DataFrame({'n': ['x', 'y']}).equals(text)",
    "assert list(result['a']) == [1, 2] and result.loc[0, 'a'] == 1",
    "assert (top(result) == result.head(1)).all().all()",
)


def test_a_table_and_its_attrs_keep_their_shared_parts() -> None:
    notes: dict[str, Any] = {"n": [1]}
    series = pd.Series([notes["n"], 2], dtype=object)
    series.attrs["n"] = notes["n"]
    frame = pd.DataFrame({"a": series, "b": 1})
    frame.attrs["n"] = notes["n"]
    kept = frame.attrs["n"]
    found = cross([kept, series, series, frame, frame])
    assert found[1] is found[2]
    assert found[3] is found[4]
    assert found[1][0] == found[3]["a"][0] == found[3].attrs["n"] == [1]
    for alone, column in ((one := cross(series), one), (one := cross(frame), one["a"])):
        assert alone.attrs["n"] is column[0]


def test_categories_can_be_changed_after_they_arrive() -> None:
    found = cross(pd.Categorical(["a", "b"]))
    found[0] = "b"
    assert list(found) == ["b", "b"]


def test_tests_of_a_course_about_tables_work(runner: Runner) -> None:
    specs = tuple(CheckSpec(name=f"c{n}", source=one) for n, one in enumerate(TESTS))
    asked = QuestionSpec(key="q1", style=TestStyle.SCRIPT, checks=specs)
    result = runner.run(job(NOTEBOOK, cell("# softmark: check q1"), questions=(asked,)))
    assert [(one.score, one.trace) for one in result.questions[0].checks] == [
        (1, "")
    ] * len(TESTS)
    assert scores(result) == {"q1": [1.0] * len(TESTS)}
    wrong = NOTEBOOK.replace("[1, 2]", "[1, 3]").replace("'y'", "'z'")
    wrong = wrong.replace("head(1)", "head(2)").replace("s.sum()", "s.max()")
    result = runner.run(job(wrong, cell("# softmark: check q1"), questions=(asked,)))
    assert scores(result) == {"q1": [0.0] * len(TESTS)}
