"""Finds what a trained detector sees in the training scenes and nobody marked: second plates, and mistakes.

    python3 detector_mine.py --model /tmp/train-detector/detector.ckpt --data ../../../shared/data --out /tmp/train-detector
    python3 detector_mine.py ... --keep 0-180,183,190-200

The first run writes candidates.json and numbered sheets of their cut-outs; after looking at them, the second run writes
the numbers which are plates (or cannot be told from one) into detector-ignore.json: the trainer ignores these regions.
What is not kept goes on being trained as background.
"""
import argparse
import json
import os

import cv2
import numpy as np

from detector_eval import iou, letterbox, load
from scenes import Cache

HERE = os.path.dirname(os.path.abspath(__file__))
COLUMNS, ROWS, TILE = 10, 12, (150, 92)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--model", default="/tmp/train-detector/detector.ckpt")
    p.add_argument("--data", default="../shared/data")
    p.add_argument("--out", default="/tmp/train-detector")
    p.add_argument("--threshold", type=float, default=0.3)
    p.add_argument("--keep")
    a = p.parse_args()
    path = os.path.join(a.out, "candidates.json")
    if a.keep:
        write(path, a.keep)
        return
    cache, predict, found = Cache(a.data, "train", a.out), load(a.model), []
    for i in range(len(cache)):
        fitted, scale = letterbox(cache.image(i))
        boxes = cache.boxes(i)[:, :4] * scale
        for r in predict(fitted):
            near = iou(r[None, 1:5], boxes).max() if len(boxes) else 0.0
            centre = (r[1:3] + r[3:5]) / 2
            within = any((b[:2] < centre).all() and (centre < b[2:]).all() for b in boxes)
            if r[0] >= a.threshold and near < 0.15 and not within:
                found.append((float(r[0]), cache.items[i]["image"], [round(float(v) / scale, 1) for v in r[1:5]], i))
    found.sort(reverse=True)
    with open(path, "w") as f:
        json.dump(found, f)
    for start in range(0, len(found), COLUMNS * ROWS):
        sheet(cache, found[start:start + COLUMNS * ROWS], start, os.path.join(a.out, f"candidates-{start:04}.png"))
    print(f"{len(found)} candidates")


def sheet(cache, found, start, path):
    tiles = np.zeros((ROWS * TILE[1], COLUMNS * TILE[0], 3), np.uint8)
    for k, (score, _, (x0, y0, x1, y1), i) in enumerate(found):
        image, w, h = cache.image(i), x1 - x0, y1 - y0
        ax, ay = int(max(0, x0 - w * 0.4)), int(max(0, y0 - w * 0.25))
        part = image[ay:int(y1 + w * 0.25), ax:int(x1 + w * 0.4)]
        if part.size == 0:
            continue
        f = min(TILE[0] / part.shape[1], (TILE[1] - 14) / part.shape[0])
        part = cv2.resize(part, None, fx=f, fy=f, interpolation=cv2.INTER_AREA if f < 1 else cv2.INTER_CUBIC)
        y, x = k // COLUMNS * TILE[1], k % COLUMNS * TILE[0]
        tiles[y + 14:y + 14 + part.shape[0], x:x + part.shape[1]] = part[:TILE[1] - 14, :TILE[0]]
        cv2.putText(tiles, f"{start + k} {score:.2f} {int(w)}px", (x + 2, y + 11), cv2.FONT_HERSHEY_SIMPLEX, 0.38, (255, 255, 0), 1, cv2.LINE_AA)
    cv2.imwrite(path, tiles[:, :, ::-1])


def write(path, keep):
    with open(path) as f:
        found = json.load(f)
    target = os.path.join(HERE, "detector-ignore.json")
    known = {}
    if os.path.exists(target):
        with open(target) as f:
            known = json.load(f)
    for span in keep.split(","):
        low, _, high = span.partition("-")
        for _, image, (x0, y0, x1, y1), _ in found[int(low):int(high or low) + 1]:
            known.setdefault(image, []).append([x0, y0, round(x1 - x0, 1), round(y1 - y0, 1)])
    with open(target, "w") as f:
        f.write("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in sorted(known.items())) + "\n}\n")
    print(f"{sum(map(len, known.values()))} regions in {len(known)} scenes")


if __name__ == "__main__":
    main()
