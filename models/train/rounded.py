"""A convolution that learns to be rounded."""
from torch import nn
from torch.nn import functional as F


class RoundedConv2d(nn.Conv2d):
    """A convolution that, while training with `rounded`, sees weights and inputs as INT8 will (Jacob et al. 2018, arXiv:1712.05877).

    Seven-bit weights per output channel, eight-bit inputs (these are never negative); gradients pass the rounding unchanged.
    Batch norm is folded later: it scales whole output channels, which rounding per channel does not notice.
    """
    rounded = False

    def forward(self, x):
        if not (self.rounded and self.training):
            return super().forward(x)
        step = self.weight.detach().abs().amax((1, 2, 3), keepdim=True).clamp(min=1e-8) / 63
        weight = self.weight + ((self.weight / step).round() * step - self.weight).detach()
        level = x.detach().amax().clamp(min=1e-6) / 255
        x = x + ((x / level).round() * level - x).detach()
        return F.conv2d(x, weight, None, self.stride, self.padding, self.dilation, self.groups)
