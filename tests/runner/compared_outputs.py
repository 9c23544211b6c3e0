"""Small notebooks about the outputs of cells. See `compared_notebooks`."""

DISPLAYS = r"""
display('a'); display(1, 2, 'x'); display({'a': 1}); display()
# %%
h = display('one', display_id=True)
type(h).__name__
# %%
h.update('two')
# %%
display('x', display_id='same'); display('y', display_id='same')
# %%
display('z', display_id='same'); display('other', display_id='other')
# %%
from IPython.display import clear_output, update_display
update_display('w', display_id='other'); update_display('nobody', display_id='none')
# %%
print('a')
clear_output()
print('b')
# %%
print('a')
clear_output(wait=True)
print('b')
clear_output(wait=True)
# %%
for i in range(3):
    clear_output(wait=True)
    display(i)
    print('step', i)
# %%
k = display('old', display_id='k')
clear_output()
display('new')
# %%
k.update('it was cleared')
# %%
late = display('late', display_id='late')
clear_output(wait=True)
# %%
late.update('an update does not clear')
# %%
display({'text/plain': 'raw', 'text/html': '<b>raw</b>'}, raw=True)
# %%
display({'text/plain': 'raw'}, raw=True, metadata={'text/plain': {'a': 1}})
# %%
display({'text/plain': ['in\n', 'lines']}, raw=True)
# %%
display('t', metadata={'k': 'v'}); display(1, transient={'a': 1})
# %%
get_ipython().display_pub.publish({'text/plain': 'direct'})
# %%
display({'application/json': {1: 2, 'b': [None, True, 1.5, (1, 2)]}}, raw=True)
# %%
import sys
sys.displayhook(5)
# %%
1
2
3
# %%
for i in range(3): i
# %%
1;
# %%
from IPython.core.interactiveshell import InteractiveShell
InteractiveShell.ast_node_interactivity = 'all'
# %%
1
2
# %%
%config InteractiveShell.ast_node_interactivity = 'last_expr'
# %%
3
4
# %%
import threading
t = threading.Thread(target=lambda: display('from a thread')); t.start(); t.join()
"""

REPRESENTATIONS = r"""
from IPython.display import *
# %%
HTML('<b>x</b>')
# %%
Latex('$x$')
# %%
Math('x^2')
# %%
Markdown('# t')
# %%
JSON({'a': [1, 2]})
# %%
Javascript('1')
# %%
Pretty('raw')
# %%
Code('x = 1')
# %%
SVG('<svg xmlns="http://www.w3.org/2000/svg"><g/></svg>')
# %%
IFrame('about:blank', 10, 10)
# %%
Image(data=b'\x89PNG\r\n\x1a\n' + bytes(64), format='png', width=10)
# %%
p = ProgressBar(3)
for _ in p: pass
# %%
class Rich:
    def _repr_html_(self): return '<i>r</i>'
    def _repr_latex_(self): return '$r$'
    def _repr_svg_(self): return '<svg/>'
    def _repr_json_(self): return {'r': 1}
    def _repr_markdown_(self): return '*r*'
    def _repr_javascript_(self): return 'r'
    def _repr_png_(self): return b'\x89PNG\r\n\x1a\n' + bytes(range(200))
    def _repr_jpeg_(self): return b'\xff\xd8\xff' + bytes(100)
    def __repr__(self): return 'Rich()'
Rich()
# %%
display(Rich(), include=['text/html']); display(Rich(), exclude=['text/html'])
# %%
class Bundle:
    def _repr_mimebundle_(self, include=None, exclude=None):
        return {'text/plain': 'b', 'application/x+json': {'k': 1}}, {'text/plain': {'m': 1}}
Bundle()
# %%
class Bad:
    def _repr_html_(self): raise ValueError('html')
    def __repr__(self): return 'Bad()'
Bad()
# %%
class Worse:
    def __repr__(self): raise ValueError('repr')
Worse()
# %%
display(Worse())
# %%
class Own:
    def _ipython_display_(self): print('shown by itself')
Own()
# %%
[list(range(40)), {'a': {'b': list(range(30))}}]
# %%
1, HTML('x')
# %%
import numpy as np
np.arange(6).reshape(2, 3)
# %%
np.arange(10000)
# %%
np.float64(1.5), np.float32(1)
# %%
import torch
torch.arange(4.)
# %%
torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU())
# %%
%precision 2
3.14159
# %%
get_ipython().__class__.__name__, 'IPKernelApp' in get_ipython().config
"""

FIGURES = r"""
import matplotlib.pyplot as plt
plt.plot([1, 2])
plt.show()
# %%
plt.plot([1, 2])
# %%
plt.plot([1, 2]);
# %%
print('before'); plt.plot([1]); plt.show(); print('between'); plt.plot([2]); print('after')
# %%
fig, ax = plt.subplots(figsize=(1, 1)); ax.plot([1]); fig
# %%
for k in range(2): plt.figure(figsize=(1, 1)); plt.plot([k])
# %%
plt.plot([1]); 1/0
# %%
plt.figure(); plt.close('all')
# %%
h = display(plt.figure(figsize=(1, 1)), display_id=True); plt.close()
# %%
fig, ax = plt.subplots(); ax.imshow([[1, 2], [3, 4]]); h.update(fig); plt.close(fig)
# %%
%matplotlib inline
plt.plot([1]);
# %%
%config InlineBackend.figure_format = 'retina'
plt.figure(figsize=(1, 1)); plt.plot([1]);
# %%
plt.rcParams['svg.hashsalt'] = 'same'
%config InlineBackend.figure_format = 'svg'
plt.figure(figsize=(1, 1)); plt.plot([1]);
# %%
%config InlineBackend.figure_format = 'png'
%config InlineBackend.rc = {'figure.dpi': 50}
plt.figure(figsize=(1, 1)); plt.plot([1]);
# %%
%config InlineBackend.close_figures = False
fig, ax = plt.subplots(figsize=(1, 1)); ax.plot([1]);
# %%
ax.set_title('x');
# %%
%config InlineBackend.close_figures = True
plt.rcParams['figure.dpi'], plt.rcParams['figure.figsize'], plt.isinteractive()
# %%
plt.style.use('ggplot'); plt.figure(figsize=(1, 1)); plt.plot([1]);
# %%
import matplotlib
matplotlib.use('agg'); plt.plot([1]); plt.show()
# %%
matplotlib.get_backend()
"""

STREAMS = r"""
import io, contextlib, logging, sys, time, warnings
print('a', end='')
# %%
print('a'); print('b', end='')
5
# %%
print('o'); print('e', file=sys.stderr); print('o2'); print('e2', file=sys.stderr)
# %%
for i in range(50):
    print(i)
    print(i, file=sys.stderr)
# %%
print('before'); display('between'); print('after'); print('err', file=sys.stderr)
# %%
sys.stdout.write('w\n')
# %%
sys.stdout.writelines(['a\n', 'b']); sys.stderr.write('err')
# %%
print('é ☃ 𝄞 \u0000 end'); print('\x1b[31mred\x1b[0m'); print('\t|\v|\f|'); print('a\r\nb')
# %%
for i in range(3): print(f'\r{i}', end='')
# %%
for i in range(3):
    print(f'\rstep {i}/3', end='', flush=True, file=sys.stderr)
print(file=sys.stderr)
# %%
print('abc\b\bX'); print('x' * 5000); print(b'bytes'); print()
# %%
for i in range(2000): print(i)
# %%
print('end of cell', end='')
# %%
print('next cell')
# %%
sys.stdout.isatty(), sys.stderr.isatty(), sys.stdin.isatty()
# %%
sys.stdout.encoding, sys.stdout.name, sys.stderr.name, sys.stdout.closed
# %%
sys.stdout.writable(), sys.stdout.readable(), sys.stdout.seekable(), sys.stdout.fileno() > 0
# %%
sys.stdout.write(5)
# %%
sys.__stdout__.write('dunder\n'); sys.__stdout__.flush(); time.sleep(0.2)
# %%
with contextlib.redirect_stdout(io.StringIO()) as s: print('hid')
s.getvalue()
# %%
with contextlib.redirect_stderr(sys.stdout): print('to out', file=sys.stderr)
# %%
logging.warning('w'); logging.error('e'); logging.info('i')
# %%
try:
    1/0
except ZeroDivisionError:
    logging.exception('ex')
# %%
warnings.warn('careful'); warnings.warn('old', DeprecationWarning)
# %%
def old(): warnings.warn('from f', stacklevel=2)
old()
# %%
1 is 1
# %%
assert (1, 'x')
# %%
'\d'
# %%
import numpy as np
np.array([1]) / 0
# %%
import os
os.write(1, b'raw\n'); os.write(2, b'raw err\n'); time.sleep(0.2)
# %%
import ctypes
ctypes.CDLL(None).puts(b'from C'); ctypes.CDLL(None).fflush(None); time.sleep(0.2)
# %%
import threading
t = threading.Thread(target=lambda: print('thread')); t.start(); t.join()
# %%
t = threading.Thread(target=lambda: 1/0, name='one'); t.start(); t.join()
"""
