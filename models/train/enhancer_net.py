"""The enhancer network: what blur, darkness and few pixels took from a plate crop, guessed back for the reader.

Input  : uint8 [N, 64, 160, 3] RGB, a straightened crop as the reader takes it.
Output : the same form and place; a good crop comes back as it was, a dark or flat one with more contrast.

A two-level U-net (Ronneberger et al. 2015, arXiv:1505.04597) of 3x3 convolutions with ReLU on the crop brought to mean 0
and deviation 1; its answer is added to the crop (Zhang et al. 2017, arXiv:1608.03981), four pixels from each position of
the half-size map (Shi et al. 2016, arXiv:1609.05158). The last layer starts at zero: an untrained enhancer changes nothing.
"""
import torch
from torch import nn

CONTRAST = 44.0     # deviation in grey levels that a flatter crop is raised to
MIDDLE = (70.0, 185.0)


class Block(nn.Module):
    """x + conv(relu(conv(x))), then ReLU."""

    def __init__(self, channels):
        super().__init__()
        self.first, self.second = nn.Conv2d(channels, channels, 3, 1, 1), nn.Conv2d(channels, channels, 3, 1, 1)
        nn.init.zeros_(self.second.weight)

    def forward(self, x):
        return torch.relu(x + self.second(torch.relu(self.first(x))))


class Enhancer(nn.Module):
    """See the module text. `channels`: widths at half and at quarter size; `blocks`: residual blocks at quarter size."""

    def __init__(self, channels=(24, 40), blocks=2):
        super().__init__()
        a, b = channels
        self.head, self.near = nn.Conv2d(3, a, 3, 2, 1), Block(a)
        self.down, self.far = nn.Conv2d(a, b, 3, 2, 1), nn.Sequential(*[Block(b) for _ in range(blocks)])
        self.up, self.join = nn.Conv2d(b, a, 1), nn.Conv2d(a, a, 3, 1, 1)
        self.out = nn.Conv2d(a, 12, 3, 1, 1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, crop):
        """Float [N, 64, 160, 3], 0 to 255 and not yet rounded, of crops uint8 or float [N, 64, 160, 3]."""
        x = crop.permute(0, 3, 1, 2).to(torch.float32)
        mean = x.mean(dim=(1, 2, 3), keepdim=True)
        x = x - mean
        spread = torch.sqrt((x * x).mean(dim=(1, 2, 3), keepdim=True) + 1.0)
        x = x / spread
        better = x + self.change(x)
        # No more light than needed: a crop of ordinary contrast keeps its grey levels.
        middle = torch.where(spread < CONTRAST, mean.clamp(*MIDDLE), mean)
        return (better * spread.clamp(min=CONTRAST) + middle).clamp(0.0, 255.0).permute(0, 2, 3, 1)

    def change(self, x):
        """What has to be added to crops [N, 3, 64, 160] of mean 0 and deviation 1."""
        near = self.near(torch.relu(self.head(x)))
        far = self.far(torch.relu(self.down(near)))
        wide = nn.functional.interpolate(self.up(far), scale_factor=2.0, mode="nearest")
        near = torch.relu(self.join(torch.relu(near + wide)))
        return nn.functional.pixel_shuffle(self.out(near), 2)


class Exported(nn.Module):
    """The enhancer with whole bytes as answer, as it is shipped."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, crop):
        return torch.round(self.net(crop)).to(torch.uint8)


def load_enhancer(path):
    """The enhancer with the averaged weights of a checkpoint (or its only weights), ready to work."""
    saved = torch.load(path)
    net = Enhancer()
    net.load_state_dict({k: v.float() for k, v in (saved.get("mean") or saved["model"]).items()})
    return net.eval()
