"""Small notebooks about errors. See `compared_notebooks`."""

ERRORS = r"""
1/0
# %%
def f():
    return g()
def g():
    raise ValueError('deep')
f()
# %%
try:
    1/0
except ZeroDivisionError as e:
    raise RuntimeError('second') from e
# %%
try:
    1/0
except ZeroDivisionError:
    raise RuntimeError('meanwhile')
# %%
try:
    1/0
except ZeroDivisionError:
    raise RuntimeError('alone') from None
# %%
def broken(:
    pass
# %%
x = (1
# %%
  x = 1
# %%
if True:
x
# %%
print 'x'
# %%
return 1
# %%
1 = x
# %%
f'{'
# %%
def tabs():
	x=1
        y=2
# %%
import sys
sys.exit()
# %%
sys.exit(3)
# %%
sys.exit('words')
# %%
raise KeyboardInterrupt('x')
# %%
raise StopIteration(3)
# %%
assert 1 == 2, 'msg'
# %%
nosuchname
# %%
import nosuch
# %%
{}['k']
# %%
open('nosuch')
# %%
class E(Exception): pass
raise E('own', 2)
# %%
raise ExceptionGroup('g', [ValueError(1), ExceptionGroup('h', [TypeError('x')])])
# %%
e = ValueError('noted'); e.add_note('a note'); e.add_note('two\nlines'); raise e
# %%
def a(n):
    return b(n)
def b(n):
    return a(n + 1) if n < 5 else 1/0
a(0)
# %%
import json
json.loads('{')
# %%
exec('1/0')
# %%
eval('1+')
# %%
import numpy as np
np.zeros(3).reshape(2)
# %%
import torch
torch.nn.Linear(2, 3)(torch.zeros(4))
# %%
def gen(): yield 1/0
[list(v) for v in [gen()]]
# %%
class C:
    def m(self):
        # comment
        x = 1

        y = (x +
             1/0)
        return y

    @property
    def p(self): return self.m()
C().p
# %%
def long():
    a = 1
    b = 2
    c = 3
    d = 4
    1/0
    e = 5
    f = 6
    g = 7
    h = 8

long()
# %%
for i in range(3):
    if i == 2:
        raise ValueError(i)
    print(i)
# %%
import traceback
try:
    1/0
except ZeroDivisionError:
    traceback.print_exc()
# %%
raise ValueError('multi\nline\nmessage é☃')
# %%
raise ValueError('x' * 300)
# %%
raise 5
# %%
sys.last_type
# %%
print('before'); display('before'); 1/0
# %%
'a'; 1/0; 'b'
# %%
# comment only
# %%


1/0

# %%
get_ipython().showtraceback()
# %%
%xmode Minimal
# %%
1/0
# %%
%xmode Verbose
# %%
def q(v):
    return v/0
q(3)
# %%
%xmode Context
# %%
import inspect
def src(): return 1
print(inspect.getsource(src)); inspect.getsourcefile(src) == src.__code__.co_filename
# %%
__file__
# %%
__name__, src.__module__, __doc__
# %% raises-exception
1/0
# %% skip-execution
1/0
# %%
get_ipython().set_custom_exc((ValueError,), lambda s, t, v, tb, tb_offset=None: print('custom', v))
# %%
raise ValueError('c')
"""
