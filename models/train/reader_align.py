"""Finds where each character stands in the labelled crops, for `reader_cells.py`.

    python3 reader_align.py --data ../../../shared/data --checkpoint /tmp/reader/checkpoint.pt --out /tmp/reader/cells.json

The file holds {image: centres}, a share of the widened box's width from its left edge; the lower line of two adds 1.
The reader's own CTC head is aligned with the known text (Viterbi, Graves et al. 2006), so a half-trained reader is enough.
"""
import argparse
import json

import numpy as np
import torch

from reader_crops import box_quad, cut_crop, load_crops
from reader_export import load_reader
from reader_net import COLUMNS, ROWS, encode


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="../shared/data")
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    net, found = load_reader(args.checkpoint), {}
    records = [r for r in load_crops(args.data, "train") if len(r.get("text", "")) > 2]
    for start in range(0, len(records), 64):
        part = records[start:start + 64]
        crops = torch.from_numpy(np.stack([cut_crop(r["pixels"], box_quad(r)) for r in part]))
        with torch.no_grad():
            tokens = net.features(crops).flatten(2).transpose(1, 2)
            logits = net.ctc(tokens).unflatten(1, (ROWS, COLUMNS))
            one = torch.log_softmax(logits.mean(1), -1).numpy()
            two = torch.log_softmax(logits.unflatten(1, (2, ROWS // 2)).mean(2).flatten(1, 2), -1).numpy()
        for i, record in enumerate(part):
            centres, worst = align((two if record.get("lines") == 2 else one)[i], encode(record["text"]))
            if worst > np.log(.15):
                found[record["image"]] = [round(c / COLUMNS, 4) for c in centres]
    with open(args.out, "w", encoding="utf8") as file:
        json.dump(found, file)
    print(f"{len(found)} of {len(records)} crops aligned")


def align(score, code):
    """(character centres in columns, smallest log probability of a character) of the best CTC path; score [T, C] is logarithmic."""
    states = [0]
    for c in code:
        states += [c, 0]
    steps, n = len(score), len(states)
    best, back = np.full((steps, n), -1e9), np.zeros((steps, n), int)
    best[0, :2] = score[0, states[:2]]
    for t in range(1, steps):
        for s in range(n):
            came = [s, s - 1] if s else [s]
            if s > 1 and states[s] and states[s] != states[s - 2]:
                came.append(s - 2)
            k = max(came, key=lambda j: best[t - 1, j])
            best[t, s], back[t, s] = best[t - 1, k] + score[t, states[s]], k
    s = n - 1 if best[-1, -1] > best[-1, -2] else n - 2
    sums, peaks = np.zeros((len(code), 2)), np.full(len(code), -99.0)
    for t in range(steps - 1, -1, -1):
        if states[s]:
            p = score[t, states[s]]
            sums[s // 2] += np.exp(p) * np.array([t + .5, 1])
            peaks[s // 2] = max(peaks[s // 2], p)
        s = back[t, s]
    return sums[:, 0] / np.maximum(sums[:, 1], 1e-9), float(peaks.min())


if __name__ == "__main__":
    main()
