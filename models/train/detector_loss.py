"""Targets and losses of the detector.

Heatmap: penalty-reduced focal loss on a Gaussian per plate (Law and Deng 2018; Zhou et al. 2019). Box: generalised IoU
(Rezatofighi et al. 2019) and the edges' distance in plate sizes. Corners: smooth L1 in plate sizes, where known.
"""
import torch
from torch.nn import functional as F

from detector_model import STRIDE, decode


def targets(labels, counts, h, w):
    """labels [n,most,14] -> heat [n,h,w], weight of each cell's score [n,h,w], owner row index [n,h,w]."""
    n, most = labels.shape[:2]
    px = (torch.arange(w) + 0.5) * STRIDE
    py = (torch.arange(h) + 0.5) * STRIDE
    box = labels[..., :4]
    bw, bh = box[..., 2] - box[..., 0], box[..., 3] - box[..., 1]
    cx, cy = (box[..., 0] + box[..., 2]) / 2, (box[..., 1] + box[..., 3]) / 2
    real = torch.arange(most)[None] < counts[:, None]
    plate = real & (labels[..., 13] > 0)
    gx = torch.exp(-(px[None, None] - cx[..., None]) ** 2 / (2 * (bw * 0.10).clamp(min=5.0)[..., None] ** 2))
    gy = torch.exp(-(py[None, None] - cy[..., None]) ** 2 / (2 * (bh * 0.18).clamp(min=5.0)[..., None] ** 2))
    g = gx[:, :, None, :] * gy[:, :, :, None] * plate[..., None, None]
    heat, owner = g.max(1)
    k, j = torch.nonzero(plate, as_tuple=True)
    ix = (cx[k, j] / STRIDE).long().clamp(0, w - 1)
    iy = (cy[k, j] / STRIDE).long().clamp(0, h - 1)
    heat[k, iy, ix] = 1.0
    owner[k, iy, ix] = j
    skip = real & (labels[..., 13] <= 0)
    inx = (px[None, None] > box[..., 0:1] - 8) & (px[None, None] < box[..., 2:3] + 8)
    iny = (py[None, None] > box[..., 1:2] - 8) & (py[None, None] < box[..., 3:4] + 8)
    ignored = (inx[:, :, None, :] & iny[:, :, :, None] & skip[..., None, None]).any(1)
    return heat, torch.where(ignored & (heat < 0.3), 0.0, 1.0), owner


def losses(logit, numbers, labels, counts):
    """-> dict of scalars: score, box, corner (already weighted against each other)."""
    n, h, w = logit.shape
    heat, weight, owner = targets(labels, counts, h, w)
    p = torch.sigmoid(logit)
    top = (heat >= 1.0).float()
    positive = -top * (1 - p) ** 2 * F.logsigmoid(logit)
    negative = -(1 - top) * (1 - heat) ** 4 * p ** 2 * F.logsigmoid(-logit)
    found = top.sum().clamp(min=1.0)
    score = ((positive + negative) * weight).sum() / found
    at = torch.nonzero(heat > 0.4, as_tuple=True)
    if len(at[0]) == 0:
        zero = numbers.sum() * 0.0
        return dict(score=score, box=zero, corner=zero)
    share = heat[at] / heat[at].sum()
    want = labels[at[0], owner[at]]
    box, corners = decode(numbers[at], (at[2] + 0.5) * STRIDE, (at[1] + 0.5) * STRIDE)
    size = torch.stack([want[:, 2] - want[:, 0], want[:, 3] - want[:, 1]], 1).clamp(min=2.0)
    edge = ((box - want[:, :4]).abs() / size.repeat(1, 2)).clamp(max=4.0).sum(1)
    off = F.smooth_l1_loss(corners, want[:, 4:12], reduction="none", beta=1e-6) / size.repeat(1, 4)
    off = F.smooth_l1_loss(off.clamp(max=3.0), torch.zeros_like(off), reduction="none", beta=0.05).sum(1)
    return dict(score=score, box=(share * (2.0 * (1 - giou(box, want[:, :4])) + edge)).sum(),
                corner=1.5 * (share * want[:, 12] * off).sum())


def giou(a, b):
    """Generalised IoU of boxes [n,4]."""
    low, high = torch.maximum(a[:, :2], b[:, :2]), torch.minimum(a[:, 2:], b[:, 2:])
    both = (high - low).clamp(min=0).prod(1)
    union = (a[:, 2:] - a[:, :2]).prod(1) + (b[:, 2:] - b[:, :2]).clamp(min=1e-3).prod(1) - both
    hull = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).prod(1)
    return both / union.clamp(min=1e-3) - (hull - union) / hull.clamp(min=1e-3)
