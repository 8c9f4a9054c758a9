"""Training samples of the reader: drawn plates, real labelled crops and negatives, streamed for ever.

A sample is a dict: crop uint8 [64, 160, 3] RGB, text str or None (unknown: not scored), kind 0 whole, 1 cut off, 2 not a
plate, lines 1, 2 or 0 (unknown), region index or -1 (unknown).
"""
import json
import os

import cv2
import numpy as np

from degrade import degrade, warp
from plates import LETTERS, draw_plate, pick
from plate_styles import REGIONS
from reader_cells import Bank, character_cells, shuffle_cells
from reader_crops import HEIGHT, MARGIN, UNIT, WIDTH, add_quads, box_quad, cut_crop, held_out, load_crops, own_quad, scene_crops

cv2.setNumThreads(1)   # also because OpenCV's threads do not survive the fork of a trainer's workers: these would wait for ever
WHOLE, CUT, NOTHING = 0, 1, 2


class Samples:
    """Endless stream of samples. `data` may be None: then only drawn plates and drawn negatives are made.

    `cells` {image: character centres} of reader_cells.py lets real plates exchange characters; `quads` is a folder for
    `add_quads`: most real plates are then cut by the corners that the detector found, as the product does it.
    """

    def __init__(self, data, seed, real=.42, empty=.07, cut=.1, hard=.45, cells=None, quads=None):
        self.rng = np.random.default_rng(seed)
        self.real, self.empty, self.cut, self.hard = real, empty, cut, hard
        self.crops, self.weights, self.patches = [], None, []
        if data:
            records = load_crops(data, "train") + scene_crops(data)
            self.crops = [c for c in records if not held_out(c) and not c.get("unreadable")]
            if quads:
                add_quads(self.crops, quads)
            for crop in self.crops:
                if crop["image"] in (cells or {}):
                    crop["cells"] = character_cells(crop, cells[crop["image"]])
            weights = np.array([crop_weight(c) for c in self.crops])
            self.weights = np.cumsum(weights / weights.sum())
            self.bank = Bank(self.crops)
            self.patches = scene_patches(data, self.rng)

    def draw(self, hard=None):
        """One sample; `hard` (0..1) is the share of badly degraded ones, never above one half."""
        hard, r = self.hard if hard is None else hard, self.rng.random()
        strength = self.rng.random() if self.rng.random() < hard else .25 * self.rng.random()
        if r < self.empty:
            return self.negative(strength)
        if self.crops and r < self.empty + self.real:
            return self.real_crop(strength)
        return self.drawn(strength)

    def drawn(self, strength):
        """A drawn plate on a background, seen through a quad that fits it well or badly."""
        rng = self.rng
        plate = draw_plate(rng)
        h, w = plate.image.shape[:2]
        tall = apparent_height(rng, strength)
        wide = int(np.clip(tall * w / h * (.75 + .3 * rng.random()), 12, 220))
        corners, kind = self.corners(w / h)
        small = cv2.resize(plate.image, (max(8, int(wide * 1.3)), max(6, int(tall * 1.3))), interpolation=cv2.INTER_AREA)
        if rng.random() < .35:
            small = warp(small, rng, rng.random())
        size = (int(wide * 1.1), int(tall * 1.1))
        sheet = self.background(size)
        matrix = cv2.getPerspectiveTransform(UNIT * np.float32(small.shape[1::-1]), np.float32(corners * size))
        cv2.warpPerspective(small, matrix, size, dst=sheet, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_TRANSPARENT)
        if kind == CUT and rng.random() < .5:
            end_of_picture(sheet, corners, .01 + .06 * rng.random())
        crop = enlarge(degrade(sheet, rng, strength), rng)
        return {"crop": crop, "text": plate.text if kind == WHOLE else None, "kind": kind, "lines": plate.lines, "region": plate.region}

    def corners(self, aspect):
        """Where the plate's corners lie in the crop (unit square) [4, 2], and the kind that results."""
        rng = self.rng
        inset = MARGIN / (1 + 2 * MARGIN)
        corners = UNIT * (1 - 2 * inset) + inset
        if rng.random() < .25:
            corners = box_of_tilted(aspect, np.deg2rad(9 * rng.normal()), .12 * rng.normal(), inset)
        sloppy = .035 if rng.random() < .5 else .01
        corners = corners + rng.normal(0, sloppy, (4, 2)) * (1, 1.6) + rng.normal(0, sloppy, 2) * (.7, 1.2)
        if rng.random() >= self.cut:
            return corners, WHOLE
        return self.cut_off(corners), CUT

    def cut_off(self, corners):
        """The corners moved so that 14 to 60 % of the plate leaves the crop on one side."""
        rng = self.rng
        away, axis = .14 + .46 * rng.random() ** 1.5, int(rng.random() < .2)
        along = (corners[:, axis] - .5) * (1 + away * rng.random() * 1.5)
        extent = along.max() - along.min()
        along += -away * extent - along.min() if rng.random() < .5 else 1 + away * extent - along.max()
        corners = corners.copy()
        corners[:, axis] = along
        return corners

    def real_crop(self, strength):
        """A labelled crop seen through a jittered quad, degraded further for some."""
        rng = self.rng
        record = self.crops[int(np.searchsorted(self.weights, rng.random()))]
        x, y, w, h = record["box"]
        widen = (MARGIN * rng.random() if record["set"] == "ccpd" else MARGIN + .03 * rng.normal())
        straight = "quad" in record and rng.random() < .65
        quad = own_quad(record, widen) if straight else box_quad(record, widen)
        if straight:
            w, h = (float(np.linalg.norm(record["quad"][i] - record["quad"][0])) for i in (1, 3))
        sloppy = .03 if rng.random() < .5 else .01
        quad = quad + (rng.normal(0, sloppy, (4, 2)) + rng.normal(0, sloppy, 2)) * (w, 1.5 * h)
        if rng.random() < .5:
            quad = turn(quad, np.deg2rad(6 * rng.normal()), .12 * rng.normal())
        kind, text, pixels = WHOLE, record.get("text"), record["pixels"]
        if "cells" in record and rng.random() < .85:
            pixels, text = self.bank.exchange(record, rng) if rng.random() < .65 else shuffle_cells(record, rng)
        if text and rng.random() < self.cut:
            share = .14 + .4 * rng.random()
            left = rng.random() < .5
            side = [0, 3] if left else [1, 2]
            quad[side, 0] += (share if left else -share) * w
            kind, text = CUT, None
            edge = int(quad[side, 0].mean())
            if "cells" in record:   # so far that a character is hit: where only a bare margin is lost the plate reads as whole
                cells = record["cells"]
                bite = .35 * np.median(cells[:, 2] - cells[:, 0])
                moved = max(edge, cells[:, 0].min() + bite) if left else min(edge, cells[:, 2].max() - bite)
                quad[side, 0] += moved - edge
                edge = int(moved)
            if rng.random() < .5 and 8 <= edge <= pixels.shape[1] - 8:
                # Not the cut but the picture ends here: the box then reaches a little beyond, where the last column is repeated.
                pixels = pixels[:, edge:] if left else pixels[:, :edge]
                quad[:, 0] -= edge if left else 0
                quad[side, 0] += (-1 if left else 1) * MARGIN * w * (.2 + rng.random())
        if text and len(text) > 12:
            text = None
        if record.get("blank"):
            text = ""
        native = h * (1 + 2 * widen)
        tall = min(native, apparent_height(rng, strength)) if rng.random() < .2 + .5 * strength else native
        wide = max(8, int(w * (1 + 2 * widen) * tall / native))
        sheet = cut_crop(pixels, quad, int(np.clip(tall, 6, 96)), int(np.clip(wide, 8, 256)))
        if rng.random() < .7:
            sheet = warp(sheet, rng, rng.random())
        if rng.random() < .85:
            sheet = degrade(sheet, rng, strength * .9)
        lines = 2 if record.get("lines") == 2 else 1 if text else 0
        region = REGIONS.index("china") if record.get("script") == "cn" else -1
        return {"crop": enlarge(sheet, rng), "text": text, "kind": kind, "lines": lines, "region": region}

    def negative(self, strength):
        """Something that is no plate: a piece of a scene, or drawn bars, words, textures."""
        rng = self.rng
        size = (int(24 + 140 * rng.random()), int(10 + 50 * rng.random()))
        sheet = self.background(size) if self.patches and rng.random() < .6 else drawn_negative(rng, size)
        if rng.random() < .7:
            sheet = degrade(sheet, rng, strength)
        return {"crop": enlarge(sheet, rng), "text": "", "kind": NOTHING, "lines": 0, "region": -1}

    def background(self, size):
        """A piece of a scene without plates, or plain colours, [size[1], size[0], 3]."""
        rng = self.rng
        if self.patches and rng.random() < .7:
            patch = self.patches[int(rng.integers(len(self.patches)))]
            h, w = patch.shape[:2]
            share = .3 + .7 * rng.random()
            y, x = int((h - h * share) * rng.random()), int((w - w * share) * rng.random())
            return cv2.resize(patch[y:y + max(2, int(h * share)), x:x + max(2, int(w * share))], size)
        colours = rng.integers(5, 250, (2, int(rng.integers(1, 4)), 3)).astype(np.uint8)
        return cv2.resize(colours, size)


def end_of_picture(sheet, corners, share):
    """Repeats the outermost rows or columns of a cut plate's crop over a share of it, as where the camera's picture ends."""
    axis = 0 if corners[:, 0].min() < 0 or corners[:, 0].max() > 1 else 1
    view = sheet if axis else sheet.transpose(1, 0, 2)
    k = max(1, int(share * len(view)))
    if corners[:, axis].min() < 0:
        view[:k] = view[k]
    else:
        view[-k:] = view[-k - 1]


def crop_weight(record):
    """How often a crop is drawn: hard (transcribed by eye) and two-line ones more, the many alike ones less."""
    weight = {"ccpd": .6, "robertlucian": .8, "scenes": .3}.get(record["set"], 1.0)
    weight *= 1.4 if record.get("text_source") == "eye" else 1.0
    weight *= 1.8 if record.get("lines") == 2 else 1.0
    return weight if "text" in record else .15


def apparent_height(rng, strength):
    """A plate height in px, log-uniform: 18 to 64 for easy samples, down to 7 for hard ones."""
    low = 18 * (7 / 18) ** strength
    return low * (64 / low) ** (rng.random() ** (.6 + strength))


def enlarge(image, rng):
    """The picture brought to the reader's input size by one of the usual filters."""
    if image.shape[0] > 1.5 * HEIGHT or image.shape[1] > 1.5 * WIDTH:
        return cv2.resize(image, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    return cv2.resize(image, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC if rng.random() < .25 else cv2.INTER_LINEAR)


def turn(quad, angle, shear):
    """The quad [4, 2] px rotated and sheared about its centre."""
    centre = quad.mean(0)
    matrix = np.array([[np.cos(angle), -np.sin(angle) + shear], [np.sin(angle), np.cos(angle)]])
    return (quad - centre) @ matrix.T + centre


def box_of_tilted(aspect, angle, shear, inset):
    """Corners (unit square) of a tilted plate inside its axis-aligned box with the usual margin."""
    plate = turn(UNIT * (aspect, 1), angle, shear)
    low, high = plate.min(0), plate.max(0)
    return (plate - low) / (high - low) * (1 - 2 * inset) + inset


def drawn_negative(rng, size):
    """Bars, lattice, words, shapes or noise, [size[1], size[0], 3]."""
    w, h = size
    ground, ink = (tuple(int(v) for v in rng.integers(10, 245, 3)) for _ in range(2))
    image = np.empty((h, w, 3), np.uint8)
    image[:] = ground
    r = rng.random()
    if r < .4:
        step, thick = int(rng.integers(3, 24)), int(rng.integers(1, 7))
        slope = int(h * rng.normal() * .5)
        for x in range(-w, 2 * w, step):
            cv2.line(image, (x, 0), (x + slope, h), ink, thick, cv2.LINE_AA)
            if r < .15:
                cv2.line(image, (x, h), (x + slope, 0), ink, thick, cv2.LINE_AA)
        if r > .3:
            image = cv2.resize(np.ascontiguousarray(image.transpose(1, 0, 2)), size)
    elif r < .75:
        text = "".join(pick(rng, LETTERS.lower() + LETTERS.lower() + "  :-/") for _ in range(int(rng.integers(3, 14))))
        if rng.random() < .4:
            text = f"{rng.integers(2000, 2030)}-{rng.integers(1, 13):02d}-{rng.integers(1, 31):02d} {rng.integers(0, 24):02d}:{rng.integers(0, 60):02d}:{rng.integers(0, 60):02d}"
        cv2.putText(image, text, (int(w * .1 * rng.random()), int(h * (.5 + .4 * rng.random()))), int(rng.integers(0, 8)), h / 45 * (.5 + rng.random()), ink, 1 + int(h / 30), cv2.LINE_AA)
    elif r < .9:
        for _ in range(int(rng.integers(1, 7))):
            centre = (int(rng.random() * w), int(rng.random() * h))
            colour = tuple(int(v) for v in rng.integers(5, 250, 3))
            cv2.ellipse(image, centre, (int(1 + w * .4 * rng.random()), int(1 + h * .5 * rng.random())), 180 * rng.random(), 0, 360, colour, -1 if rng.random() < .6 else 2, cv2.LINE_AA)
    else:
        coarse = rng.integers(0, 256, (int(rng.integers(2, 12)), int(rng.integers(2, 30)), 3)).astype(np.uint8)
        image = cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC if r < .95 else cv2.INTER_NEAREST)
    return image


def scene_patches(data, rng, most=2400, split="train"):
    """Pieces [64, 128, 3] of the scenes that touch no plate box (widened by half its size)."""
    patches = []
    with open(os.path.join(data, "scenes", split + ".jsonl"), encoding="utf8") as lines:
        scenes = [json.loads(line) for line in lines]
    for i in rng.permutation(len(scenes)):
        scene = scenes[int(i)]
        pixels = cv2.imread(os.path.join(data, "scenes", scene["image"]))
        height, width = pixels.shape[:2]
        for _ in range(2):
            w = int(width * (.12 + .35 * rng.random()))
            h = int(w * (.3 + .3 * rng.random()))
            if h >= height or w >= width:
                continue
            x, y = int((width - w) * rng.random()), int((height - h) * rng.random())
            if any(x < bx + 1.5 * bw and bx - .5 * bw < x + w and y < by + 1.5 * bh and by - .5 * bh < y + h
                   for bx, by, bw, bh in (p["box"] for p in scene["plates"])):
                continue
            patches.append(cv2.cvtColor(cv2.resize(pixels[y:y + h, x:x + w], (128, 64), interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2RGB))
        if len(patches) >= most:
            break
    return patches
