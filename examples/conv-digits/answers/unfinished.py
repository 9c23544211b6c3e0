# %% conv2d
def conv2d(x, weight, bias=None, stride=1, padding=0):
    """Return the convolution of a batch of images, of shape (N, K, H_out, W_out)."""
    # TODO: padding and stride
    n, _, h, w = x.shape
    k, _, r, s = weight.shape
    y = torch.zeros(n, k, h - r + 1, w - s + 1, dtype=x.dtype)
    for i in range(h - r + 1):
        for j in range(w - s + 1):
            window = x[:, :, i : i + r, j : j + s]
            y[:, :, i, j] = torch.einsum("ncrs,kcrs->nk", window, weight)
    if bias is not None:
        y += bias.reshape(1, -1, 1, 1)
    return y


# %% max_pool
def max_pool2d(x, kernel_size, stride=None):
    """Return the largest value of each window of every channel."""
    windows = x.unfold(2, kernel_size, kernel_size).unfold(3, kernel_size, kernel_size)
    return windows.max(-1).values.max(-1).values


# %% batchnorm
class BatchNorm2d(nn.Module):
    """Normalises each channel of a batch of shape (N, C, H, W)."""

    def __init__(self, channels, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps = eps
        self.gamma = nn.Parameter(torch.ones(channels))
        self.beta = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x):
        return x


# %% batchnorm-figure
before = 3 * torch.randn(64, 1, 8, 8) + 5
after = BatchNorm2d(1)(before).detach()
print(after.mean(), after.std())
print("difference to torch:", (after - torch_layer(before)).abs().max())
# %% train
train_x, train_y = images[:-200], labels[:-200]
held_x, held_y = images[-200:], labels[-200:]

if TRAIN:
    # just a linear layer for now, to see that saving works
    torch.manual_seed(0)
    net = nn.Linear(64, 10)
    optimiser = torch.optim.SGD(net.parameters(), lr=0.1)
    for step in range(100):
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy(net(train_x.flatten(1)), train_y)
        loss.backward()
        optimiser.step()
    save_file(net.state_dict(), "digits.safetensors")
