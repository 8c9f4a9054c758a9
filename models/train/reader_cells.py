"""New plates from real ones: characters of a labelled crop change places.

Letters change with letters and digits with digits inside one line: real ink, light and blur, but a text that no
picture ever carried, so that the reader learns to look instead of to remember. `reader_align.py` finds the centres.
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

