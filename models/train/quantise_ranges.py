"""Ranges of activations for `quantise.py`: histograms over samples, and the range that rounds with the least error."""
import numpy as np

from onnx_run import Runner

BINS = 4096


def calibrate(model, samples, names):
    """{tensor: (low, high)} over all samples, with the least rounding error."""
    seen = {n: Histogram() for n in names}
    runner = Runner(model)
    for inputs in samples:
        runner(inputs, lambda name, value: seen[name].add(value.numpy()) if name in seen else None)
    return {n: h.least_squares() for n, h in seen.items()}


class Histogram:
    """Counts over a range which doubles when needed; values of either sign."""

    def __init__(self):
        self.top, self.counts = 0.0, np.zeros(2 * BINS, np.int64)

    def add(self, value):
        top = float(np.abs(value).max())
        if self.top == 0.0:
            self.top = max(top, 1e-6)
        while top > self.top:
            inner = self.counts.reshape(-1, 2).sum(1)
            self.counts[:] = 0
            self.counts[BINS // 2:BINS // 2 + BINS] = inner
            self.top *= 2.0
        self.counts += np.histogram(value, 2 * BINS, (-self.top, self.top))[0]

    def least_squares(self):
        """The range, from a third to the whole of what was seen, whose 256 steps change the values least."""
        edges = np.linspace(-self.top, self.top, 2 * BINS + 1)
        used, middle = np.flatnonzero(self.counts), (edges[1:] + edges[:-1]) / 2
        if len(used) == 0:
            return 0.0, 0.0
        low, high = min(edges[used[0]], 0.0) if used[0] < BINS else 0.0, max(edges[used[-1] + 1], 0.0)

        def error(share):
            step = max((high - low) * share / 255, 1e-12)
            rounded = np.clip(np.round((middle - low * share) / step), 0, 255) * step + low * share
            return (self.counts * (rounded - middle) ** 2).sum()
        best = min(np.linspace(.3, 1, 36), key=error)
        return low * best, high * best
