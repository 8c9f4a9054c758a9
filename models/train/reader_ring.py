"""Samples kept on the training device, each of them used several times and never twice the same.

Drawing, warping and spoiling a plate takes a core's time, and a GPU is some twenty times faster than all cores of a
machine together. So the workers' samples go round in a ring, and each use moves, lights and stains them a little anew
(data echoing: Choi et al. 2019, arXiv:1907.05550).
"""
import threading
import time

import torch
from torch.nn import functional as F


class Ring:
    """Holds the last `size` samples of a queue of batches (dict of arrays) on a device; each is drawn `uses` times on average.

    `change` makes another of a batch of crops (uint8 [N, 64, 160, 3]) at every use; None: they stay as they are.
    """

    def __init__(self, queue, size, uses, device, change=None):
        self.queue, self.size, self.uses, self.device, self.change = queue, size, uses, device, change
        self.store, self.at, self.made, self.drawn = {}, 0, 0, 0
        threading.Thread(target=self.fill, daemon=True).start()

    def fill(self):
        """Takes batches for ever; a thread of its own, which mostly waits for the queue and for copies."""
        while True:
            batch = {k: torch.from_numpy(v) for k, v in self.queue.get().items()}
            n = len(batch["crop"])
            if not self.store:
                self.store = {k: torch.zeros((self.size, *v.shape[1:]), dtype=v.dtype, device=self.device) for k, v in batch.items()}
            if self.at + n > self.size:
                self.at = 0
            for key, value in batch.items():
                self.store[key][self.at:self.at + n] = value.to(self.device)
            self.at += n
            self.made += n

    def draw(self, n):
        """A batch of n samples as a dict of tensors; waits while the workers are behind."""
        while self.made < 8 * n or self.drawn + n > self.made * self.uses:
            time.sleep(.002)
        index = torch.randint(min(self.made, self.size) - n, (n,), device=self.device)
        self.drawn += n
        batch = {k: v[index] for k, v in self.store.items()}
        if self.change:
            batch["crop"] = self.change(batch["crop"])
        return batch


def jitter(crops):
    """uint8 crops [N, H, W, 3], each moved, turned, lit, blurred, grained and stained a little."""
    n, height, width, _ = crops.shape
    x = crops.permute(0, 3, 1, 2).float()

    def normal(*shape):
        return torch.randn(n, *shape, device=crops.device)

    def chosen(share):
        return (torch.rand(n, 1, 1, 1, device=crops.device) < share).float()

    turn = torch.eye(2, device=crops.device) + normal(2, 2) * torch.tensor([[.025, .02], [.03, .04]], device=crops.device)
    shift = normal(2, 1) * torch.tensor([[.02], [.035]], device=crops.device)
    grid = F.affine_grid(torch.cat([turn, shift], 2), list(x.shape), align_corners=False)
    x = F.grid_sample(x, grid, mode="bilinear", padding_mode="border", align_corners=False)
    soft = F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), 3, 1)
    x = torch.lerp(x, soft, chosen(.25) * torch.rand(n, 1, 1, 1, device=crops.device))
    centre = x.mean((2, 3), keepdim=True)
    x = (x - centre) * torch.exp(.15 * normal(1, 1, 1)) + centre * (1 + chosen(.4) * .12 * normal(3, 1, 1)) + 10 * normal(1, 1, 1)
    x = x + chosen(.5) * 6 * normal(1, 1, 1).abs() * torch.randn(n, 1, height, width, device=crops.device)
    x = stain(x, chosen(.15))
    return x.clamp(0, 255).round().to(torch.uint8).permute(0, 2, 3, 1)


def stain(x, use):
    """Pictures [N, 3, H, W], those with `use` [N, 1, 1, 1] = 1 with a small spot or stripe of another colour."""
    n, _, height, width = x.shape
    u = torch.rand(n, 5, 1, 1, device=x.device)
    row = torch.arange(height, device=x.device)[None, None, :, None] / height
    column = torch.arange(width, device=x.device)[None, None, None] / width
    spot = ((row - u[:, 0:1]).abs() < .02 + .08 * u[:, 2:3]) & ((column - u[:, 1:2]).abs() < .01 + .05 * u[:, 3:4] ** 2)
    return torch.where(spot & (use > 0), 255 * torch.rand(n, 3, 1, 1, device=x.device) * u[:, 4:5].sqrt(), x)
