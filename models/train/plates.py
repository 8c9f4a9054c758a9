"""Synthetic number plates drawn from `plate_styles` with `glyphs`: every call is a new plate.

`render_plate(rng)` is what other generators need; `draw_plate(rng)` also tells lines and region.
"""
from typing import NamedTuple

import cv2
import numpy as np

from glyphs import CAP, Faces
from plate_ink import blend
from plate_marks import mark, vary
from plate_styles import LETTERS_OF, REGIONS, STATES, STYLES

DIGITS, LETTERS = "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
VOWELS, CONSONANTS = "AEIOUY", "BCDFGHJKLMNPRSTVWZ"
SHARES = np.cumsum([s.share for s in STYLES]) / sum(s.share for s in STYLES)
HERSHEY = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX, cv2.FONT_HERSHEY_SCRIPT_COMPLEX)
FACES = Faces()


class Plate(NamedTuple):
    """image uint8 [H, W, 3] RGB without background, text A-Z0-9, lines 1 or 2, region an index of REGIONS."""
    image: np.ndarray
    text: str
    lines: int
    region: int


def render_plate(rng):
    """(RGB uint8 array [H, W, 3], text) of a random plate; `rng` is a numpy Generator."""
    plate = draw_plate(rng)
    return plate.image, plate.text


def draw_plate(rng):
    """A random Plate about 72 to 128 px high."""
    style = STYLES[int(np.searchsorted(SHARES, rng.random()))]
    pattern = pick(rng, style.patterns)
    letters = LETTERS_OF.get(style.region, LETTERS) if rng.random() < .9 else LETTERS
    rows = [tokens(rng, row, letters) for row in pattern.split("|")]
    text = "".join(c for row in rows for kind, c, _ in row if kind == "char")
    if not 1 <= len(text) <= 12:
        return draw_plate(rng)
    aspect = style.aspect[0] + (style.aspect[1] - style.aspect[0]) * rng.random()
    height = 72 if aspect > 2.8 else 96 if len(rows) == 1 else 112
    width = int(height * aspect)
    ground, ink = pick(rng, style.colours)
    ground, ink = vary(rng, ground), vary(rng, ink)
    image = np.empty((height, width, 3), np.uint8)
    cv2.rectangle(image, (0, 0), (width, height), ground, -1)
    if rng.random() < style.logo:
        scenery(rng, image, ground)
    left, right, top, bottom = (int(width * (.015 + .04 * rng.random())) for _ in range(4))
    top, bottom = int(height * (.03 + .04 * rng.random())), int(height * (.03 + .04 * rng.random()))
    if rng.random() < style.band:
        left, right = band(rng, image, style, left, right)
    share = style.tall[0] + (style.tall[1] - style.tall[0]) * rng.random()
    if rng.random() < .12:
        share *= .55 + .35 * rng.random()   # made by a shop, not by the state: small letters on much ground
    room = height - top - bottom
    line = int(room * min(share if len(rows) == 1 else share * 1.12, .97))
    free = room - line
    start = top + int(free * (.3 + .4 * rng.random()))
    if style.above and rng.random() < .85:
        heading(rng, image, pick(rng, style.above), ink, top, max(start - top, 8))
    if style.below and rng.random() < .6:
        word(rng, image, pick(rng, style.below), ink, (start + line, height - 1), .8)
    mask = np.zeros((height, width), np.uint8)
    face, gap = FACES.pick(rng), 3 + 11 * rng.random()
    each = line // len(rows)
    for i, row in enumerate(rows):
        cap = int(each * (.96 if len(rows) == 1 else .86))
        y = start + i * each + (each - cap) // 2
        write(rng, image, mask, row, face, gap, (left, width - right), y, cap, ink)
    image = blend(rng, image, mask, ink)
    finish(rng, image, ink, style)
    return Plate(image, text, len(rows), REGIONS.index(style.region))


def pick(rng, options):
    """One of the options, all equally likely."""
    return options[int(rng.integers(len(options)))]


def vanity(rng):
    """A wish text of 2 to 7 characters: syllables, repeated letters, digits among letters."""
    length, out = int(rng.integers(2, 8)), ""
    while len(out) < length:
        r = rng.random()
        out += (pick(rng, CONSONANTS) + pick(rng, VOWELS) if r < .55 else pick(rng, LETTERS) if r < .75
                else pick(rng, DIGITS) if r < .87 else (out[-1:] or "O"))
    return out[:length]


def tokens(rng, row, letters):
    """Drawable tokens (kind, character, size) of a pattern row."""
    out, i = [], 0
    while i < len(row):
        c, size, kind = row[i], 1.0, "char"
        if c in "sd" and i + 1 < len(row):
            i, size, kind = i + 1, .62 if c == "s" else .4, "char" if c == "s" else "drop"
            c = row[i]
        i += 1
        if c == "V":
            out += [("char", v, 1.0) for v in (vanity(rng) if row == "V" else vanity(rng)[:3])]
        elif c in "A9X":
            out.append((kind, pick(rng, letters if c == "A" or (c == "X" and rng.random() < .5) else DIGITS), size))
        elif c in " -.*#":
            out.append((c, c, size))
        else:
            out.append(("char", c, 1.0))
    return out


def write(rng, image, mask, row, face, gap, span, y, cap, ink):
    """Draws a row of tokens between span[0] and span[1] px into the ink mask; `cap` is the character height in px."""
    scale = cap / CAP
    widths = []
    for kind, c, size in row:
        wide = {" ": 20 + 10 * rng.random(), "-": 26, ".": 16, "*": 44, "#": 46}.get(kind)
        widths.append((wide if wide else face[c].shape[1] * size) + gap)
    total = sum(widths) * scale
    room = span[1] - span[0]
    stretch = min(1.0 + .12 * rng.normal(), room / total)
    if total * stretch < room * .6 and rng.random() < .85:
        stretch = min(1.6, room * (.6 + .38 * rng.random()) / total)
    x = span[0] + (room - total * stretch) * (.5 + .25 * rng.normal() if rng.random() < .3 else .5)
    x = min(max(x, span[0]), span[1] - total * stretch) + gap * scale * stretch / 2
    for (kind, c, size), wide in zip(row, widths):
        w = max(2, int(round((wide - gap) * scale * stretch)))
        x0 = int(round(x))
        x += wide * scale * stretch
        if kind in ("char", "drop"):
            h = max(3, int(cap * size))
            put(mask, cv2.resize(face[c], (w, h), interpolation=cv2.INTER_AREA), x0, y + (0 if size < 1 and rng.random() < .6 else (cap - h) // 2))
        elif kind == "-":
            cv2.line(mask, (x0, y + cap // 2), (x0 + w, y + cap // 2), 255, max(1, cap // 10))
        elif kind == ".":
            cv2.circle(mask, (x0 + w // 2, y + int(cap * (.5 if rng.random() < .6 else .95))), max(1, cap // 12), 255, -1)
        elif kind == "#":
            foreign(rng, mask, x0, y, w, cap)
        elif kind == "*":
            mark(rng, image, x0, y, w, cap, ink)


def put(mask, glyph, x, y):
    """Writes a glyph into the mask at (x, y), clipped."""
    h, w = glyph.shape
    x, y = max(x, 0), max(y, 0)
    part = mask[y:y + h, x:x + w]
    np.maximum(part, glyph[:part.shape[0], :part.shape[1]], out=part)


def foreign(rng, mask, x, y, w, h):
    """A character of another script: a few strokes (Chinese-like) or curves (Arabic-like)."""
    thick = max(1, h // 14)
    for _ in range(int(rng.integers(4, 9))):
        a, b = rng.random(2) * (w, h), rng.random(2) * (w, h)
        r = rng.random()
        if r < .35:
            b[1] = a[1]
        elif r < .7:
            b[0] = a[0]
        elif r < .85:
            cv2.ellipse(mask, (int(x + a[0]), int(y + a[1])), (max(2, w // 4), max(2, h // 6)), 0, 0, int(360 * rng.random()), 255, thick)
            continue
        cv2.line(mask, (int(x + a[0]), int(y + a[1])), (int(x + b[0]), int(y + b[1])), 255, thick, cv2.LINE_AA)


def band(rng, image, style, left, right):
    """A coloured band at the left (sometimes both sides) with letters and stars; returns both new margins in px."""
    height, width = image.shape[:2]
    wide = int(min(height * (.28 + .2 * rng.random()), width * .16))
    colour = vary(rng, (20, 60, 160) if style.region not in ("pakistan", "gulf") else (20, 110, 50), 25)
    image[:, :wide] = colour
    if rng.random() < .7:
        cv2.circle(image, (wide // 2, int(height * .3)), max(2, int(wide * .28)), (230, 200, 60), max(1, wide // 12), cv2.LINE_AA)
    code = pick(rng, style.band_text)
    if code:
        label(rng, image[int(height * .5):int(height * .97), :wide], code, (240, 240, 240), .9)
    if style.region in ("france", "italy") and rng.random() < .7:
        image[:, width - wide:] = colour
        label(rng, image[int(height * .55):int(height * .95), width - wide:], f"{int(rng.integers(1, 96)):02d}", (240, 240, 240), .9)
        right = wide + int(right * .5)
    return wide + int(left * .5), right


def heading(rng, image, text, ink, top, room):
    """The words above the number: a state's name, or (with a leading @) a blue band across the plate."""
    height, width = image.shape[:2]
    if text.startswith("@"):
        room = max(room + top, int(height * .16))
        image[:room] = vary(rng, (25, 50, 140), 20)
        label(rng, image[:room, int(width * .25):int(width * .75)], text[1:], (240, 240, 240), .8)
        return
    word(rng, image, text, ink if rng.random() < .6 else vary(rng, (150, 40, 60), 60), (top, top + room), .85)


def word(rng, image, text, ink, rows, fill):
    """A word centred between two px rows, over 30 to 80 % of the width."""
    y0, y1 = rows
    width = image.shape[1]
    if y1 - y0 >= 7:
        wide = int(width * (.3 + .5 * rng.random()))
        x = (width - wide) // 2
        label(rng, image[y0:y1, x:x + wide], text, ink, fill)


def label(rng, area, text, colour, fill):
    """Text written into an image view by a Hershey face, as large as fits."""
    if area.size == 0:
        return
    font = pick(rng, HERSHEY)
    (w, h), base = cv2.getTextSize(text, font, 1, 1)
    scale = min(area.shape[1] * fill / w, area.shape[0] * fill / (h + base * .5))
    canvas = np.ascontiguousarray(area)
    origin = (int((area.shape[1] - w * scale) / 2), int((area.shape[0] + h * scale) / 2))
    cv2.putText(canvas, text, origin, font, scale, colour, 1 if scale < .6 else 2, cv2.LINE_AA)
    area[:] = canvas


def scenery(rng, image, ground):
    """A picture behind the number: gradient, hills, a sun, a shape in the middle."""
    height, width = image.shape[:2]
    if rng.random() < .6:
        other = np.array(vary(rng, ground, 50), np.float32)
        t = np.linspace(0, 1, height, dtype=np.float32)[:, None, None] ** (.5 + 2 * rng.random())
        image[:] = (image * (1 - t) + other * t).astype(np.uint8)
    for _ in range(int(rng.integers(0, 4))):
        colour = vary(rng, np.add(ground, pick(rng, ((-50, -40, 10), (-30, 20, -30), (20, -60, -60), (-70, -70, -70)))).clip(0, 255), 35)
        centre = (rng.random(2) * (width, height)).astype(int)
        n = int(rng.integers(3, 9))
        angle, reach = np.sort(rng.random(n)) * 6.28, height * (.1 + .3 * rng.random(n))
        points = np.stack([centre[0] + np.cos(angle) * reach, centre[1] + np.sin(angle) * reach], 1).astype(np.int32)
        cv2.fillPoly(image, [points], colour, cv2.LINE_AA)


def finish(rng, image, ink, style):
    """Border line, screws, stickers, dealer frame, dirt: drawn into the image."""
    height, width = image.shape[:2]
    if rng.random() < .45:
        inset = int(height * .04 * rng.random())
        cv2.rectangle(image, (inset, inset), (width - 1 - inset, height - 1 - inset), ink, max(1, int(height * .03 * rng.random()) + 1))
    if rng.random() < .3:
        for x in (.12 + .1 * rng.random(), .88 - .1 * rng.random()):
            cv2.circle(image, (int(width * x), int(height * pick(rng, (.08, .5, .1, .92)))), max(2, height // 24), vary(rng, (120, 120, 120), 50), -1, cv2.LINE_AA)
    if style.region == "usa":
        for x in (.02, .8):
            if rng.random() < .5:
                y = int(height * pick(rng, (.03, .03, .8)))
                area = image[y:y + height // 6, int(width * x):int(width * (x + .17))]
                area[:] = vary(rng, pick(rng, ((230, 230, 230), (190, 60, 50), (230, 200, 60), (60, 120, 190), (70, 160, 90))), 30)
                label(rng, area, pick(rng, ("JAN", "OCT", "19", "2017", "AUG 24", "07", "12")), (30, 30, 30), .85)
    if rng.random() < (.35 if style.region == "usa" else .12):
        t, b = int(height * .14 * rng.random()), int(height * .16 * rng.random())
        colour = vary(rng, pick(rng, ((25, 25, 28), (190, 190, 195), (200, 200, 200))), 20)
        side = max(1, int(height * .04 * rng.random()))
        for area in (image[:t], image[height - b:], image[:, :side], image[:, width - side:]):
            area[:] = colour
        if b > 7:
            word(rng, image, pick(rng, STATES), (225, 225, 225) if sum(colour) < 300 else (30, 30, 30), (height - b, height), .85)
    for _ in range(int(rng.integers(0, 4)) if rng.random() < .15 else 0):
        centre = (int(rng.random() * width), int(rng.random() * height))
        cv2.circle(image, centre, int(height * .06 * rng.random()) + 1, vary(rng, (110, 95, 80), 30), -1, cv2.LINE_AA)
