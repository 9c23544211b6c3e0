"""Names of methods that values have: text, collections, arrays, tensors, tables.

A test calls them with the expected value: `found.symmetric_difference(expected)`. An object
of the student's with such a method would decide about itself, and learn the expected value.
"""

from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Mapping
from typing import Final

import numpy as np
import torch

_KINDS: Final = (
    *(str, bytes, bytearray, set, frozenset, list, dict, tuple, range),
    *(int, float, complex, deque, Counter, OrderedDict, defaultdict),
    *(np.ndarray, np.generic, torch.Tensor),
)
# The methods of pandas' tables, columns and indices, installed or not.
_TABLES: Final = """
    add_categories add_prefix add_suffix agg aggregate align apply as_ordered as_unit
    as_unordered asfreq asof asof_locs assign at_time autocorr between between_time
    bfill bool boxplot case_when cat check_for_ordered combine combine_first compare
    contains convert_dtypes corr corrwith day_name delete describe divmod drop
    drop_duplicates droplevel dropna dt duplicated equal_levels equals eval ewm
    expanding explode factorize ffill fillna filter first first_valid_index floordiv
    from_arrays from_arrow from_breaks from_codes from_dict from_fields from_frame
    from_ordinals from_product from_range from_records from_tuples get_indexer
    get_indexer_for get_indexer_non_unique get_level_values get_loc get_loc_level
    get_locs get_slice_bound groupby head hist identical idxmax idxmin indexer_at_time
    indexer_between_time infer_objects info interpolate is_ isetitem isin isna isnull
    isocalendar iterrows itertuples kurt kurtosis last last_valid_index list map mask
    melt memory_usage merge mod month_name nlargest normalize notna notnull nsmallest
    nunique overlaps pad pct_change pipe pivot pivot_table plot product putmask query
    radd rank rdiv rdivmod reindex reindex_like remove_categories
    remove_unused_categories remove_unused_levels rename rename_axis rename_categories
    reorder_categories reorder_levels resample reset_index rfloordiv rmod rmul rolling
    rpow rsub rtruediv sample select_dtypes sem set_axis set_categories set_closed
    set_codes set_flags set_index set_levels set_names set_ordered shift skew
    slice_indexer slice_locs snap sort_index sort_values sortlevel sparse stack str
    strftime struct swaplevel tail to_clipboard to_csv to_dict to_excel to_feather
    to_flat_index to_frame to_hdf to_html to_iceberg to_json to_julian_date to_latex
    to_list to_markdown to_numpy to_orc to_parquet to_period to_pickle to_pydatetime
    to_pytimedelta to_records to_series to_sql to_stata to_string to_timestamp to_tuples
    to_xarray to_xml total_seconds transform truediv truncate tz_convert tz_localize
    unstack value_counts xs
"""

VALUE_METHODS: Final = frozenset(
    (
        *_TABLES.split(),
        *(
            name
            for kind in _KINDS
            for name in dir(kind)
            if not name.startswith("_") and callable(getattr(kind, name, None))
        ),
    )
)
# Methods that say how a value compares, or that return it as plain data.
PREDICATES: Final = frozenset(
    (
        *("all", "any", "allclose", "isclose", "equal", "item", "tolist", "numpy"),
        *("equals", "isin", "dist", "issubset", "issuperset", "isdisjoint"),
        *("startswith", "endswith", "isalpha", "isalnum", "isascii", "isdecimal"),
        *("isdigit", "isidentifier", "islower", "isnumeric", "isprintable"),
        *("isspace", "istitle", "isupper"),
        *("eq", "ne", "lt", "le", "gt", "ge"),
    )
)

# Methods that do not count as redefined, such as those that make an object or its text.
_TEXTS: Final = frozenset(
    (
        *("__new__", "__init__", "__doc__", "__repr__", "__str__", "__format__"),
        *("__hash__", "__getattribute__", "__getnewargs__", "__sizeof__"),
    )
)
REDEFINABLE: Final[Mapping[type, frozenset[str]]] = {
    kind: frozenset(vars(kind)) - _TEXTS for kind in (int, str)
}
