"""New plates from real ones: characters of a labelled one-line crop change places.

Letters change with letters and digits with digits inside one plate: real ink, light and blur, but a text that no
picture ever carried, so that the reader learns to look instead of to remember. `reader_align.py` finds the centres.
"""
import cv2
import numpy as np

from reader_crops import box_quad


def character_cells(record, centres):
    """Left and right edges in px [n, 2] of a record's characters, from their centres (share of the widened box's width)."""
    quad = box_quad(record)
    left, wide = quad[0, 0], quad[1, 0] - quad[0, 0]
    x = left + np.array(centres) * wide
    pitch = np.median(np.diff(x))
    y0, y1 = int(max(0, record["box"][1])), int(record["box"][1] + record["box"][3])
    grey = cv2.cvtColor(record["pixels"][y0:y1], cv2.COLOR_RGB2GRAY).astype(np.float32)
    edge = cv2.blur(np.abs(cv2.Sobel(grey, cv2.CV_32F, 0, 1)), (3, 1)).mean(0)
    cuts = []
    for a, b in zip(x[:-1], x[1:]):
        low, high = a + .35 * (b - a), b - .35 * (b - a)
        span = np.arange(int(low), max(int(low) + 1, int(np.ceil(high)) + 1)).clip(0, len(edge) - 1)
        cuts.append(float(span[int(np.argmin(edge[span] + .02 * edge.max() * np.abs(span - (a + b) / 2) / pitch))]))
    lefts, rights = np.array([x[0] - pitch * .55, *cuts]), np.array([*cuts, x[-1] + pitch * .55])
    cells = np.stack([np.maximum(lefts, x - pitch * .68), np.minimum(rights, x + pitch * .68)], 1)
    return np.round(cells.clip(0, record["pixels"].shape[1])).astype(int)


def shuffle_cells(record, rng):
    """(pixels, text) of a record with `cells`, some of its characters exchanged; the original when nothing fits."""
    pixels, text, cells = record["pixels"].copy(), list(record["text"]), record["cells"]
    source, order = record["pixels"], np.arange(len(text))
    mixed = rng.random() < .15
    for _ in range(int(rng.integers(2, 7))):
        i, j = (int(k) for k in rng.integers(0, len(text), 2))
        a, b = cells[i, 1] - cells[i, 0], cells[j, 1] - cells[j, 0]
        same = text[order[i]].isdigit() == text[order[j]].isdigit()
        if i != j and (same or mixed) and min(a, b) > 2 and max(a, b) < 1.35 * min(a, b):
            order[[i, j]] = order[[j, i]]
    y0, y1 = int(max(0, record["box"][1])), int(record["box"][1] + record["box"][3])
    for place, k in enumerate(order):
        if place != k:
            strip = cv2.resize(source[y0:y1, cells[k, 0]:cells[k, 1]], (int(cells[place, 1] - cells[place, 0]), y1 - y0))
            shift = height_difference(source[y0:y1, cells[place, 0]:cells[place, 1]], strip)
            strip = cv2.warpAffine(strip, np.float32([[1, 0, 0], [0, 1, shift]]), strip.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
            pixels[y0:y1, cells[place, 0]:cells[place, 1]] = strip
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

