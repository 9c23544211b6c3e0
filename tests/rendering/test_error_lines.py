"""Lines of cells that a traceback names, and lines of code that are marked."""

import re

from pygments.lexers.python import PythonLexer

from rendering.error_lines import CellLine, cell_lines, with_marked_lines
from rendering.highlighting import highlighted

NESTED = """NameError                                 Traceback (most recent call last)
Cell In[3], line 4
      2 for i in range(3):
----> 4 f(1)

Cell In[2], line 3, in f(a)
----> 3     return b + missing

File /lib/python3.11/json/decoder.py:353, in raw_decode(self, s, idx)
NameError: name 'missing' is not defined"""


def test_the_lines_of_cells_are_found_the_deepest_last() -> None:
    assert cell_lines(NESTED) == (CellLine(3, 4), CellLine(2, 3))
    assert cell_lines("  Cell In[4], line 2\n    1 +\nSyntaxError") == (CellLine(4, 2),)


def test_other_text_names_no_line_of_a_cell() -> None:
    assert not cell_lines("see Cell In[3], line 4")
    assert not cell_lines("Cell In[999999], line 4")


def test_a_marked_line_keeps_its_tags_in_order() -> None:
    html = highlighted('x = """a\nb\nc"""\ny = 1', PythonLexer())
    marked = with_marked_lines(html, {2, 9})
    assert marked.count("<mark") == 1
    (line,) = re.findall(r"<mark[^>]*>(.*?)</mark>", marked)
    assert line.count("<span") == line.count("</span>") == 1
    assert ">b<" in line
