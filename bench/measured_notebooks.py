"""The notebooks that are measured."""

from typing import Final

from bench.work import Question, Step, Work

_IMPORTS: Final = """\
import torch
import matplotlib.pyplot as plt

torch.manual_seed(0)"""

_CONV: Final = """\
def conv2d(image, kernel):
    height, width = kernel.shape
    windows = image.unfold(0, height, 1).unfold(1, width, 1)
    return (windows * kernel).sum((-1, -2))"""

_TRAIN: Final = """\
images = torch.randn({images}, 1, 16, 16)
labels = (images.mean((1, 2, 3)) > 0).long()
net = torch.nn.Sequential(
    torch.nn.Conv2d(1, 8, 3),
    torch.nn.ReLU(),
    torch.nn.Flatten(),
    torch.nn.Linear(8 * 14 * 14, 2),
)
optimiser = torch.optim.SGD(net.parameters(), lr=0.05)
losses = []
for step in range({steps}):
    loss = torch.nn.functional.cross_entropy(net(images), labels)
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    losses.append(loss.item())
print(f"loss {{losses[0]:.2f}}")"""

_FIGURE: Final = """\
plt.plot(losses)
plt.xlabel("step")
plt.title("loss");"""

# This is a mistake that students make, so that not every question passes.
_ACCURACY: Final = """\
def accuracy(scores, labels):
    return (scores.argmax(1) == labels).sum().item()"""

_CONV_TEST: Final = """\
import torch
image, kernel = torch.randn(12, 9), torch.randn(3, 4)
expected = torch.nn.functional.conv2d(image[None, None], kernel[None, None])[0, 0]
assert torch.allclose(conv2d(image, kernel), expected, atol=1e-4)"""

_LOSSES_TEST: Final = """\
assert len(losses) == 20
assert losses[-1] < losses[0]"""

_ACCURACY_TEST: Final = """\
import torch
scores = torch.tensor([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7]])
assert accuracy(scores, torch.tensor([0, 1, 1, 1])) == 0.75"""

# Imports torch, defines a convolution, takes 20 SGD steps, draws one figure.
SMALL: Final = Work(
    steps=(
        Step(source=_IMPORTS),
        Step(
            source=_CONV,
            question=Question(key="q1", points=2, asks="conv2d", test=_CONV_TEST),
        ),
        Step(
            source=_TRAIN.format(images=64, steps=20),
            question=Question(key="q2", points=1, asks="losses", test=_LOSSES_TEST),
        ),
        Step(source=_FIGURE),
        Step(
            source=_ACCURACY,
            question=Question(key="q3", points=1, asks="accuracy", test=_ACCURACY_TEST),
        ),
    ),
    earned=3,
)

# The same, with so much training that its own time outweighs ours.
LONG: Final = Work(
    steps=(
        Step(source=_IMPORTS),
        Step(source=_TRAIN.format(images=256, steps=400)),
        Step(source=_FIGURE),
    ),
)

EMPTY: Final = Work()

_SOFTMAX: Final = """\
def softmax(x):
    shifted = np.exp(x - x.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)"""

_SOFTMAX_TEST: Final = """\
import numpy as np
rows = softmax(np.array([[1.0, 2.0, 3.0], [1000.0, 1000.0, 1000.0]]))
assert np.allclose(rows.sum(axis=1), 1)
assert np.allclose(rows[1], 1 / 3)"""

_ONE_HOT: Final = """\
def one_hot(labels, classes):
    return np.eye(classes)[labels]"""

_ONE_HOT_TEST: Final = """\
import numpy as np
assert np.array_equal(one_hot(np.array([1, 0]), 3), [[0, 1, 0], [1, 0, 0]])"""

_ENTROPY: Final = """\
def entropy(p):
    return -np.sum(p * np.log(p))"""

_ENTROPY_TEST: Final = """\
import numpy as np
assert np.isclose(entropy(np.array([0.5, 0.5])), np.log(2))
assert entropy(np.array([1.0, 0.0])) == 0"""

# Needs hardly any processor time: numpy alone.
LIGHT: Final = Work(
    steps=(
        Step(source="import numpy as np"),
        Step(
            source=_SOFTMAX,
            question=Question(key="q1", points=1, asks="softmax", test=_SOFTMAX_TEST),
        ),
        Step(
            source=_ONE_HOT,
            question=Question(key="q2", points=1, asks="one_hot", test=_ONE_HOT_TEST),
        ),
        Step(
            source=_ENTROPY,
            question=Question(key="q3", points=1, asks="entropy", test=_ENTROPY_TEST),
        ),
    ),
    earned=2,
)
