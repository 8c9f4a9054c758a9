"""Trains the plate detector on CPU (bf16) or CUDA; stops after --minutes and can go on from its checkpoint.

    OMP_NUM_THREADS=1 python3 detector_train.py --data ../../../shared/data --out /tmp/train-detector --minutes 100
"""
import argparse
import copy
import math
import os
import time

import torch

from detector_loss import losses
from detector_model import Detector
from machine import fast_bf16
from scene_stream import Stream


def main():
    a = arguments()
    os.makedirs(a.out, exist_ok=True)
    torch.manual_seed(a.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    net = Detector().to(device, memory_format=torch.channels_last)
    path = os.path.join(a.out, "detector.ckpt")
    state = {"step": 0, "seconds": 0.0, "phase": 0}
    if a.start and not os.path.exists(path):
        saved = torch.load(a.start, map_location=device)
        net.load_state_dict({k: v.float() for k, v in saved.get("mean", saved["net"]).items()}, strict=False)
    mean = copy.deepcopy(net).eval()
    optimiser = torch.optim.AdamW(groups(net), lr=a.rate, betas=(0.9, 0.98))
    if os.path.exists(path):
        saved = torch.load(path, map_location=device)
        net.load_state_dict(saved["net"])
        mean.load_state_dict(saved["mean"])
        optimiser.load_state_dict(saved["optimiser"])
        state = saved["state"]
    budget, half = a.minutes * 60.0, fast_bf16()
    shapes = [(384, 256, a.batch, 0.2), (640, 384, max(4, int(a.batch * 0.4)), 0.35)]
    batches, phase, last_saved, shown = None, -1, time.time(), []
    while state["seconds"] < budget:
        started = time.time()
        if phase != int(state["seconds"] > budget * (1 - a.full)):
            phase = int(state["seconds"] > budget * (1 - a.full))
            w, h, batch, whole = shapes[phase]
            stream = Stream(dict(data=a.data, folder=a.out, whole=whole), batch, w, h, a.seed + 1000 * phase + state["step"])
            batches = iter(torch.utils.data.DataLoader(stream, batch_size=None, num_workers=a.workers, prefetch_factor=4))
        images, labels, counts = next(batches)
        rate = schedule(state["step"], state["seconds"] / budget, a)
        for g in optimiser.param_groups:
            g["lr"] = rate
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=half):
            logit, numbers, rows = net(images.to(device))
        parts = losses(net, logit, numbers, rows, labels.to(device), counts.to(device))
        loss = sum(parts.values())
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        follow(mean, net, min(0.998, (1 + state["step"]) / (20 + state["step"])))
        state["step"] += 1
        state["seconds"] += min(time.time() - started, 30.0)
        shown.append([float(v) for v in parts.values()])
        if state["step"] % 50 == 0:
            means = [sum(v) / len(shown) for v in zip(*shown)]
            print(f"{time.strftime('%H:%M:%S')} step {state['step']} min {state['seconds'] / 60:.1f} lr {rate:.2e} "
                  + " ".join(f"{k} {v:.3f}" for k, v in zip(parts, means)), flush=True)
            shown = []
        if time.time() - last_saved > 120 or state["seconds"] >= budget:
            save(path, net, mean, optimiser, state)
            last_saved = time.time()


def arguments():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--data", default="../shared/data")
    p.add_argument("--out", default="/tmp/train-detector")
    p.add_argument("--minutes", type=float, default=100)
    p.add_argument("--batch", type=int, default=32)
    p.add_argument("--rate", type=float, default=2e-3)
    p.add_argument("--full", type=float, default=0.2, help="share of the time at full 640x384")
    p.add_argument("--workers", type=int, default=1)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--start", help="weights to begin with, such as checkpoints/detector.pt")
    return p.parse_args()


def groups(net):
    """Weight decay on convolution and linear weights only."""
    decay = [p for p in net.parameters() if p.dim() > 1]
    return [{"params": decay, "weight_decay": 0.02}, {"params": [p for p in net.parameters() if p.dim() == 1], "weight_decay": 0.0}]


def schedule(step, done, a):
    """Linear warm-up over 300 steps, then cosine down to a hundredth."""
    return a.rate * min(1.0, (step + 1) / 300) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, done))))


@torch.no_grad()
def follow(mean, net, keep):
    """Exponential moving average of all weights and batch-norm statistics."""
    for m, n in zip(mean.state_dict().values(), net.state_dict().values()):
        if m.is_floating_point():
            m.lerp_(n, 1 - keep)
        else:
            m.copy_(n)


def save(path, net, mean, optimiser, state):
    torch.save(dict(net=net.state_dict(), mean=mean.state_dict(), optimiser=optimiser.state_dict(), state=state,
                    config=net.config), path + ".new")
    os.replace(path + ".new", path)


if __name__ == "__main__":
    main()
