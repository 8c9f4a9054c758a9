"""Exports the enhancer: enhancer-fp32.onnx, enhancer.onnx (INT8) and enhancer.pt (weights only).

    python3 enhancer_export.py --data ../../../shared/data --checkpoint /tmp/enhancer/checkpoint.pt --out /tmp/enhancer --ship

`--ship` copies enhancer.onnx to models/ and the weights to checkpoints/, and notes both in manifest.json.
"""
import argparse
import os
import shutil

import numpy as np
import onnx
import torch

import manifest
from enhancer_data import Pairs
from enhancer_net import Exported, load_enhancer
from quantise import quantise
from reader_net import HEIGHT, WIDTH


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="../shared/data")
    parser.add_argument("--checkpoint", required=True, help="checkpoint.pt of enhancer_train.py, or checkpoints/enhancer.pt")
    parser.add_argument("--out", required=True)
    parser.add_argument("--date", default="", help="of the training, for the manifest")
    parser.add_argument("--ship", action="store_true")
    parser.add_argument("--calibration", type=int, default=256, help="crops for the INT8 ranges")
    args = parser.parse_args()
    os.makedirs(args.out, exist_ok=True)
    net = load_enhancer(args.checkpoint)
    path, small, weights = (os.path.join(args.out, n) for n in ("enhancer-fp32.onnx", "enhancer.onnx", "enhancer.pt"))
    export(net, path)
    pairs, crops = Pairs(args.data or None, 77), []
    while len(crops) < args.calibration:
        crops += [p["crop"] for p in pairs.draw()]
    model = quantise(onnx.load(path), [{"crop": np.stack(crops[i:i + 16])} for i in range(0, len(crops), 16)])
    model.producer_name, model.producer_version = "plategate", ""
    onnx.save(model, small)
    torch.save({"model": {k: v.half() for k, v in net.state_dict().items()}}, weights)
    for file in (path, small, weights):
        print(f"{file} {os.path.getsize(file) / 1e3:.0f} kB")
    if args.ship:
        shutil.copy(small, os.path.join(manifest.MODELS, "enhancer.onnx"))
        shutil.copy(weights, os.path.join(manifest.MODELS, "train", "checkpoints", "enhancer.pt"))
        saved = torch.load(args.checkpoint)
        facts = {"date": args.date} if args.date else {}
        manifest.update("enhancer", {
            "file": "enhancer.onnx", "sha256": manifest.sha256("enhancer.onnx"),
            "input": {"name": "crop", "type": "uint8", "shape": ["n", HEIGHT, WIDTH, 3], "layout": "NHWC RGB",
                      "meaning": "straightened plate as the reader takes it"},
            "output": {"better": {"type": "uint8", "shape": ["n", HEIGHT, WIDTH, 3], "meaning": "the same crop, sharper and with more contrast"}},
            "parameters": sum(p.numel() for p in net.parameters()), "macs": macs(net),
            "licence": "same as this repository",
            "trainingData": "as the reader's: drawn plates and labelled real crops, each with a copy made worse; no weights of others",
            **({"steps": saved["step"]} if "step" in saved else {}), **facts,
            "command": "enhancer_train.py, enhancer_export.py as in train/README.md"})


def export(net, path):
    """Writes the ONNX graph with a free batch size."""
    torch.onnx.export(Exported(net).eval(), torch.zeros(1, HEIGHT, WIDTH, 3, dtype=torch.uint8), path, opset_version=13,
                      input_names=["crop"], output_names=["better"], dynamic_axes={"crop": {0: "n"}, "better": {0: "n"}})


def macs(net):
    """Multiply-adds of the convolutions for one crop."""
    total, hooks = [0], []
    for layer in net.modules():
        if isinstance(layer, torch.nn.Conv2d):
            hooks.append(layer.register_forward_hook(lambda m, i, o: total.append(m.weight.numel() * o.shape[2] * o.shape[3])))
    with torch.no_grad():
        net(torch.zeros(1, HEIGHT, WIDTH, 3, dtype=torch.uint8))
    for hook in hooks:
        hook.remove()
    return sum(total)


if __name__ == "__main__":
    main()
