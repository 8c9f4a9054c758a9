"""The labelled real crops, and how a plate is cut out of a picture for the reader."""
import json
import os
import zlib

import cv2
import numpy as np

HEIGHT, WIDTH, MARGIN = 64, 160, 0.05
UNIT = np.float32([[0, 0], [1, 0], [1, 1], [0, 1]])


def load_crops(data, split):
    """Records of crops/<split>.jsonl with `pixels` (RGB) read in; those of other scripts keep no text."""
    records = []
    with open(os.path.join(data, "crops", split + ".jsonl"), encoding="utf8") as lines:
        for record in map(json.loads, lines):
            record["pixels"] = cv2.cvtColor(cv2.imread(os.path.join(data, "crops", record["image"])), cv2.COLOR_BGR2RGB)
            records.append(record)
    return records


def scene_crops(data, narrowest=44):
    """Crop records cut with much margin from the (small, recompressed) training scenes: labelled plates >= 44 px wide."""
    records = []
    with open(os.path.join(data, "scenes", "train.jsonl"), encoding="utf8") as lines:
        for scene in map(json.loads, lines):
            good = [p for p in scene["plates"] if p.get("text") and p["box"][2] >= narrowest and not p.get("suspect") and not p.get("script")]
            pixels = cv2.imread(os.path.join(data, "scenes", scene["image"])) if good else None
            for plate in good:
                x, y, w, h = plate["box"]
                left, top = max(0, int(x - .5 * w)), max(0, int(y - .5 * h))
                part = pixels[top:int(y + 1.5 * h), left:int(x + 1.5 * w)]
                records.append({**plate, "set": "scenes", "image": "scenes/" + scene["image"], "box": [x - left, y - top, w, h],
                                "pixels": cv2.cvtColor(part, cv2.COLOR_BGR2RGB)})
    return records


def held_out(record):
    """True for the 5 % of the training crops (by text, so that a plate is never on both sides) kept for decisions."""
    return zlib.crc32(record.get("text", record["image"]).encode()) % 20 == 0


def add_quads(records, folder):
    """Gives crop records the corners `quad` [4, 2] px of the plate found there, if it meets the annotated box with IoU >= 0.6.

    FOLDER/<set>.jsonl is what `plategate read --json` prints for the pictures of crops/train/<set>.
    """
    found = {}
    for name in sorted(os.listdir(folder)):
        if name.endswith(".jsonl"):
            with open(os.path.join(folder, name), encoding="utf8") as lines:
                found.update({(name[:-6], answer["image"]): answer.get("plates", []) for answer in map(json.loads, lines)})
    for record in records:
        plates = found.get((record["set"], os.path.basename(record["image"])), [])
        best = max(plates, key=lambda p: overlap(p["box"], record["box"]), default=None)
        if best and overlap(best["box"], record["box"]) >= .6:
            record["quad"] = np.array(best["quad"], float)


def overlap(a, b):
    """Intersection over union of two boxes [x, y, width, height]."""
    x, y = (max(0.0, min(a[i] + a[i + 2], b[i] + b[i + 2]) - max(a[i], b[i])) for i in (0, 1))
    return x * y / (a[2] * a[3] + b[2] * b[3] - x * y)


def box_quad(record, widen=MARGIN):
    """Corners [4, 2] px (clockwise from top left) of the record's box, widened by a share of its size on each side."""
    x, y, w, h = record["box"]
    return (UNIT * (1 + 2 * widen) - widen) * (w, h) + (x, y)


def own_quad(record, widen=MARGIN):
    """Like `box_quad`, by the corners that `add_quads` gave the record."""
    quad = record["quad"]
    return quad + (quad - quad.mean(0)) * 2 * widen


def cut_crop(pixels, quad, height=HEIGHT, width=WIDTH):
    """The quad of a picture straightened to [height, width, 3]; strong reductions are averaged first."""
    quad = np.float32(quad)
    tall = max(np.linalg.norm(quad[3] - quad[0]), np.linalg.norm(quad[2] - quad[1]))
    wide = max(np.linalg.norm(quad[1] - quad[0]), np.linalg.norm(quad[2] - quad[3]))
    fx, fy = min(1.0, 1.4 * width / max(wide, 1)), min(1.0, 1.4 * height / max(tall, 1))
    if min(fx, fy) < .75:
        size = (max(1, round(pixels.shape[1] * fx)), max(1, round(pixels.shape[0] * fy)))
        quad = quad * (size[0] / pixels.shape[1], size[1] / pixels.shape[0])
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    matrix = cv2.getPerspectiveTransform(np.float32(quad), UNIT * np.float32([width, height]))
    return cv2.warpPerspective(pixels, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
