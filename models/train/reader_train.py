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
from reader_crops import add_quads, box_quad, cut_crop, held_out, load_crops, own_quad
from reader_data import Samples
from reader_net import COLUMNS, ROWS, SLOTS, Reader, decode, encode
from reader_ring import Ring, jitter
from rounded import RoundedConv2d

SHOWN = ("total", "chars", "ctc", "kind")


TEACHER = dict(channels=(48, 96, 160, 256), dropout=.2)


def main():
    args = arguments()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    os.makedirs(args.out, exist_ok=True)
    path, step, spent = os.path.join(args.out, "checkpoint.pt"), 0, 0.0
    saved = torch.load(path, map_location="cpu") if os.path.exists(path) else {"step": 0, "spent": 0.0}
    step, spent = saved["step"], saved["spent"]
    # The workers are forked before the GPU is touched, and share what is read from disk once.
    queue, hard = mp.get_context("fork").Queue(8), mp.Value("d", 0.0)
    samples = make_samples(args)
    for i in range(args.processes):
        mp.get_context("fork").Process(target=feed, args=(queue, hard, args, samples, args.seed * 1000 + step + i), daemon=True).start()
    check = [c for c in load_crops(args.data, "train") if held_out(c) and c.get("text")] if args.data else []
    if args.quads:
        add_quads(check, args.quads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.backends.cudnn.benchmark = True
    pupils = {name: Pupil(args, device, **shape) for name, shape in (("", {}), ("teacher", TEACHER)) if not name or args.teacher}
    if step:
        for name, pupil in pupils.items():
            pupil.restore(saved[name] if name else saved)
    elif args.start:
        pupils[""].begin(torch.load(args.start, map_location="cpu")["model"])
    ring = Ring(queue, args.ring, args.echo, device, jitter) if args.echo > 1 else None
    stop = []
    signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
    begun, last_save, totals = time.time(), time.time(), []
    while True:
        now = spent + time.time() - begun
        part = now / (60 * args.minutes)
        if part >= 1 or stop:
            break
        hard.value = args.hard if args.start else args.hard * min(1.0, .2 + step * args.batch / 120e3)
        RoundedConv2d.rounded = part > 1 - args.rounded
        rate = args.rate * min(1.0, (step + 1) / 300) * (.02 + .98 * .5 * (1 + math.cos(math.pi * part)))
        batch = ring.draw(args.batch) if ring else {k: torch.from_numpy(v).to(device) for k, v in queue.get().items()}
        taught = None
        if args.teacher:
            pupils["teacher"].learn(batch, rate, step)
            taught = pupils["teacher"].answer(batch["crop"]) if part > .15 else None
        totals.append(pupils[""].learn(batch, rate, step, taught))
        step += 1
        if step % args.log == 0:
            t, totals = torch.stack(totals).mean(0).tolist(), []
            print(f"{now / 60:6.1f} min step {step} samples {step * args.batch} made {ring.made if ring else step * args.batch} rate {rate:.5f} "
                  + " ".join(f"{k} {v:.3f}" for k, v in zip(SHOWN, t)), flush=True)
        if time.time() - last_save > 60 * args.save:
            last_save = time.time()
            save(path, {"step": step, "spent": now, **states(pupils)})
            print("       held out: exact " + " ".join(f"{name} {exact(p.mean, check):.3f}" for name, p in pupils.items()), flush=True)
    save(path, {"step": step, "spent": spent + time.time() - begun, **states(pupils)})
    print(f"end: step {step}, held out exact " + " ".join(f"{name} {exact(p.mean, check):.3f}" for name, p in pupils.items()), flush=True)


class Pupil:
    """A network with its optimizer and the moving average of its weights."""

    def __init__(self, args, device, **shape):
        self.net = Reader(len(REGIONS), **shape).to(device, memory_format=torch.channels_last)
        self.mean = Reader(len(REGIONS), **shape).to(device, memory_format=torch.channels_last)
        self.mean.load_state_dict(self.net.state_dict())
        self.device, self.half = device, fast_bf16() and not args.fp32
        parameters = list(self.net.parameters())
        groups = [{"params": [p for p in parameters if p.ndim > 1], "weight_decay": .02}, {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.}]
        self.optimizer = torch.optim.AdamW(groups, args.rate)

    def begin(self, weights):
        """Takes known weights to begin with."""
        for net in (self.net, self.mean):
            net.load_state_dict({k: v.float() if v.dtype == torch.float16 else v for k, v in weights.items()})

    def learn(self, batch, rate, step, taught=None):
        """One step; `taught` are a teacher's character logits. Returns the SHOWN losses as a tensor on the device."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.net.train()
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.half):
            out = self.net(batch["crop"])
        losses = reader_losses({k: v.float() for k, v in out.items()}, batch)
        total = losses["total"] if taught is None else losses["total"] + distance(out["chars"].float(), taught, batch)
        self.optimizer.zero_grad(set_to_none=True)
        total.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 5)
        self.optimizer.step()
        follow(self.mean, self.net, min(.999, (1 + step) / (20 + step)))
        return torch.stack([losses[k].detach() for k in SHOWN])

    def answer(self, crop):
        """Character logits [N, 12, 37] of the averaged weights."""
        self.mean.eval()
        with torch.no_grad(), torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.half):
            return self.mean(crop)["chars"].float()

    def state(self):
        return {"model": self.net.state_dict(), "mean": self.mean.state_dict(), "optimizer": self.optimizer.state_dict()}

    def restore(self, saved):
        """The opposite of `state`."""
        self.net.load_state_dict(saved["model"])
        self.mean.load_state_dict(saved["mean"])
        self.optimizer.load_state_dict(saved["optimizer"])


def states(pupils):
    """What a checkpoint keeps of the pupils: the reader's own state at the top, the teacher's below its name."""
    return {**pupils[""].state(), **{name: p.state() for name, p in pupils.items() if name}}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="../shared/data", help="folder of the real pictures; empty: drawn plates only")
    parser.add_argument("--out", required=True, help="folder of checkpoint.pt")
    parser.add_argument("--minutes", type=float, default=100, help="wall time of the whole run, earlier parts included")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--real", type=float, default=.42, help="share of real crops in a batch")
    parser.add_argument("--hard", type=float, default=.45, help="share of badly degraded samples once warmed up")
    parser.add_argument("--cut", type=float, default=.1, help="share of plates of which a part is beyond the crop")
    parser.add_argument("--cells", help="character centres by reader_align.py: real plates then exchange characters")
    parser.add_argument("--quads", help="folder of <set>.jsonl, printed by `plategate read --json` for the training crops: these are then cut by those corners")
    parser.add_argument("--start", help="weights to begin with (checkpoints/reader.pt)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1, help="processes that make samples")
    parser.add_argument("--log", type=int, default=200)
    parser.add_argument("--echo", type=float, default=1, help="how often each sample is used; for a GPU that is faster than the cores that make samples")
    parser.add_argument("--ring", type=int, default=120_000, help="samples kept for --echo, 31 kB each")
    parser.add_argument("--teacher", action="store_true", help="train a net of four times the work beside it, whose answers are learned as well")
    parser.add_argument("--rounded", type=float, default=.2, help="last part of the run that sees weights and activations as INT8 does")
    parser.add_argument("--save", type=float, default=4, help="minutes between checkpoints")
    parser.add_argument("--fp32", action="store_true", help="float32 even where bfloat16 is fast")
    return parser.parse_args()


def make_samples(args):
    """The samples' source with all real crops in memory."""
    cells = None
    if args.cells:
        with open(args.cells, encoding="utf8") as file:
            cells = json.load(file)
    return Samples(args.data or None, args.seed, real=args.real, cut=args.cut, cells=cells, quads=args.quads)


def feed(queue, hard, args, samples, seed):
    """Worker: puts batches (dict of arrays) into the queue until it is killed."""
    samples.rng = np.random.default_rng(seed)
    while True:
        queue.put(pack([samples.draw(hard.value) for _ in range(args.batch if args.echo <= 1 else 128)]))


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


def distance(chars, taught, batch):
    """Kullback-Leibler divergence of the characters [N, 12, 37] from a teacher's (Hinton et al. 2015), where a text is known."""
    place = torch.arange(SLOTS, device=chars.device)[None]
    weight = torch.where(place <= batch["length"][:, None], 1.0, .15) * batch["scored"][:, None]
    each = F.kl_div(F.log_softmax(chars, -1), F.log_softmax(taught, -1), reduction="none", log_target=True).sum(-1)
    return (each * weight).sum() / weight.sum().clamp(min=1)


@torch.no_grad()
def follow(mean, net, decay):
    """Exponential moving average of weights and buffers."""
    pairs = [(a, b) for a, b in zip(mean.state_dict().values(), net.state_dict().values()) if a.dtype.is_floating_point]
    torch._foreach_mul_([a for a, _ in pairs], decay)
    torch._foreach_add_([a for a, _ in pairs], [b for _, b in pairs], alpha=1 - decay)


def exact(net, crops):
    """Share of records whose whole text is read from their corners, or else their box, widened by 5 %."""
    if not crops:
        return float("nan")
    net.eval()
    good = 0
    with torch.no_grad():
        for start in range(0, len(crops), 64):
            part = crops[start:start + 64]
            pixels = np.stack([cut_crop(c["pixels"], own_quad(c) if "quad" in c else box_quad(c)) for c in part])
            best = net(torch.from_numpy(pixels).to(net.slots.device))["chars"].argmax(-1).tolist()
            good += sum(decode(b) == c["text"] for b, c in zip(best, part))
    return good / len(crops)


def save(path, state):
    """Writes a checkpoint in one move, so that a stop never leaves half a file."""
    torch.save(state, path + ".new")
    os.replace(path + ".new", path)


if __name__ == "__main__":
    main()
