"""Plate-like letters and digits: parametric strokes with random proportions, and the faces of Debian font packages.

A face is a dict {character: uint8 mask [64, w]} (255 = ink, 64 px cap height, w in px). Stroke glyphs are polylines in
the unit square (x to the right, y down) whose corners are rounded by a radius of the face, so that one skeleton gives
FE-like, Mandatory-like, DIN-like and stamped US dies by proportion, radius, stroke and variant alone.
"""
import glob
import math
import os
import re
import sys

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CAP = 64
# Left out: slanted ones (`slant` makes these), digits that hang below the line, hand-drawn faces, outlines, pictures.
UNLIKE = re.compile(r"Thin|ExtraLight|UltraLight|Hairline|Math|Symbol|Dingbat|D050000L|Icon|Variable|tamil|Museum|Because|Irianis|Euro[fF]|Outline|Stencil"
                    r"|OCR[A-Z]*[EFS]\.|Wargames|[Jj]unkyard|Penguin|Marked|Wink|Balker|Abogado|wasn|flatline|progenisis|Smallcaps|ubuntu-title|Z003"
                    r"|Italic|Oblique|[-_]Ital|OCRBS|engadget|Solide|apropal|Domestic|unifur|monof|-Light\.|Ferrite", re.I)
PER_FAMILY = 3


def stroke_skeleton(char, v):
    """Polylines of a character: list of (closed, [(x, y, roundness 0..1)]); `v` is the face's variant dict."""
    m, b = v["middle"], v["bite"]
    o = [(0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1)]
    s = {
        "O": [(1, o)],
        "D": [(1, [(0, 0, .1), (1, 0, 1), (1, 1, 1), (0, 1, .1)])],
        "C": [(0, [(1, b, 0), (1, 0, 1), (0, 0, 1), (0, 1, 1), (1, 1, 1), (1, 1 - b, 0)])],
        "G": [(0, [(1, b, 0), (1, 0, 1), (0, 0, 1), (0, 1, 1), (1, 1, 1), (1, .55, .1), (v["bar"], .55, 0)])],
        "Q": [(1, o), (0, [(v["tail"], v["tail"] + .08, 0), (1.06, 1.06, 0)])],
        "U": [(0, [(0, 0, 0), (0, 1, 1), (1, 1, 1), (1, 0, 0)])],
        "J": [(0, ([(.4, 0, 0)] if v["top"] else []) + [(1, 0, 0), (1, 1, 1), (0, 1, 1), (0, .72, 0)])],
        "S": [(0, [(1, b, 0), (1, 0, 1), (0, 0, 1), (0, m, 1), (1, m, 1), (1, 1, 1), (0, 1, 1), (0, 1 - b, 0)])],
        "I": [(0, [(.5, 0, 0), (.5, 1, 0)])] + ([(0, [(.15, 0, 0), (.85, 0, 0)]), (0, [(.15, 1, 0), (.85, 1, 0)])] if v["serif"] else []),
        "L": [(0, [(0, 0, 0), (0, 1, .1), (1, 1, 0)])],
        "E": [(0, [(1, 0, 0), (0, 0, .1), (0, 1, .1), (1, 1, 0)]), (0, [(0, m, 0), (.85, m, 0)])],
        "F": [(0, [(1, 0, 0), (0, 0, .1), (0, 1, 0)]), (0, [(0, m, 0), (.85, m, 0)])],
        "T": [(0, [(0, 0, 0), (1, 0, 0)]), (0, [(.5, 0, 0), (.5, 1, 0)])],
        "H": [(0, [(0, 0, 0), (0, 1, 0)]), (0, [(1, 0, 0), (1, 1, 0)]), (0, [(0, m, 0), (1, m, 0)])],
        "P": [(0, [(0, 1, 0), (0, 0, .1), (1, 0, 1), (1, m + .08, 1), (0, m + .08, 0)])],
        "R": [(0, [(0, 1, 0), (0, 0, .1), (1, 0, 1), (1, m + .04, 1), (0, m + .04, 0)]), (0, [(v["leg"], m + .04, 0), (1, 1, 0)])],
        "B": [(0, [(0, m, 0), (.9, m, 1), (.9, 0, 1), (0, 0, .1), (0, 1, .1), (1, 1, 1), (1, m, 1), (.5, m, 0)])],
        "N": [(0, [(0, 1, 0), (0, 0, 0), (1, 1, 0), (1, 0, 0)])],
        "M": [(0, [(0, 1, 0), (0, 0, 0), (.5, v["vee"], 0), (1, 0, 0), (1, 1, 0)])],
        "W": [(0, [(0, 0, 0), (v["splay"], 1, 0), (.5, 1 - v["vee"], 0), (1 - v["splay"], 1, 0), (1, 0, 0)])],
        "V": [(0, [(0, 0, 0), (.5, 1, 0), (1, 0, 0)])],
        "A": [(0, [(0, 1, 0), (.5 - v["flat"], 0, 0), (.5 + v["flat"], 0, 0), (1, 1, 0)]), (0, [(.2, .7, 0), (.8, .7, 0)])],
        "X": [(0, [(0, 0, 0), (1, 1, 0)]), (0, [(1, 0, 0), (0, 1, 0)])],
        "Y": [(0, [(0, 0, 0), (.5, .5, 0), (1, 0, 0)]), (0, [(.5, .5, 0), (.5, 1, 0)])],
        "K": [(0, [(0, 0, 0), (0, 1, 0)]), (0, [(1, 0, 0), (0, .6, 0)]), (0, [(v["leg"], .45, 0), (1, 1, 0)])],
        "Z": [(0, [(0, 0, 0), (1, 0, 0), (0, 1, 0), (1, 1, 0)])] + ([(0, [(.25, .5, 0), (.75, .5, 0)])] if v["crossed"] else []),
        "0": [(1, o)] + ([(0, [(.25, .75, 0), (.75, .25, 0)])] if v["slashed"] else []),
        "1": [(0, [(v["flag"], .22, 0), (.55, 0, 0), (.55, 1, 0)])] + ([(0, [(.15, 1, 0), (.95, 1, 0)])] if v["foot"] else []),
        "2": [(0, [(0, b, 0), (0, 0, 1), (1, 0, 1), (1, .45, .8), (0, .98, .05), (0, 1, 0), (1, 1, 0)])],
        "3": [(0, [(0, 0, 0), (1, 0, .05), (.4, .42, .1), (1, .42, 1), (1, 1, 1), (0, 1, 1), (0, 1 - b, 0)])] if v["flat3"] else
             [(0, [(0, b, 0), (0, 0, 1), (.95, 0, 1), (.95, m, 1), (.4, m, 0)]), (0, [(.4, m, 0), (1, m, 1), (1, 1, 1), (0, 1, 1), (0, 1 - b, 0)])],
        "4": [(0, [(.75, 1, 0), (.75, 0, 0), (0, .72, 0), (1.05, .72, 0)])] if v["closed4"] else
             [(0, [(.45, 0, 0), (0, .72, 0), (1.05, .72, 0)]), (0, [(.75, .4, 0), (.75, 1, 0)])],
        "5": [(0, [(.95, 0, 0), (.05, 0, .05), (.0, .42, .1), (1, .38, 1), (1, 1, 1), (0, 1, 1), (0, 1 - b, 0)])],
        "7": [(0, [(0, 0, 0), (1, 0, .1), (.3 if not v["bent"] else .45, .55 if v["bent"] else 1, .5)] + ([(.4, 1, 0)] if v["bent"] else []))],
        "8": [(1, [(.05, 0, 1), (.95, 0, 1), (.95, m, 1), (.05, m, 1)]), (1, [(0, m, 1), (1, m, 1), (1, 1, 1), (0, 1, 1)])],
    }
    if char in s:
        return s[char]
    if v["straight6"]:
        six = [(0, [(.7, 0, 0), (0, .6, .6), (0, 1, 1), (1, 1, 1), (1, m, 1), (.25, m, .6), (0, .7, 0)])]
    else:
        six = [(0, [(1, b, 0), (1, 0, 1), (0, 0, 1), (0, 1, 1), (1, 1, 1), (1, m - .05, 1), (0, m - .05, .8)])]
    return six if char == "6" else [(c, [(1 - x, 1 - y, r) for x, y, r in points]) for c, points in six]


def round_corners(points, closed, radius):
    """Dense polyline [k, 2] of (x, y, roundness) px points, each corner replaced by a quadratic Bezier arc."""
    out, n = [], len(points)
    for i, (x, y, roundness) in enumerate(points):
        r = radius * roundness
        if r < 0.5 or (not closed and i in (0, n - 1)):
            out.append((x, y))
            continue
        legs = []
        for px, py, other in (points[i - 1], points[(i + 1) % n]):
            length = math.hypot(px - x, py - y) or 1.0
            reach = min(r, length * (0.5 if other > 0.3 else 0.95)) / length
            legs.append((x + (px - x) * reach, y + (py - y) * reach))
        (ax, ay), (bx, by) = legs
        for step in range(7):
            t = step / 6
            # A circle-like arc: the control point is pulled towards the corner by the weight of a conic section.
            w = 2 * t * (1 - t) * 0.8
            d = (1 - t) ** 2 + w + t * t
            out.append((((1 - t) ** 2 * ax + w * x + t * t * bx) / d, ((1 - t) ** 2 * ay + w * y + t * t * by) / d))
    return np.array(out)


def stroke_face(rng):
    """A face of random stroke glyphs; `rng` is a numpy Generator."""
    u = rng.random
    width = CAP * (0.36 + 0.34 * u())
    stroke = min(CAP * (0.09 + 0.13 * u()), width * 0.32)
    radius = (0.1 + 0.55 * u()) * width
    v = {"middle": .44 + .08 * u(), "bite": .2 + .14 * u(), "bar": .4 + .3 * u(), "tail": .5 + .25 * u(), "top": u() < .4,
         "serif": u() < .3, "leg": .2 + .35 * u(), "vee": .35 + .65 * u() ** 2 if u() < .8 else 1, "splay": .25 * u(),
         "flat": .0 if u() < .6 else .12 * u(), "crossed": u() < .05, "slashed": u() < .06, "flag": .05 + .3 * u(),
         "foot": u() < .25, "flat3": u() < .2, "closed4": u() < .75, "bent": u() < .3, "straight6": u() < .35}
    narrow_zero, wide_m, slim_i = 1 - .25 * u() * (u() < .5), 1 + .35 * u() * (u() < .5), u() < .6
    cut = u() < .5
    face = {}
    for char in ALPHABET:
        w = width * (wide_m if char in "MW" else narrow_zero if char == "0" else 1)
        if char in "I1" and slim_i:
            w = width * (0.2 if char == "I" and not v["serif"] else 0.6)
        face[char] = draw_strokes(stroke_skeleton(char, v), w, stroke, min(radius, w * .6), cut)
    return face


def draw_strokes(skeleton, width, stroke, radius, cut):
    """Mask uint8 [64, w] of a skeleton; `cut` trims the round stroke ends flat at the cell's edge. Lengths in px."""
    zoom, pad = 2, 2
    half = stroke / 2
    inner_w, inner_h = max(width - stroke, 1), CAP - stroke
    mask = np.zeros((CAP * zoom, int(round((width + 2 * pad) * zoom))), np.uint8)
    for closed, points in skeleton:
        px = [(half + pad + x * inner_w, half + y * inner_h, r) for x, y, r in points]
        if cut and not closed:
            px = extend_ends(px, half)
        line = round_corners(px, closed, radius)
        cv2.polylines(mask, [np.round(line * zoom * 16).astype(np.int32)], bool(closed), 255, max(1, round(stroke * zoom)), cv2.LINE_AA, 4)
    return cv2.resize(mask, (mask.shape[1] // zoom, CAP), interpolation=cv2.INTER_AREA)


def extend_ends(points, by):
    """The polyline with its vertical ends moved outwards by `by` px (the mask's edge then cuts them flat)."""
    points = list(points)
    for end, nxt in ((0, 1), (-1, -2)):
        x, y, r = points[end]
        if abs(points[nxt][0] - x) < 1 and (y < by * 1.2 or y > CAP - by * 1.2):
            points[end] = (x, y + (by if y > points[nxt][1] else -by), r)
    return points


def font_files():
    """Paths of the installed font files that could stand on a plate, at most three of a family; the list depends on the packages present."""
    found, seen = [], {}
    for path in sorted(glob.glob("/usr/share/fonts/**/*.[ot]tf", recursive=True)):
        name = os.path.basename(path)
        family = os.path.dirname(path) + re.sub(r"[-_ ]?(Bold|Regular|Medium|Semi|Demi|Extra|Black|Heavy|Book|Italic|Oblique|Roman|Text).*", "", name)
        if not UNLIKE.search(name) and seen.get(family, 0) < PER_FAMILY:
            seen[family] = seen.get(family, 0) + 1
            found.append(path)
    return found


def font_masks(path):
    """{character: mask [64, w]} of a font file, each character as high as the others; None where one is missing."""
    font, masks = ImageFont.truetype(path, 88), {}
    for char in ALPHABET:
        x0, y0, x1, y1 = font.getbbox(char)
        image = Image.new("L", (x1 - x0 + 8, y1 - y0 + 4))
        ImageDraw.Draw(image).text((4 - x0, 2 - y0), char, 255, font=font)
        mask = np.asarray(image)
        if mask.max() < 128:
            return None
        mask = mask[:, np.flatnonzero(mask.max(0))[0]:][np.flatnonzero(mask.max(1))[0]:]
        mask = mask[:np.flatnonzero(mask.max(1))[-1] + 1, :np.flatnonzero(mask.max(0))[-1] + 1]
        masks[char] = cv2.resize(mask, (max(6, round(mask.shape[1] * CAP / mask.shape[0])), CAP), interpolation=cv2.INTER_AREA)
    return masks if len({m.tobytes() for m in masks.values()}) > 30 else None


def font_faces():
    """All usable fonts as masks: from the atlas that FONT_ATLAS names (`python3 glyphs.py ATLAS.npz` makes it), else the installed ones."""
    atlas = os.environ.get("FONT_ATLAS")
    if not atlas:
        return [m for m in map(font_masks, font_files()) if m]
    stored = np.load(atlas)
    pieces = np.split(stored["masks"], np.cumsum(stored["widths"])[:-1], 1)
    return [dict(zip(ALPHABET, pieces[i:i + len(ALPHABET)])) for i in range(0, len(pieces), len(ALPHABET))]


def vary_face(masks, rng):
    """The masks of a font with another width (0.6 to 1.35) and weight."""
    stretch, weight = 0.6 + 0.75 * rng.random(), int(rng.integers(-1, 4))
    face = {}
    for char, mask in masks.items():
        if weight > 0:
            mask = cv2.dilate(mask, np.ones((weight + 1, weight + 1), np.uint8))
        elif weight < 0:
            mask = cv2.erode(mask, np.ones((2, 2), np.uint8))
        face[char] = cv2.resize(mask, (max(6, round(mask.shape[1] * stretch)), CAP), interpolation=cv2.INTER_AREA)
    return face


def bend(face, rng):
    """The face with its middle moved up or down and its sides pressed together: another cut of the same letters."""
    up, out = np.exp(.35 * rng.normal()), np.exp(.3 * rng.normal())
    y = (np.linspace(0, 1, CAP) ** up * (CAP - 1)).astype(np.float32)
    bent = {}
    for char, mask in face.items():
        x = np.linspace(-1, 1, mask.shape[1])
        x = ((np.sign(x) * np.abs(x) ** out + 1) / 2 * (mask.shape[1] - 1)).astype(np.float32)
        bent[char] = cv2.remap(mask, *np.meshgrid(x, y), cv2.INTER_LINEAR)
    return bent


def slant(face, by):
    """The face leaning to the right by `by` of its height."""
    wide = int(abs(by) * CAP)
    matrix = np.float32([[1, -by, wide if by > 0 else 0], [0, 1, 0]])
    return {c: cv2.warpAffine(m, matrix, (m.shape[1] + wide, CAP)) for c, m in face.items()}


class Faces:
    """A pool of faces, one of which is replaced every `renew` draws; half of them strokes, the others fonts; some lean or are bent."""

    def __init__(self, size=64, renew=12):
        self.size, self.renew, self.pool, self.draws, self.fonts = size, renew, [], 0, None

    def pick(self, rng):
        """A face {character: mask [64, w]}."""
        self.draws += 1
        if self.fonts is None:
            self.fonts = font_faces()
        if len(self.pool) < self.size or self.draws % self.renew == 0:
            face = vary_face(self.fonts[rng.integers(len(self.fonts))], rng) if self.fonts and rng.random() < .5 else stroke_face(rng)
            if rng.random() < .3:
                face = bend(face, rng)
            if rng.random() < .1:
                face = slant(face, .05 + .25 * rng.random() if rng.random() < .85 else -.15 * rng.random() - .02)
            if len(self.pool) < self.size:
                self.pool.append(face)
                return face
            self.pool[rng.integers(self.size)] = face
        return self.pool[rng.integers(len(self.pool))]


def write_atlas(path):
    """Writes the masks of all installed fonts into one file, for a machine that has none."""
    faces = font_faces()
    masks = [face[c] for face in faces for c in ALPHABET]
    np.savez_compressed(path, masks=np.concatenate(masks, 1), widths=[m.shape[1] for m in masks])
    print(f"{len(faces)} faces")


if __name__ == "__main__":
    write_atlas(sys.argv[1])
