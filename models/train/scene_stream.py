"""The endless stream of batches: views of real scenes, mosaics and drawn scenes, finished by camera damage."""
import traceback

import cv2
import numpy as np
import torch

import scene_props as props
from scene_light import degrade
from scenes import PAD, ROW, SQUASHED, Cache, Textures, corners, cover, inside, paint, project, row, stand, tidy

MOST = 24   # label rows per picture


class Maker:
    """Maker(...).picture(rng, w, h) -> (uint8 RGB [h,w,3], label rows)."""

    def __init__(self, data, folder, split="train", whole=0.1):
        self.cache, self.textures, self.whole = Cache(data, split, folder), Textures(data), whole
        sets = np.array([i["set"] for i in self.cache.items])
        share = {"open-lpr": 0.58, "robertlucian": 0.16, "techkhid": 0.15, "chirag-anpr": 0.11}
        p = np.array([share[s] / (sets == s).sum() for s in sets])
        self.chance = np.cumsum(p / p.sum())

    def picture(self, rng, w, h):
        kind = rng.random()
        if kind < 0.16:
            image, rows = self.drawn(rng, w, h)
        elif kind < 0.38:
            image, rows = self.mosaic(rng, w, h)
        else:
            image, rows = self.view(rng, w, h)
        keep = [r[:4] for r in rows]
        if rng.random() < 0.3:
            props.clutter(rng, image, keep)
        if rng.random() < 0.1:
            bar = image.copy()
            props.barrier(rng, bar)
            if not any(self.touched(image, bar, k) for k in keep):
                image = bar
        image = degrade(rng, image)
        if rng.random() < 0.12:
            stamped = np.ascontiguousarray(image)
            props.timestamp(rng, stamped)
            rows = [self.hidden(r) if self.touched(image, stamped, r) else r for r in rows]
            image = stamped
        return image, rows

    @staticmethod
    def touched(before, after, box):
        x0, y0, x1, y1 = (int(v) for v in box[:4])
        return bool((before[y0:y1, x0:x1] != after[y0:y1, x0:x1]).any())

    @staticmethod
    def hidden(r):
        r = r.copy()
        r[13] = 0
        return r

    def mosaic(self, rng, w, h):
        image = np.empty((h, w, 3), np.uint8)
        nx, ny = [(2, 1), (2, 2), (3, 2), (3, 3)][rng.choice(4, p=[0.3, 0.35, 0.2, 0.15])]
        xs = [int((i + rng.uniform(-0.2, 0.2)) * w / nx) for i in range(1, nx)]
        ys = [int((i + rng.uniform(-0.2, 0.2)) * h / ny) for i in range(1, ny)]
        rows = []
        for x0, y0, x1, y1 in ((a, c, b, d) for a, b in zip([0, *xs], [*xs, w]) for c, d in zip([0, *ys], [*ys, h])):
            part, own = (self.drawn if rng.random() < 0.2 else self.view)(rng, x1 - x0, y1 - y0)
            image[y0:y1, x0:x1] = part
            for r in own:
                r[0:12:2] += x0
                r[1:12:2] += y0
                rows.append(r)
        return image, rows

    def view(self, rng, w, h):
        """A real scene through a random camera, mostly aimed at one of its plates; half of the time plates are replaced."""
        i = min(int(np.searchsorted(self.chance, rng.random())), len(self.cache) - 1)
        boxes, ih, iw = self.cache.boxes(i), self.cache.items[i]["height"], self.cache.items[i]["width"]
        wide = rng.uniform(1.15, 1.6) if self.cache.items[i]["set"] in SQUASHED and rng.random() < 0.75 else 1.0
        wide *= np.exp(rng.normal(0, 0.05))
        good = np.flatnonzero(boxes[:, 4] > 0) if len(boxes) else []
        replace = len(good) and rng.random() < 0.45
        whole = rng.random() < self.whole
        if len(good) and not whole and rng.random() < 0.85:
            b = boxes[rng.choice(good)]
            middle, at = [(b[0] + b[2]) / 2, (b[1] + b[3]) / 2], [rng.uniform(0.05, 0.95) * w, rng.uniform(0.05, 0.95) * h]
            own = (b[2] - b[0]) * wide
            scale = min(np.exp(rng.uniform(np.log(12), np.log(min(600, 0.95 * w)))) / own, 4.0, 0.8 * h / (b[3] - b[1]))
            scale = max(scale, 0.75 * min(w / (iw * wide), h / ih))
        else:
            middle, at = [iw / 2, ih / 2], [w / 2, h / 2]
            scale = min(w / (iw * wide), h / ih) * (1.0 if whole else np.exp(rng.uniform(-0.7, 1.0)))
            if not whole:
                middle = [rng.uniform(0.1, 0.9) * iw, rng.uniform(0.1, 0.9) * ih]
        if rng.random() < 0.85:
            at = [fill(at[0], middle[0] * wide * scale, iw * wide * scale, w), fill(at[1], middle[1] * scale, ih * scale, h)]
        m = self.camera(rng, middle, at, wide, scale, big=bool(replace) and rng.random() < 0.5, w=w)
        pad = PAD if rng.random() < 0.6 else int(rng.integers(0, 256))
        image = self.look(i, m, scale, w, h, pad)
        rows = []
        for b in boxes:
            quad = project(m, corners(b))
            if replace and b[4]:
                texture, weight = self.textures.pick(rng)
                old, quad = quad, project(m, inside(rng, b, texture.shape[1] / texture.shape[0] / wide))
                cover(rng, image, old, quad, texture)
                rows.append(row(quad, weight))
            else:
                upright = b[4] and wide * (b[2] - b[0]) / max(b[3] - b[1], 1) > 4.0
                rows.append(row(quad, 0.2 if upright else 0.0, b[4]))
        if rng.random() < 0.25:
            image, rows = np.ascontiguousarray(image[:, ::-1]), [flip(r, w) for r in rows]
        return image, tidy(rows, w, h)

    def look(self, i, m, scale, w, h, pad):
        """Warps the scene, after an area-averaged reduction where the scale is small (no aliasing)."""
        small = source = self.cache.image(i, half=scale < 0.65)
        if scale < 0.3:
            f = max(scale * 2.6, 0.05)
            small = cv2.resize(source, None, fx=f, fy=f, interpolation=cv2.INTER_AREA)
        item = self.cache.items[i]
        back = np.diag([item["width"] / small.shape[1], item["height"] / small.shape[0], 1.0])
        # m maps pixel edges, as labels and detector_eval.letterbox count them; OpenCV counts pixel centres
        return cv2.warpPerspective(small, move(-0.5) @ m @ back @ move(0.5), (w, h), flags=cv2.INTER_LINEAR, borderValue=(pad,) * 3)

    @staticmethod
    def camera(rng, middle, at, wide, scale, big, w):
        """Homography source -> picture: aspect, turn, shear, slight perspective, about the point of interest."""
        turn = np.radians(rng.normal(0, 10) if big else np.clip(rng.normal(0, 1.2), -3, 3))
        shear = rng.normal(0, 0.12) if big else 0.0
        p = rng.normal(0, 0.25 if big else 0.04, 2) / w
        c, s = np.cos(turn), np.sin(turn)
        aim = np.array([[1, 0, -middle[0]], [0, 1, -middle[1]], [0, 0, 1]])
        look = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ np.array([[1, 0, 0], [shear, 1, 0], [0, 0, 1]]) @ np.diag([wide * scale, scale, 1])
        return np.array([[1, 0, at[0]], [0, 1, at[1]], [0, 0, 1]]) @ np.array([[1, 0, 0], [0, 1, 0], [p[0], p[1], 1]]) @ look @ aim

    def drawn(self, rng, w, h):
        """A drawn scene: yard, car with plate, loose plates, or nothing but distractors."""
        image, rows = props.backdrop(rng, h, w), []
        kind = rng.random()
        if rng.random() < 0.4:
            props.clutter(rng, image, [])
        if rng.random() < 0.3:
            props.barrier(rng, image)
        if kind < 0.55:
            x, y, width = props.car(rng, image)
            if rng.random() < 0.9:
                rows += self.put(rng, image, x, y, width, 0.5, [])
        elif kind < 0.8:
            for _ in range(int(rng.integers(1, 5))):
                width = np.exp(rng.uniform(np.log(12), np.log(min(600, w * 0.95))))
                rows += self.put(rng, image, rng.uniform(0, w), rng.uniform(0, h), width, 1.0, rows)
        return image, tidy(rows, w, h)

    def put(self, rng, image, x, y, width, tilt, taken):
        texture, weight = self.textures.pick(rng)
        quad = stand(rng, x, y, width, texture.shape[1] / texture.shape[0], tilt)
        r = row(quad, weight)
        if any(r[0] < t[2] + 4 and r[2] > t[0] - 4 and r[1] < t[3] + 4 and r[3] > t[1] - 4 for t in taken):
            return []
        if rng.random() < 0.4:
            middle = quad.mean(0)
            cv2.fillConvexPoly(image, np.round((quad - middle) * [1.05, 1.2] + middle).astype(np.int32), props.grey(rng, 0, 90), cv2.LINE_AA)
        paint(rng, image, texture, quad)
        return [r]


def fill(at, before, size, room):
    """Moves a scaled scene (`size` px, `before` px of it left of the point `at`) so that it wastes no room."""
    spare = room - size
    return min(max(at - before, min(0.0, spare)), max(0.0, spare)) + before


def move(by):
    """Shift by `by` px to the right and down."""
    return np.array([[1, 0, by], [0, 1, by], [0, 0, 1]])


def flip(r, w):
    """Mirrors a label row in a picture w px wide."""
    r = r.copy()
    r[0], r[2] = w - r[2], w - r[0]
    q = r[4:12].reshape(4, 2).copy()
    q[:, 0] = w - q[:, 0]
    r[4:12] = q[[1, 0, 3, 2]].reshape(-1)
    return r


class Stream(torch.utils.data.IterableDataset):
    """Batches: uint8 [batch,h,w,3], labels float32 [batch,MOST,ROW], count int64 [batch]."""

    def __init__(self, maker_options, batch, w, h, seed):
        self.options, self.batch, self.w, self.h, self.seed, self.told = maker_options, batch, w, h, seed, False

    def __iter__(self):
        worker = torch.utils.data.get_worker_info()
        rng = np.random.default_rng([self.seed, worker.id if worker else 0])
        torch.set_num_threads(1)
        maker = Maker(**self.options)
        while True:
            images = np.empty((self.batch, self.h, self.w, 3), np.uint8)
            labels, counts = np.zeros((self.batch, MOST, ROW), np.float32), np.zeros(self.batch, np.int64)
            for k in range(self.batch):
                images[k], rows = self.one(maker, rng)
                counts[k] = min(len(rows), MOST)
                if rows:
                    labels[k, :counts[k]] = np.stack(rows[:MOST])
            yield torch.from_numpy(images), torch.from_numpy(labels), torch.from_numpy(counts)

    def one(self, maker, rng, tries=20):
        """A picture; a draw that fails is told and drawn anew: one rare case must not end a worker."""
        for left in reversed(range(tries)):
            try:
                return maker.picture(rng, self.w, self.h)
            except Exception:
                if not left:
                    raise
                if not self.told:
                    traceback.print_exc(limit=-2)
                self.told = True
