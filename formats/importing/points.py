"""Convert a test's result from points to a share of the points."""

import ast
from decimal import Decimal

_SHARE = """\
def _share_of_points(found):
    from numbers import Real

    if isinstance(found, Real) and not isinstance(found, bool):
        return float(found) / {points}
    return found


"""


def result_as_share(source: str, points: Decimal) -> str:
    """Return a test cell's code with a result in points changed into a share.

    nbgrader takes a number at the end of a test cell as the points that were earned.
    Our format takes it as a share of the points and refuses values outside 0 to 1.
    """
    body = ast.parse(source).body
    last = body[-1] if body else None
    if not isinstance(last, ast.Expr) or points <= 0:
        return source
    if isinstance(last.value, ast.Constant) and isinstance(last.value.value, str):
        return source
    segment = ast.get_source_segment(source, last)
    if segment is None:
        return source
    lines = source.encode().split(b"\n")
    before = b"\n".join([*lines[: last.lineno - 1], b""]).decode()
    same = lines[last.lineno - 1][: last.col_offset].decode()
    after = lines[(last.end_lineno or last.lineno) - 1][last.end_col_offset :].decode()
    # In IPython, a semicolon at the end hides the value, so the cell has no result.
    end = "\nNone\n" if after.lstrip().startswith(";") else "\n"
    ending = f"{same}_share_of_points(\n{segment}\n){end}"
    return before + _SHARE.format(points=f"{points:f}") + ending
