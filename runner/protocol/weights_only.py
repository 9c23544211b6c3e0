"""The names that torch.load(weights_only=True) accepts here, in uploads and in the jail.

Code for uploads has no torch: it reads a pickle as a list of instructions and checks it
by this list. A test compares the list with what the installed torch accepts.
"""

from typing import Final

# The names that torch itself accepts: torch._weights_only_unpickler of torch 2.13.
_NUMBERS: Final = (
    *("BFloat16", "Bool", "Byte", "Char", "Double", "Float", "Half", "Int", "Long"),
    "Short",
)
_SPARSE: Final = tuple(name for name in _NUMBERS if name != "Bool")
_COMPLEX: Final = ("ComplexDouble", "ComplexFloat")
_QUANTISED: Final = ("QInt32", "QInt8", "QUInt2x4", "QUInt4x2", "QUInt8")
_DTYPES: Final = (
    *("bfloat16", "float16", "float32", "float64", "bool"),
    *("complex32", "complex64", "complex128"),
    *("float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz"),
    *("float8_e8m0fnu", "float4_e2m1fn_x2"),
    *(f"int{bits}" for bits in (1, 2, 3, 4, 5, 6, 7, 8, 16, 32, 64)),
    *(f"uint{bits}" for bits in (1, 2, 3, 4, 5, 6, 7, 8, 16, 32, 64)),
    *("bits16", "bits1x8", "bits2x4", "bits4x2", "bits8"),
    *("qint32", "qint8", "quint2x4", "quint4x2", "quint8"),
)
_SCHEMES: Final = (
    *("per_channel_affine", "per_channel_affine_float_qparams"),
    *("per_channel_symmetric", "per_tensor_affine", "per_tensor_symmetric"),
)
# Functions that make tensors.
REBUILDING: Final = frozenset(
    {
        "torch._tensor._rebuild_from_type_v2",
        "torch._utils._rebuild_device_tensor_from_cpu_tensor",
        "torch._utils._rebuild_device_tensor_from_numpy",
        "torch._utils._rebuild_meta_tensor_no_storage",
        "torch._utils._rebuild_nested_tensor",
        "torch._utils._rebuild_parameter",
        "torch._utils._rebuild_parameter_with_state",
        "torch._utils._rebuild_qtensor",
        "torch._utils._rebuild_sparse_tensor",
        "torch._utils._rebuild_tensor",
        "torch._utils._rebuild_tensor_v2",
        "torch._utils._rebuild_tensor_v3",
        "torch._utils._rebuild_wrapper_subclass",
    }
)
TAKEN_BY_TORCH: Final = REBUILDING | frozenset(
    {
        *("_codecs.encode", "builtins.bytearray", "builtins.complex", "builtins.set"),
        *("collections.Counter", "collections.OrderedDict"),
        *("torch.Size", "torch.Tensor", "torch.device", "torch.nn.parameter.Parameter"),
        *("torch.serialization._get_layout", "torch.storage.TypedStorage"),
        "torch.storage.UntypedStorage",
        *(f"torch.{name}Storage" for name in (*_NUMBERS, *_COMPLEX, *_QUANTISED)),
        *(f"torch.cuda.{name}Storage" for name in (*_NUMBERS, *_COMPLEX)),
        *(f"torch.{name}Tensor" for name in _NUMBERS),
        *(f"torch.cuda.{name}Tensor" for name in _NUMBERS),
        *(f"torch.sparse.{name}Tensor" for name in _SPARSE),
        *(f"torch.cuda.sparse.{name}Tensor" for name in _SPARSE),
        *(f"torch.{name}" for name in (*_DTYPES, *_SCHEMES)),
    }
)
# Names that the jail accepts too: a training loop may have kept a loss or an accuracy as
# a number of numpy. numpy 1 and 2 have different names for two of these.
ADDED_HERE: Final = frozenset(
    {
        *("numpy.dtype", "numpy.ndarray"),
        *(
            f"numpy.{core}.multiarray.{name}"
            for core in ("core", "_core")
            for name in ("scalar", "_reconstruct")
        ),
    }
)
# The classes of numpy's dtypes are not named in a pickle: they are made when it is read.
DTYPES_MODULE: Final = "numpy.dtypes"
TAKEN: Final = TAKEN_BY_TORCH | ADDED_HERE
# A pickle with more instructions than this is refused.
MAX_INSTRUCTIONS: Final = 1_000_000
