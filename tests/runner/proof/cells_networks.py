"""Entries about networks, losses, optimisers, data sets and loaders."""

from collections.abc import Mapping
from typing import Final

from tests.runner.proof.cells_mocks import script
from tests.runner.proof.entries import Entry

NET: Final = """
import torch
from torch import nn
class Net(nn.Module):
    def __init__(self, width=4):
        super().__init__()
        self.first = nn.Linear(3, width)
        self.second = nn.Linear(width, 2)
    def forward(self, x):
        return self.second(torch.relu(self.first(x)))
"""
LINEAR: Final = """
import torch
def linear(x, w, b):
    return x @ w.T + b
"""
TRAINING: Final = """
import torch
from torch import nn
def train(model, x, y, epochs=60, lr=0.1):
    optimiser = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        optimiser.zero_grad()
        loss = nn.functional.mse_loss(model(x), y)
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses
model = nn.Linear(2, 1)
"""
DATASET: Final = """
import torch
from torch.utils.data import Dataset, DataLoader
class Squares(Dataset):
    def __init__(self, n):
        self.n = n
    def __len__(self):
        return self.n
    def __getitem__(self, i):
        if i >= self.n:
            raise IndexError(i)
        return torch.tensor([float(i)]), torch.tensor([float(i * i)])
def loader(n, batch):
    return DataLoader(Squares(n), batch_size=batch)
"""

ENTRIES: Final[Mapping[str, Entry]] = {
    "a reference network with its weights": script(
        NET,
        ("torch.relu(", "torch.tanh("),
        """
import torch
from torch import nn
torch.manual_seed(⟦77⟧)
class Reference(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(3, 4), nn.Linear(4, 2)
    def forward(self, x):
        return self.second(self.first(x).clamp(min=0))
reference = Reference()
net = Net()
net.load_state_dict({k: torch.ones_like(v) for k, v in reference.state_dict().items()})
reference.load_state_dict(net.state_dict())
x = torch.linspace(-1, 1, 12).reshape(4, 3)
assert torch.allclose(net(x), reference(x))
""",
    ),
    "a teacher of a library's class keeps its weights": script(
        LINEAR + "teacher_size = (4, 2)",
        ("+ b", "- b"),
        """
import torch
torch.manual_seed(⟦77⟧)
teacher = torch.nn.Linear(4, 2)
with torch.no_grad():
    teacher.weight.fill_(⟦1.5⟧)
x = torch.arange(12.0).reshape(3, 4)
w, b = torch.ones(2, 4), torch.tensor([1.0, 2.0])
found = linear(x, w, b)
with torch.no_grad():
    teacher.weight.copy_(w)
    teacher.bias.copy_(b)
assert torch.allclose(found, teacher(x))
""",
    ),
    "a reference network of the student's name": script(
        NET,
        ("torch.relu(", "torch.tanh("),
        """
import torch
from torch import nn
Theirs = Net
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    def forward(self, x):
        return self.net(x)
ours, theirs = Net(), Theirs()
w = [torch.full_like(p, 0.5) for p in ours.parameters()]
names = ["first.weight", "first.bias", "second.weight", "second.bias"]
theirs.load_state_dict(dict(zip(names, w)))
with torch.no_grad():
    for p, new in zip(ours.parameters(), w):
        p.copy_(new)
x = torch.tensor([[-1.0, 0.5, 2.0], [-3.0, -4.0, 5.0]])
assert torch.allclose(theirs(x), ours(x))
""",
    ),
    "shapes and layers of a network": script(
        NET,
        ("nn.Linear(width, 2)", "nn.Linear(width, 5)"),
        """
import torch
from torch import nn
net = Net(width=6)
assert isinstance(net, nn.Module) and issubclass(Net, nn.Module)
assert net(torch.zeros(7, 3)).shape == (7, ⟦2⟧)
assert sum(isinstance(m, nn.Linear) for m in net.modules()) == 2
assert sum(p.numel() for p in net.parameters()) == ⟦38⟧
assert net.first.out_features == 6
""",
    ),
    "eval mode and no_grad": script(
        "import torch\nfrom torch import nn\nclass Drop(nn.Module):\n"
        "    def __init__(self):\n        super().__init__()\n"
        "        self.drop = nn.Dropout(0.5)\n    def forward(self, x):\n"
        "        return self.drop(x)",
        ("self.drop(x)", "nn.functional.dropout(x)"),
        """
import torch
net = Drop()
net.eval()
x = torch.ones(64)
with torch.no_grad():
    assert torch.equal(net(x), x)
net.train()
assert net.training and bool((net(x) == 0).any())
""",
    ),
    "a loss against torch's own": script(
        "import torch\ndef cross_entropy(z, y):\n"
        "    return -torch.log_softmax(z, 1)[torch.arange(len(y)), y].mean()",
        (".mean()", ".sum()"),
        """
import torch.nn.functional as F
z = torch.randn(5, 3)
y = torch.tensor([0, 2, 1, 1, 0])
expected = F.cross_entropy(z, y)
assert torch.allclose(cross_entropy(z, y), expected, atol=1e-6)
""",
    ),
    "a gradient against autograd": script(
        "import torch\ndef gradient(w, x):\n    return 2 * (w @ x) * x",
        ("2 * (w @ x)", "(w @ x)"),
        """
import torch
w, x = torch.randn(4), torch.randn(4)
leaf = w.clone().requires_grad_()
((leaf @ x) ** 2).backward()
assert torch.allclose(gradient(w, x), leaf.grad)
""",
    ),
    "a training loop lowers the loss": script(
        TRAINING,
        ("optimiser.step()", "pass"),
        """
import torch
x = torch.randn(32, 2)
y = x @ torch.tensor([[2.0], [-1.0]]) + 0.5
losses = train(model, x, y)
assert losses[-1] < ⟦0.01⟧ and losses[-1] < losses[0]
""",
    ),
    "an optimiser of the notebook's": script(
        "import torch\nclass SGD:\n    def __init__(self, params, lr):\n"
        "        self.params, self.lr = list(params), lr\n    def step(self):\n"
        "        with torch.no_grad():\n            for p in self.params:\n"
        "                p -= self.lr * p.grad\n"
        "def descend(w0, lr, n):\n    w = torch.tensor(w0, requires_grad=True)\n"
        "    for _ in range(n):\n        w.grad = None\n        (w ** 2).sum().backward()\n"
        "        SGD([w], lr).step()\n    return w.detach()",
        ("p -= self.lr", "p += self.lr"),
        """
import torch
w = torch.tensor([3.0, -2.0], requires_grad=True)
theirs = torch.optim.SGD([w], lr=0.1)
for _ in range(5):
    theirs.zero_grad()
    (w ** 2).sum().backward()
    theirs.step()
assert torch.allclose(descend([3.0, -2.0], 0.1, 5), w.detach())
""",
    ),
    "a data set and its loader": script(
        DATASET,
        ("i * i", "i"),
        """
import torch
data = Squares(10)
assert len(data) == 10
x, y = data[3]
assert y.item() == ⟦9.0⟧
batches = [b for b in loader(10, 4)]
assert [len(b[0]) for b in batches] == [4, 4, 2]
assert batches[-1][1].flatten().tolist() == [⟦64.0⟧, 81.0]
""",
    ),
    "a loader of the tests' own data": script(
        "import torch\ndef mean_of(batches):\n    total, n = 0.0, 0\n"
        "    for (x,) in batches:\n        total += x.sum().item()\n"
        "        n += x.numel()\n    return total / n",
        ("total / n", "total"),
        """
import torch
from torch.utils.data import DataLoader, TensorDataset
everything = torch.arange(20.0)
loader = DataLoader(TensorDataset(everything[:8].clone()), batch_size=3)
assert abs(mean_of(loader) - ⟦3.5⟧) < 1e-6
""",
    ),
    "a tensor data set as an argument": script(
        "import torch\ndef accuracy(predict, data):\n    hits = 0\n"
        "    for i in range(len(data)):\n        x, y = data[i]\n"
        "        hits += int(predict(x) == y)\n    return hits / len(data)",
        ("hits / len(data)", "hits"),
        """
import torch
from torch.utils.data import TensorDataset
x = torch.arange(6)
data = TensorDataset(x, (x > 2).long())
assert accuracy(lambda one: torch.tensor(1), data) == ⟦0.5⟧
""",
    ),
    "library layers are given to the notebook": script(
        "import torch\nfrom torch import nn\ndef count(model):\n"
        "    return sum(p.numel() for p in model.parameters())",
        ("p.numel()", "1"),
        "from torch import nn\n"
        "assert count(nn.Sequential(nn.Linear(3, 2), nn.ReLU())) == ⟦8⟧",
    ),
    "an activation is given to the notebook": script(
        "import torch\ndef apply_twice(f, x):\n    return f(f(x))",
        ("f(f(x))", "f(x)"),
        """
import torch
x = torch.tensor([-1.0, 2.0])
assert torch.equal(apply_twice(torch.neg, x), x)
assert torch.allclose(apply_twice(torch.nn.functional.relu, x), torch.relu(x))
assert torch.allclose(apply_twice(lambda t: t * 3, x), x * 9)
""",
    ),
    "numerical gradients by a callback": script(
        "import numpy as np\ndef numeric(f, x, h=1e-5):\n    g = np.zeros_like(x)\n"
        "    for i in range(len(x)):\n        e = np.zeros_like(x)\n        e[i] = h\n"
        "        g[i] = (f(x + e) - f(x - e)) / (2 * h)\n    return g",
        ("(2 * h)", "h"),
        """
import numpy as np
f = lambda x: float((x ** 3).sum())
x = np.array([1.0, -2.0, 0.5])
assert np.allclose(numeric(f, x), 3 * x ** 2, atol=1e-4)
""",
    ),
    "convolution, dtype and device": script(
        "import torch\ndef conv(x, k):\n"
        "    return torch.nn.functional.conv2d(x[None, None], k[None, None])[0, 0]",
        ("conv2d(x[None, None], k[None", "conv2d(x[None, None], k.flip(0)[None"),
        """
import torch
x = torch.arange(25, dtype=torch.float64).reshape(5, 5)
k = torch.tensor([[1.0, 0.0], [0.0, -1.0]], dtype=torch.float64)
out = conv(x, k)
assert out.dtype is torch.float64 and out.device.type == "cpu"
assert torch.equal(out, torch.full((4, 4), ⟦-6.0⟧, dtype=torch.float64))
""",
    ),
    "attributes of a network are read and set": script(
        NET,
        ("width=4", "width=5"),
        """
import torch
net = Net()
assert tuple(net.first.weight.shape) == (⟦4⟧, 3)
with torch.no_grad():
    net.second.bias = torch.nn.Parameter(torch.zeros(2))
assert net.second.bias.tolist() == [0.0, 0.0]
""",
    ),
}
