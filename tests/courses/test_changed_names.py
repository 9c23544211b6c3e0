"""Which objects the cells of a hand-out may change, read and never run."""

import pytest

from courses.bundle import changed_in_cells

ABOVE = """import matplotlib.pyplot as plt, numpy as np, pandas as pd, torch
class Net(torch.nn.Module):
    def forward(self, x): return x
net = Net()
df, answers, W = pd.read_csv("a.csv"), {}, np.zeros(2)
optimiser = torch.optim.SGD(net.parameters())
"""
# What the student writes, as the staff's notebook has it.
SOLVED = """def predict(x): return x @ W
def train():
    for p in net.parameters(): p.data.zero_()
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


def changed(source: str) -> frozenset[str]:
    return list(changed_in_cells([ABOVE, source], [ABOVE, SOLVED]))[1]


@pytest.mark.parametrize(("source", "name"), CHANGED)
def test_what_is_done_with_an_object_may_change_it(source: str, name: str) -> None:
    assert name in changed(source)


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
