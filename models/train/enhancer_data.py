"""Pairs for the enhancer: a clean plate crop and the same plate as a bad camera shows it, in one frame or fused from several.

A sample is a dict: crop and clean uint8 [64, 160, 3] RGB of the same geometry, and text, kind, lines, region as in
`reader_data`. What a film's frames share (size, blur, light, compression) is a `View`; noise, place and size vary.
"""
from typing import NamedTuple

import cv2
import numpy as np

from degrade import expose, focus_blur, infrared, jpeg, motion_blur, night, noise
from plates import draw_plate
from reader_crops import HEIGHT, MARGIN, UNIT, WIDTH, box_quad, cut_crop
from reader_data import NOTHING, WHOLE, Samples, enlarge

INSIDE = 1 + 2 * MARGIN
SHARP = 26          # a real plate at least this many px high passes for clean


class View(NamedTuple):
    """How a plate is seen: px of the camera's picture, grey levels, 0..1."""
    height: float           # of the plate
    aspect: float = 4.0     # of the plate, width over height
    motion: float = 0.0     # length of the blur, px
    angle: float = 0.0
    focus: float = 0.0      # sigma, px
    light: float = 1.0
    contrast: float = 1.0
    gamma: float = 1.0
    noise: float = 2.0
    quality: int = 92
    grey: bool = False
    glare: tuple = ()       # x, y, size across and down (shares of the crop), grey levels


class Pairs:
    """Endless stream of pairs. `data` may be None: then only drawn plates. `several`: share of fused crops."""

    def __init__(self, data, seed, real=.4, several=.3):
        self.samples = Samples(data, seed, real=real, cut=0)
        self.rng, self.real, self.several = self.samples.rng, real, several
        self.sharp = [c for c in self.samples.crops if c["box"][3] >= SHARP and c.get("text") and len(c["text"]) <= 12]

    def draw(self, views=3):
        """Pairs of one plate in `views` different views: drawing the plate costs more than looking at it."""
        rng = self.rng
        r = rng.random()
        if r < .04:
            crop = self.samples.negative(rng.random())
            return [{**crop, "clean": crop["crop"], "kind": NOTHING}]
        clean, aspect, facts = self.real_plate() if self.sharp and r < .04 + self.real else self.drawn_plate()
        pairs = []
        for _ in range(views):
            count = int(rng.integers(2, 7)) if rng.random() < self.several else 1
            pairs.append({"crop": fused(clean, draw_view(rng)._replace(aspect=aspect), count, rng), "clean": clean, **facts})
        return pairs

    def drawn_plate(self):
        """A clean drawn plate in a crop, its width over its height, and what stands there."""
        plate = draw_plate(self.rng)
        h, w = plate.image.shape[:2]
        corners, _ = self.samples.corners(w / h)
        sheet = self.samples.background((WIDTH, HEIGHT))
        small = cv2.resize(plate.image, (int(WIDTH * 1.2), int(HEIGHT * 1.2)), interpolation=cv2.INTER_AREA)
        matrix = cv2.getPerspectiveTransform(UNIT * np.float32(small.shape[1::-1]), np.float32(corners * (WIDTH, HEIGHT)))
        cv2.warpPerspective(small, matrix, (WIDTH, HEIGHT), dst=sheet, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_TRANSPARENT)
        return sheet, w / h * (.75 + .3 * self.rng.random()), {"text": plate.text, "kind": WHOLE, "lines": plate.lines, "region": plate.region}

    def real_plate(self):
        """A sharp real plate through a slightly wrong quad, its width over its height, and what stands there."""
        rng = self.rng
        record = self.sharp[int(rng.integers(len(self.sharp)))]
        _, _, w, h = record["box"]
        quad = box_quad(record, 0 if record["set"] == "ccpd" else MARGIN + .02 * rng.normal())
        quad = quad + (rng.normal(0, .012, (4, 2)) + rng.normal(0, .015, 2)) * (w, 1.5 * h)
        lines = 2 if record.get("lines") == 2 else 1
        return cut_crop(record["pixels"], quad), w / h, {"text": record["text"], "kind": WHOLE, "lines": lines, "region": -1}


def draw_view(rng):
    """One of the ways in which a gate's camera sees badly; a fifth of the views are good."""
    u, r = rng.random, rng.random()
    easy = View(height=22 * (60 / 22) ** u(), noise=1 + 4 * u(), focus=.3 * u(), quality=int(80 + 18 * u()))
    if r < .2:
        return easy
    tall = 16 * (34 / 16) ** u()
    angle = 180 * u() if u() < .12 else 8 * rng.normal()
    moved = dict(height=tall, motion=tall * (.08 + .3 * u()), angle=angle)
    if r < .42:
        return View(height=7.5 * (18 / 7.5) ** u(), noise=1 + 5 * u(), focus=.5 * u(), quality=int(65 + 33 * u()))
    if r < .68:
        return View(**moved, noise=1 + 5 * u(), quality=int(70 + 28 * u()))
    if r < .78:
        return View(height=tall, light=.07 * (.5 / .07) ** u(), noise=1.5 + 4 * u(), focus=.4 * u(), grey=u() < .4, quality=int(75 + 23 * u()))
    if r < .84:
        return View(height=tall, noise=10 + 35 * u(), grey=u() < .3)
    if r < .89:
        return View(height=tall, focus=tall * (.03 + .05 * u()), noise=1 + 4 * u())
    if r < .93:
        return View(height=tall, noise=2 + 4 * u(), focus=.4 * u(), glare=(u(), u(), .05 + .3 * u(), .1 + .5 * u(), 80 + 170 * u()))
    mixed = dict(moved, motion=moved["motion"] * .6)
    return View(**mixed, light=.15 * (1 / .15) ** u(), contrast=.4 + .7 * u(), gamma=np.exp(.3 * rng.normal()), noise=2 + 6 * u(),
                focus=.4 * u(), grey=u() < .5, quality=int(50 + 45 * u()))


def fused(clean, view, count, rng):
    """The crop [64, 160, 3] that `count` frames of one view give, laid over each other with a small error."""
    if count == 1:
        return photograph(clean, view, rng)
    frames = []
    for _ in range(count):
        shift = rng.normal(0, .5, 2) * WIDTH / 100
        zoom = 1 + .02 * rng.normal()
        there = np.float32([[zoom, 0, shift[0]], [0, zoom, shift[1]]])
        error = rng.normal(0, .35, 2)
        seen = cv2.warpAffine(clean, there, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        near = view._replace(height=view.height * np.exp(.12 * rng.normal()), motion=view.motion * np.exp(.2 * rng.normal()))
        shot = photograph(seen, near, rng)
        back = cv2.invertAffineTransform(there) + np.float32([[0, 0, error[0]], [0, 0, error[1]]])
        frames.append(cv2.warpAffine(shot, back, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
    return np.mean(frames, 0).round().astype(np.uint8)


def photograph(clean, view, rng):
    """The crop as one frame of the view shows it, brought back to the reader's size."""
    tall = max(6, view.height * INSIDE)
    wide = int(np.clip(tall * view.aspect, 12, 320))
    image = cv2.resize(clean, (wide, int(round(tall))), interpolation=cv2.INTER_AREA)
    if view.motion > 1:
        image = motion_blur(image, view.motion, view.angle)
    if view.focus > .2:
        image = focus_blur(image, view.focus)
    if view.grey:
        image = infrared(image, rng)
    if view.glare:
        image = spot(image, *view.glare)
    if view.contrast != 1 or view.gamma != 1:
        image = expose(image, view.contrast, 0, view.gamma)
    if view.light < 1:
        image = night(image, view.light)
    image = noise(image, rng, view.noise)
    if view.quality < 96:
        image = jpeg(image, view.quality)
    return enlarge(image, rng)


def spot(image, x, y, across, down, levels):
    """A bright soft spot at a fixed place."""
    h, w = image.shape[:2]
    v, u = np.mgrid[0:h, 0:w].astype(np.float32)
    d = ((u / w - x) / across) ** 2 + ((v / h - y) / down) ** 2
    return np.clip(image + levels * np.exp(-d)[..., None], 0, 255).astype(np.uint8)
