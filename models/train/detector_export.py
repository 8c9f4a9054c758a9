"""Writes the detector as ONNX: float (for comparison) and INT8 (shipped), calibrated on training scenes.

    python3 detector_export.py --checkpoint /tmp/train-detector/detector.ckpt --data ../../../shared/data --out /tmp/train-detector
    --ship copies the INT8 graph to models/detector.onnx and notes it in models/manifest.json;
    --weights FILE.pt also writes half-precision weights to go on from.
"""
import argparse
import os
import shutil
import warnings

import numpy as np
import onnx
import torch

import manifest
from detector_eval import letterbox, trained
from detector_model import Exported, macs, parameters
from quantise import quantise
from scenes import Cache
from weights import mean_of

FLOAT = ("/MatMul", "/refine")   # last layer and second look: tiny, and the most sensitive
THRESHOLD = 0.45


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--checkpoint", default=["/tmp/train-detector/detector.ckpt"], nargs="+", help="of several the mean is taken")
    p.add_argument("--data", default="../shared/data")
    p.add_argument("--out", default="/tmp/train-detector")
    p.add_argument("--samples", type=int, default=48)
    p.add_argument("--ship", action="store_true")
    p.add_argument("--weights")
    a = p.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    net = mean_of([trained(path) for path in a.checkpoint]).eval()
    os.makedirs(a.out, exist_ok=True)
    path = os.path.join(a.out, "detector-fp32.onnx")
    torch.onnx.export(Exported(net), torch.zeros(1, 384, 640, 3, dtype=torch.uint8), path, opset_version=13,
                      input_names=["image"], output_names=["plates", "features"],
                      dynamic_axes={"image": {1: "height", 2: "width"}, "features": {2: "height32", 3: "width32"}})
    small = quantise(onnx.load(path), samples(a), keep_float=FLOAT)
    small.producer_name, small.producer_version = "plategate", ""
    onnx.save(small, os.path.join(a.out, "detector.onnx"))
    print(f"{parameters(net)} parameters, {macs(net) / 1e6:.0f} M multiply-accumulates at 640x384, "
          f"{os.path.getsize(os.path.join(a.out, 'detector.onnx'))} bytes INT8")
    if a.weights:
        os.makedirs(os.path.dirname(os.path.abspath(a.weights)), exist_ok=True)
        torch.save(dict(net={k: v.half() if v.is_floating_point() else v for k, v in net.state_dict().items()},
                        config=net.config), a.weights)
    if a.ship:
        shutil.copyfile(os.path.join(a.out, "detector.onnx"), os.path.join(manifest.MODELS, "detector.onnx"))
        manifest.update("detector", dict(
            file="detector.onnx", sha256=manifest.sha256("detector.onnx"),
            input="image: uint8 [1,H,W,3] RGB; H, W multiples of 32 from 64, usually 384x640; scaled to fit, padded right and below with 114",
            output="plates: float32 [1,64,13] by falling score: score, x0, y0, x1, y1, corners tl, tr, br, bl (x, y), input pixels, "
                   f"before non-maximum suppression; features: float32 [1,{net.config['c32']},H/32,W/32]",
            threshold=THRESHOLD, parameters=parameters(net), macs=macs(net), licence="see the repository's licence",
            trainingData="shared scenes (open-lpr Apache-2.0, robertlucian MIT, Open Images CC BY through techkhid, chirag-anpr "
                         "MIT/Apache-2.0) and rendered plates and scenes; no pretrained weights"))


def samples(a):
    """Every n-th training scene as the caller would hand it in, every fourth one dark."""
    cache = Cache(a.data, "train", a.out)
    for k, i in enumerate(np.linspace(0, len(cache) - 1, a.samples).astype(int)):
        image, _ = letterbox(cache.image(i))
        yield {"image": (image // 4 if k % 4 == 3 else image)[None]}


if __name__ == "__main__":
    main()
