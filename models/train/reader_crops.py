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


def box_quad(record, widen=MARGIN):
    """Corners [4, 2] px (clockwise from top left) of the record's box, widened by a share of its size on each side."""
    x, y, w, h = record["box"]
    return (UNIT * (1 + 2 * widen) - widen) * (w, h) + (x, y)


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
