"""Which names of a hand-out have to do with each other, read and never run."""

import pytest

from formats.assignment import related_in_cells

ABOVE = """import matplotlib.pyplot as plt, numpy as np, pandas as pd, torch
class Net(torch.nn.Module):
    def forward(self, x): return x
    def round(self): self.rounds += 1
    def info(self): print(self.rounds)
    def get(self): self.rounds += 1
    @property
    def plot(self): return self
net = Net()
df, answers, W = pd.read_csv("a.csv"), {}, np.zeros(2)
optimiser = torch.optim.SGD(net.parameters())
def evaluate(net, loader):
    right = 0
    with torch.no_grad():
        for x, y in loader:
            found = net(x).argmax(1)
            right += (found == y).sum().item()
    return right
def twice(model): return evaluate(model, ()) + evaluate(net=model, loader=())
def report(rows):
    for name, row in rows.items(): print(name, round(row, 2))
def first(rows): return rows[0]
def load_into(model, *others):
    for one in (model, *others): one.load_state_dict(ours)
def load_later(model): load_into(3, model)
def load_within(model):
    def load(): model.load_state_dict(ours)
    load()
def load_by_part(model):
    weights = model.weight.detach()
    weights[:] = ours
def keep(model):
    global kept
    kept = model
def own(a, evaluate): evaluate(a)
def todo(model): pass
@trained_first
def wrapped(model): print(model)
"""
# The part that the student writes, as in the staff's notebook.
SOLVED = """def predict(x): return x @ W
def train():
    for p in net.parameters(): p.data.zero_()
bias = net.bias.detach()
def show(model): model.load_state_dict(ours)
"""
# Cells that change what is tested, or may do so.
CHANGED = [
    ("net.load_state_dict(ours)", "net"),
    ("torch.nn.init.ones_(net.weight)", "net"),
    ("load_ours(net)", "net"),
    ("same = net\nsame.load_state_dict(ours)", "net"),
    ("for p in net.parameters():\n    p.data.fill_(1)", "net"),
    ("optimiser.step()", "net"),
    ("Net.forward = ours", "net"),
    ("train()", "net"),
    ("del net", "net"),
    ("import net", "net"),
    ("  net = ours\n  x = 2", "net"),
    ("print(net.load_state_dict(ours))", "net"),
    ("%time net.load_state_dict(ours)", "net"),
    ("if True:\n    net.weight.data[:] = 1", "net"),
    ("answers['mean'] = 3.5", "answers"),
    ("answers |= ours", "answers"),
    ("del answers['mean']", "answers"),
    ("df['x'] = df['x'].fillna(2)", "df"),
    ("df.fillna(2, inplace=True)", "df"),
    ("df.loc[0, 'x'] = 2", "df"),
    ("W = np.array([2., 3.])", "predict"),
    ("np.copyto(W, ours)", "predict"),
    ("globals()['net'] = ours", "*"),
    ("exec('net = ours')", "*"),
    ("import __main__ as m\nm.net = ours", "*"),
    ("def use_ours():\n    exec('net = ours')\nuse_ours()", "*"),
    ("%run ours.py", "*"),
    ("%store -r net", "*"),
    ("net = %sql ours", "*"),
    ("%%unknown\nnet = ours", "*"),
    ("x = 1" + "  " * 20_000, "*"),
]


# Changing a part of an object, or a view of it, changes the object.
PARTS = [
    ("for name, one in answers.items():\n    one.append(3)", "answers"),
    ("for one in answers.values():\n    one['mean'] = 3", "answers"),
    ("b = answers.get('x')\nb.append(3)", "answers"),
    ("x, b = 1, answers.copy()\nb['x'].append(3)", "answers"),
    ("best = max(answers, key=len)\nbest.fit()", "answers"),
    ("for n, one in enumerate([*answers, net]): one.fit()", "net"),
    ("for one in answers + ours: one.fit()", "answers"),
    ("[one.fit() for one in sorted(answers)]", "answers"),
    ("W.detach().copy_(ours)", "W"),
    ("w = W.detach()\nw.copy_(ours)", "W"),
    ("w = W.reshape(-1)\nw[:] = 3", "W"),
    ("w = W.flatten()\nw += 3", "W"),
    ("(w := W.cpu().numpy()).fill(3)", "W"),
    ("t = type(net)\nt.forward = ours", "net"),
    ("kept = [net]\nfor one in kept: one.fit()", "net"),
    ("net.load_state_dict(ours)", "bias"),
    ("loss = ((net(xs) - ys) ** 2).mean()\nloss.backward()", "net"),
    ("fill(W.detach())", "W"),
    ("net.round()", "net"),
    ("print(net.get())", "net"),
    ("wrapped(net)", "net"),
    ("a = %time del net", "net"),
    ("plt.plot(net.plot())", "net"),
    ("np.sqrt(W, W)", "W"),
    ("torch.nn.functional.relu(W, inplace=True)", "W"),
    ("F.relu(W, True)", "W"),
    ("net.to('cuda')", "net"),
    ("other = net.float()", "net"),
    ("np.sqrt(x, out=W)", "W"),
    ("np.sqrt(x, **{'out': W})", "W"),
    ("x.mean(0, None, W)", "W"),
    ("%timeit net.fit()", "net"),
    ("%timeit -n 2 -r1 net.fit()", "net"),
    ("%prun -s time net.fit()", "net"),
    ("r = %timeit -o train()", "net"),
    ("%%timeit net.fit()\nx = 1", "net"),
    ("!echo {net.fit()}", "net"),
    ("load_into(net, 3)", "net"),
    ("load_into(3, net)", "net"),
    ("load_later(model=net)", "net"),
    ("load_within(net)", "net"),
    ("load_by_part(net)", "net"),
    ("keep(net)", "net"),
    ("one = first(answers)\none.fit()", "answers"),
    ("own(net, load_into)", "net"),
    ("todo(net)", "net"),
    ("show(net)", "net"),
    ("evaluate(*[net])", "net"),
    ("def evaluate(net, loader): net.fit()\nevaluate(net, ())", "net"),
    ("evaluate = ours\nevaluate(net, ())", "net"),
    ("from tools import evaluate\nevaluate(net, ())", "net"),
    ("import builtins\nbuiltins.eval('net.fit()')", "*"),
]


def related(source: str, *above: str) -> frozenset[str]:
    """Return the names to which a cell below the others is related."""
    cells = [*(above or (ABOVE,)), source]
    staff = [] if above else [ABOVE, SOLVED]
    return list(related_in_cells(cells, staff))[-1]


@pytest.mark.parametrize(("source", "name"), [*CHANGED, *PARTS])
def test_a_cell_that_may_change_an_object_is_related_to_it(
    source: str, name: str
) -> None:
    assert name in related(source)


@pytest.mark.parametrize(
    "source",
    ["print(net)", "plt.plot(net(xs).detach())", "assert net.size > 3", "twice(net)"],
)
def test_a_cell_that_seems_to_look_is_related_too(source: str) -> None:
    """A hook, a property or a special method may do anything."""
    assert "net" in related(source)


TRAINER = """class Trainer:
    def __init__(self, net): self.net = net
    def __call__(self): self.net.fit()
net = Net()
"""
LOOKING = """class Looking:
    def __init__(self, net): self.net = net
    def __getitem__(self, i): return self.net(i)
    def forward(self, x): return self.net(x.view(1, self.size))
    def __iter__(self): yield self.net
net = Net()
"""
SPECIAL = """class Own:
    def __init__(self, net): self.net = net
    def __{}__(self, *given): self.net.fit()
net = Net()
own = Own(net)
"""
# What a cell above relates, and what then changes `net` without its name.
TIED = [
    (TRAINER + "trainer = Trainer(net)", "print(trainer())"),
    (TRAINER + "trainer = Trainer(net)", "history = [trainer() for _ in range(3)]"),
    (TRAINER + "trainers = {'a': Trainer(net)}", "print(trainers['a']())"),
    (TRAINER + "class Child(Trainer): pass\nchild = Child(net)", "print(child())"),
    (TRAINER + "def make(): return Trainer(net)\nmade = make()", "print(made())"),
    (TRAINER + "def use(one): return one()", "print(use(Trainer(net)))"),
    ("net = Net()\nmodel = Model()\nmodel.add_layer(net)", "model.fit()"),
    ("net = Net()\nema = EMA().register(net)", "ema.apply()"),
    ("net = Net()\nema = EMA()\nema.model = net\nall = [ema]", "all[0].apply()"),
    ("net = Net()\nps = list(net.parameters())\nopt.watch(ps)", "opt.step()"),
    ("def set_up(one): one.attach(net)\nnet = Net()\nset_up(one)", "one.run()"),
    ("net = Net()\ndef one(): net.fit()\nfs.append(one)", "for f in fs: print(f())"),
    ("net = Net()\ndef one(): net.fit()\nfs['a'] = one", "fs['a']()"),
    ("net = Net()\nfs = [lambda: net.fit()]", "for f in fs: f()"),
    ("net = Net()\nfs = [net.fit]", "for f in fs: print(f())"),
    ("net = Net()\ndef run(f): f()", "run(net.fit)"),
    ("net = Net()\nfit = net.fit", "print(fit(3))"),
    ("net = Net()\n@fs.append\ndef one(): net.fit()", "for f in fs: print(f())"),
    ("def steps(n):\n    n.fit(); yield 1\nnet = Net()\ns = steps(net)", "list(s)"),
    ("net = Net()\ns = (n.fit() for n in [net])", "print(list(s))"),
    ("net = Net()\ndef fit(n): n.fit()\nnets = [net]", "best = max(nets, key=fit)"),
    ("net = Net()\nnets = [net]", "best = max(nets, key=lambda n: n.fit())"),
    ("from functools import partial\nnet = Net()\nf = partial(net.fit)", "print(f())"),
    ("net = Net()\ns = map(lambda n: n.fit(), [net])", "print(list(s))"),
    (SPECIAL.format("getitem"), "print(own[0])"),
    (SPECIAL.format("iter"), "for one in own: print(one)"),
    (SPECIAL.format("add"), "print(own + 1)"),
    (SPECIAL.format("len"), "print(len(own))"),
    (SPECIAL.format("enter"), "with own: pass"),
    ("net = Net()", "def later(x=net.fit()): pass"),
    ("net = Net()", "class Later:\n    found = net.fit()"),
]


@pytest.mark.parametrize(("above", "source"), TIED)
def test_names_are_related_through_other_statements(above: str, source: str) -> None:
    assert "net" in related(source, above)


# A cell that gives another meaning to what the tested `net` uses in two steps or more.
STEPS = [
    (("def encode(t): return t\nclass Data:\n    def get(self): return encode(self)\n"
     "data = Data()\nnet = Net(data)"), "def encode(t): return 1"),
    ("def predict(x): return x @ W\nmodels['linear'] = predict\nnet = models",
     "W = W - 0.1 * grad"),
    (("class Layer:\n    def __init__(self): kept.append(self)\nkept = []\n"
     "net = Net(kept)"), "one = Layer()"),
    (("def hook(n):\n    def keep(*a): found[n] = a\n    return keep\n"
     "net[0].register_forward_hook(hook('a'))"), "print(found)"),
    ("import tools\ntools.register(net)", "tools.run()"),
    ("from tools import register\nregister(net)", "from tools import run\nrun()"),
    ("def load():\n    global net\n    net = read('best.pt')", "save(ours, 'best.pt')"),
    ("PATH = 'out/best.pt'\nnet = read(PATH)", "save(ours, PATH)"),
    ("def f(one=net): return one", "f().fit()"),
    ("@keep(net)\ndef f(): pass", "f.fit()"),
    ("def f(one: net): pass", "f.fit()"),
    ("nets = [one for one in net]", "nets[0].fit()"),
    ("match given:\n    case {'a': one, **net}: pass", "one.fit()"),
    ("try: pass\nexcept E as net: kept = 1", "kept.fit()"),
]  # fmt: skip


@pytest.mark.parametrize(("above", "source"), STEPS)
def test_names_are_related_in_several_steps(above: str, source: str) -> None:
    assert not {"net", "*"}.isdisjoint(related(source, above))


@pytest.mark.parametrize(
    ("above", "source"),
    [
        ("import torch\nnet = torch.nn.Linear(2, 1)", "import torch\ntorch.manual_seed(1)"),
        ("import numpy as np\nnet = np.zeros(3)", "x = np.ones(3)\nprint(x.sum())"),
        ("from torch import nn\nnet = nn.Linear(2, 1)", "other = nn.Linear(2, 1)"),
        ("N = 5\nnet = Net(N)", "other = Other(N)"),
        (("import torch\ndevice = torch.device('cuda' if torch.cuda.is_available() "
         "else 'cpu')\nnet = Net().to(device)"), "other = Other().to(device)"),
        ("def mean(net): return sum(net)\nnet = 3", "def mode(x): return max(x)"),
        ("net = [x for x in range(3)]", "print([x for x in range(4)])"),
        ("net = list(map(lambda x: x + 1, range(3)))", "f = lambda x: x - 1"),
        ("net = 3", "plt.rcParams['figure.figsize'] = (8, 3)"),
        ("net = 3", "import os\nos.environ['A'] = '1'"),
        ("net = 3", "%matplotlib inline"),
        ("net = 3", "!ls\n%pip install softmark"),
        ("net = 3", "%%bash\nls net"),
        ("net = 3", "x = # YOUR CODE"),
        ("net = 3", ""),
    ],
)  # fmt: skip
def test_cells_that_share_only_libraries_and_constants_are_not_related(
    above: str, source: str
) -> None:
    above = "import matplotlib.pyplot as plt\n" + above
    assert related(source, above).isdisjoint({"net", "*"})


@pytest.mark.parametrize(
    "again",
    ["N = 6", "N += 1", "for N in (1, 2): pass", "def f():\n    global N\n    N = 1"],
)
def test_a_constant_that_is_bound_again_relates(again: str) -> None:
    assert "net" in related("other = Other(N)", "N = 5\nnet = Net(N)", again)


@pytest.mark.parametrize(
    "source",
    [
        "torch.nn.Linear.forward = ours",
        "setattr(torch, 'relu', ours)",
        "del torch.relu",
        "torch.nn.Module.__dict__['x'] = 1",
        "import sys\nsys.modules['__main__'].net = ours",
        "from __main__ import *",
        "from torch.nn import *",
        "import gc\nfor one in gc.get_objects(): one.fit()",
    ],
)
def test_a_cell_that_may_reach_everything_is_related_to_everything(source: str) -> None:
    assert related(source, "import torch\nnet = 3") == {"*"}


def test_a_name_of_a_library_that_the_notebook_binds_relates() -> None:
    above = "from statistics import mean\ndef use(x): return mean(x)"
    assert "use" in related("def mean(x): return 1", above)
    assert related("mean([1])", above).isdisjoint({"use"})


def test_a_function_that_reaches_everything_relates_whoever_uses_it() -> None:
    above = "def use(text):\n    exec(text)\nnet = 3"
    assert related("use('net = 4')", above) == {"*"}


def test_names_of_a_function_s_own_relate_nothing() -> None:
    above = (
        "def f():\n    kept = 1\n    def g(a, *b, c, **d): return a, b, c, d, kept\n"
    )
    assert related("a = b = c = d = kept = 2", above).isdisjoint({"f"})
