"""Scores a reader ONNX file: real validation crops by origin of their text, calibration, and drawn plates made worse step by step.

    python3 reader_eval.py --data ../../../shared/data --model ../reader.onnx

Real crops are cut at their box, widened by 5 % (there are no corner points). "Exact": the whole text is right. Drawn
plates come from the training generator with other seeds: they show where the reader stops, not how good it is on cars.
"""
import argparse
import json

import cv2
import numpy as np
import onnx

from degrade import expose, focus_blur, jpeg, motion_blur, night, noise
from onnx_run import Runner
from plates import draw_plate
from reader_crops import HEIGHT, UNIT, WIDTH, box_quad, cut_crop, load_crops
from reader_data import scene_patches
from reader_net import decode, encode

KINDS = ("whole", "cut off", "not a plate")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="../shared/data")
    parser.add_argument("--model", default="models/reader.onnx")
    parser.add_argument("--split", default="val")
    parser.add_argument("--drawn", type=int, default=150, help="drawn plates a row of the robustness table")
    parser.add_argument("--json", help="file for the numbers")
    parser.add_argument("--errors", help="PNG contact sheet of the misread crops")
    args = parser.parse_args()
    read = reader(args.model)
    records = load_crops(args.data, args.split)
    scores = real_scores(read, records, args.errors)
    scores["kind"] = kind_scores(read, records, scene_patches(args.data, np.random.default_rng(4), 600, args.split))
    if args.drawn:
        scores["drawn"] = drawn_scores(read, args.drawn)
    print(json.dumps(scores, indent=1))
    if args.json:
        with open(args.json, "w", encoding="utf8") as file:
            json.dump(scores, file, indent=1)


def reader(path):
    """A function of crops uint8 [N, 64, 160, 3] giving the outputs {name: array} of an ONNX file."""
    runner = Runner(onnx.load(path))

    def read(crops):
        parts = [runner({"crop": np.stack(crops[i:i + 32])}) for i in range(0, len(crops), 32)]
        return {k: np.concatenate([p[k] for p in parts]) for k in parts[0]}
    return read


def real_scores(read, records, errors=None):
    """Shares of exact reads in %, by text source, set and lines; calibration error; what `kind` says."""
    records = [r for r in records if not r.get("unreadable")]
    out = read([cut_crop(r["pixels"], box_quad(r, 0 if r["set"] == "ccpd" else .05)) for r in records])
    texts = [decode(row) for row in out["chars"].argmax(-1)]
    labelled = [i for i, r in enumerate(records) if r.get("text")]
    right = {i: texts[i] == records[i]["text"] for i in labelled}
    groups = {}
    for i in labelled:
        r = records[i]
        for name in (r["text_source"], "set " + r["set"], "two lines" if r.get("lines") == 2 else "one line", "all"):
            groups.setdefault(name, []).append(right[i])
    scores = {"exact": {k: [round(100 * float(np.mean(v)), 2), len(v)] for k, v in sorted(groups.items())}}
    target = np.zeros(out["chars"].shape[:2], int)
    for i in labelled:
        code = encode(records[i]["text"])[:target.shape[1]]
        target[i, :len(code)] = code
    scores["ece"] = round(100 * calibration_error(out["chars"][labelled], target[labelled]), 2)
    scores["whole"] = round(100 * float(np.mean(out["kind"][labelled].argmax(-1) == 0)), 2)
    scores["confident"] = confident(out, labelled, right)
    if errors:
        contact_sheet([(records[i], texts[i]) for i in labelled if not right[i]], errors)
    return scores


def kind_scores(read, records, patches):
    """% of crops told apart: whole plates kept, cut plates (a third of the width gone) and pieces of scenes refused."""
    plates = [r for r in records if r.get("text")]
    cut = []
    for i, r in enumerate(plates):
        quad = box_quad(r)
        quad[[0, 3] if i % 2 else [1, 2], 0] += (1 if i % 2 else -1) * r["box"][2] / 3
        cut.append(cut_crop(r["pixels"], quad))
    whole = read([cut_crop(r["pixels"], box_quad(r)) for r in plates])["kind"].argmax(-1)
    return {"whole kept": round(100 * float(np.mean(whole == 0)), 1),
            "cut refused": round(100 * float(np.mean(read(cut)["kind"].argmax(-1) != 0)), 1),
            "scene pieces refused": round(100 * float(np.mean(read([cv2.resize(p, (WIDTH, HEIGHT)) for p in patches])["kind"].argmax(-1) != 0)), 1)}


def confident(out, labelled, right):
    """At thresholds of the smallest character probability: [threshold, % of plates above it, % of those wrong]."""
    best, rows = out["chars"].max(-1), []
    used = out["chars"].argmax(-1) > 0
    low = np.where(used, best, 1).min(1)
    for threshold in (.5, .7, .9, .95, .99):
        above = [i for i in labelled if low[i] >= threshold]
        wrong = np.mean([not right[i] for i in above]) if above else 0
        rows.append([threshold, round(100 * len(above) / len(labelled), 1), round(100 * float(wrong), 2)])
    return rows


def calibration_error(chars, target, bins=15):
    """Expected calibration error of the characters (slots that hold or claim one), equal-width bins (Guo et al. 2017)."""
    best, sure = chars.argmax(-1), chars.max(-1)
    used = (best > 0) | (target > 0)
    hit, sure = (best == target)[used], sure[used]
    place = np.minimum((sure * bins).astype(int), bins - 1)
    return sum(abs(hit[place == b].sum() - sure[place == b].sum()) for b in range(bins)) / max(1, len(sure))


def drawn_scores(read, count):
    """{condition: [% exact, % exact when O counts as 0 and I as 1]} on the same `count` drawn plates, 24 px high where not said.

    Many drawn formats leave it to chance whether O or 0 is meant, and many faces draw them alike: hence the second number.
    """
    rows = {f"height {h} px": (lambda s, r: s, h, 0, True) for h in (8, 10, 12, 14, 16, 20, 24, 30)}
    rows.update({f"motion blur {n} px": (lambda s, r, n=n: motion_blur(s, n, 5), 24, 0, True) for n in (3, 5, 7, 9)})
    rows.update({f"focus blur sigma {n} px": (lambda s, r, n=n: focus_blur(s, n), 24, 0, True) for n in (.7, 1, 1.5, 2)})
    rows.update({f"tilt {n} degrees, straightened": (lambda s, r: s, 24, n, True) for n in (10, 20, 30)})
    rows.update({f"tilt {n} degrees, box only": (lambda s, r: s, 24, n, False) for n in (5, 10)})
    rows.update({f"light {n} %": (lambda s, r, n=n: noise(night(s, n / 100), r, 3), 24, 0, True) for n in (50, 25, 10, 5)})
    rows.update({f"noise {n} levels": (lambda s, r, n=n: noise(s, r, n), 24, 0, True) for n in (10, 20, 40)})
    rows["contrast 25 %"] = (lambda s, r: expose(s, .25, 0, 1), 24, 0, True)
    rows["infrared grey"] = (lambda s, r: cv2.merge([cv2.cvtColor(s, cv2.COLOR_RGB2GRAY)] * 3), 24, 0, True)
    rows["JPEG quality 30"] = (lambda s, r: jpeg(s, 30), 24, 0, True)
    rng, scores = np.random.default_rng(2026), {}
    plates = [draw_plate(rng) for _ in range(count)]
    for name, (worse, height, tilt, straight) in rows.items():
        sides = [np.random.default_rng(i) for i in range(count)]
        crops = [photograph(p.image, height, tilt, straight, lambda s, r=r, worse=worse: worse(s, r), r) for p, r in zip(plates, sides)]
        pairs = [(decode(b), p.text) for b, p in zip(read(crops)["chars"].argmax(-1), plates)]
        alike = [[t.replace("O", "0").replace("I", "1") for t in pair] for pair in pairs]
        scores[name] = [round(100 * float(np.mean([a == b for a, b in kind])), 1) for kind in (pairs, alike)]
    return scores


def photograph(image, height, tilt, straight, worse, rng):
    """The plate as a camera with `height` px on it gives it: seen slightly from the side, noise 2, JPEG 90, then cut.

    `straight`: the tilt (degrees) is taken out by the corners; else the crop is the axis-aligned box around the plate.
    """
    size = np.float32([max(8, image.shape[1] * height / image.shape[0]), height])
    a = np.deg2rad(tilt)
    corners = (UNIT - .5) * size @ np.float32([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])
    corners += rng.normal(0, .02, (4, 2)) * size
    corners += .5 * size.max() * 1.6
    sheet = np.full((int(size.max() * 1.6), int(size.max() * 1.6), 3), 90, np.uint8)
    small = cv2.resize(image, (int(size[0] * 1.4), int(size[1] * 1.4)), interpolation=cv2.INTER_AREA)
    matrix = cv2.getPerspectiveTransform(UNIT * np.float32(small.shape[1::-1]), np.float32(corners))
    cv2.warpPerspective(small, matrix, sheet.shape[1::-1], dst=sheet, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_TRANSPARENT)
    sheet = jpeg(noise(worse(sheet), rng, 2), 90)
    if not straight:
        low, high = corners.min(0), corners.max(0)
        corners = UNIT * (high - low) + low
    centre = corners.mean(0)
    return cut_crop(sheet, (corners - centre) * 1.1 + centre, HEIGHT, WIDTH)


def contact_sheet(pairs, path, columns=8):
    """PNG of misread crops with the truth and the reading below each."""
    tiles = []
    for record, text in pairs[:160]:
        tile = np.zeros((96, 164, 3), np.uint8)
        tile[:64, :160] = cut_crop(record["pixels"], box_quad(record))
        cv2.putText(tile, record["text"] + " " + record["text_source"][:1], (2, 77), 0, .42, (120, 255, 120), 1)
        cv2.putText(tile, text, (2, 92), 0, .42, (255, 120, 120), 1)
        tiles.append(tile)
    while len(tiles) % columns:
        tiles.append(np.zeros((96, 164, 3), np.uint8))
    rows = [np.hstack(tiles[i:i + columns]) for i in range(0, len(tiles), columns)]
    if rows:
        cv2.imwrite(path, cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR))


if __name__ == "__main__":
    main()
