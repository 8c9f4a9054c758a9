"""The plate reader network: a small residual conv net with two rounds of slot attention.

Input  : uint8 [N, 64, 160, 3] RGB, a straightened plate crop.
Output : chars  [N, 12, 37] character logits or probabilities per slot (0 = empty, 1-10 = 0-9, 11-36 = A-Z),
         kind   [N, 3]      whole plate, cut off, not a plate,
         lines  [N, 2]      one line, two lines,
         region [N, R]      see plates.REGIONS.

Convolutions are 3x3 with ReLU (He et al. 2015, arXiv:1512.03385), because these quantise without loss. The feature
map keeps both axes (4 x 40 tokens), so one- and two-line plates are read by the same slots. Positions exchange what
they know by one linear mixing layer (Tolstikhin et al. 2021, arXiv:2105.01601), slots look at the tokens by
multi-head attention (Vaswani et al. 2017, arXiv:1706.03762), and look a second time after they have seen each other.
While training, a CTC head (Graves et al. 2006) on the tokens makes the features find characters early.
"""
import torch
from torch import nn
from torch.nn import functional as F

from rounded import RoundedConv2d

HEIGHT, WIDTH, SLOTS = 64, 160, 12
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CLASSES = len(ALPHABET) + 1
ROWS, COLUMNS = 4, 40


def encode(text):
    """Class indices of a text, list of int (1-based: 0 is the empty slot)."""
    return [ALPHABET.index(c) + 1 for c in text]


def decode(indices):
    """Text of a row of slot indices: the empty ones are dropped."""
    return "".join(ALPHABET[i - 1] for i in indices if i > 0)


class Conv(nn.Sequential):
    """Conv3x3, batch norm, optional ReLU."""

    def __init__(self, inputs, outputs, stride=1, relu=True):
        kind = nn.Conv2d if inputs == 3 else RoundedConv2d   # the first one stays float, see reader_export.py
        layers = [kind(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs)]
        super().__init__(*layers, *([nn.ReLU(inplace=True)] if relu else []))


class Residual(nn.Module):
    """x + conv(relu(conv(x))), then ReLU."""

    def __init__(self, channels):
        super().__init__()
        self.first, self.second = Conv(channels, channels), Conv(channels, channels, relu=False)
        nn.init.zeros_(self.second[1].weight)

    def forward(self, x):
        return torch.relu(x + self.second(self.first(x)))


class Attention(nn.Module):
    """Multi-head attention of given queries over given keys and values, [N, S, D] over [N, T, D]."""

    def __init__(self, width, heads=4):
        super().__init__()
        self.heads, self.scale = heads, (width // heads) ** -0.5
        self.query, self.out = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, x, key, value):
        n, slots, width = x.shape
        per = width // self.heads
        q = self.query(x).reshape(-1, slots, self.heads, per).permute(0, 2, 1, 3)
        k = key.reshape(-1, key.shape[1], self.heads, per).permute(0, 2, 3, 1)
        v = value.reshape(-1, value.shape[1], self.heads, per).permute(0, 2, 1, 3)
        weights = torch.softmax(torch.matmul(q * self.scale, k), -1)
        return self.out(torch.matmul(weights, v).permute(0, 2, 1, 3).reshape(-1, slots, width))


class Feed(nn.Module):
    """Position-wise layer with a residual: x + B relu(A norm(x))."""

    def __init__(self, width, hidden):
        super().__init__()
        self.norm, self.a, self.b = nn.LayerNorm(width), nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x):
        return x + self.b(torch.relu(self.a(self.norm(x))))


class Reader(nn.Module):
    """See the module text. `channels` are the four stages' widths; the last one is the token width."""

    def __init__(self, regions, channels=(24, 48, 96, 144), dropout=.1):
        super().__init__()
        a, b, c, d = channels
        self.body = nn.Sequential(
            Conv(3, a, 2), Conv(a, b, 2), Residual(b),
            Conv(b, c, (2, 1)), Residual(c), Conv(c, d, (2, 1)), Residual(d))
        tokens = ROWS * COLUMNS
        self.position = nn.Parameter(torch.randn(1, tokens, d) * 0.1)
        self.before, self.after = nn.LayerNorm(d), nn.LayerNorm(d)
        self.mix_a, self.mix_b = nn.Linear(tokens, tokens), nn.Linear(tokens, tokens)
        self.memory = nn.Linear(d, 4 * d)
        self.slots = nn.Parameter(torch.randn(1, SLOTS, d) * 0.3)
        self.look, self.look_again, self.meet = Attention(d), Attention(d), Attention(d)
        self.meet_memory = nn.Linear(d, 2 * d)
        self.meet_norm, self.again_norm, self.last_norm = nn.LayerNorm(d), nn.LayerNorm(d), nn.LayerNorm(d)
        self.feed, self.feed_again = Feed(d, 2 * d), Feed(d, 2 * d)
        self.chars, self.early = nn.Linear(d, CLASSES), nn.Linear(d, CLASSES)
        self.ctc = nn.Linear(d, CLASSES)
        self.whole = nn.Linear(2 * d, 3 + 2 + regions)
        self.drop_map, self.drop = nn.Dropout2d(dropout), nn.Dropout(dropout)
        self.regions = regions

    def features(self, crop):
        """Token map [N, D, 4, 40] of uint8 crops [N, 64, 160, 3]; every crop is brought to mean 0, deviation 1."""
        x = crop.permute(0, 3, 1, 2).to(torch.float32) / 255.0
        mean = x.mean(dim=(1, 2, 3), keepdim=True)
        x = x - mean
        x = x / torch.sqrt((x * x).mean(dim=(1, 2, 3), keepdim=True) + 1e-3)
        return self.drop_map(self.body(x))

    def forward(self, crop):
        """Logits {chars, early, ctc [N, 4, 40, 37], kind, lines, region} of uint8 crops [N, 64, 160, 3]."""
        grid = self.features(crop)
        plain = grid.flatten(2).transpose(1, 2)
        tokens = plain + self.position
        mixed = self.mix_b(torch.relu(self.mix_a(self.before(tokens).transpose(1, 2))))
        tokens = tokens + mixed.transpose(1, 2)
        k1, v1, k2, v2 = self.memory(self.after(tokens)).chunk(4, -1)
        slots = self.slots + self.look(self.slots, k1, v1)
        early = slots
        k, v = self.meet_memory(self.meet_norm(slots)).chunk(2, -1)
        slots = self.feed(slots + self.meet(self.meet_norm(slots), k, v))
        slots = self.feed_again(slots + self.look_again(self.again_norm(slots), k2, v2))
        slots = self.drop(self.last_norm(slots))
        whole = self.whole(torch.cat([tokens.mean(1), slots.mean(1)], 1))
        kind, lines, region = whole.split([3, 2, self.regions], 1)
        out = {"chars": self.chars(slots), "kind": kind, "lines": lines, "region": region}
        if self.training:
            out["early"] = self.early(early)
            out["ctc"] = self.ctc(plain).unflatten(1, (ROWS, COLUMNS))
        return out
