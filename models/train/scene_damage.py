"""Camera damage for whole batches on the device, after `scene_light.degrade`: the same links, chances and strengths.

Each link takes a random share of the pictures, so that only these pay for it. How many is known on the host: nothing waits for
the device. Images are float [n,3,h,w], 0 to 255.
"""
import math

import numpy as np
import torch
from torch.nn import functional as F

TAPS = 11    # px, side of the blur kernels
LUMA = np.array([
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
    18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101,
    72, 92, 95, 98, 112, 100, 103, 99], np.float32).reshape(8, 8)
CHROMA = np.full((8, 8), 99, np.float32)
CHROMA[:4, :4] = [[17, 18, 24, 47], [18, 21, 26, 66], [24, 26, 56, 99], [47, 66, 99, 99]]
DCT = np.array([[math.sqrt((1 if k == 0 else 2) / 8) * math.cos((2 * x + 1) * k * math.pi / 16) for x in range(8)] for k in range(8)], np.float32)
_tables = {}


def damage(rng, images, light=False):
    """uint8 [n,h,w,3] -> uint8 [n,h,w,3]; `light` for pictures that were damaged once already. `rng` (NumPy) draws group sizes."""
    n = len(images)
    if light:
        calm, harsh = [], groups(rng, n, images.device, [0.5])[0]
    else:
        calm, harsh = groups(rng, n, images.device, [0.165, 0.67])
    out = images.clone()
    for index, chain in ((calm, lambda rng, x: tone(x, 0.3)), (harsh, again if light else first)):
        if len(index):
            x = chain(rng, images[index].permute(0, 3, 1, 2).float())
            out[index] = (x + 0.5).clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1)
    return out


def first(rng, x):
    """The whole chain."""
    ir, grey = groups(rng, len(x), x.device, [0.12, 0.10])
    change(x, ir, infrared)
    change(x, grey, monochrome)
    change(x, groups(rng, len(x), x.device, [0.75])[0], tone)
    change(x, groups(rng, len(x), x.device, [0.2])[0], saturation)
    dark, lamps, fogged = groups(rng, len(x), x.device, [0.12, 0.05, 0.04])
    change(x, dark, night)
    change(x, lamps, glare)
    change(x, fogged, fog)
    change(x, groups(rng, len(x), x.device, [0.08])[0], shadow)
    soft, moved, small, sharp = groups(rng, len(x), x.device, [0.12, 0.10, 0.10, 0.10])
    filtered(x, soft, moved, sharp)
    coarse(rng, x, small)
    change(x, groups(rng, len(x), x.device, [0.3])[0], noise)
    change(x, groups(rng, len(x), x.device, [0.5])[0], jpeg)
    return x


def again(rng, x):
    """A lighter chain, for half of the pictures that come back from the ring."""
    change(x, groups(rng, len(x), x.device, [0.06])[0], monochrome)
    change(x, groups(rng, len(x), x.device, [0.7])[0], lambda v: tone(v, 0.6))
    change(x, groups(rng, len(x), x.device, [0.08])[0], shadow)
    soft, moved, small, sharp = groups(rng, len(x), x.device, [0.06, 0.05, 0.06, 0.06])
    filtered(x, soft, moved, sharp)
    coarse(rng, x, small)
    change(x, groups(rng, len(x), x.device, [0.15])[0], lambda v: noise(v, 7.0))
    change(x, groups(rng, len(x), x.device, [0.25])[0], lambda v: jpeg(v, 35.0))
    return x


def groups(rng, n, device, shares):
    """Random disjoint index tensors, each with about its share of n."""
    order = torch.rand(n, device=device).argsort()
    ends = np.cumsum([0] + [int(s * n + rng.random()) for s in shares]).clip(0, n)
    return [order[a:b] for a, b in zip(ends[:-1], ends[1:])]


def change(x, index, link):
    if len(index):
        x[index] = link(x[index]).clamp(0, 255)


def uniform(x, low, high, *shape):
    return torch.rand(len(x), *(shape or (1, 1, 1)), device=x.device) * (high - low) + low


def normal(x, deviation, *shape):
    return torch.randn(len(x), *(shape or (1, 1, 1)), device=x.device) * deviation


def places(x, step=1):
    """Pixel coordinates xx [1,1,1,w], yy [1,1,h,1]."""
    h, w = x.shape[2:]
    return (torch.arange(0, w, step, device=x.device, dtype=torch.float32)[None, None, None],
            torch.arange(0, h, step, device=x.device, dtype=torch.float32)[None, None, :, None])


def tone(x, strength=1.0):
    """Contrast, brightness, gamma and white balance."""
    gamma = torch.exp(normal(x, 0.3 * strength) + normal(x, 0.06 * strength, 3, 1, 1))
    y = ((x / 255).clamp(1e-4, 1) ** gamma - 0.5) * (1 + normal(x, 0.2 * strength)) + 0.5 + normal(x, 0.08 * strength)
    return y * torch.exp(normal(x, 0.05 * strength, 3, 1, 1)) * 255


def monochrome(x):
    return (0.299 * x[:, :1] + 0.587 * x[:, 1:2] + 0.114 * x[:, 2:]).expand_as(x)


def saturation(x):
    """Paler or stronger colours."""
    return torch.lerp(monochrome(x), x, uniform(x, 0.3, 1.6))


def infrared(x):
    """Grey with the camera's own light: brighter in the middle, dark around."""
    h, w = x.shape[2:]
    xx, yy = places(x)
    away = (xx - uniform(x, 0.2, 0.8) * w) ** 2 + (yy - uniform(x, 0.3, 0.8) * h) ** 2
    fall = torch.exp(-away / (2 * (uniform(x, 0.3, 1.0) * w) ** 2))
    return monochrome(x) * (uniform(x, 0.2, 0.6) + fall * uniform(x, 0.3, 1.0))


def night(x):
    """Dark, flat, noisy; lamps here and there."""
    y = 255 * (x / 255).clamp(1e-4, 1) ** uniform(x, 1.0, 1.8) * uniform(x, 0.15, 0.6) + uniform(x, 0, 12)
    return noise(glare(y, 0.4).clamp(0, 255), 14.0, 2.0)


def glare(x, share=0.7, spots=3):
    """Soft lamps, each of `spots` there with the chance `share`."""
    xx, yy = places(x, 8)
    h, w = x.shape[2:]
    lamps = torch.zeros(len(x), 3, yy.shape[2], xx.shape[3], device=x.device)
    for _ in range(spots):
        r = 8 * torch.exp(uniform(x, math.log(0.8), math.log(5.0)))
        away = (xx - uniform(x, 0, w)) ** 2 + (yy - uniform(x, 0, h)) ** 2
        lamp = (uniform(x, 100, 350) * torch.exp(-away / (2 * r * r))).clamp(max=255)
        lamps += lamp * uniform(x, 0.7, 1.0, 3, 1, 1) * (uniform(x, 0, 1) < share)
    return x + F.interpolate(lamps, (h, w), mode="bilinear", align_corners=False)


def fog(x):
    share = uniform(x, 0.2, 0.65)
    return x * (1 - share) + uniform(x, 120, 220) * share


def shadow(x):
    """One side darker than the other: a cast shadow's edge, or a gradient."""
    h, w = x.shape[2:]
    xx, yy = places(x)
    angle, edge = uniform(x, 0, 2 * math.pi), torch.exp(uniform(x, math.log(0.003), math.log(0.4))) * w
    along = (xx - uniform(x, 0.1, 0.9) * w) * torch.cos(angle) + (yy - uniform(x, 0.1, 0.9) * h) * torch.sin(angle)
    return x * (1 - uniform(x, 0.2, 0.65) * torch.sigmoid(along / edge))


def noise(x, most=14.0, least=1.0):
    """Sensor noise, the same in all channels for three in ten."""
    n = torch.randn_like(x)
    n = torch.where(uniform(x, 0, 1) < 0.3, n[:, :1], n)
    return x + n * uniform(x, least, most)


def filtered(x, soft, moved, sharp):
    """Gaussian blur, motion blur and sharpening in one grouped convolution with a kernel for each picture."""
    index = torch.cat([soft, moved, sharp])
    if not len(index):
        return
    grid = torch.arange(TAPS, device=x.device, dtype=torch.float32) - TAPS // 2
    gx, gy = grid[None, None], grid[None, :, None]
    sigma = torch.cat([uniform(soft, 0.5, 1.8, 1, 1), uniform(moved, 1, 1, 1, 1), uniform(sharp, 1.2, 1.2, 1, 1)])
    kernels = torch.exp(-(gx ** 2 + gy ** 2) / (2 * sigma ** 2))
    a, b = len(soft), len(soft) + len(moved)
    pick, angle = uniform(moved, 0, 3, 1, 1).floor(), uniform(moved, 0, math.pi, 1, 1)
    angle = torch.where(pick < 2, pick * (math.pi / 2), angle)
    along, off = gx * torch.cos(angle) + gy * torch.sin(angle), gy * torch.cos(angle) - gx * torch.sin(angle)
    kernels[a:b] = (1 - off.abs()).clamp(min=0) * (uniform(moved, 3, 10, 1, 1) / 2 + 0.5 - along.abs()).clamp(0, 1)
    kernels = kernels / kernels.sum((1, 2), keepdim=True)
    kernels[b:] *= -0.8
    kernels[b:, TAPS // 2, TAPS // 2] += 1.8
    k, (h, w) = len(index), x.shape[2:]
    y = F.pad(x[index], (TAPS // 2,) * 4, mode="replicate").reshape(1, 3 * k, h + TAPS - 1, w + TAPS - 1)
    y = F.conv2d(y, kernels.repeat_interleave(3, 0)[:, None], groups=3 * k)
    x[index] = y.reshape(k, 3, h, w).clamp(0, 255)


def coarse(rng, x, index):
    """Down and up again; one factor for each of three parts, for speed."""
    h, w = x.shape[2:]
    for part, mode in zip(index.tensor_split(3), rng.choice(["bilinear", "bicubic", "nearest"], 3, p=[0.5, 0.4, 0.1])):
        if len(part):
            f = rng.uniform(0.4, 0.8)
            small = F.interpolate(x[part], (int(h * f), int(w * f)), mode="bilinear", align_corners=False, antialias=True)
            corners = {} if mode == "nearest" else {"align_corners": False}
            x[part] = F.interpolate(small, (h, w), mode=str(mode), **corners).clamp(0, 255)


def tables(device):
    """Quantiser steps luma and chroma [8,8] and the DCT matrix [8,8] on the device."""
    if device not in _tables:
        _tables[device] = [torch.from_numpy(t).to(device) for t in (LUMA, CHROMA, DCT)]
    return _tables[device]


def jpeg(x, least=25.0, most=90.0):
    """JPEG with 4:2:0 chroma at random qualities; h, w multiples of 16."""
    luma, chroma, _ = tables(x.device)
    quality = uniform(x, least, most, 1, 1).floor()
    percent = torch.where(quality < 50, 5000 / quality, 200 - 2 * quality)
    r, g, b = x[:, :1], x[:, 1:2], x[:, 2:]
    y = 0.299 * r + 0.587 * g + 0.114 * b
    colour = torch.cat([(b - y) * 0.564, (r - y) * 0.713], 1)
    y = blocks(y - 128, ((luma * percent + 50) / 100).floor().clamp(1, 255)) + 128
    colour = blocks(F.avg_pool2d(colour, 2), ((chroma * percent + 50) / 100).floor().clamp(1, 255))
    cb, cr = F.interpolate(colour, scale_factor=2.0, mode="bilinear", align_corners=False).split(1, 1)
    return torch.cat([y + 1.403 * cr, y - 0.344 * cb - 0.714 * cr, y + 1.773 * cb], 1)


def blocks(x, steps):
    """Quantises the 8x8 DCT blocks of x [n,c,h,w] by steps [n,8,8]."""
    n, c, h, w = x.shape
    dct, steps = tables(x.device)[2], steps[:, None, None, None]
    x = dct @ x.reshape(n, c, h // 8, 8, w // 8, 8).transpose(3, 4) @ dct.t()
    x = dct.t() @ (torch.round(x / steps) * steps) @ dct
    return x.transpose(3, 4).reshape(n, c, h, w)
