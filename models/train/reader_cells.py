"""New plates from real ones: characters of a labelled crop change places, or come from other crops.

Letters change with letters and digits with digits inside one line: real ink, light and blur, but a text that no
picture ever carried, so that the reader learns to look instead of to remember. Characters of other plates bring their
shape and blur; they take the colours of the ground and the ink of the plate they move to. `reader_align.py` finds the centres.
"""
import cv2
import numpy as np

from reader_crops import box_quad


def character_cells(record, centres):
    """Cells [n, 4] px (left, top, right, bottom) of a record's characters; `centres` as in reader_align.py."""
    quad, (_, y, _, h) = box_quad(record), record["box"]
    left, wide = quad[0, 0], quad[1, 0] - quad[0, 0]
    centres = np.array(centres)
    if record.get("lines") != 2:
        return row_cells(record["pixels"], left + centres * wide, y, y + h)
    upper, lower = centres[centres < 1], centres[centres >= 1] - 1
    rows = [row_cells(record["pixels"], left + part * wide, y + i * h / 2, y + (i + 1) * h / 2)
            for i, part in enumerate((upper, lower)) if len(part)]
    return np.concatenate(rows)


def row_cells(pixels, x, top, bottom):
    """Cells of one line whose characters are centred at x px: the edges lie where little ink is, near the middle of two."""
    height, width = pixels.shape[:2]
    top, bottom = int(max(0, top)), int(min(height, bottom))
    pitch = np.median(np.diff(x)) if len(x) > 1 else .6 * (bottom - top)
    grey = cv2.cvtColor(pixels[top:bottom], cv2.COLOR_RGB2GRAY).astype(np.float32)
    edge = cv2.blur(np.abs(cv2.Sobel(grey, cv2.CV_32F, 0, 1)), (3, 1)).mean(0)
    cuts = []
    for a, b in zip(x[:-1], x[1:]):
        low, high = a + .35 * (b - a), b - .35 * (b - a)
        span = np.arange(int(low), max(int(low) + 1, int(np.ceil(high)) + 1)).clip(0, width - 1)
        cuts.append(float(span[int(np.argmin(edge[span] + .02 * edge.max() * np.abs(span - (a + b) / 2) / pitch))]))
    lefts = np.maximum([x[0] - pitch * .55, *cuts], x - pitch * .68)
    rights = np.minimum([*cuts, x[-1] + pitch * .55], x + pitch * .68)
    sides = np.round(np.stack([lefts, rights], 1).clip(0, width)).astype(int)
    return np.stack([sides[:, 0], np.full(len(x), top), sides[:, 1], np.full(len(x), bottom)], 1)


def shuffle_cells(record, rng):
    """(pixels, text) of a record with `cells`, some of its characters exchanged; the original when nothing fits."""
    source, text, cells = record["pixels"], record["text"], record["cells"]
    order, widths, mixed = np.arange(len(text)), cells[:, 2] - cells[:, 0], rng.random() < .15
    for _ in range(int(rng.integers(2, 7))):
        i, j = (int(k) for k in rng.integers(0, len(text), 2))
        low, high = sorted((widths[i], widths[j]))
        same = text[order[i]].isdigit() == text[order[j]].isdigit()
        if i != j and (same or mixed) and cells[i, 1] == cells[j, 1] and low > 2 and high < 1.35 * low:
            order[[i, j]] = order[[j, i]]
    pixels = source.copy()
    for place, k in enumerate(order):
        if place != k:
            here, there = (source[t:b, l:r] for l, t, r, b in (cells[place], cells[k]))
            strip = cv2.resize(there, here.shape[1::-1])
            shift = np.float32([[1, 0, 0], [0, 1, height_difference(here, strip)]])
            left, top, right, bottom = cells[place]
            pixels[top:bottom, left:right] = cv2.warpAffine(strip, shift, here.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
    return pixels, "".join(text[k] for k in order)


def height_difference(here, there):
    """Rows by which `there` must move down so that its ink stands as high as that of `here`."""
    rows = []
    for image in (here, there):
        profile = np.abs(cv2.Sobel(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.CV_32F, 1, 0)).mean(1)
        rows.append(profile - profile.mean())
    reach = max(1, len(rows[0]) // 5)
    scores = [float((np.roll(rows[1], s) * rows[0]).sum()) for s in range(-reach, reach + 1)]
    return int(np.argmax(scores)) - reach



class Bank:
    """The characters of all records with `cells`, to be set into other plates."""

    def __init__(self, records):
        self.glyphs = {}
        for record in records:
            ink = colours(record, 70) if "cells" in record else None
            for c, (left, top, right, bottom) in zip(record["text"], tight_cells(record)) if ink else ():
                if right - left > 4 and bottom - top > 9:
                    self.glyphs.setdefault(c, []).append((record["pixels"][top:bottom, left:right], ink))
        self.digits = [c for c in sorted(self.glyphs) if c.isdigit()]
        self.letters = [c for c in sorted(self.glyphs) if not c.isdigit()]

    def exchange(self, record, rng):
        """(pixels, text) of a record with `cells`, some of its characters replaced by those of other plates, every character as likely."""
        text, found = list(record["text"]), colours(record, 40)
        if not found:
            return record["pixels"], record["text"]
        pixels, (ground, ink) = record["pixels"].copy(), found
        share = .3 + .7 * rng.random()
        for place, (left, top, right, bottom) in enumerate(tight_cells(record)):
            if right - left < 4 or bottom - top < 6 or rng.random() > share:
                continue
            kind = self.digits if text[place].isdigit() != (rng.random() < .12) else self.letters
            char = kind[int(rng.integers(len(kind)))]
            there = self.fitting(char, right - left, bottom - top, rng)
            if there:
                here = pixels[top:bottom, left:right]
                here[:] = repaint(here, *there, ground, ink)
                text[place] = char
        return pixels, "".join(text)

    def fitting(self, char, width, height, rng):
        """A stored character (pixels, colours) of about these proportions, not much smaller than it is to appear; None after a few tries."""
        for _ in range(6):
            there, ink = self.glyphs[char][int(rng.integers(len(self.glyphs[char])))]
            h, w = there.shape[:2]
            if .7 < (w / h) / (width / height) < 1.45 and h > .6 * height:
                return there, ink
        return None


def repaint(here, there, other, ground, ink):
    """The character `there` (uint8 [h', w', 3], colours `other`) in the place, size and colours of `here`, uint8 [h, w, 3]."""
    h, w = here.shape[:2]
    strip = cv2.resize(there, (w, h), interpolation=cv2.INTER_AREA if there.shape[0] > h else cv2.INTER_LINEAR).astype(np.float32)
    # How far each pixel lies between the other plate's ground (0) and its ink (1); then the same way between this plate's.
    axis = other[1] - other[0]
    depth = ((strip - other[0]) @ axis / (axis @ axis)).clip(-.15, 1.15)
    own = ((here - ground) @ (ink - ground) / ((ink - ground) @ (ink - ground)))
    bare = here[own < .35]
    local = bare.mean(0) if len(bare) > 4 else ground
    painted = local + depth[..., None] * (ink - local)
    x, y = (np.minimum(np.arange(1, n + 1), np.arange(n, 0, -1)).clip(max=2) / 2 for n in (w, h))
    edge = (y[:, None] * x)[..., None]
    return (painted * edge + here * (1 - edge)).clip(0, 255).astype(np.uint8)


def tight_cells(record):
    """The record's cells [n, 4] cut above and below to the rows in which its characters stand."""
    if "tight" not in record:
        cells = record["cells"].copy()
        for top in np.unique(cells[:, 1]):
            line = cells[:, 1] == top
            bottom = cells[line, 3][0]
            grey = cv2.cvtColor(record["pixels"][top:bottom], cv2.COLOR_RGB2GRAY)
            change = np.abs(cv2.Sobel(grey, cv2.CV_32F, 1, 0))
            profile = np.concatenate([change[:, l:r] for l, _, r, _ in cells[line]], 1).mean(1)
            profile = np.convolve(profile, (.25, .5, .25), "same")
            low = .4 * np.percentile(profile[len(profile) // 4:-(len(profile) // 4) or None], 75)
            first = last = len(profile) // 2
            while first > 0 and profile[first - 1] > low:
                first -= 1
            while last < len(profile) - 1 and profile[last + 1] > low:
                last += 1
            cells[line, 3], cells[line, 1] = top + last + 1, top + first
        record["tight"] = cells
    return record["tight"]


def colours(record, apart):
    """(ground, ink) as float [3] of a record's characters; None where they differ by less than `apart` grey levels."""
    if "colours" not in record:
        parts = [record["pixels"][t:b, l:r].reshape(-1, 3) for l, t, r, b in tight_cells(record) if b > t and r > l]
        area = np.concatenate(parts).astype(np.float32) if parts else np.zeros((1, 3), np.float32)
        grey = area.mean(1)
        low, middle, high = np.percentile(grey, (6, 50, 94))
        dark = middle - low > high - middle
        ink = area[grey <= np.percentile(grey, 12)] if dark else area[grey >= np.percentile(grey, 88)]
        ground = area[np.abs(grey - np.percentile(grey, 75 if dark else 25)) < 14]
        record["colours"] = (np.median(ground, 0), np.median(ink, 0)) if len(ground) else (ink[0], ink[0])
    ground, ink = record["colours"]
    return (ground, ink) if abs(ground.mean() - ink.mean()) >= apart else None
