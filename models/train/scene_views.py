"""Training pictures made on the device: camera views of real scenes (`Scenes`) and second looks at drawn pictures (`Echo`).

Cameras and label rows are computed for a whole batch in NumPy on the host (so nothing waits for the device); pixels never leave
the device. Coordinates are pixel edges: pixel k covers k..k+1, its centre is k + 0.5, as in `detector_eval.letterbox`.
Label rows are those of `scenes`: float32 [14].
"""
import numpy as np
import torch
from torch.nn import functional as F

from scenes import PAD, ROW, SQUASHED

ROWS = 40                                    # label rows per picture; more than scene_stream.MOST: mosaics hold many scenes
SHARES = {"open-lpr": 0.53, "robertlucian": 0.16, "techkhid": 0.20, "chirag-anpr": 0.11}
GRIDS = np.array([(1, 1), (2, 1), (2, 2), (3, 2), (3, 3), (4, 3), (5, 4)])   # columns, rows of a mosaic
GRID_CHANCE = np.array([0.70, 0.08, 0.09, 0.05, 0.04, 0.025, 0.015])
FLIPPED = [1, 0, 3, 2]                       # corner order after mirroring
LEVELS = 4                                   # full size, then halves: a scale of 0.65 or more is left for the bilinear look


class Scenes:
    """All scenes of a scenes.Cache on the device, each with copies of 1/2, 1/4 and 1/8 size (area averages) behind it."""

    def __init__(self, cache, device, limit=0):
        chosen = np.linspace(0, len(cache) - 1, limit).astype(int) if limit else np.arange(len(cache))
        items = [cache.items[i] for i in chosen]
        self.size = np.array([(i["width"], i["height"]) for i in items], np.int64)
        sizes = [self.size]
        for _ in range(LEVELS - 1):
            sizes.append((sizes[-1] + 1) // 2)
        self.levels = np.stack(sizes, 1)     # [scenes, LEVELS, 2]
        pixels = self.levels.prod(2)
        self.starts = np.concatenate([[0], np.cumsum(pixels.reshape(-1))])[:-1].reshape(pixels.shape)
        self.pixels = torch.empty(int(pixels.sum()), dtype=torch.int32, device=device)
        for k, i in enumerate(chosen):
            self.store(k, torch.from_numpy(np.array(cache.image(i))).to(device, non_blocking=True))
        boxes = [cache.boxes(i) for i in chosen]
        self.boxes = np.zeros((len(items), max(1, max(map(len, boxes))), 5), np.float64)
        for own, b in zip(self.boxes, boxes):
            own[:len(b)] = b[np.argsort(-b[:, 4], kind="stable")]    # plates first, then ignore regions
        self.counts = np.array([len(b) for b in boxes])
        self.plates = (self.boxes[..., 4] > 0).sum(1)
        sets = np.array([i["set"] for i in items])
        self.squashed = np.isin(sets, SQUASHED)
        chance = np.array([SHARES[s] / (sets == s).sum() for s in sets])
        self.chance = np.cumsum(chance / chance.sum())

    def store(self, k, image):
        """Writes scene k, uint8 [h,w,3], and its smaller copies."""
        image = image.permute(2, 0, 1)[None].float()
        for start in self.starts[k]:
            whole = pack((image[0] + 0.5).to(torch.uint8).permute(1, 2, 0))
            self.pixels[int(start):int(start) + whole.numel()] = whole.reshape(-1)
            image = F.avg_pool2d(image, 2, ceil_mode=True, count_include_pad=False)

    def views(self, rng, n, w, h):
        """n random camera views, a share of them mosaics -> uint8 [n,h,w,3] on the device, labels float32 [n,ROWS,14] and
        counts int64 [n] on the host."""
        grid = GRIDS[np.sort(rng.choice(len(GRIDS), n, p=GRID_CHANCE))]
        single = int((grid.prod(1) == 1).sum())
        xs, ys = cuts(rng, grid[:, 0], w, 5), cuts(rng, grid[:, 1], h, 4)
        cells = grid.prod(1)
        picture = np.repeat(np.arange(n), cells)
        first = np.cumsum(cells) - cells
        within = np.arange(len(picture)) - first[picture]
        column, line = within % grid[picture, 0], within // grid[picture, 0]
        x0, y0 = xs[picture, column], ys[picture, line]
        cw, ch = xs[picture, column + 1] - x0, ys[picture, line + 1] - y0
        table, starts, rows, valid = self.cameras(rng, cw, ch, x0, y0)
        rows[..., 0:12:2] += x0[:, None, None]
        rows[..., 1:12:2] += y0[:, None, None]
        device = self.pixels.device
        table, starts = send(table, device), send(starts, device)
        parts = [look(self.pixels, table, starts, torch.arange(single, device=device)[:, None, None], w, h)] if single else []
        if single < n:
            # which camera each pixel belongs to: first camera of the picture + column + columns * line
            cx = (np.arange(w)[None, :, None] >= xs[single:, None, 1:-1]).sum(2).astype(np.int32)
            cy = (np.arange(h)[None, :, None] >= ys[single:, None, 1:-1]).sum(2).astype(np.int32)
            cx, cy = cx + first[single:, None].astype(np.int32), cy * grid[single:, :1].astype(np.int32)
            cx, cy = send(cx, device).long(), send(cy, device).long()
            parts.append(look(self.pixels, table, starts, cx[:, None, :] + cy[:, :, None], w, h))
        return torch.cat(parts), *collect(rows, valid, picture, n)

    def cameras(self, rng, w, h, x0, y0):
        """Random cameras for cells of sizes w, h [v] at x0, y0 in their picture -> table float32 [v,16] and starts int64 [v]
        for `look`, label rows [v,k,14] in pixels of the cell, which of them count [v,k]."""
        v = len(w)
        i = np.searchsorted(self.chance, rng.random(v)).clip(0, len(self.chance) - 1)
        boxes, iw, ih = self.boxes[i], self.size[i, 0].astype(float), self.size[i, 1].astype(float)
        wide = np.where(self.squashed[i] & (rng.random(v) < 0.75), rng.uniform(1.15, 1.6, v), 1.0) * np.exp(rng.normal(0, 0.05, v))
        fit = np.minimum(w / (iw * wide), h / ih)
        whole = rng.random(v) < 0.2
        aimed = (self.plates[i] > 0) & ~whole & (rng.random(v) < 0.85)
        b = boxes[np.arange(v), (rng.random(v) * self.plates[i]).astype(int)]
        far = rng.random(v) < 0.35
        most = np.where(far, 48.0, np.minimum(600.0, 0.95 * w))
        target = np.exp(log_uniform(rng, np.where(far, 10.0, 12.0), np.maximum(most, 13.0)))
        with np.errstate(divide="ignore", invalid="ignore"):
            scale = np.minimum(np.minimum(target / ((b[:, 2] - b[:, 0]) * wide), 4.0), 0.8 * h / (b[:, 3] - b[:, 1]))
        scale = np.maximum(scale, np.where(far, 0.5, 0.75) * fit)
        free = fit * np.where(whole, 1.0, np.exp(rng.uniform(-0.7, 1.0, v)))
        scale = np.where(aimed, scale, free)
        spot = np.stack([rng.uniform(0.1, 0.9, v) * iw, rng.uniform(0.1, 0.9, v) * ih], 1)
        spot = np.where(whole[:, None], np.stack([iw, ih], 1) / 2, spot)
        middle = np.where(aimed[:, None], (b[:, :2] + b[:, 2:4]) / 2, spot)
        room = np.stack([w, h], 1).astype(float)
        at = np.where(aimed[:, None], rng.uniform(0.05, 0.95, (v, 2)) * room, room / 2)
        scales = np.stack([wide * scale, scale], 1)
        before, spare = middle * scales, room - np.stack([iw, ih], 1) * scales
        filled = np.minimum(np.maximum(at - before, np.minimum(0.0, spare)), np.maximum(0.0, spare)) + before
        at = np.where(rng.random((v, 1)) < 0.85, filled, at)
        big = rng.random(v) < 0.15
        turn = np.radians(np.where(big, rng.normal(0, 4, v).clip(-10, 10), rng.normal(0, 1.2, v).clip(-3, 3)))
        shear = np.where(big, rng.normal(0, 0.06, v), 0.0)
        bend = (rng.normal(0, 1, (v, 2)) * np.where(big, 0.15, 0.04)[:, None]).clip(-0.4, 0.4) / w[:, None]
        m = camera(middle, at, scales, turn, shear, bend)
        mirrored = rng.random(v) < 0.25
        m[mirrored] = mirror(w[mirrored]) @ m[mirrored]
        level = np.ceil(np.log2(0.65 / scale)).clip(0, LEVELS - 1).astype(int)
        pad = np.where(rng.random(v) < 0.6, PAD, rng.integers(0, 256, v)).astype(float)
        table = looks(m, x0, y0, self.levels[i, level], 2.0 ** level, scale, pad)
        quads = project(m, corner_points(boxes))
        quads = np.where(mirrored[:, None, None, None], quads[:, :, FLIPPED], quads)
        with np.errstate(divide="ignore", invalid="ignore"):
            upright = wide[:, None] * (boxes[..., 2] - boxes[..., 0]) / np.maximum(boxes[..., 3] - boxes[..., 1], 1) > 4.0
        plate = boxes[..., 4] > 0
        rows = np.concatenate([quads.min(2), quads.max(2), quads.reshape(v, -1, 8), np.where(plate & upright, 0.2, 0.0)[..., None],
                               boxes[..., 4:5]], 2)
        return table, self.starts[i, level], rows, tidy(rows, w, h) & (np.arange(boxes.shape[1]) < self.counts[i, None])


class Echo:
    """A ring of `room` pictures [h,w] px on the device, made elsewhere: `add` puts in, `draw` sees some anew.

    `made` and `used` count pictures put in and seen."""

    def __init__(self, room, w, h, device):
        self.room, self.w, self.h, self.made, self.used = room, w, h, 0, 0
        self.pixels = torch.zeros(room * h * w, dtype=torch.int32, device=device)
        self.labels, self.counts = np.zeros((room, ROWS, ROW)), np.zeros(room, np.int64)

    def __len__(self):
        return min(self.made, self.room)

    def add(self, images, labels, counts):
        """images uint8 [n,h,w,3], labels float32 [n,most,14], counts int64 [n]: tensors on the host."""
        slots = (self.made + np.arange(len(images))) % self.room
        whole = pack(images.to(self.pixels.device, non_blocking=True))
        for k, slot in enumerate(slots):
            self.pixels[slot * self.h * self.w:(slot + 1) * self.h * self.w] = whole[k].reshape(-1)
        self.labels[slots] = 0
        self.labels[slots, :labels.shape[1]] = labels.numpy()
        self.counts[slots] = counts.numpy()
        self.made += len(images)

    def draw(self, rng, n, w, h):
        """n pictures of the ring through fresh small cameras; results as of Scenes.views."""
        i = rng.integers(0, len(self), n)
        self.used += n
        room, own = np.tile([float(w), float(h)], (n, 1)), np.array([float(self.w), float(self.h)])
        scale = max(w / self.w, h / self.h) * np.exp(rng.uniform(np.log(0.8), np.log(1.6), n))
        scales = scale[:, None] * np.stack([np.exp(rng.normal(0, 0.05, n)), np.ones(n)], 1)
        spare = room - own * scales
        at = rng.uniform(0, 1, (n, 2)) * spare
        turn = np.radians(rng.normal(0, 1.2, n).clip(-4, 4))
        bend = rng.normal(0, 0.03, (n, 2)).clip(-0.1, 0.1) / w
        middle = own / 2
        m = camera(np.tile(middle, (n, 1)), at + middle * scales, scales, turn, np.zeros(n), bend)
        mirrored = rng.random(n) < 0.25
        m[mirrored] = mirror(np.full(mirrored.sum(), w)) @ m[mirrored]
        pad = np.where(rng.random(n) < 0.6, PAD, rng.integers(0, 256, n)).astype(float)
        zero = np.zeros(n)
        table = looks(m, zero, zero, np.tile(own, (n, 1)), np.ones(n), scale, pad)
        device = self.pixels.device
        table, starts = send(table, device), send(i * (self.w * self.h), device)
        images = look(self.pixels, table, starts, torch.arange(n, device=device)[:, None, None], w, h)
        rows = self.labels[i].copy()
        quads, hull = project(m, rows[..., 4:12].reshape(n, ROWS, 4, 2)), project(m, corner_points(rows))
        quads, hull = (np.where(mirrored[:, None, None, None], q[:, :, FLIPPED], q) for q in (quads, hull))
        # the old box was cut at the old picture's edge, the corners were not: the new box keeps to both
        rows[..., 0:2] = np.maximum(quads.min(2), hull.min(2))
        rows[..., 2:4] = np.minimum(quads.max(2), hull.max(2))
        rows[..., 4:12] = quads.reshape(n, ROWS, 8)
        valid = tidy(rows, room[:, 0], room[:, 1]) & (np.arange(ROWS) < self.counts[i, None])
        return images, *collect(rows, valid, np.arange(n), n)


def pack(images):
    """uint8 [...,3] -> int32 [...]: one word a pixel, so that one read fetches all channels."""
    return F.pad(images, (0, 1)).contiguous().view(torch.int32)[..., 0]


def send(array, device):
    """A NumPy array on its way to the device, without waiting for it."""
    t = torch.from_numpy(np.ascontiguousarray(array))
    return (t.pin_memory() if device.type == "cuda" else t).to(device, non_blocking=True)


def look(pixels, table, starts, which, w, h):
    """Bilinear pictures uint8 [n,h,w,3]; which [n,h,w] or [n,1,1]: row of `table` (see `looks`) and of `starts` (first pixel)."""
    t, start = table[which], starts[which]
    x = torch.arange(w, device=pixels.device, dtype=torch.float32) + 0.5
    y = torch.arange(h, device=pixels.device, dtype=torch.float32)[:, None] + 0.5
    depth = (t[..., 6] * x + t[..., 7] * y + t[..., 8]).clamp(min=1e-3)
    u, v = ((t[..., k] * x + t[..., k + 1] * y + t[..., k + 2]) / depth for k in (0, 3))
    sw, sh, soft = t[..., 9], t[..., 10], t[..., 11]
    inside = (torch.minimum(torch.minimum(u, sw - u), torch.minimum(v, sh - v)) * soft + 0.5).clamp(0, 1)[..., None]
    zero = torch.zeros_like(sw)
    x0, y0 = torch.minimum(torch.maximum((u - 0.5).floor(), zero), sw - 1), torch.minimum(torch.maximum((v - 0.5).floor(), zero), sh - 1)
    fx, fy = (u - 0.5 - x0).clamp(0, 1)[..., None], (v - 0.5 - y0).clamp(0, 1)[..., None]
    right, below = (x0 < sw - 1).long(), torch.where(y0 < sh - 1, sw, zero).long()
    at = start + y0.long() * sw.long() + x0.long()
    top, low = (torch.lerp(fetch(pixels, k), fetch(pixels, k + right), fx) for k in (at, at + below))
    return ((torch.lerp(top, low, fy) - t[..., 12, None]) * inside + t[..., 12, None] + 0.5).clamp(0, 255).to(torch.uint8)


def fetch(pixels, at):
    """Words at `at` [...] -> float [...,3]."""
    return pixels[at][..., None].view(torch.uint8)[..., :3].float()


def looks(m, x0, y0, size, factor, scale, pad):
    """Table rows float32 [v,16] for `look`: inverse of the camera m [v,3,3] behind the cell's place x0, y0, into a copy of the scene
    reduced by `factor` [v] and of `size` [v,2] px; edge softness; padding grey."""
    shift = np.tile(np.eye(3), (len(m), 1, 1))
    shift[:, 0, 2], shift[:, 1, 2] = -x0, -y0
    back = np.linalg.inv(m) @ shift
    back[:, :2] /= factor[:, None, None]
    out = np.zeros((len(m), 16), np.float32)
    out[:, :9], out[:, 9:11], out[:, 11], out[:, 12] = back.reshape(-1, 9), size, scale * factor, pad
    return out


def camera(middle, at, scales, turn, shear, bend):
    """Homographies [v,3,3] scene -> picture, as scene_stream.Maker.camera: scale, shear, turn and bend about `middle` -> `at`."""
    def eye():
        return np.tile(np.eye(3), (len(turn), 1, 1))
    aim, stretch, lean, spin, tilt, put = (eye() for _ in range(6))
    aim[:, :2, 2], put[:, :2, 2] = -middle, at
    stretch[:, 0, 0], stretch[:, 1, 1] = scales.T
    lean[:, 1, 0] = shear
    spin[:, 0, 0], spin[:, 0, 1], spin[:, 1, 0], spin[:, 1, 1] = np.cos(turn), -np.sin(turn), np.sin(turn), np.cos(turn)
    tilt[:, 2, :2] = bend
    return put @ tilt @ spin @ lean @ stretch @ aim


def mirror(w):
    """Mirrors pictures of widths w [v]."""
    m = np.tile(np.diag([-1.0, 1.0, 1.0]), (len(w), 1, 1))
    m[:, 0, 2] = w
    return m


def project(m, points):
    """Points [v,k,4,2] through homographies [v,3,3]; points behind the camera end far away."""
    p = np.einsum("vij,vkcj->vkci", m, np.concatenate([points, np.ones_like(points[..., :1])], -1))
    return p[..., :2] / np.maximum(p[..., 2:], 0.02)


def corner_points(boxes):
    """[..., x0 y0 x1 y1 ...] -> corners tl, tr, br, bl [...,4,2]."""
    return boxes[..., [0, 1, 2, 1, 2, 3, 0, 3]].reshape(*boxes.shape[:-1], 4, 2)


def tidy(rows, w, h):
    """scenes.tidy for label rows [v,k,14] in pictures of w, h [v] px: changes rows, returns which are worth keeping [v,k]."""
    area = np.maximum(rows[..., 2] - rows[..., 0], 1e-3) * np.maximum(rows[..., 3] - rows[..., 1], 1e-3)
    for k, limit in enumerate((w, h, w, h)):
        rows[..., k] = np.clip(rows[..., k], 0, np.asarray(limit)[:, None])
    bw, bh = rows[..., 2] - rows[..., 0], rows[..., 3] - rows[..., 1]
    seen = np.maximum(bw, 0) * np.maximum(bh, 0) / area
    rows[..., 13] *= (seen >= 0.65) & (bw >= 9) & (bh >= 3)
    return (seen > 0.02) & (bw >= 1)


def collect(rows, valid, picture, n):
    """Label rows [v,k,14] of cells, `picture` [v] rising -> labels float32 [n,ROWS,14], counts int64 [n]; surplus rows are dropped."""
    v, k = np.nonzero(valid)
    owner = picture[v]
    counts = np.bincount(owner, minlength=n)
    place = np.arange(len(owner)) - (np.cumsum(counts) - counts)[owner]
    fits = place < ROWS
    labels = np.zeros((n, ROWS, ROW), np.float32)
    labels[owner[fits], place[fits]] = rows[v, k][fits]
    return torch.from_numpy(labels), torch.from_numpy(np.minimum(counts, ROWS).astype(np.int64))


def cuts(rng, parts, room, most):
    """Edges of the cells along one side: int [n,most+1], `parts` [n] cells with uneven widths, then `room` repeated."""
    k = np.arange(most + 1)[None]
    edges = (k + rng.uniform(-0.2, 0.2, (len(parts), most + 1)) * ((k > 0) & (k < parts[:, None]))) * room / parts[:, None]
    return np.where(k >= parts[:, None], room, edges).astype(np.int64)


def log_uniform(rng, low, high):
    return rng.uniform(np.log(low), np.log(high))
