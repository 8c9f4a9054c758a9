"""Writes the reader's entry of models/manifest.json from the scores of reader_eval.py.

    python3 reader_card.py --int8 int8.json --fp32 fp32.json --date 2026-11-23 --samples 400000
"""
import argparse
import json

import torch
from torch import nn

import manifest
from plate_styles import REGIONS
from reader_net import ALPHABET, Reader, SLOTS

ORIGIN = ("Drawn plates of this folder's generator (plates.py); labelled crops of open-lpr (Apache-2.0), robertlucian (MIT), "
          "techkhid (Open Images: annotations CC BY 4.0, photos CC BY 2.0), chirag-anpr (Apache-2.0, doubtful origin of pictures), "
          "ccpd (Apache-2.0 / MIT). No weights of others, no readings of other readers as labels beyond the pack's checked texts.")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--int8", required=True)
    parser.add_argument("--fp32", help="scores of reader-fp32.onnx, for the loss by INT8")
    parser.add_argument("--date", required=True)
    parser.add_argument("--samples", type=int, required=True, help="training samples seen")
    args = parser.parse_args()
    scores = {}
    for name, path in (("int8", args.int8), *([("fp32", args.fp32)] if args.fp32 else [])):
        with open(path, encoding="utf8") as file:
            scores[name] = json.load(file)
    parameters, macs = size()
    manifest.update("reader", {
        "file": "reader.onnx", "sha256": manifest.sha256("reader.onnx"),
        "input": {"name": "crop", "type": "uint8", "shape": ["n", 64, 160, 3], "layout": "NHWC RGB",
                  "meaning": "plate straightened by its corners, widened by 5 % on each side"},
        "output": {"chars": {"shape": ["n", SLOTS, len(ALPHABET) + 1], "meaning": "calibrated probabilities per character, left aligned, 0 = empty"},
                   "kind": {"shape": ["n", 3], "classes": ["whole", "cut off", "not a plate"]},
                   "lines": {"shape": ["n", 2], "classes": ["one", "two"]},
                   "region": {"shape": ["n", len(REGIONS)], "classes": list(REGIONS)}},
        "alphabet": ALPHABET, "parameters": parameters, "macs": macs, "licence": "same as this repository", "trainingData": ORIGIN,
        "samplesSeen": args.samples, "scores": scores, "date": args.date,
        "command": "reader_train.py, reader_export.py, reader_eval.py as in train/README.md"})


def size():
    """(parameters used when reading, multiply-accumulates of the convolutions and linear layers for one crop)."""
    net, macs = Reader(len(REGIONS)).eval(), [0]

    def count(layer, _, out):
        macs[0] += out.numel() * (layer.weight[0].numel() if isinstance(layer, nn.Conv2d) else layer.in_features)
    for layer in net.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            layer.register_forward_hook(count)
    net(torch.zeros(1, 64, 160, 3, dtype=torch.uint8))
    training_only = sum(p.numel() for n, p in net.named_parameters() if n.split(".")[0] in ("ctc", "early"))
    return sum(p.numel() for p in net.parameters()) - training_only, macs[0]


if __name__ == "__main__":
    main()
