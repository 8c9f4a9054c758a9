"""The plate detector network: one class, no anchors, one output level at stride 8.

Design, for static INT8 on small CPUs: every convolution is followed by ReLU, every activation is non-negative, residual
sums need no further non-linearity, and pixels enter as they are (uint8, NHWC). A patchify stem (4x4, stride 4) keeps the
expensive high resolutions out, and depthwise blocks see far for few multiplications. Deep features are added top-down
(FPN, Lin et al. 2017) and one head reads them.

Per cell of 8x8 px the head gives a logit and 12 numbers, all relative to the plate's own size, so that a plate of 12 px
and one of 600 px are equally hard (`decode`). The heatmap is CenterNet's (Zhou et al. 2019, "Objects as Points").
The best 64 cells get a second look: the head map is read again at nine points of the found quadrilateral (its corners,
edge middles, centre; the idea of RepPoints, Yang et al. 2019), which corrects score, box and corners at next to no cost.
"""
import torch
from torch import nn
from torch.nn import functional as F

from rounded import RoundedConv2d

STRIDE = 8
PATCH = 4           # pixels each way that the stem takes at once
BASE_PX = 32.0      # plate width which log-width 0 stands for
BASE_ASPECT = 3.0   # plate width / height which log-height 0 stands for
CANDIDATES = 64
REST = 0.25         # step of the regression outputs: keeps their weights near 1

DEFAULT = dict(stem=32, c8=64, c16=96, c32=128, blocks=(1, 3, 3), reach=(3, 3, 5), neck=48, head=64)


class Conv(nn.Sequential):
    """Convolution, batch norm, ReLU; "same" padding."""

    def __init__(self, c_in, c_out, k=3, s=1, pad=None, groups=1):
        kind = nn.Conv2d if c_in == 3 else RoundedConv2d    # pixels are integers already
        super().__init__(kind(c_in, c_out, k, s, k // 2 if pad is None else pad, groups=groups, bias=False),
                         nn.BatchNorm2d(c_out, eps=1e-3, momentum=0.03), nn.ReLU(inplace=True))


class Wide(nn.Module):
    """x + relu(mix(relu(look(x)))): every channel looks around alone, then all are mixed (Howard et al. 2017, arXiv:1704.04861).

    All terms are non-negative, so the sum quantises with zero point 0.
    """

    def __init__(self, c, reach):
        super().__init__()
        self.look, self.mix = Conv(c, c, reach, groups=c), Conv(c, c, 1)

    def forward(self, x):
        return x + self.mix(self.look(x))


def stage(c_in, c_out, n, reach):
    return nn.Sequential(Conv(c_in, c_out, 3, 2), *[Wide(c_out, reach) for _ in range(n)])


class Detector(nn.Module):
    """uint8 [n,H,W,3] RGB -> (logit [n,h,w], numbers [n,h,w,12], head rows [n,h,w,c]), h = H/8, w = W/8."""

    def __init__(self, **config):
        super().__init__()
        k = self.config = {name: config.get(name, value) for name, value in DEFAULT.items()}
        self.stem = Conv(3, k["stem"], PATCH, PATCH, pad=0)
        self.s8, self.s16, self.s32 = (stage(k[a], k[b], n, reach) for a, b, n, reach in zip(
            ("stem", "c8", "c16"), ("c8", "c16", "c32"), k["blocks"], k["reach"]))
        self.l32, self.l16, self.l8 = (Conv(k[c], k["neck"], 1) for c in ("c32", "c16", "c8"))
        self.m16 = Conv(k["neck"], k["neck"])
        self.head = nn.Sequential(Conv(k["neck"], k["head"]))
        self.score = nn.Linear(k["head"], 1)
        self.numbers = nn.Linear(k["head"], 12)
        self.refine = Refine(k["head"])
        nn.init.constant_(self.score.bias, -5.0)
        nn.init.normal_(self.numbers.weight, std=0.02)
        nn.init.zeros_(self.numbers.bias)

    def maps(self, image, stem=None, onto=None):
        """uint8 [n,H,W,3] -> head map [n,c,H/8,W/8], backbone map [n,C,H/32,W/32]. `stem` and `onto` may stand in for the own ones."""
        stem, onto = stem or self.stem, onto or doubled_onto
        x = (image.permute(0, 3, 1, 2).float() - 128.0) * (1.0 / 64.0)
        x8 = self.s8(stem(x))
        x16 = self.s16(x8)
        x32 = self.s32(x16)
        p16 = self.m16(onto(self.l16(x16), self.l32(x32)))
        return self.head(onto(self.l8(x8), p16)), x32

    def forward(self, image):
        head, _ = self.maps(image)
        with torch.autocast(head.device.type, enabled=False):   # the small last layers stay float32
            rows = head.permute(0, 2, 3, 1).float()
            return self.score(rows)[..., 0], self.numbers(rows) * REST, rows


def doubled_onto(fine, coarse):
    """fine [n,c,2h,2w] plus coarse [n,c,h,w], every cell of which is repeated twice each way."""
    return fine + F.interpolate(coarse, scale_factor=2.0, mode="nearest")


def decode(numbers, px, py):
    """Numbers [...,12] of cells with centres px, py [...] in pixels -> box [...,4] (x0,y0,x1,y1), corners [...,8].

    0,1: centre offset in plate widths and heights; 2,3: log width over BASE_PX, log height over width / BASE_ASPECT;
    4..11: corners tl, tr, br, bl as offsets from the box's own corners in widths and heights.
    """
    w = BASE_PX * torch.exp(numbers[..., 2].clamp(-3.0, 4.0))
    h = w / BASE_ASPECT * torch.exp(numbers[..., 3].clamp(-2.0, 2.5))
    cx, cy = px + numbers[..., 0] * w, py + numbers[..., 1] * h
    x0, y0, x1, y1 = cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2
    c = numbers[..., 4:]
    corners = [x0 + c[..., 0] * w, y0 + c[..., 1] * h, x1 + c[..., 2] * w, y0 + c[..., 3] * h,
               x1 + c[..., 4] * w, y1 + c[..., 5] * h, x0 + c[..., 6] * w, y1 + c[..., 7] * h]
    return torch.stack([x0, y0, x1, y1], -1), torch.stack(corners, -1)


class Refine(nn.Module):
    """Second look at candidates: first logit, box and corners, and the head map -> corrected ones."""

    def __init__(self, channels, width=128):
        super().__init__()
        self.one = nn.Linear(9 * (channels + 4) + 3, width)
        self.two = nn.Linear(width, width)
        self.out = nn.Linear(width, 13)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, rows, first, h, w, logit, box, corners):
        """rows [cells,c], first: index of the picture's first cell [k] or 0, map height and width, logit [k], box [k,4],
        corners [k,8] -> logit [k], box [k,4], corners [k,8]."""
        tl, tr, br, bl = corners[:, 0:2], corners[:, 2:4], corners[:, 4:6], corners[:, 6:8]
        points = torch.stack([tl, tr, br, bl, (tl + tr) / 2, (tr + br) / 2, (br + bl) / 2, (bl + tl) / 2, (tl + br) / 2], 1) / STRIDE
        x = torch.floor(points[..., 0]).clamp(min=0.0)
        y = torch.floor(points[..., 1]).clamp(min=0.0)
        x, y = torch.where(x > w - 1, w - 1 + 0 * x, x), torch.where(y > h - 1, h - 1 + 0 * y, y)
        seen = rows[(y * w + x).long() + first].flatten(1)
        rest = (points - torch.stack([x, y], -1) - 0.5).clamp(-2.0, 2.0)
        size = (box[:, 2:] - box[:, :2]).clamp(min=2.0)
        own = (rest * STRIDE / size[:, None]).clamp(-1.5, 1.5)
        known = torch.cat([seen, rest.flatten(1), own.flatten(1), torch.log(size / BASE_PX), logit[:, None] / 4], 1)
        out = self.out(torch.relu(self.two(torch.relu(self.one(known)))))
        step = out[:, 1:] * REST * torch.cat([size] * 6, 1)
        return logit + out[:, 0], box + step[:, :4], corners + step[:, 4:]


def copied_onto(fine, coarse):
    """`doubled_onto` with channels last, where whole cells are copied: ten times as fast in onnxruntime as its Resize there."""
    fine, cells = fine.permute(0, 2, 3, 1), coarse.permute(0, 2, 3, 1)[:, :, None, :, None]
    return (fine + cells.repeat(1, 1, 2, 1, 2, 1).reshape_as(fine)).permute(0, 3, 1, 2)


class BlockStem(nn.Module):
    """The stem on rows of four pixels: [n,12,H,W/4] -> [n,c,H/4,W/4].

    Twelve channels instead of three: engines that multiply four channels at a time then need no copy of every window.
    """

    def __init__(self, stem):
        super().__init__()
        conv, self.norm, self.relu = stem
        self.conv = nn.Conv2d(3 * PATCH, conv.out_channels, (PATCH, 1), (PATCH, 1), bias=False)
        self.conv.weight.data = conv.weight.detach().permute(0, 3, 1, 2).flatten(1, 2)[..., None].contiguous()    # [o, pixel and colour, row, 1]

    def forward(self, blocks):
        return self.relu(self.norm(self.conv(blocks)))


class Exported(nn.Module):
    """The graph as shipped: uint8 [1,H,W,3] -> plates float [1,64,13] by falling score, features float [1,C,H/32,W/32].

    Peaks are the cells that are the greatest of their 3x3 neighbours; regression and second look run on the best 64 alone.
    """

    def __init__(self, net):
        super().__init__()
        self.net, self.stem = net, BlockStem(net.stem)

    def forward(self, image):
        net = self.net
        head, features = net.maps(image.reshape(1, image.shape[1], -1, 3 * PATCH), self.stem, copied_onto)
        height, width = head.shape[2], head.shape[3]
        rows = head.permute(0, 2, 3, 1).reshape(-1, head.shape[1])
        logit = torch.matmul(rows, net.score.weight.t()).reshape(1, 1, -1, width)   # its bias is added to the best ones
        peak = F.max_pool2d(logit, 3, 1, 1)
        logit = torch.where(logit == peak, logit, logit - 50.0).reshape(-1)
        top, index = torch.topk(logit, CANDIDATES)
        top = top + net.score.bias
        numbers = (torch.matmul(rows[index], net.numbers.weight.t()) + net.numbers.bias) * REST
        row = torch.floor((index.float() + 0.5) / width)
        px = (index.float() - row * width) * STRIDE + STRIDE / 2
        py = row * STRIDE + STRIDE / 2
        box, corners = decode(numbers, px, py)
        logit, box, corners = net.refine(rows, 0, height, width, top, box, corners)
        top, order = torch.topk(logit, CANDIDATES)
        return torch.cat([torch.sigmoid(top)[:, None], box[order], corners[order]], 1)[None], features


def parameters(net):
    return sum(p.numel() for p in net.parameters())


def macs(net, height=384, width=640):
    """Multiply-accumulates of all convolutions for one picture."""
    total, hooks = [0], []
    for m in net.modules():
        if isinstance(m, nn.Conv2d):
            hooks.append(m.register_forward_hook(
                lambda m, i, o: total.__setitem__(0, total[0] + o[0].numel() * m.weight[0].numel())))
    with torch.no_grad():
        net.eval()(torch.zeros(1, height, width, 3, dtype=torch.uint8))
    for h in hooks:
        h.remove()
    return total[0]
