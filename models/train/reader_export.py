"""Exports the reader: calibrates its probabilities, writes reader-fp32.onnx, reader.onnx (INT8) and reader.pt.

    python3 reader_export.py --data ../../../shared/data --checkpoint /tmp/reader/checkpoint.pt --out /tmp/reader --install ..

The temperature (Guo et al. 2017, "On Calibration of Modern Neural Networks") is fitted on the held-out part of the
training crops and folded into the graph. `--install DIR` copies reader.onnx there and the weights to
train/checkpoints/reader.pt below it.
"""
import argparse
import os
import shutil

import numpy as np
import onnx
import torch
from torch import nn

from plate_styles import REGIONS
from quantise import quantise
from reader_crops import box_quad, cut_crop, held_out, load_crops
from reader_data import Samples
from reader_net import HEIGHT, SLOTS, WIDTH, Reader, encode
from weights import mean_of


class Exported(nn.Module):
    """The reader with probabilities instead of logits: (chars, kind, lines, region)."""

    def __init__(self, net, heat, kind_heat):
        super().__init__()
        self.net, self.heat, self.kind_heat = net, heat, kind_heat

    def forward(self, crop):
        out = self.net(crop)
        return (torch.softmax(out["chars"] * (1 / self.heat), -1), torch.softmax(out["kind"] * (1 / self.kind_heat), -1),
                torch.softmax(out["lines"], -1), torch.softmax(out["region"], -1))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="../shared/data")
    parser.add_argument("--checkpoint", required=True, nargs="+", help="checkpoint.pt of reader_train.py, or checkpoints/reader.pt; of several the mean is taken")
    parser.add_argument("--out", required=True)
    parser.add_argument("--install", help="models folder to copy reader.onnx and the weights to")
    parser.add_argument("--calibration", type=int, default=384, help="samples for the INT8 ranges")
    args = parser.parse_args()
    os.makedirs(args.out, exist_ok=True)
    net = mean_of([load_reader(path) for path in args.checkpoint])
    heat = fit_temperature(net, args.data)
    print(f"temperature {heat:.3f}")
    path = os.path.join(args.out, "reader-fp32.onnx")
    export(Exported(net, heat, 1.0), path)
    samples = Samples(args.data, 77)
    crops = [samples.draw() ["crop"] for _ in range(args.calibration)]
    batches = [{"crop": np.stack(crops[i:i + 32])} for i in range(0, len(crops), 32)]
    # The first convolution has little to do, and its rounding would go through all the others.
    model = quantise(onnx.load(path), batches, keep_float=("/net/body/body.0",))
    small = os.path.join(args.out, "reader.onnx")
    onnx.save(model, small)
    weights = os.path.join(args.out, "reader.pt")
    torch.save({"model": {k: v.half() if v.dtype == torch.float32 else v for k, v in net.state_dict().items()}}, weights)
    for file in (path, small, weights):
        print(f"{file} {os.path.getsize(file) / 1e6:.2f} MB")
    if args.install:
        os.makedirs(os.path.join(args.install, "train", "checkpoints"), exist_ok=True)
        shutil.copy(small, os.path.join(args.install, "reader.onnx"))
        shutil.copy(weights, os.path.join(args.install, "train", "checkpoints", "reader.pt"))


def load_reader(path):
    """The reader with the averaged weights of a checkpoint (or its only weights), ready to read."""
    saved = torch.load(path, map_location="cpu")
    net = Reader(len(REGIONS))
    net.load_state_dict({k: v.float() if v.dtype == torch.float16 else v for k, v in (saved.get("mean") or saved["model"]).items()})
    return net.eval()


def fit_temperature(net, data, views=4):
    """The temperature with the smallest negative log likelihood of the characters of held-out crops, several views of each."""
    crops = [c for c in load_crops(data, "train") if held_out(c) and c.get("text") and len(c["text"]) <= SLOTS]
    samples = Samples(None, 5)
    pixels, targets = [cut_crop(c["pixels"], box_quad(c)) for c in crops], [c["text"] for c in crops]
    for record in crops:
        samples.crops, samples.weights = [record], np.array([1.0])
        for _ in range(views):
            view = samples.real_crop(.2)
            if view["text"]:
                pixels.append(view["crop"])
                targets.append(view["text"])
    with torch.no_grad():
        logits = torch.cat([net(torch.from_numpy(np.stack(pixels[i:i + 64])))["chars"] for i in range(0, len(pixels), 64)])
    codes = np.zeros((len(targets), SLOTS), np.int64)
    for i, text in enumerate(targets):
        codes[i, :len(text)] = encode(text)
    codes = torch.from_numpy(codes)
    used = (codes > 0) | (logits.argmax(-1) > 0)
    heats = np.exp(np.linspace(np.log(.5), np.log(3), 60))
    costs = [nn.functional.cross_entropy(logits[used] / h, codes[used]).item() for h in heats]
    return float(heats[int(np.argmin(costs))])


def export(module, path):
    """Writes the ONNX graph with a free batch size (opset 13, so that Debian's exporter and old engines know it)."""
    names = ["chars", "kind", "lines", "region"]
    torch.onnx.export(module.eval(), torch.zeros(1, HEIGHT, WIDTH, 3, dtype=torch.uint8), path, opset_version=13, input_names=["crop"],
                      output_names=names, dynamic_axes={n: {0: "n"} for n in ["crop", *names]})


if __name__ == "__main__":
    main()
