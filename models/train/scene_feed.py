"""Batches for the trainer: from the stream alone, or mixed on the device from views of scenes and a ring of streamed pictures."""
import os
import queue
import signal
import threading
import time

import numpy as np
import torch

from scene_damage import damage
from scene_stream import Stream
from scene_views import Echo, Scenes, send
from scenes import Cache

W, H = 640, 384    # size of the ring's pictures; cameras shrink them for smaller batches


class Feed:
    """next(batch, w, h) -> uint8 [batch,h,w,3], labels float32 [batch,rows,14], counts int64 [batch], all on the device.

    views: share of scenes seen by `Scenes`; echo: how often a streamed picture is used on average; with fewer of them than asked for,
    more views fill the batch, and nothing waits. views 0 and echo 1: the plain stream, made at the batch's size.
    """

    def __init__(self, a, device, seed):
        self.a, self.device, self.seed = a, device, seed
        self.plain, self.shape = a.views <= 0 and a.echo <= 1, None
        cache = Cache(a.data, "train", a.out)    # decodes the scenes before the workers need them
        self.rng = np.random.default_rng([seed, 77])
        if not self.plain:
            self.start(chunk(a.workers), W, H, 0.25)     # before anything touches the device: the workers are forks
            self.batches, self.failed = queue.Queue(8), None
            threading.Thread(target=self.carry, daemon=True).start()
            self.ring = Echo(a.ring, W, H, device)
            self.scenes = Scenes(cache, device, a.scenes) if a.views > 0 else None

    def start(self, batch, w, h, whole):
        stream = Stream(dict(data=self.a.data, folder=self.a.out, whole=whole), batch, w, h, self.seed)
        ahead = {"prefetch_factor": 4 if self.plain else 2} if self.a.workers else {}
        self.stream = iter(torch.utils.data.DataLoader(stream, batch_size=None, num_workers=self.a.workers, **ahead))
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)   # PyTorch's handler throws into any line of the trainer; `next` tells too

    def stop(self):
        """Ends the workers."""
        for worker in getattr(self.stream, "_workers", []):
            worker.terminate()

    def carry(self):
        """Thread: takes the workers' pictures as they come."""
        try:
            for batch in self.stream:
                if self.device.type == "cuda":
                    batch = [t.pin_memory() for t in batch]
                self.batches.put(batch)
        except Exception as error:    # a lost worker must not end the run: ring and views go on
            self.failed = error
            print(f"stream ended: {error!r}", flush=True)

    def fill(self):
        """Moves what has come into the ring."""
        while not self.batches.empty():
            self.ring.add(*self.batches.get())

    def next(self, batch, w, h):
        if self.plain:
            if self.shape != (w, h):
                self.stream = None    # ends the workers
                self.shape, self.seed = (w, h), self.seed + 1000
                self.start(batch, w, h, 0.2 if w < W else 0.35)
            return [t.to(self.device, non_blocking=True) for t in next(self.stream)]
        self.fill()
        n = self.share(batch)
        while n == batch and len(self.ring) < min(batch, self.ring.room):
            if self.failed:
                raise self.failed
            time.sleep(0.05)
            self.fill()
        parts = []
        if n < batch:
            images, labels, counts = self.scenes.views(self.rng, batch - n, w, h)
            parts.append((damage(self.rng, images), labels, counts))
        if n:
            images, labels, counts = self.ring.draw(self.rng, n, w, h)
            parts.append((damage(self.rng, images, light=True), labels, counts))
        images, labels, counts = (torch.cat(v) for v in zip(*parts))
        return images, send(labels.numpy(), self.device), send(counts.numpy(), self.device)

    def share(self, batch):
        """How many pictures of a batch come from the ring."""
        if self.scenes is None:
            return batch
        if len(self.ring) < min(1024, 2 * batch, self.ring.room):
            return 0
        step = max(1, batch // 8)    # few different sizes, and never without painted plates: only these have corners
        left = self.a.echo * self.ring.made - self.ring.used
        return int(min(max(left // step, 1), round(batch * (1 - self.a.views)) // step) * step)

    def report(self):
        return "" if self.plain else f" made {self.ring.made} seen again {self.ring.used}"


def chunk(workers):
    """Pictures a worker hands over at once: as many as the shared memory holds, at most 16."""
    try:
        disk = os.statvfs("/dev/shm")
        free = disk.f_bavail * disk.f_frsize
    except OSError:
        free = 64 << 20
    return int(np.clip(free // (max(1, workers) * 4 * 3 * W * H), 1, 16))
