"""Targets and losses of the detector.

Heatmap: penalty-reduced focal loss on a Gaussian per plate (Law and Deng 2018; Zhou et al. 2019). Box: generalised IoU
(Rezatofighi et al. 2019) and the edges' distance in plate sizes. Corners: smooth L1 in plate sizes, where known. The second
look has the same regression losses at the same cells, and a binary loss on the strongest peaks.
"""
import torch
from torch.nn import functional as F

from detector_model import STRIDE, decode


def targets(labels, counts, h, w):
    """labels [n,most,14] -> heat [n,h,w], weight of each cell's score [n,h,w], owner row index [n,h,w]."""
    n, most = labels.shape[:2]
    px = (torch.arange(w, device=labels.device) + 0.5) * STRIDE
    py = (torch.arange(h, device=labels.device) + 0.5) * STRIDE
    box = labels[..., :4]
    bw, bh = box[..., 2] - box[..., 0], box[..., 3] - box[..., 1]
    cx, cy = (box[..., 0] + box[..., 2]) / 2, (box[..., 1] + box[..., 3]) / 2
    real = torch.arange(most, device=labels.device)[None] < counts[:, None]
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


def losses(net, logit, numbers, rows, labels, counts):
    """-> dict of scalars, already weighted against each other: score, box, corner of the first look; the same of the second."""
    n, h, w = logit.shape
    heat, weight, owner = targets(labels, counts, h, w)
    p = torch.sigmoid(logit)
    top = (heat >= 1.0).float()
    positive = -top * (1 - p) ** 2 * F.logsigmoid(logit)
    negative = -(1 - top) * (1 - heat) ** 4 * p ** 2 * F.logsigmoid(-logit)
    score = ((positive + negative) * weight).sum() / top.sum().clamp(min=1.0)
    b, y, x = torch.nonzero(heat > 0.4, as_tuple=True)
    want, share = labels[b, owner[b, y, x]], heat[b, y, x] / heat[b, y, x].sum().clamp(min=1.0)
    box, corners = decode(numbers[b, y, x], (x + 0.5) * STRIDE, (y + 0.5) * STRIDE)
    edges, quad = regression(box, corners, want, share)
    flat, first = rows.reshape(-1, rows.shape[-1]), (b * h * w)[:, None]
    _, box, corners = net.refine(flat, first, h, w, logit[b, y, x].detach(), box.detach(), corners.detach())
    edges2, quad2 = regression(box, corners, want, share)
    return dict(score=score, box=edges, corner=quad, score2=second(net, logit, numbers, flat, labels, counts), box2=edges2, corner2=2 * quad2)


def regression(box, corners, want, share):
    """Box and corner losses of cells [k] against label rows [k,14], weighted by `share` [k]."""
    size = torch.stack([want[:, 2] - want[:, 0], want[:, 3] - want[:, 1]], 1).clamp(min=2.0)
    edge = ((box - want[:, :4]).abs() / size.repeat(1, 2)).clamp(max=4.0).sum(1)
    off = ((corners - want[:, 4:12]).abs() / size.repeat(1, 4)).clamp(max=3.0)
    off = F.smooth_l1_loss(off, torch.zeros_like(off), reduction="none", beta=0.02).sum(1)
    return (share * (2.0 * (1 - giou(box, want[:, :4])) + edge)).sum(), 1.5 * (share * want[:, 12] * off).sum()


def second(net, logit, numbers, flat, labels, counts, most=12):
    """Binary loss of the second look on the strongest peaks: plate from IoU 0.5 on, not a plate below 0.3."""
    n, h, w = logit.shape
    with torch.no_grad():
        peak = F.max_pool2d(logit[:, None], 3, 1, 1)[:, 0]
        top, index = torch.where(logit == peak, logit, logit - 50.0).reshape(n, -1).topk(most)
        b = torch.arange(n, device=logit.device)[:, None].expand(n, most).reshape(-1)
        index, top = index.reshape(-1), top.reshape(-1)
        y, x = torch.div(index, w, rounding_mode="floor"), index % w
        box, corners = decode(numbers[b, y, x], (x + 0.5) * STRIDE, (y + 0.5) * STRIDE)
        real = torch.arange(labels.shape[1], device=logit.device)[None] < counts[:, None]
        overlap = pairs(box, labels[b]) * real[b]
        plate = labels[b][..., 13] > 0
        best = (overlap * plate).amax(1)
        cx, cy = (box[:, 0] + box[:, 2])[:, None] / 2, (box[:, 1] + box[:, 3])[:, None] / 2
        q = labels[b]
        skip = (real[b] & ~plate & ((overlap > 0.1) | ((cx > q[..., 0]) & (cx < q[..., 2]) & (cy > q[..., 1]) & (cy < q[..., 3])))).any(1)
        yes, no = best >= 0.5, (best < 0.3) & ~skip
    again, _, _ = net.refine(flat, (b * h * w)[:, None], h, w, top, box, corners)
    loss = F.binary_cross_entropy_with_logits(again, yes.float(), reduction="none")
    return (loss * (yes | no) * (top > -20)).sum() / yes.sum().clamp(min=1)


def pairs(box, rows):
    """IoU of each box [k,4] with its picture's label rows [k,most,14] -> [k,most]."""
    low, high = torch.maximum(box[:, None, :2], rows[..., :2]), torch.minimum(box[:, None, 2:], rows[..., 2:4])
    both = (high - low).clamp(min=0).prod(2)
    area = (box[:, 2:] - box[:, :2]).prod(1)[:, None] + (rows[..., 2:4] - rows[..., :2]).prod(2)
    return both / (area - both).clamp(min=1e-3)


def giou(a, b):
    """Generalised IoU of boxes [n,4]."""
    low, high = torch.maximum(a[:, :2], b[:, :2]), torch.minimum(a[:, 2:], b[:, 2:])
    both = (high - low).clamp(min=0).prod(1)
    union = (a[:, 2:] - a[:, :2]).prod(1) + (b[:, 2:] - b[:, :2]).clamp(min=1e-3).prod(1) - both
    hull = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).prod(1)
    return both / union.clamp(min=1e-3) - (hull - union) / hull.clamp(min=1e-3)
