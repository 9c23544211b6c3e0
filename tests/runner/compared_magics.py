"""Small notebooks about IPython's own features. See `compared_notebooks`."""

MAGICS = r"""
%%capture cap
print('in'); display('d'); 5
# %%
cap.stdout, cap.stderr, cap.outputs
# %%
cap.show()
# %%
%%capture --no-stdout
print('x')
# %%
%%capture
1/0
# %%
%%timeit -n1 -r1
pass
# %%
%timeit -n1 -r1 pass
# %%
%time sum(range(10))
# %%
%%time
x = 1
x
# %%
%who
# %%
%env FOO=bar
# %%
%env FOO
# %%
%%bash
echo hi; echo err >&2
# %%
%%bash
exit 3
# %%
%%sh
echo $0; read x; echo got $x
# %%
%%python
print('sub')
# %%
%%writefile f.txt
hello
# %%
%cat f.txt
# %%
%pycat f.txt
# %%
%less f.txt
# %%
%%html
<b>h</b>
# %%
%%latex
$x$
# %%
%%svg
<svg xmlns="http://www.w3.org/2000/svg"/>
# %%
%%javascript
1
# %%
%nosuch
# %%
%%nosuch
1
# %%
?
# %%
def f(a):
    '''Doc.'''
    return a
f?
# %%
f??
# %%
?f
# %%
%pdoc f
# %%
f*?
# %%
nosuch?
# %%
help(f)
# %%
%%writefile script.py
print('script', __name__)
z = 5
raise SystemExit(2)
# %%
%run script.py
# %%
z
# %%
%%writefile wrong.py
def g():
    1/0
g()
# %%
%run wrong.py
# %%
import wrong
# %%
%%writefile wave.py
1/0
# %%
import wave
wave.Error
# %%
%load script.py
# %%
get_ipython().run_line_magic('timeit', '-n1 -r1 1')
# %%
get_ipython().run_cell_magic('capture', 'c', 'print(5)')
# %%
get_ipython().run_line_magic('nosuch', '')
# %%
%alias hello echo hello
# %%
hello
# %%
%load_ext autoreload
# %%
%autoreload 2
# %%
%load_ext nosuch
# %%
%autosave 60
# %%
%autosave 0
# %%
%autosave x
# %%
%automagic
# %%
%prun -q -T p.txt sum([1])
# %%
%xdel z
# %%
%doctest_mode
# %%
1
# %%
%doctest_mode
# %%
%reset -f
# %%
%who
"""

HISTORY = r"""
1
# %%
_
# %%
_ + 1
# %%
__, ___
# %%
Out
# %%
Out[1], In[1], len(In), _i, _ii, _1, _i1
# %%
'a'
# %%
print(_)
# %%
None
# %%
_
# %%
_ = 5
# %%
6
# %%
_
# %%
del _
# %%
7
# %%
_
# %%
import os
[str(folder) == os.getcwd() for folder in _dh]
# %%
1;
# %%
_
# %%
1/0
# %%
_, _i
# %%
get_ipython().execution_count, get_ipython().user_ns is globals()
# %%
sorted(name for name in globals() if not name.startswith('_'))
# %%
sorted(name for name in globals() if name.startswith('__'))
# %%
%history 1-4
# %%
%history -o 1-3
# %%
%history -n 2
# %%
%macro again 1
# %%
again
# %%
%rerun 3
# %%
%recall 1
# %%
get_ipython().history_manager.hist_file
# %%
list(get_ipython().history_manager.get_range(0, 1, 3))
# %%
get_ipython().ex('y = 3'); get_ipython().ev('y')
# %%
get_ipython().push({'pushed': 1})
# %%
pushed
# %%
get_ipython().set_next_input('next')
# %%
get_ipython().events.register('post_run_cell', lambda r: print('post', r.success))
# %%
get_ipython().events.register('pre_run_cell', lambda i: print('pre', i.raw_cell))
# %%
2
"""
