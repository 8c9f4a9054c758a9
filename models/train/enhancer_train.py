"""Trains the enhancer: first towards the clean crop, then through a frozen reader towards the right text as well.

    python3 enhancer_train.py --data ../../../shared/data --reader checkpoints/reader.pt --out /tmp/enhancer --minutes 60

`OUT/checkpoint.pt` holds everything; SIGTERM saves and ends, the same command goes on, with another reader if told so. The
learning rate follows a cosine over `--minutes` of wall time. Pixels come first because they teach more a second: a step
through the reader takes three times as long, and its gradient is noise until the enhancer knows what to do.
"""
import argparse
import math
import multiprocessing as mp
import os
import signal
import time

import numpy as np
import torch
from torch.nn import functional as F

from enhancer_data import Pairs
from enhancer_net import Enhancer
from reader_export import load_reader
from reader_net import SLOTS
from reader_ring import Ring
from reader_train import follow, pack, save


def main():
    args = arguments()
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    os.makedirs(args.out, exist_ok=True)
    path = os.path.join(args.out, "checkpoint.pt")
    saved = torch.load(path, map_location="cpu") if os.path.exists(path) else {"step": 0, "spent": 0.0}
    step, spent = saved["step"], saved["spent"]
    # The workers are forked before the GPU is touched, and share what is read from disk once.
    queue, pairs = mp.get_context("fork").Queue(8), Pairs(args.data or None, args.seed)
    for i in range(args.processes):
        mp.get_context("fork").Process(target=feed, args=(queue, args, pairs, args.seed * 1000 + step + i), daemon=True).start()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    net, mean = Enhancer().to(device, memory_format=torch.channels_last), Enhancer().to(device)
    if args.start:
        net.load_state_dict({k: v.float() for k, v in torch.load(args.start, map_location=device)["model"].items()})
    mean.load_state_dict(net.state_dict())
    optimizer = torch.optim.AdamW(net.parameters(), args.rate, weight_decay=1e-3)
    if step:
        net.load_state_dict(saved["model"])
        mean.load_state_dict(saved["mean"])
        optimizer.load_state_dict(saved["optimizer"])
    reader = None
    ring = Ring(queue, args.ring, args.echo, device) if args.echo > 1 else None
    stop = []
    signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
    begun, last_save, totals, none = time.time(), time.time(), [], torch.tensor(float("nan"), device=device)
    while True:
        now = spent + time.time() - begun
        part = now / (60 * args.minutes)
        if part >= 1 or stop:
            break
        for group in optimizer.param_groups:
            group["lr"] = args.rate * min(1.0, (step + 1) / 100) * (.02 + .98 * .5 * (1 + math.cos(math.pi * part)))
        batch = ring.draw(args.batch) if ring else {k: torch.from_numpy(v).to(device) for k, v in queue.get().items()}
        if part >= args.plain and not reader:   # only now: a reader that trains beside this one is better by then
            reader = load_reader(args.reader).to(device, memory_format=torch.channels_last).requires_grad_(False)
        losses = enhancer_losses(net(batch["crop"]), reader, batch, args.reading)
        optimizer.zero_grad(set_to_none=True)
        losses["total"].backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1)
        optimizer.step()
        step += 1
        follow(mean, net, min(.998, (1 + step) / (20 + step)))
        with torch.no_grad():
            before = enhancer_losses(batch["crop"].float(), reader if step % 5 == 0 else None, batch, args.reading)
        totals.append(torch.stack([l[k].detach() if k in l else none for l in (losses, before) for k in ("pixels", "chars", "exact")]))
        if step % args.log == 0:
            t, totals = torch.stack(totals).nanmean(0).tolist(), []
            print(f"{now / 60:6.1f} min step {step} samples {step * args.batch}: pixels {t[0]:.3f} chars {t[1]:.3f} exact {t[2]:.3f}; "
                  f"without: {t[3]:.3f} {t[4]:.3f} {t[5]:.3f}", flush=True)
        if time.time() - last_save > 60 * args.save:
            last_save = time.time()
            save(path, state(net, mean, optimizer, step, now))
    save(path, state(net, mean, optimizer, step, spent + time.time() - begun))


def state(net, mean, optimizer, step, spent):
    """What a checkpoint keeps."""
    return {"model": net.state_dict(), "mean": mean.state_dict(), "optimizer": optimizer.state_dict(), "step": step, "spent": spent}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="../shared/data", help="folder of the real pictures; empty: drawn plates only")
    parser.add_argument("--reader", default="checkpoints/reader.pt", help="checkpoint of the reader to train for")
    parser.add_argument("--out", required=True, help="folder of checkpoint.pt")
    parser.add_argument("--minutes", type=float, default=60, help="wall time of the whole run, earlier parts included")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=4e-3)
    parser.add_argument("--plain", type=float, default=.75, help="part of the run in which only pixels count")
    parser.add_argument("--start", help="weights to begin with (checkpoints/enhancer.pt)")
    # At 1 its noisy gradient undid in 300 steps of 16 what the pixels had taught in 700.
    parser.add_argument("--reading", type=float, default=.1, help="weight of the text against the pixels")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1, help="processes that make pairs")
    parser.add_argument("--echo", type=float, default=1, help="how often each pair is used; for a GPU that is faster than the cores that make pairs")
    parser.add_argument("--ring", type=int, default=60_000, help="pairs kept for --echo, 62 kB each")
    parser.add_argument("--log", type=int, default=100)
    parser.add_argument("--save", type=float, default=3, help="minutes between checkpoints")
    return parser.parse_args()


def feed(queue, args, pairs, seed):
    """Worker: puts batches (dict of arrays) into the queue until it is killed."""
    pairs.rng = pairs.samples.rng = np.random.default_rng(seed)
    pool = []
    while True:
        while len(pool) < 4 * args.batch:
            pool += pairs.draw()
        pairs.rng.shuffle(pool)
        samples, pool = pool[:args.batch], pool[args.batch:]
        queue.put({**pack(samples), "clean": np.stack([s["clean"] for s in samples])})


def enhancer_losses(better, reader, batch, reading):
    """Losses of enhanced crops [N, 64, 160, 3]: distance to the clean crop; with a reader, characters and kind as it sees them."""
    pixels = (plain(better) - plain(batch["clean"].float())).abs().mean()
    if reader is None:
        return {"pixels": pixels, "total": pixels}
    out = reader(better)
    scored = batch["scored"] & (batch["length"] > 0)
    place = torch.arange(SLOTS, device=better.device)[None]
    weight = torch.where(place <= batch["length"][:, None], 1.0, .15) * scored[:, None]
    chars = (F.cross_entropy(out["chars"].transpose(1, 2), batch["chars"], reduction="none") * weight).sum() / weight.sum().clamp(min=1)
    kind = F.cross_entropy(out["kind"], batch["kind"])
    exact = (out["chars"].argmax(-1) == batch["chars"]).all(1)[scored].float().mean()
    return {"pixels": pixels, "chars": chars, "exact": exact, "total": pixels + reading * (chars + .2 * kind)}


def plain(crop):
    """Crops brought to mean 0 and deviation 1, as the reader does."""
    x = crop - crop.mean(dim=(1, 2, 3), keepdim=True)
    return x / torch.sqrt((x * x).mean(dim=(1, 2, 3), keepdim=True) + 20.0)


if __name__ == "__main__":
    main()
