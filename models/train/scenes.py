"""Training pictures for the detector: real scenes warped, their plates painted over, and drawn scenes, as an endless stream.

A label row is float32 [14]: box x0,y0,x1,y1 · corners tl,tr,br,bl (8) · weight of the corners (0: unknown) · 1 plate or
0 "ignore this region". All in pixels of the finished picture. `Cache` holds the decoded scenes in one memory-mapped file.
"""
import json
import os
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np

import scene_props as props

cv2.setNumThreads(1)
ROW = 14
SQUASHED = ("techkhid", "chirag-anpr")   # stretched to a square by their publishers
PAD = 114
IGNORE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "detector-ignore.json")   # plates that nobody marked


class Cache:
    """Decoded scenes of one split: `image(i)` uint8 RGB, `boxes(i)` float [n,5]: x0,y0,x1,y1, 1 plate or 0 ignore."""

    def __init__(self, data, split, folder):
        with open(os.path.join(data, "scenes", split + ".jsonl")) as f:
            self.items = [json.loads(line) for line in f]
        sizes = np.array([i["width"] * i["height"] * 3 + (i["width"] // 2) * (i["height"] // 2) * 3 for i in self.items], np.int64)
        self.starts = np.concatenate([[0], np.cumsum(sizes)])
        path = os.path.join(folder, split + ".rgb")
        if not os.path.exists(path):
            with open(path + ".new", "wb") as f:
                for start in range(0, len(self.items), 256):
                    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
                        f.writelines(pool.map(lambda item: decode(data, item), self.items[start:start + 256]))
            os.rename(path + ".new", path)
        self.pixels = np.memmap(path, np.uint8, "r")
        self.extra = {}
        if os.path.exists(IGNORE):
            with open(IGNORE) as f:
                self.extra = json.load(f)

    def __len__(self):
        return len(self.items)

    def image(self, i, half=False):
        """The scene, or its half-size copy for small scales."""
        h, w = self.items[i]["height"], self.items[i]["width"]
        start, end = self.starts[i], self.starts[i] + h * w * 3
        if half:
            return np.asarray(self.pixels[end:self.starts[i + 1]]).reshape(h // 2, w // 2, 3)
        return np.asarray(self.pixels[start:end]).reshape(h, w, 3)

    def boxes(self, i):
        rows = [[*p["box"], 0 if p.get("suspect") else 1] for p in self.items[i]["plates"]]
        rows += [[*b, 0] for b in self.extra.get(self.items[i]["image"], [])]
        out = np.array(rows, np.float32).reshape(-1, 5)
        out[:, 2:4] += out[:, :2]
        return out


def decode(data, item):
    """Bytes of a scene and of its half-size copy, RGB."""
    image = cv2.imread(os.path.join(data, "scenes", item["image"]))
    assert image.shape[:2] == (item["height"], item["width"]), item["image"]
    image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
    return image.tobytes() + cv2.resize(image, (item["width"] // 2, item["height"] // 2), interpolation=cv2.INTER_AREA).tobytes()


class Textures:
    """Plates to paint: rendered ones, and real ones cut from the crops. `pick(rng)` -> (RGB [h,w,3], corner weight)."""

    def __init__(self, data, real=0.3, pool=300):
        self.files, self.real, self.pool, self.size = [], real, [], pool
        path = os.path.join(data, "crops", "train.jsonl")
        if os.path.exists(path):
            with open(path) as f:
                for line in f:
                    c = json.loads(line)
                    if c["plate_px"] >= 70 and not c.get("blank") and c["set"] != "ccpd":
                        self.files.append((os.path.join(data, "crops", c["image"]), c["box"], c["set"]))
        try:
            from plates import render_plate
            self.render = render_plate
        except ImportError:
            self.render = props.plate

    def pick(self, rng):
        if self.files and rng.random() < self.real:
            path, (x, y, w, h), name = self.files[int(rng.integers(len(self.files)))]
            image = cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2RGB)[int(y):int(y + h), int(x):int(x + w)]
            if image.size and min(image.shape[:2]) >= 8:
                f = 1.35 if name in SQUASHED else 1.0
                return cv2.resize(image, None, fx=f, fy=1.0), 0.2
        if len(self.pool) < self.size or rng.random() < 0.25:
            image = np.asarray((self.render if rng.random() < 0.85 else props.plate)(rng)[0])[:, :, :3]
            if len(self.pool) < self.size:
                self.pool.append(image)
            else:
                self.pool[int(rng.integers(self.size))] = image
            return image, 1.0
        return self.pool[int(rng.integers(len(self.pool)))], 1.0


def row(quad, weight, kind=1):
    """Label row of a quadrilateral [4,2] (tl, tr, br, bl)."""
    return np.array([*quad.min(0), *quad.max(0), *quad.reshape(-1), weight, kind], np.float32)


def corners(box):
    x0, y0, x1, y1 = box[:4]
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float32)


def project(m, points):
    p = np.c_[points, np.ones(len(points))] @ m.T
    return (p[:, :2] / p[:, 2:]).astype(np.float32)


def tidy(rows, w, h):
    """Clips boxes to the picture; plates cut by the edge too far, or too small to be seen, become ignore regions."""
    out = []
    for r in rows:
        r = r.copy()
        area = max(r[2] - r[0], 1e-3) * max(r[3] - r[1], 1e-3)
        r[0:4:2], r[1:4:2] = r[0:4:2].clip(0, w), r[1:4:2].clip(0, h)
        seen = max(0.0, r[2] - r[0]) * max(0.0, r[3] - r[1]) / area
        if seen <= 0.02 or r[2] - r[0] < 1:
            continue
        if seen < 0.65 or r[2] - r[0] < 9 or r[3] - r[1] < 3:
            r[13] = 0
        out.append(r)
    return out


def paint(rng, image, texture, quad, match=None):
    """Lays a plate over the quadrilateral [4,2], lit like its surroundings (`match`: their mean grey) and anti-aliased."""
    x0, y0 = np.floor(quad.min(0)).astype(int) - 2
    x1, y1 = np.ceil(quad.max(0)).astype(int) + 3
    x0, y0, x1, y1 = max(x0, 0), max(y0, 0), min(x1, image.shape[1]), min(y1, image.shape[0])
    if x1 - x0 < 2 or y1 - y0 < 2:
        return
    width = np.hypot(*(quad[1] - quad[0])) + 1
    f = max(width / texture.shape[1], 4.0 / texture.shape[0])
    if f < 0.7:
        texture = cv2.resize(texture, (max(8, int(texture.shape[1] * f * 1.2)), max(4, int(texture.shape[0] * f * 1.2))), interpolation=cv2.INTER_AREA)
    h, w = texture.shape[:2]
    centres = (quad - [x0, y0] - 0.5).astype(np.float32)    # labels count pixel edges, OpenCV pixel centres
    m = cv2.getPerspectiveTransform(corners((-0.5, -0.5, w - 0.5, h - 0.5)), centres)
    size = (int(x1 - x0), int(y1 - y0))
    top = cv2.warpPerspective(texture, m, size, borderMode=cv2.BORDER_REPLICATE)
    mask = np.zeros((size[1], size[0]), np.uint8)
    cv2.fillConvexPoly(mask, np.round(centres * 16).astype(np.int32), 255, cv2.LINE_AA, 4)
    gain = rng.uniform(0.55, 1.15)
    if match is not None:
        gain = np.clip((match + 40) / max(texture.mean(), 30) * rng.uniform(0.8, 1.35), 0.25, 1.25)
    ramp = np.linspace(1, 1 + rng.normal(0, 0.15), size[0], dtype=np.float32)[None, :, None]
    lit = np.clip(top * (ramp * np.float32(gain)), 0, 255)
    if rng.random() < 0.15:
        lit[:int(size[1] * rng.uniform(0.2, 0.7))] *= rng.uniform(0.35, 0.8)
    a = mask[:, :, None].astype(np.float32) / 255.0
    image[y0:y1, x0:x1] = (image[y0:y1, x0:x1] * (1 - a) + lit * a).astype(np.uint8)


def stand(rng, x, y, w, aspect, tilt=1.0):
    """A plate's quadrilateral seen by a camera: centre x, y, width w in px, turned about all three axes."""
    yaw, pitch, roll = rng.normal(0, 24) * tilt, rng.normal(0, 16) * tilt, rng.normal(0, 6) * tilt
    if rng.random() < 0.06:
        roll += rng.uniform(-30, 30)
    a, b, c = np.radians(np.clip([yaw, pitch, roll], -60, 60))
    pts = np.array([[-0.5, -0.5 / aspect, 0], [0.5, -0.5 / aspect, 0], [0.5, 0.5 / aspect, 0], [-0.5, 0.5 / aspect, 0]])
    ry = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    rx = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    rz = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    p = pts @ (rz @ rx @ ry).T
    p = p[:, :2] / (1 + p[:, 2:] * rng.uniform(0.05, 0.35))
    shear = np.array([[1, 0], [rng.normal(0, 0.08) * tilt, 1]])
    p = p @ shear.T
    return (p * (w / np.ptp(p[:, 0])) + [x, y]).astype(np.float32)


def inside(rng, box, aspect):
    """A quadrilateral whose bounding box is `box`: sheared when the plate is wider in shape than the box."""
    x0, y0, x1, y1 = box[:4]
    w, h = x1 - x0, y1 - y0
    own = np.clip(w / aspect, 0.45 * h, h)
    drop = (h - own) * rng.choice([-1, 1])
    left = max(drop, 0.0)
    right = max(-drop, 0.0)
    return np.array([[x0, y0 + left], [x1, y0 + right], [x1, y0 + right + own], [x0, y0 + left + own]], np.float32)


def cover(rng, image, old, quad, texture):
    """Hides a real plate (`old`) under the colour of its rim or a plate holder's black, then paints another one over it."""
    x0, y0, x1, y1 = (int(v) for v in (*np.floor(old.min(0)), *np.ceil(old.max(0))))
    m = max(2, int(0.12 * (y1 - y0)))
    rim = image[max(0, y0 - m):y1 + m, max(0, x0 - m):x1 + m]
    if rim.size == 0:
        return
    match = float(image[max(0, y0):y1, max(0, x0):x1].mean()) if y1 > 0 and x1 > 0 and x0 < image.shape[1] and y0 < image.shape[0] else 90.0
    ink = np.median(np.concatenate([rim[0], rim[-1], rim[:, 0], rim[:, -1]]), 0) if rng.random() < 0.6 else np.full(3, rng.uniform(5, 50))
    middle = old.mean(0)
    cv2.fillConvexPoly(image, np.round((old - middle) * [1.06, 1.15] + middle).astype(np.int32), tuple(int(v) for v in ink), cv2.LINE_AA)
    paint(rng, image, texture, quad, match)
