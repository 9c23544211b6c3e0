"""Write tables as CSV and Excel files in which no text is taken for a formula."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Final

from formats.choices import Choice
from formats.roster import escaped


class SpreadsheetFormat(Choice):
    """How a table is sent."""

    CSV = "csv", "CSV"
    XLSX = "xlsx", "Excel"


Cell = str | Decimal | int | None
CONTENT_TYPES: Final = {
    SpreadsheetFormat.CSV: "text/csv; charset=utf-8",
    SpreadsheetFormat.XLSX: (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    ),
}
# Characters that an XML file cannot have.
_ILLEGAL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_LONGEST_XLSX_TEXT: Final = 32_767
_WIDEST: Final = 40


def write_table(rows: Sequence[Sequence[Cell]], to: SpreadsheetFormat) -> bytes:
    """Return the table as a file. Its first row has the names of the columns."""
    return write_xlsx(rows) if to == SpreadsheetFormat.XLSX else write_csv(rows)


def write_csv(rows: Iterable[Sequence[Cell]]) -> bytes:
    """Return the rows as CSV in UTF-8."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    for row in rows:
        writer.writerow(
            escaped(cell) if isinstance(cell, str) else cell for cell in row
        )
    return text.getvalue().encode("utf-8", "replace")


def write_xlsx(rows: Sequence[Sequence[Cell]]) -> bytes:
    """Return the rows as an Excel file with one sheet. Its first row stays in view."""
    # A web process needs it for these files alone.
    from openpyxl import Workbook  # noqa: PLC0415
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415
    from openpyxl.styles import Font  # noqa: PLC0415
    from openpyxl.utils import get_column_letter  # noqa: PLC0415

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Marks")
    sheet.freeze_panes = "A2"
    for index, width in enumerate(_widths(rows), 1):
        sheet.column_dimensions[get_column_letter(index)].width = width
    for number, row in enumerate(rows):
        cells: list[Any] = []
        for value in row:
            if not isinstance(value, str):
                cells.append(value)
                continue
            cell = WriteOnlyCell(sheet, _ILLEGAL.sub("", value)[:_LONGEST_XLSX_TEXT])
            # SECURITY: a text that begins with = is a text.
            cell.data_type = "s"
            if number == 0:
                cell.font = Font(bold=True)
            cells.append(cell)
        sheet.append(cells)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _widths(rows: Sequence[Sequence[Cell]]) -> list[int]:
    """Return the width of each column in characters, by its longest text."""
    return [
        min(max(len(str(cell or "")) for cell in column) + 2, _WIDEST)
        for column in zip(*rows, strict=True)
    ]
