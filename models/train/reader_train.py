"""Trains the plate reader on the streamed samples of `reader_data`; a stopped run (SIGTERM) goes on from its checkpoint.

    python3 reader_train.py --data ../../../shared/data --out /tmp/reader --minutes 100

`OUT/checkpoint.pt` holds everything (weights, their moving average, optimizer, progress). A weights-only file given by
`--start` begins a new run from known weights. The learning rate follows a cosine over `--minutes` of wall time.
"""
import argparse
import json
import math
import multiprocessing as mp
import os
import signal
import time

import numpy as np
import torch
from torch.nn import functional as F

from machine import fast_bf16
from plate_styles import REGIONS
from reader_crops import box_quad, cut_crop, held_out, load_crops
from reader_data import Samples
from reader_net import COLUMNS, ROWS, SLOTS, Reader, decode, encode


def main():
    args = arguments()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    os.makedirs(args.out, exist_ok=True)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    net = Reader(len(REGIONS)).to(device, memory_format=torch.channels_last)
    mean = Reader(len(REGIONS)).to(device)
    if args.start:
        net.load_state_dict({k: v.float() for k, v in torch.load(args.start, map_location=device)["model"].items()})
    mean.load_state_dict(net.state_dict())
    decay = [p for p in net.parameters() if p.ndim > 1]
    plain = [p for p in net.parameters() if p.ndim <= 1]
    optimizer = torch.optim.AdamW([{"params": decay, "weight_decay": .02}, {"params": plain, "weight_decay": 0.}], args.rate)
    path, step, spent = os.path.join(args.out, "checkpoint.pt"), 0, 0.0
    if os.path.exists(path):
        saved = torch.load(path, map_location=device)
        net.load_state_dict(saved["model"])
        mean.load_state_dict(saved["mean"])
        optimizer.load_state_dict(saved["optimizer"])
        step, spent = saved["step"], saved["spent"]
    queue, easy = mp.get_context("fork").Queue(8), mp.Value("d", 0.0)
    workers = [mp.Process(target=feed, args=(queue, easy, args, args.seed * 1000 + step + i), daemon=True) for i in range(args.processes)]
    for worker in workers:
        worker.start()
    check = [c for c in load_crops(args.data, "train") if held_out(c) and c.get("text")] if args.data else []
    stop = []
    signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
    half = fast_bf16() and not args.fp32
    begun, last_save, totals = time.time(), time.time(), []
    while True:
        now = spent + time.time() - begun
        part = now / (60 * args.minutes)
        if part >= 1 or stop:
            break
        easy.value = args.hard * min(1.0, .2 + step * args.batch / 120e3) if not args.start else args.hard
        rate = args.rate * min(1.0, (step + 1) / 300) * (.02 + .98 * .5 * (1 + math.cos(math.pi * part)))
        for group in optimizer.param_groups:
            group["lr"] = rate
        batch = {k: torch.from_numpy(v).to(device) for k, v in queue.get().items()}
        net.train()
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=half):
            out = net(batch["crop"])
        losses = reader_losses({k: v.float() for k, v in out.items()}, batch)
        optimizer.zero_grad(set_to_none=True)
        losses["total"].backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5)
        optimizer.step()
        step += 1
        follow(mean, net, min(.999, (1 + step) / (20 + step)))
        totals.append([float(losses[k].detach()) for k in ("total", "chars", "ctc", "kind")])
        if step % args.log == 0:
            t = np.mean(totals, 0)
            totals = []
            print(f"{now / 60:6.1f} min step {step} samples {step * args.batch} rate {rate:.5f} total {t[0]:.3f} chars {t[1]:.3f} "
                  f"ctc {t[2]:.3f} kind {t[3]:.3f}", flush=True)
        if time.time() - last_save > 60 * args.save:
            last_save = time.time()
            save(path, net, mean, optimizer, step, now)
            print(f"       held out: exact {exact(mean, check):.3f}", flush=True)
    save(path, net, mean, optimizer, step, spent + time.time() - begun)
    print(f"end: step {step}, held out exact {exact(mean, check):.3f}", flush=True)
    for worker in workers:
        worker.terminate()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="../shared/data", help="folder of the real pictures; empty: drawn plates only")
    parser.add_argument("--out", required=True, help="folder of checkpoint.pt")
    parser.add_argument("--minutes", type=float, default=100, help="wall time of the whole run, earlier parts included")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--real", type=float, default=.42, help="share of real crops in a batch")
    parser.add_argument("--hard", type=float, default=.45, help="share of badly degraded samples once warmed up")
    parser.add_argument("--cells", help="character centres by reader_align.py: real plates then exchange characters")
    parser.add_argument("--start", help="weights to begin with (checkpoints/reader.pt)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1, help="processes that make samples")
    parser.add_argument("--log", type=int, default=200)
    parser.add_argument("--save", type=float, default=4, help="minutes between checkpoints")
    parser.add_argument("--fp32", action="store_true", help="float32 even where bfloat16 is fast")
    return parser.parse_args()


def feed(queue, hard, args, seed):
    """Worker: puts batches (dict of arrays) into the queue until it is killed."""
    import cv2
    cv2.setNumThreads(1)
    cells = None
    if args.cells:
        with open(args.cells, encoding="utf8") as file:
            cells = json.load(file)
    samples = Samples(args.data or None, seed, real=args.real, cells=cells)
    while True:
        queue.put(pack([samples.draw(hard.value) for _ in range(args.batch)]))


def pack(samples):
    """Batch arrays of samples: crop, chars [N, 12] (targets), length, scored (text known), kind, lines, region."""
    n = len(samples)
    batch = {"crop": np.stack([s["crop"] for s in samples]), "chars": np.zeros((n, SLOTS), np.int64), "length": np.zeros(n, np.int64),
             "scored": np.array([s["text"] is not None for s in samples])}
    for i, s in enumerate(samples):
        code = encode(s["text"] or "")
        batch["chars"][i, :len(code)] = code
        batch["length"][i] = len(code)
    for key in ("kind", "lines", "region"):
        batch[key] = np.array([s[key] for s in samples], np.int64)
    return batch


def reader_losses(out, batch):
    """Losses of a batch: slots (twice), CTC, kind, lines, region and their weighted total."""
    scored = batch["scored"]
    place = torch.arange(SLOTS, device=scored.device)[None]
    weight = torch.where(place <= batch["length"][:, None], 1.0, .15) * scored[:, None]
    chars, early = ((F.cross_entropy(out[k].transpose(1, 2), batch["chars"], reduction="none") * weight).sum() / weight.sum().clamp(min=1) for k in ("chars", "early"))
    losses = {"chars": chars, "early": early, "ctc": ctc_loss(out["ctc"], batch), "kind": F.cross_entropy(out["kind"], batch["kind"])}
    known = batch["lines"] > 0
    losses["lines"] = F.cross_entropy(out["lines"][known], batch["lines"][known] - 1) if known.any() else 0 * chars
    known = batch["region"] >= 0
    losses["region"] = F.cross_entropy(out["region"][known], batch["region"][known]) if known.any() else 0 * chars
    parts = (("chars", 1.0), ("early", .4), ("ctc", .3), ("kind", .3), ("lines", .1), ("region", .1))
    losses["total"] = sum(losses[k] * w for k, w in parts)
    return losses


def ctc_loss(logits, batch):
    """CTC over the columns [N, 4, 40, 37]: all rows together for one line, upper then lower half for two lines."""
    use = torch.nonzero(batch["scored"] & (batch["length"] > 0) & (batch["lines"] > 0)).flatten()
    if not len(use):
        return logits.sum() * 0
    logits, lines = logits[use], batch["lines"][use]
    one = F.pad(logits.mean(1), (0, 0, 0, COLUMNS))
    two = torch.cat([logits[:, :ROWS // 2].mean(1), logits[:, ROWS // 2:].mean(1)], 1)
    steps = torch.where((lines == 2)[:, None, None], two, one)
    length = batch["length"][use]
    return F.ctc_loss(F.log_softmax(steps, -1).transpose(0, 1), batch["chars"][use], lines * COLUMNS, length, zero_infinity=True)


def follow(mean, net, decay):
    """Exponential moving average of weights and buffers."""
    with torch.no_grad():
        for a, b in zip(mean.state_dict().values(), net.state_dict().values()):
            if a.dtype.is_floating_point:
                a.lerp_(b, 1 - decay)
            else:
                a.copy_(b)


def exact(net, crops):
    """Share of records whose whole text is read from their box widened by 5 %."""
    if not crops:
        return float("nan")
    net.eval()
    good = 0
    with torch.no_grad():
        for start in range(0, len(crops), 64):
            part = crops[start:start + 64]
            pixels = np.stack([cut_crop(c["pixels"], box_quad(c)) for c in part])
            best = net(torch.from_numpy(pixels).to(net.slots.device))["chars"].argmax(-1).tolist()
            good += sum(decode(b) == c["text"] for b, c in zip(best, part))
    return good / len(crops)


def save(path, net, mean, optimizer, step, spent):
    """Writes the checkpoint in one move, so that a stop never leaves half a file."""
    torch.save({"model": net.state_dict(), "mean": mean.state_dict(), "optimizer": optimizer.state_dict(), "step": step, "spent": spent}, path + ".new")
    os.replace(path + ".new", path)


if __name__ == "__main__":
    main()
