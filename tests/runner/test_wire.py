"""Documents survive the wire whole, and what is no document is refused."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner import protocol, wire
from runner.protocol import JobResult, JobSpec
from tests.runner.notebooks import ANSWER, job

text = st.text(max_size=20).map(lambda s: s.encode("utf-8", "replace").decode())
finite = st.floats(allow_nan=False, allow_infinity=False)
whole = st.integers(-(2**62), 2**62)
scalars = st.none() | st.booleans() | whole | finite | text
mappings = st.dictionaries(text, scalars, max_size=3)

st.register_type_strategy(str, text)
st.register_type_strategy(float, finite)
st.register_type_strategy(int, whole)


def build(kind: type[Any], **fixed: Any) -> st.SearchStrategy[Any]:
    return st.builds(kind, **fixed)


files = st.lists(build(protocol.JobFile), max_size=2).map(tuple)
questions = st.lists(
    build(
        protocol.QuestionSpec,
        checks=st.lists(build(protocol.CheckSpec), max_size=2).map(tuple),
    ),
    max_size=2,
).map(tuple)
specs = build(
    JobSpec,
    files=files,
    private_files=files,
    questions=questions,
    restored=st.dictionaries(text, text, max_size=2),
    limits=build(protocol.Limits),
    skip_tags=st.lists(text, max_size=2).map(tuple),
    parameters=mappings,
    version=st.just(protocol.VERSION),
)
outcomes = build(
    protocol.QuestionOutcome,
    checks=st.lists(build(protocol.CheckOutcome), max_size=2).map(tuple),
)
results = build(
    JobResult,
    detail=mappings,
    questions=st.lists(outcomes, max_size=2).map(tuple),
    measures=build(protocol.Measures, versions=st.dictionaries(text, text, max_size=2)),
    version=st.just(protocol.VERSION),
)
events = st.one_of(
    build(protocol.CellStarted),
    build(protocol.OutputAdded),
    build(protocol.QuestionDone, question=outcomes),
    build(protocol.Usage),
    build(protocol.Checking),
)


@given(specs)
def test_a_spec_comes_back_as_it_went(spec: JobSpec) -> None:
    assert wire.spec_from_json(wire.to_json(spec)) == spec


@given(results)
def test_a_result_comes_back_as_it_went(result: JobResult) -> None:
    assert wire.result_from_json(wire.to_json(result)) == result


@given(events)
def test_an_event_comes_back_as_it_went(event: protocol.Event) -> None:
    assert wire.event_from_json(wire.to_json(event)) == event


@given(st.text() | st.binary())
def test_junk_is_refused(junk: str | bytes) -> None:
    for read in (wire.spec_from_json, wire.result_from_json, wire.event_from_json):
        with pytest.raises(wire.WireError):
            read(junk)


json_values = st.recursive(
    st.none() | st.booleans() | whole | finite | text,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3)
    ),
    max_leaves=5,
)
PATHS = [
    ["job_id"],
    ["version"],
    ["limits"],
    ["limits", "cell_seconds"],
    ["limits", "gpu_memory_bytes"],
    ["device"],
    ["questions"],
    ["questions", 0],
    ["questions", 0, "checks", 0, "name"],
    ["parameters"],
]


@given(st.sampled_from(PATHS), json_values)
def test_a_changed_value_is_refused_or_has_its_type(path: list[Any], new: Any) -> None:
    data = json.loads(wire.to_json(job("1", questions=(ANSWER,), parameters={"a": 1})))
    place = data
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = new
    try:
        spec = wire.spec_from_json(json.dumps(data))
    except wire.WireError:
        return
    assert json.loads(wire.to_json(spec)).keys() == data.keys()
    assert isinstance(spec.job_id, str)
    assert isinstance(spec.limits.cell_seconds, int | float)
    assert isinstance(spec.limits.gpu_memory_bytes, int)
    assert isinstance(spec.device, protocol.Device)


def changed(**changes: Any) -> str:
    return json.dumps({**json.loads(wire.to_json(job("1"))), **changes})


REFUSED = [
    changed(token="secret"),
    changed(version=protocol.VERSION + 1),
    changed(version=True),
    changed(seed=10**400),
    changed(seed=1.5),
    changed(device="tpu"),
    changed(device=None),
    changed(limits={"gpu_memory_bytes": 0.5}),
    changed(parameters={"a": [1]}),
    changed(notebook="x" * (wire.MAX_NOTEBOOK + 1)),
    changed(job_id="x" * (wire.MAX_TEXT + 1)),
    changed(skip_tags=["a"] * (wire.MAX_ITEMS + 1)),
    changed(parameters={"a": float("nan")}),
    changed(parameters={"a": float("inf")}),
    '{"job_id": "a", "job_id": "b"}',
    "{}",
    "[" * 100_000,
    "1" * 100_000,
]


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_a_document_out_of_bounds_is_refused(number: int) -> None:
    with pytest.raises(wire.WireError):
        wire.spec_from_json(REFUSED[number])


def test_a_job_that_does_not_say_so_has_no_gpu() -> None:
    data = json.loads(wire.to_json(job("1")))
    del data["device"], data["limits"]["gpu_memory_bytes"]
    spec = wire.spec_from_json(json.dumps(data))
    assert (spec.device, spec.limits.gpu_memory_bytes) == (protocol.Device.CPU, 0)


def test_a_number_that_is_not_finite_is_never_written() -> None:
    with pytest.raises(wire.WireError):
        wire.to_json(protocol.Usage(seconds=float("nan"), memory_bytes=0))
