# %% conv2d
def conv2d(x, weight, bias=None, stride=1, padding=0):
    """Return the convolution of a batch of images, of shape (N, K, H_out, W_out)."""
    n, c, h, w = x.shape
    k, _, r, s = weight.shape
    # make the picture bigger for the padding
    big = torch.zeros((n, c, h + 2 * padding, w + 2 * padding), dtype=x.dtype)
    big[:, :, :h, :w] = x
    hh = (h + 2 * padding - r) // stride + 1
    ww = (w + 2 * padding - s) // stride + 1
    y = torch.zeros((n, k, hh, ww), dtype=x.dtype)
    for i in range(hh):
        for j in range(ww):
            patch = big[:, :, i * stride : i * stride + r, j * stride : j * stride + s]
            for f in range(k):
                y[:, f, i, j] = (patch * weight[f]).sum(dim=(1, 2, 3))
    return y


# %% max_pool
def max_pool2d(x, kernel_size, stride=None):
    """Return the largest value of each window of every channel."""
    if stride is None:
        stride = kernel_size
    n, c, h, w = x.shape
    hh = (h - kernel_size) // stride + 1
    ww = (w - kernel_size) // stride + 1
    y = torch.zeros(n, c, hh, ww)
    for i in range(hh):
        for j in range(ww):
            for a in range(kernel_size):
                for b in range(kernel_size):
                    value = x[:, :, i * stride + a, j * stride + b]
                    y[:, :, i, j] = torch.maximum(y[:, :, i, j], value)
    return y


# %% batchnorm
class BatchNorm2d(nn.Module):
    """Normalises each channel of a batch of shape (N, C, H, W)."""

    def __init__(self, channels, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps = eps
        self.momentum = momentum
        self.gamma = nn.Parameter(torch.ones(channels))
        self.beta = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x):
        if self.training:
            mean = x.mean(dim=[0, 2, 3])
            var = x.var(dim=[0, 2, 3], unbiased=False)
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (var - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        mean, var = mean.reshape(1, -1, 1, 1), var.reshape(1, -1, 1, 1)
        return (x - mean) / (var + self.eps).sqrt()


# %% cross_entropy
def cross_entropy(scores, labels):
    """Return (loss, gradient): the mean loss, and its gradient by the scores."""
    p = scores.exp() / scores.exp().sum(dim=1, keepdim=True)
    picked = p[range(len(labels)), labels]
    loss = -picked.log().mean()
    grad = p.clone()
    grad[range(len(labels)), labels] -= 1
    return loss, grad / len(labels)


# %% net
class Net(nn.Module):
    """Scores ten classes for images of 8 by 8 pixels."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.Conv2d(8, 8, 3, stride=2),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(8, 10),
        )

    def forward(self, x):
        return self.net(x)


# %% train
train_x, train_y = images[:-200], labels[:-200]
held_x, held_y = images[-200:], labels[-200:]

if TRAIN:
    torch.manual_seed(0)
    net = Net()
    optimiser = torch.optim.SGD(net.parameters(), lr=0.05)
    for epoch in range(11):
        total = 0
        for batch in torch.randperm(len(train_x)).split(32):
            optimiser.zero_grad()
            loss = nn.functional.cross_entropy(net(train_x[batch]), train_y[batch])
            loss.backward()
            optimiser.step()
            total += loss.item()
        print("epoch", epoch, "loss", total)
    save_file(net.state_dict(), "digits.safetensors")
# %% [markdown] discussion
# The network confuses 8 and 1 and also 9 with other numbers. This is because the pictures are small. I would train for more epochs with more layers, this should help because a bigger network can learn more. I would look at the accuracy.
