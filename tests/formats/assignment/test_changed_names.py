"""Which objects the cells of a hand-out may change, read and never run."""

import pytest

from formats.assignment import changed_in_cells

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
# What the student writes, as the staff's notebook has it.
SOLVED = """def predict(x): return x @ W
def train():
    for p in net.parameters(): p.data.zero_()
bias = net.bias.detach()
def show(model): model.load_state_dict(ours)
"""
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


# To change a part of an object, or a view of it, is to change the object.
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
    ("a = %time del net", "*"),
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


def changed(source: str) -> frozenset[str]:
    return list(changed_in_cells([ABOVE, source], [ABOVE, SOLVED]))[1]


@pytest.mark.parametrize(("source", "name"), CHANGED)
def test_what_is_done_with_an_object_may_change_it(source: str, name: str) -> None:
    assert name in changed(source)


@pytest.mark.parametrize(("source", "name"), PARTS)
def test_what_changes_a_part_changes_the_whole(source: str, name: str) -> None:
    assert name in changed(source)


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
# What a cell above brings together, and what then changes `net` without its name.
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
def test_what_was_brought_together_changes_together(above: str, source: str) -> None:
    assert "net" in list(changed_in_cells([above, source]))[1]


@pytest.mark.parametrize(
    ("above", "source"),
    [
        (TRAINER + "trainer = Trainer(net)\nother = Net()", "other.fit()"),
        (LOOKING + "one = Looking(net)\nother = One(net)", "print(one[0], one(3))"),
        (LOOKING + "own = Looking(net)", "for one in own: print(one)"),
        ("def count(a): return len(a)\nfs = [count]\nnet = Net()", "fs[0](3)"),
        ("net = Net()\nlr = .1\na = A(net, lr)\nb = B(lr)", "b.step()"),
        ("def train(n): n.fit(); return [1]\nnet = Net()\nh = train(net)", "print(h)"),
        ("net = Net()\nopt = SGD(net)", "fig, ax = subplots()\nax.plot(opt.losses)"),
        ("net = Net()\nopt = SGD(net)\nfor x, y in data: opt.add(x)", "print(net(3))"),
    ],
)
def test_what_runs_no_code_that_changes_leaves_what_is_tied(
    above: str, source: str
) -> None:
    assert "net" not in list(changed_in_cells([above, source]))[1]


def test_a_part_may_be_taken_in_another_cell() -> None:
    cells = [ABOVE, "w = W.view(-1)", "w.fill_(3)", "print(w)"]
    found = ["W" in names for names in changed_in_cells(cells)]
    assert found == [True, False, True, False]


@pytest.mark.parametrize(
    "source",
    [
        "plt.plot(xs, net(xs).detach().numpy())",
        "print(f'{net} {answers[\"mean\"]:.2f}', len(answers))",
        "shown = predict(xs)\nprint(np.mean(shown == ys))",
        "assert answers['mean'] > 3 and np.allclose(W, [1, 2])",
        "df.describe()",
        "if net(xs).mean().item() > 3:\n    print('ok')",
        "print(((net(xs) - ys) ** 2).mean())",
        "show(predict(xs))",
        "for name, one in answers.items():\n    print(name, one)",
        "for n, one in enumerate(answers.values()): plt.plot(one)",
        "w = W.detach().numpy()\nprint(w)",
        "print(sum(p.numel() for p in net.parameters()))",
        "print('{} {:.2f}'.format(net, W.mean()))",
        "ax.plot(xs, net(xs).detach().numpy())",
        "ax.plot(xs, W[0] * xs + W[1])",
        "import copy\nother = copy.deepcopy(net)\nother.fit()",
        "evaluate(net, test)",
        "print('after', evaluate(net, loader=test))",
        "results = {}\nresults['right'] = evaluate(net, test)",
        "print(twice(net))",
        "report(answers)",
        "net.info()",
        "%timeit evaluate(net, test)",
        "%timeit -n 10 -r 3 evaluate(net, test)",
        "%matplotlib inline\nimport numpy as np\nfrom torch import nn\nnp.random.seed(1)",
        "!ls\n%pip install softmark",
        "def other(net):\n    net.eval()\n    return W",
        "x = # YOUR CODE",
        "print('loss=%f' % net(xs))",
    ],
)
def test_what_only_looks_at_an_object_leaves_it(source: str) -> None:
    tested = {"net", "df", "answers", "W", "predict", "*"}
    assert not changed(source) & tested


def test_a_function_that_a_cell_may_bind_again_is_not_known() -> None:
    unread = "evaluate = ours" + "  " * 20_000
    cells = [ABOVE, "evaluate(net, ())", unread]
    assert "net" not in list(changed_in_cells(cells[:2]))[1]
    assert "net" in list(changed_in_cells(cells))[1]


def test_a_method_of_a_network_runs_no_text() -> None:
    found = changed("net.eval()\nfor one in net.modules(): print(one)")
    assert "net" in found
    assert not found & {"answers", "*"}
