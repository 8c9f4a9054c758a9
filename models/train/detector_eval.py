"""Scores a detector: recall, false plates per picture, corner error; by set, by plate size, by threshold.

    python3 detector_eval.py --model ../detector.onnx --data ../../../shared/data            real scenes of the val split
    python3 detector_eval.py --model ../detector.onnx --data ... --rendered 300              painted plates, known corners
    --sheet FILE.png draws the pictures with misses and false plates. A .ckpt or .pt file may stand for the model.
"""
import argparse
import json
import os

import cv2
import numpy as np
import onnx
import torch

from detector_model import Detector, Exported
from onnx_run import Runner

W, H, PAD = 640, 384, 114


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--model", default=os.path.join(os.path.dirname(__file__), "..", "detector.onnx"))
    p.add_argument("--data", default="../shared/data")
    p.add_argument("--out", default="/tmp/train-detector", help="cache of decoded scenes (rendered mode)")
    p.add_argument("--split", default="val")
    p.add_argument("--threshold", type=float, default=0.45)
    p.add_argument("--rendered", type=int, default=0)
    p.add_argument("--limit", type=int, default=0)
    p.add_argument("--sheet")
    a = p.parse_args()
    predict = load(a.model)
    if a.rendered:
        score_rendered(predict, a)
    else:
        score_real(predict, a)


def load(path):
    """-> function uint8 [H,W,3] RGB -> float [k,13] after non-maximum suppression, by falling score."""
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    if path.endswith(".onnx"):
        runner = Runner(onnx.load(path))
        return lambda image: suppress(runner({"image": image[None]})["plates"][0])
    graph = Exported(trained(path).eval())

    def run(image):
        with torch.no_grad():
            return suppress(graph(torch.from_numpy(image[None]))[0][0].numpy())
    return run


def trained(path):
    """The detector with the averaged weights of a checkpoint, or with its only ones."""
    saved = torch.load(path, map_location="cpu")
    net = Detector(**saved["config"])
    net.load_state_dict({k: v.float() for k, v in (saved.get("mean") or saved["net"]).items()})
    return net


def letterbox(image, w=W, h=H):
    """Scaled to fit, padded right and below -> (uint8 [h,w,3], scale)."""
    scale = min(w / image.shape[1], h / image.shape[0])
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    out = np.full((h, w, 3), PAD, np.uint8)
    out[:size[1], :size[0]] = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    return out, scale


def iou(a, b):
    """IoU of boxes [n,4] with [m,4] -> [n,m]."""
    low, high = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:], b[None, :, 2:])
    both = np.clip(high - low, 0, None).prod(2)
    area = [np.clip(v[:, 2:] - v[:, :2], 0, None).prod(1) for v in (a, b)]
    return both / np.maximum(area[0][:, None] + area[1][None] - both, 1e-6)


def suppress(rows, overlap=0.4, least=0.02):
    """Greedy non-maximum suppression of rows [k,13], sorted by score."""
    kept = []
    for r in rows[rows[:, 0] >= least]:
        if not kept or iou(r[None, 1:5], np.stack(kept)[:, 1:5]).max() < overlap:
            kept.append(r)
    return np.stack(kept) if kept else np.zeros((0, 13), np.float32)


def score_real(predict, a):
    with open(os.path.join(a.data, "scenes", a.split + ".jsonl")) as f:
        items = [json.loads(line) for line in f]
    if a.limit:
        items = items[::max(1, len(items) // a.limit)]
    plates, extra, tiles = [], [], []
    for item in items:
        image = cv2.cvtColor(cv2.imread(os.path.join(a.data, "scenes", item["image"])), cv2.COLOR_BGR2RGB)
        fitted, scale = letterbox(image)
        found = predict(fitted)
        boxes = np.array([p["box"] for p in item["plates"]], np.float32).reshape(-1, 4) * scale
        boxes[:, 2:] += boxes[:, :2]
        overlap = iou(found[:, 1:5], boxes)
        suspect = np.array([bool(p.get("suspect")) for p in item["plates"]], bool)
        taken, bad = set(), False
        for k, r in enumerate(found):
            best = int(overlap[k].argmax()) if len(boxes) else -1
            if best < 0 or overlap[k, best] < 0.3:
                extra.append((item["set"], r[0]))
                bad |= r[0] >= a.threshold
            taken.add(best)
        for j, box in enumerate(boxes):
            if not suspect[j]:
                scores = [max((r[0] for k, r in enumerate(found) if overlap[k, j] >= t), default=0.0) for t in (0.3, 0.5)]
                plates.append((item["set"], box[2] - box[0], *scores))
                bad |= scores[1] < a.threshold
        if a.sheet and bad:
            tiles.append(draw(fitted, found[found[:, 0] >= a.threshold], boxes, item["image"]))
    print(f"{a.model}: {len(items)} pictures, {len(plates)} plates without the suspect ones")
    for t in sorted({0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, a.threshold}):
        print(f"threshold {t:.2f}: recall IoU .3 {share(p[2] >= t for p in plates)}  IoU .5 {share(p[3] >= t for p in plates)}  "
              f"unlabelled or false per picture {sum(s >= t for _, s in extra) / len(items):.3f}")
    t = a.threshold
    for name in sorted({p[0] for p in plates}):
        own = [p for p in plates if p[0] == name]
        n = sum(i["set"] == name for i in items)
        print(f"  {name:14} {len(own):4} plates: IoU .3 {share(p[2] >= t for p in own)}  IoU .5 {share(p[3] >= t for p in own)}  "
              f"unlabelled or false {sum(s >= t for m, s in extra if m == name) / n:.3f}")
    for low, high in ((0, 24), (24, 48), (48, 96), (96, 192), (192, 640)):
        own = [p for p in plates if low <= p[1] < high]
        if own:
            print(f"  width {low:3}-{high:3} px {len(own):4} plates: IoU .3 {share(p[2] >= t for p in own)}  IoU .5 {share(p[3] >= t for p in own)}")
    if a.sheet:
        sheet(tiles, a.sheet)


def score_rendered(predict, a):
    """Pictures of the training stream with another seed and the scenes of the split: box recall and corner distance."""
    from scene_stream import Maker
    maker, rng = Maker(a.data, a.out, split=a.split), np.random.default_rng(20260101)
    rows, extra, tiles = [], 0, []
    for _ in range(a.rendered):
        image, labels = maker.picture(rng, W, H)
        found = predict(np.ascontiguousarray(image))
        boxes = np.stack(labels)[:, :4] if labels else np.zeros((0, 4), np.float32)
        overlap, bad = iou(found[:, 1:5], boxes), False
        for k, r in enumerate(found):
            lonely = r[0] >= a.threshold and (len(boxes) == 0 or overlap[k].max() < 0.3)
            extra += lonely
            bad |= lonely
        for j, label in enumerate(labels):
            if not label[13]:
                continue
            hit = [r for k, r in enumerate(found) if overlap[k, j] >= 0.5 and r[0] >= a.threshold]
            error = None
            if hit and label[12] == 1.0:
                away = np.hypot(*(hit[0][5:] - label[4:12]).reshape(4, 2).T)
                error = away.mean() / np.hypot(*(label[6:8] - label[4:6]))
            rows.append((label[2] - label[0], bool(hit), error))
            bad |= not hit
        if a.sheet and bad:
            tiles.append(draw(image, found[found[:, 0] >= a.threshold], boxes, ""))
    print(f"{a.model}: {a.rendered} painted pictures, {len(rows)} plates, recall IoU .5 {share(r[1] for r in rows)}, "
          f"false per picture {extra / a.rendered:.3f} at threshold {a.threshold}")
    for low, high in ((9, 24), (24, 48), (48, 96), (96, 192), (192, 640), (9, 640)):
        own = [r for r in rows if low <= r[0] < high]
        errors = np.array([r[2] for r in own if r[2] is not None])
        if len(errors):
            print(f"  width {low:3}-{high:3} px: {len(own):4} plates, recall {share(r[1] for r in own)}, corner distance over plate "
                  f"width: median {100 * np.median(errors):.1f} %, mean {100 * errors.mean():.1f} %, within 3 % {share(errors < 0.03)}")
    if a.sheet:
        sheet(tiles, a.sheet)


def share(flags):
    flags = list(flags)
    return f"{100 * sum(map(bool, flags)) / max(1, len(flags)):5.1f} %"


def draw(image, found, boxes, name):
    image = image.copy()
    for b in boxes:
        cv2.rectangle(image, tuple(int(v) for v in b[:2]), tuple(int(v) for v in b[2:4]), (0, 255, 0), 2)
    for r in found:
        cv2.rectangle(image, tuple(int(v) for v in r[1:3]), tuple(int(v) for v in r[3:5]), (255, 0, 0), 1)
        cv2.polylines(image, [r[5:].reshape(4, 1, 2).astype(np.int32)], True, (255, 0, 255), 1)
        cv2.putText(image, f"{r[0]:.2f}", (int(r[1]), int(r[2]) - 3), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 0), 1)
    cv2.putText(image, name[-28:], (4, H - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255, 255, 255), 1)
    return image


def sheet(tiles, path, columns=4):
    if tiles:
        tiles = tiles[:24] + [np.zeros_like(tiles[0])] * (-len(tiles[:24]) % columns)
        rows = [np.hstack(tiles[i:i + columns]) for i in range(0, len(tiles), columns)]
        cv2.imwrite(path, np.vstack(rows)[:, :, ::-1])


if __name__ == "__main__":
    main()
