"""The readers give a file's content as torch, numpy and pickle do, and run no code."""

import argparse
import collections
import datetime as dt
import decimal
import fractions
import io
import pickle
import struct
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]
torch = pytest.importorskip("torch")

from runner.inside.readers.array_files import read_archive, read_array  # noqa: E402 - torch may be missing
from runner.inside.readers.object_holes import Holes  # noqa: E402 - same
from runner.inside.readers.pickle_files import read_pickle  # noqa: E402 - same
from runner.inside.readers.torch_files import read_saved  # noqa: E402 - same
from runner.inside.readers.unreadable import NotReadError, UnreadableError  # noqa: E402 - same
from runner.inside.student.weights import allow_numpy_types  # noqa: E402 - same


@pytest.fixture(autouse=True)
def _numpy_taken() -> Any:
    """Let torch.load take what it takes in the jail."""
    before = torch.serialization.get_safe_globals()
    allow_numpy_types()
    yield
    torch.serialization.clear_safe_globals()
    torch.serialization.add_safe_globals(before)


def saved(value: object, **options: Any) -> bytes:
    content = io.BytesIO()
    torch.save(value, content, **options)
    return content.getvalue()


def weights(data: bytes) -> Any:
    """Return the file's content, by the rules of weights_only."""
    return Holes(read_saved(memoryview(data)), others=False).value


def described(value: Any) -> Any:
    """Return every property of a value in which two readers could differ."""
    match value:
        case torch.Tensor():
            plain = value.detach().resolve_conj().resolve_neg().contiguous()
            flags = (value.requires_grad, value.is_conj(), value.storage_offset())
            bits = plain.reshape(-1).view(torch.uint8).tolist()
            return (type(value), value.dtype, value.shape, value.stride(), flags, bits)
        case np.ndarray():
            return (value.dtype, value.shape, value.flags.f_contiguous, repr(value))
        case dict():
            items = [(key, described(each)) for key, each in value.items()]
            return (type(value), items, getattr(value, "_metadata", None))
        case list() | tuple():
            return (type(value), [described(each) for each in value])
    return (type(value), repr(value))


BASE = torch.arange(12.0)
DTYPES = (
    *("float64", "float32", "float16", "bfloat16", "complex64", "complex128", "bool"),
    *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz"),
)
HONEST: dict[str, Any] = {
    **{f"a tensor {name}": BASE.to(getattr(torch, name)) for name in DTYPES},
    "a view with steps": BASE[1:9:2],
    "a transposed tensor": BASE.reshape(3, 4).t(),
    "a repeated number": BASE[:1].expand(5),
    "an empty tensor": torch.empty(0, 3),
    "a number": torch.tensor(3.0),
    "a leaf": torch.ones(2, requires_grad=True),
    "a conjugate": torch.ones(2, dtype=torch.complex64).conj(),
    "a parameter": torch.nn.Parameter(torch.ones(2)),
    "a buffer": torch.nn.Buffer(torch.ones(2)),
    "a state dict": torch.nn.BatchNorm2d(2).state_dict(),
    # As `torch.optim.SGD(…).state_dict()`, which would import a compiler for seconds.
    "an optimiser's state": {
        "state": {0: {"momentum_buffer": torch.ones(1)}},
        "param_groups": [{"lr": 0.1, "betas": (0.9, 0.999), "params": [0]}],
    },
    "names of torch's": [torch.float32, torch.device("cpu"), torch.Size([1, 2])],
    "numbers": [0, -1, 300, 70_000, 2**31, -(2**40), 1.5, True, None, 1j, 2**200],
    "texts": ["", "ä", "\ud800", "a" * 300, b"abc", bytearray(b"abc")],
    "collections": [collections.Counter("aab"), {1, 2}, (), ((1,),), {"a": {"b": []}}],
    "numbers of numpy's": [np.float64(0.5), np.int8(3), np.bool_(1), np.str_("ab")],
    "arrays": [np.arange(6).reshape(2, 3).T, np.array(["ab", "c"]), np.array(3)],
    "times": [np.zeros(2, "M8[3D]"), np.zeros(2, "m8[ns]")],
    "another machine's": [np.arange(3, dtype=">f4"), np.dtype(">i4")],
    "records": np.zeros(2, dtype=[("a", "f4"), ("b", "i2", (2,))]),
    "objects in an array": np.array([None, "a", [1]], dtype=object),
}
PLAIN: dict[str, Any] = {
    "dates": [dt.date(2027, 1, 2), dt.datetime(2027, 1, 2, tzinfo=dt.UTC)],
    "spans": [dt.timedelta(1, 2), dt.timezone(dt.timedelta(hours=1)), dt.time(1)],
    "exact numbers": [decimal.Decimal("1.5"), fractions.Fraction(1, 3), 2**3000],
    "more collections": [collections.deque([1], 3), frozenset({1}), range(3), slice(1)],
    "nothing": [b"", bytearray(), "", set(), {}, [], ()],
    "a default": collections.defaultdict(list, a=[1]),
}


@pytest.mark.parametrize("is_archive", [True, False], ids=["archive", "stream"])
@pytest.mark.parametrize("value", HONEST.values(), ids=HONEST)
def test_weights_are_read_as_torch_reads_them(value: Any, is_archive: bool) -> None:  # noqa: FBT001 - a case
    data = saved({"x": value}, _use_new_zipfile_serialization=is_archive)
    try:
        expected = torch.load(io.BytesIO(data), weights_only=True)
    except AttributeError:  # dtypes that are newer than the format
        with pytest.raises(UnreadableError):
            weights(data)
        return
    assert described(weights(data)) == described(expected)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("value", (HONEST | PLAIN).values(), ids=HONEST | PLAIN)
def test_pickles_are_read_as_pickle_reads_them(value: Any, protocol: int) -> None:
    data = pickle.dumps([value, value], protocol)
    try:
        expected = pickle.loads(data)  # noqa: S301 - made here
    except AttributeError:  # tensors of newer dtypes
        return
    found, end = read_pickle(memoryview(data + b"more"))
    assert end == len(data)
    assert Holes(found, others=True).paths == []
    assert found[0] is found[1] or type(value) is tuple
    assert described(found) == described(expected)


def test_tied_weights_stay_tied() -> None:
    found = weights(saved({"a": BASE, "b": BASE, "c": BASE[3:]}))
    assert found["a"] is found["b"]
    found["a"][3] = 70.0
    assert found["c"][0] == 70.0


def test_a_state_dict_can_be_loaded_into_a_model() -> None:
    model, other = torch.nn.BatchNorm1d(3), torch.nn.BatchNorm1d(3)
    torch.nn.init.normal_(other.weight)
    model.load_state_dict(weights(saved(other.state_dict())))
    assert torch.equal(model.weight, other.weight)


def test_arrays_are_read_as_numpy_reads_them() -> None:
    rows = np.array([[1, 2], {"a": np.ones(2)}], dtype=object)
    for array in (rows, np.arange(3), np.asfortranarray(np.ones((2, 3)))):
        content = io.BytesIO()
        np.save(content, array, allow_pickle=True)
        assert described(read_array(content.getbuffer())) == described(array)
    content = io.BytesIO()
    np.savez_compressed(content, rows=rows, x=np.arange(3))
    found = read_archive(content.getbuffer())
    assert list(found) == ["rows", "x"]
    assert described(found["rows"]) == described(rows)


NOT_READ: dict[str, Callable[[], object]] = {
    "a sparse tensor": BASE.to_sparse,
    "a quantised tensor": lambda: torch.quantize_per_tensor(BASE, 1.0, 0, torch.qint8),
    "a tensor without data": lambda: torch.ones(2, device="meta"),
    "a storage": BASE.untyped_storage,
}


@pytest.mark.parametrize("made", NOT_READ.values(), ids=NOT_READ)
def test_kinds_of_tensors_that_no_test_needs_are_refused_in_words(
    made: Callable[[], object],
) -> None:
    with pytest.raises(NotReadError, match=r"tensor|storage"):
        weights(saved(made()))


def test_objects_are_refused_with_the_words_of_torch() -> None:
    data = saved({"a": argparse.Namespace(lr=0.1)})
    with pytest.raises(pickle.UnpicklingError, match="GLOBAL argparse"):
        weights(data)


def test_an_object_among_data_is_a_hole_and_the_data_is_read() -> None:
    value = {"w": BASE, "more": [(1, argparse.Namespace(lr=0.1)), 2]}
    holes = Holes(read_saved(memoryview(saved(value)), others=True), others=True)
    assert holes.paths == [("more", 0, 1)]
    found = holes.filled(["it"])
    assert found["more"] == [(1, "it"), 2]
    assert torch.equal(found["w"], BASE)


# --- Crafted files ---------------------------------------------------------------


def crafted(pickled: bytes, **records: bytes) -> bytes:
    """Return an archive with this pickle, as torch's writer would write it."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("a/data.pkl", pickled)
        archive.writestr("a/version", b"3\n")
        for name, data in records.items():
            archive.writestr(f"a/{name.replace('_', '/')}", data)
    return content.getvalue()


def instructions(*values: object) -> bytes:
    """Return the pickle instructions that push these values."""
    return b"".join(pickle.dumps(value, 2)[2:-1] for value in values)


def a_tensor(
    *, count: int = 3, offset: object = 0, size: object = (3,), stride: object = (1,)
) -> bytes:
    """Return a pickle of one tensor, on a storage of `count` numbers."""
    storage = (
        b"(%bctorch\nFloatStorage\n" % instructions("storage")
        + instructions("0", "cpu", count)
        + b"tQ"
    )
    view = instructions(offset, size, stride)
    return b"\x80\x02ctorch._utils\n_rebuild_tensor\n(%b%btR." % (storage, view)


def test_a_valid_crafted_file_is_read() -> None:
    data = crafted(a_tensor(), data_0=np.ones(3, "f4").tobytes())
    assert weights(data).tolist() == [1.0, 1.0, 1.0]
    assert torch.load(io.BytesIO(data)).tolist() == [1.0, 1.0, 1.0]


OUTSIDE = {
    "behind its storage": {"size": (4,)},
    "by its offset": {"offset": 1},
    "by its steps": {"stride": (2,)},
    "backwards": {"offset": 2, "stride": (-1,)},
    "before its storage": {"offset": -1},
    "by an overflow": {"size": (2**62, 4)},
    "by an overflow of its steps": {"size": (2, 2), "stride": (2**63 - 1, 2**63 - 1)},
    "by a huge number": {"size": (2**200,)},
    "with a truth value": {"size": (True,)},
    "with a fraction": {"size": (1.0,)},
    "with steps of another length": {"size": (1, 1)},
    "with fewer numbers than it says": {"count": 4},
    "with more numbers than it says": {"count": 2, "size": (2,)},
    "with fewer than none": {"count": -1},
}


@pytest.mark.parametrize("change", OUTSIDE.values(), ids=OUTSIDE)
def test_a_tensor_does_not_reach_outside_its_storage(change: dict[str, Any]) -> None:
    with pytest.raises(UnreadableError):
        weights(crafted(a_tensor(**change), data_0=np.ones(3, "f4").tobytes()))


def test_a_small_storage_does_not_become_a_huge_tensor() -> None:
    data = crafted(a_tensor(size=(2**40,), stride=(0,)), data_0=bytes(12))
    with pytest.raises(NotReadError, match="larger than the storage that it repeats"):
        weights(data)


def test_a_boolean_that_is_neither_true_nor_false_is_refused() -> None:
    data = saved(torch.tensor([True, False]))
    at = data.index(b"\x01\x00PK")
    with pytest.raises(UnreadableError, match="a byte other than 0 and 1"):
        weights(data[:at] + b"\x02" + data[at + 1 :])


def test_a_repeated_part_is_read_once() -> None:
    """Each list holds the one before it twice, and the first list holds the last."""
    inner = b"]q\x00" + b"".join(
        b"]q%c(h%ch%ce" % (n, n - 1, n - 1) for n in range(1, 90)
    )
    found, _ = read_pickle(memoryview(inner + b"h\x00h\x59a" + b"h\x59."))
    assert Holes(found, others=True).paths == []


CRAFTED = {
    "nested deeply": b"]" + b"\x85" * 200_000 + b".",
    "a key that is nested deeply": b"}N" + b"\x85" * 200_000 + b"Ns.",
    "a key of many parts": b"}(" + b"N" * 1000 + b"tNs.",
    "a key that can change": b"}]Ns.",
    "a number of millions of digits": b"\x8b\x00\x00\x01\x00" + bytes(2**16) + b".",
    "a line of digits": b"I" + b"9" * 100_000 + b"\n.",
    "a text that is longer than the file": b"\x8d" + b"\xff" * 8 + b"a.",
    "a negative length": b"T\xff\xff\xff\xffa.",
    "nothing on the stack": b".",
    "a mark that is missing": b"t.",
    "a place that is empty": b"h\x05.",
    "items of a text": b"X\x01\x00\x00\x00aNa.",
    "an odd number of items": b"}(NNNu.",
    "an extension": b"\x82\x01.",
    "a call of a value": b"N)R.",
    "arguments that are no tuple": b"ccollections\nOrderedDict\nNR.",
    "metadata in a circle": b"ccollections\nOrderedDict\n)Rq\x00}X\x09\0\0\0_metadatah\x00sb.",
    "attributes of a dictionary": b"ccollections\nOrderedDict\n)R}X\x05\0\0\0itemsNsb.",
    "an array of another size": b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n"
    b"K\x00\x85C\x01btR(K\x01K\x05\x85cnumpy\ndtype\n(X\x02\0\0\0f8\x89\x88tR(K\x03"
    b"X\x01\0\0\0<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89C\x08\0\0\0\0\0\0\0\0tb.",
    "too many instructions": b"N0" * 600_000 + b"N.",
}


@pytest.mark.parametrize("data", CRAFTED.values(), ids=CRAFTED)
def test_a_crafted_pickle_is_refused_in_words(data: bytes) -> None:
    with pytest.raises((UnreadableError, RecursionError)):
        Holes(read_pickle(memoryview(data))[0], others=True)


@pytest.mark.parametrize(
    "name",
    ["os.system", "builtins.eval", "builtins.getattr", "numpy.load", "torch.load"],
)
def test_reading_calls_no_function(name: str) -> None:
    """Such a name stands for an object that these readers do not make."""
    module, _, last = name.rpartition(".")
    data = f"c{module}\n{last}\n(X\x01\0\0\0atR.".encode()
    found, _ = read_pickle(memoryview(data))
    assert Holes(found, others=True).paths == [()]
    with pytest.raises(UnreadableError):
        weights(crafted(data))


# --- Archives that mean two things -----------------------------------------------

GOOD = saved({"a": BASE})


def repeated() -> bytes:
    content = io.BytesIO(GOOD)
    with (
        pytest.warns(UserWarning, match="Duplicate"),
        zipfile.ZipFile(content, "a") as archive,
    ):
        archive.writestr("archive/data.pkl", b"N.")
    return content.getvalue()


def packed() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(GOOD)) as old, zipfile.ZipFile(content, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name), zipfile.ZIP_DEFLATED)
    return content.getvalue()


def with_record(name: str) -> bytes:
    return crafted(a_tensor(), data_0=bytes(12), **{name: b"N."})


def renamed(old: bytes, new: bytes, *, times: int = -1) -> bytes:
    return GOOD.replace(old, new, times)


def with_larger_end(**change: int) -> bytes:
    at = GOOD.index(b"PK\x06\x06")
    fields = list(struct.unpack("<4sQ2H2L4Q", GOOD[at : at + 56]))
    for place, value in change.items():
        fields[int(place[1:])] += value
    return GOOD[:at] + struct.pack("<4sQ2H2L4Q", *fields) + GOOD[at + 56 :]


def in_directory(place: int, value: int) -> bytes:
    """Return GOOD, with this byte in the directory entry of the numbers."""
    at = GOOD.rindex(b"archive/data/0") - 46 + place
    return GOOD[:at] + bytes([value]) + GOOD[at + 1 :]


TWO_MEANINGS: dict[str, Callable[[], bytes]] = {
    "bytes before it": lambda: b"more" + GOOD,
    "bytes behind it": lambda: GOOD + b"more",
    "another archive before it": lambda: saved({"a": 1}) + GOOD,
    "another archive behind it": lambda: GOOD + saved({"a": 1}),
    "a name twice": repeated,
    "packed records": packed,
    "a name in other letters": lambda: with_record("Data.pkl"),
    "another name at a record's place": lambda: renamed(
        b"data.pkl", b"dat2.pkl", times=1
    ),
    "another folder": lambda: renamed(b"archive/version", b"archivf/version"),
    "no version": lambda: renamed(b"archive/version", b"archive/versiox"),
    "a program's record": lambda: with_record("constants.pkl"),
    "big-endian numbers": lambda: renamed(b"little", b"big\0\0\0"),
    "ends that differ in their count": lambda: with_larger_end(_6=-1, _7=-1),
    "ends that differ in their place": lambda: with_larger_end(_9=1),
    "a record that is a folder": lambda: in_directory(38, 0x10),
    "a record on another disk": lambda: in_directory(34, 1),
    "a cut": lambda: GOOD[:-1],
    "nothing": lambda: b"",
    "text": lambda: b"weights",
}


@pytest.mark.parametrize("made", TWO_MEANINGS.values(), ids=TWO_MEANINGS)
def test_an_archive_that_could_mean_two_things_is_refused(
    made: Callable[[], bytes],
) -> None:
    assert weights(GOOD)["a"].tolist() == BASE.tolist()
    with pytest.raises(UnreadableError):
        weights(made())


def test_a_storage_with_two_dtypes_is_refused() -> None:
    first, second = a_tensor()[2:-1], a_tensor(count=2, size=(2,))[2:-1]
    numbers = np.ones(3, "f4").tobytes()
    assert len(weights(crafted(b"(" + first + first + b"t.", data_0=numbers))) == 2
    with pytest.raises(UnreadableError, match="described in two ways"):
        weights(crafted(b"(" + first + second + b"t.", data_0=numbers))


def test_a_compressed_archive_of_arrays_that_grows_too_much_is_refused() -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", bytes(2**20))
    data = bytearray(content.getvalue())
    at = data.index(b"PK\x01\x02") + 24
    data[at : at + 4] = struct.pack("<L", 2**31 + 1)
    with pytest.raises(NotReadError, match="2 GB"):
        read_archive(memoryview(data))
