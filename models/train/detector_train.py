"""Trains the plate detector on CPU (bf16 where it is fast) or CUDA; ends after --minutes or --seconds and can go on from its checkpoint.

    OMP_NUM_THREADS=1 python3 detector_train.py --data ../../../shared/data --out /tmp/train-detector --minutes 100
On a GPU: --views 0.5 --echo 10 --batch 256 --workers 7 (see README.md). SIGTERM saves and ends with status 0.
"""
import argparse
import copy
import json
import math
import os
import signal
import sys
import time

import torch

from detector_loss import losses
from detector_model import Detector
from machine import fast_bf16
from rounded import RoundedConv2d
from scene_feed import Feed

NAMES = ("score", "box", "corner", "score2", "box2", "corner2")


def main():
    began, a = time.time(), arguments()
    os.makedirs(a.out, exist_ok=True)
    path = os.path.join(a.out, "detector.ckpt")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    state = {"step": 0, "seconds": 0.0, "phase": 0}
    saved = torch.load(path, map_location="cpu") if os.path.exists(path) else None
    if saved:
        state = saved["state"]
    torch.manual_seed(a.seed + state["step"])
    feed = Feed(a, device, a.seed + state["step"])
    torch.backends.cudnn.benchmark = True
    net = Detector(**json.loads(a.config)).to(device, memory_format=torch.channels_last)
    if a.start and not saved:
        begin = torch.load(a.start, map_location=device)
        net.load_state_dict({k: v.float() for k, v in begin["mean" if "mean" in begin else "net"].items()}, strict=False)
    mean = copy.deepcopy(net).eval()
    optimiser = torch.optim.AdamW(groups(net), lr=a.rate, betas=(0.9, 0.98), **({"fused": True} if device.type == "cuda" else {}))
    if saved:
        restore(saved, net, mean, optimiser)
    stop = []
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.append(1))
    try:
        train(a, feed, net, mean, optimiser, state, path, stop, began)
    except RuntimeError:      # a signal to the whole process group ends the workers as well
        if not stop:
            raise
    save(path, net, mean, optimiser, state)
    print(f"{time.strftime('%H:%M:%S')} {'stopped' if stop else 'done'} at step {state['step']}, {state['seconds']:.0f} s; saved", flush=True)
    feed.stop()
    sys.stdout.flush()
    os._exit(0)    # neither the feeding thread nor the workers can hold up the end


def train(a, feed, net, mean, optimiser, state, path, stop, began):
    """Steps until the budget is used or a signal came; with --seconds the time since `began` counts."""
    device, half = next(net.parameters()).device, fast_bf16()
    shapes = [(a.batch, 384, 256), (max(4, int(a.batch * 0.4)), 640, 384)]
    budget = a.seconds or a.minutes * 60.0
    pairs = [(m, n) for m, n in zip(mean.state_dict().values(), net.state_dict().values())]
    total, steps, seen, last_saved = torch.zeros(len(NAMES), device=device), 0, 0, time.time()
    clock = began if a.seconds else time.time()
    while state["seconds"] < budget and not stop:
        phase = state["phase"] = int(state["seconds"] > budget * (1 - a.full))
        RoundedConv2d.rounded = state["seconds"] > budget * (1 - a.rounded)
        images, labels, counts = feed.next(*shapes[phase])
        rate = schedule(state["step"], state["seconds"] / budget, a)
        for g in optimiser.param_groups:
            g["lr"] = rate
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=half):
            logit, numbers, rows = net(images)
        parts = losses(net, logit, numbers, rows, labels, counts)
        optimiser.zero_grad(set_to_none=True)
        sum(parts.values()).backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        follow(pairs, min(a.keep, (1 + state["step"]) / (20 + state["step"])))
        state["step"] += 1
        total += torch.stack([parts[k].detach() for k in NAMES])
        steps, seen = steps + 1, seen + len(images)
        now = time.time()
        state["seconds"] += now - clock if a.seconds else min(now - clock, 30.0)
        clock = now
        if state["step"] % 50 == 0 or state["seconds"] >= budget or stop:
            means, steps = (total / steps).tolist(), 0    # the only wait for the device besides those of the losses
            total.zero_()
            if not all(map(math.isfinite, means)):
                print("losses are not finite: back to the last checkpoint", flush=True)
                if not os.path.exists(path):
                    raise SystemExit("no checkpoint to go back to")
                restore(torch.load(path, map_location="cpu"), net, mean, optimiser)
            print(f"{time.strftime('%H:%M:%S')} step {state['step']} min {state['seconds'] / 60:.1f} lr {rate:.2e} "
                  + " ".join(f"{k} {v:.3f}" for k, v in zip(NAMES, means)) + f" seen {seen}{feed.report()}", flush=True)
            if time.time() - last_saved > 60 and all(map(math.isfinite, means)):
                save(path, net, mean, optimiser, state)
                last_saved = time.time()


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--data", default="../shared/data")
    p.add_argument("--out", default="/tmp/train-detector")
    p.add_argument("--minutes", type=float, default=100)
    p.add_argument("--seconds", type=float, default=0, help="instead of --minutes: wall time of the run, start-up included")
    p.add_argument("--batch", type=int, default=32)
    p.add_argument("--rate", type=float, default=2e-3)
    p.add_argument("--full", type=float, default=0.2, help="share of the time at full 640x384")
    p.add_argument("--rounded", type=float, default=0.2, help="last part of the run that sees weights and activations as INT8 does")
    p.add_argument("--workers", type=int, default=1)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--config", default="{}", help="JSON: entries of detector_model.DEFAULT to change")
    p.add_argument("--start", help="weights to begin with, such as checkpoints/detector.pt")
    p.add_argument("--views", type=float, default=0.0, help="share of a batch seen in real scenes on the device")
    p.add_argument("--echo", type=float, default=1.0, help="mean uses of a picture made by the workers; more views fill up what this leaves")
    p.add_argument("--ring", type=int, default=8192 if torch.cuda.is_available() else 512, help="pictures of the workers kept, 1 MB each")
    p.add_argument("--scenes", type=int, default=0, help="views of this many scenes only (tests)")
    p.add_argument("--keep", type=float, default=0.999 if torch.cuda.is_available() else 0.998, help="decay of the moving average")
    return p.parse_args()


def groups(net):
    """Weight decay on convolution and linear weights only."""
    decay = [p for p in net.parameters() if p.dim() > 1]
    return [{"params": decay, "weight_decay": 0.02}, {"params": [p for p in net.parameters() if p.dim() == 1], "weight_decay": 0.0}]


def schedule(step, done, a):
    """Linear warm-up over 300 steps, then cosine down to a hundredth."""
    return a.rate * min(1.0, (step + 1) / 300) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, done))))


@torch.no_grad()
def follow(pairs, keep):
    """Exponential moving average of all weights and batch-norm statistics: pairs (mean, net) of tensors."""
    mean, net = zip(*[p for p in pairs if p[0].is_floating_point()])
    torch._foreach_mul_(mean, keep)
    torch._foreach_add_(mean, net, alpha=1 - keep)


def restore(saved, net, mean, optimiser):
    """Loads a checkpoint; the optimiser keeps its own way of computing (fused on CUDA only)."""
    net.load_state_dict(saved["net"])
    mean.load_state_dict(saved["mean"])
    own = [{k: v for k, v in g.items() if k in ("fused", "foreach", "capturable")} for g in optimiser.param_groups]
    optimiser.load_state_dict(saved["optimiser"])
    for g, kept in zip(optimiser.param_groups, own):
        g.update(kept)


def save(path, net, mean, optimiser, state):
    torch.save(dict(net=net.state_dict(), mean=mean.state_dict(), optimiser=optimiser.state_dict(), state=state,
                    config=net.config), path + ".new")
    os.replace(path + ".new", path)


if __name__ == "__main__":
    main()
