"""Views and echoes of drawn scenes keep their labels on the plate; damage keeps shape and place. `python3 -m unittest`"""
import unittest

import numpy as np
import torch

from scene_damage import blocks, damage, jpeg
from scene_stream import MOST, Maker
from scene_views import FLIPPED, ROWS, Echo, Scenes, tidy
from scenes import ROW, paint, row
from scenes import tidy as tidy_one

DEVICE = torch.device("cpu")


class Drawn:
    """A cache of dark scenes, each with one bright plate; sizes odd and even, sets all four."""

    def __init__(self, rng, n):
        self.items, self.pixels, self.box = [], [], []
        for k in range(n):
            w, h = int(rng.integers(260, 500)), int(rng.integers(240, 420))
            pw = int(rng.integers(60, 180))
            ph = int(pw / rng.uniform(2.0, 4.5))
            x, y = int(rng.integers(4, w - pw - 4)), int(rng.integers(4, h - ph - 4))
            image = np.full((h, w, 3), 20, np.uint8)
            image[y:y + ph, x:x + pw] = 250
            self.pixels.append(image)
            self.box.append((x, y, x + pw, y + ph))
            self.items.append(dict(width=w, height=h, set=("open-lpr", "robertlucian", "techkhid", "chirag-anpr")[k % 4]))

    def __len__(self):
        return len(self.items)

    def image(self, i):
        return self.pixels[i]

    def boxes(self, i):
        return np.array([[*self.box[i], 1]], np.float32)


def bright(image, x0, y0, x1, y1, margin=3):
    """Extent of the bright area near a box, in pixel edges, or None without one."""
    h, w = image.shape
    ax, ay, bx, by = max(int(x0) - margin, 0), max(int(y0) - margin, 0), min(int(x1) + margin + 1, w), min(int(y1) + margin + 1, h)
    part = (image[ay:by, ax:bx].astype(float) - 20) / 230
    if part.size == 0 or part.max() < 0.8:
        return None
    across, down = part.max(0).clip(0, 1), part.max(1).clip(0, 1)
    xs, ys = np.flatnonzero(across > 0.5), np.flatnonzero(down > 0.5)
    return ax + xs[0], ay + ys[0], ax + xs[-1] + 1, ay + ys[-1] + 1


class ViewsTest(unittest.TestCase):
    def test_boxes_lie_on_the_plates(self):
        errors = []
        for seed in range(12):
            rng = np.random.default_rng(seed)
            scenes = Scenes(Drawn(rng, 20), DEVICE)
            images, labels, counts = scenes.views(rng, 24, 384, 256)
            errors += self.compare(images, labels, counts)
        errors = np.array(errors)
        self.assertGreater(len(errors), 200)
        self.assertLess(np.abs(errors).max(1).mean(), 0.8)
        self.assertLess(np.quantile(np.abs(errors).max(1), 0.98), 1.5)
        self.assertLess(np.abs(np.median(errors, 0)).max(), 0.3)     # no offset in common

    def compare(self, images, labels, counts):
        errors = []
        self.assertEqual((images.dtype, labels.shape[1:]), (torch.uint8, (ROWS, ROW)))
        for image, rows, n in zip(images.numpy()[..., 0], labels.numpy(), counts):
            for r in rows[:n]:
                cut = r[0] < 2 or r[1] < 2 or r[2] > image.shape[1] - 2 or r[3] > image.shape[0] - 2
                if r[13] and not cut:
                    area = image[int(r[1]):int(r[3]) + 1, int(r[0]):int(r[2]) + 1]
                    if np.isin(area[0, :], (20, 250)).mean() < 0.2:
                        continue    # a bright padding or a seam beside it
                    x0, y0, x1, y1 = (int(v) for v in r[:4])
                    up, down, left, right = max(y0 - 4, 0), min(y1 + 4, len(image) - 1), max(x0 - 4, 0), min(x1 + 4, image.shape[1] - 1)
                    ring = np.concatenate([image[up, x0:x1], image[down, x0:x1], image[y0:y1, left], image[y0:y1, right]])
                    if ring.size == 0 or ring.min() < 20 or ring.max() > 24:
                        continue
                    found = bright(image, *r[:4])
                    self.assertIsNotNone(found)
                    errors.append(np.subtract(found, r[:4]))
        return errors

    def test_echo_keeps_boxes_and_corners(self):
        errors, off = [], []
        for seed in range(12):
            rng = np.random.default_rng(seed)
            ring = Echo(16, 320, 192, DEVICE)
            for _ in range(20):     # more than fit
                image = np.full((192, 320, 3), 20, np.uint8)
                x, y, turn = rng.uniform(80, 240), rng.uniform(60, 130), rng.uniform(-0.2, 0.2)
                c, s = np.cos(turn), np.sin(turn)
                quad = (np.array([[-40, -15], [40, -15], [40, 15], [-40, 15]]) @ np.array([[c, s], [-s, c]]) + [x, y]).astype(np.float32)
                paint(Steady(), image, np.full((40, 100, 3), 250, np.uint8), quad)
                labels = torch.zeros(1, MOST, ROW)
                labels[0, 0] = torch.from_numpy(row(quad, 1.0))
                ring.add(torch.from_numpy(image)[None], labels, torch.tensor([1]))
            self.assertEqual((len(ring), ring.made), (16, 20))
            images, labels, counts = ring.draw(rng, 24, 192, 128)
            errors += self.compare(images, labels, counts)
            for image, rows, n in zip(images.numpy()[..., 0].astype(float), labels.numpy(), counts):
                for r in rows[:n]:
                    q = r[4:12].reshape(4, 2)
                    if r[13] and (q > 9).all() and (q < [183, 119]).all() and (q[:, 0].max() - q[:, 0].min()) > 30:
                        clockwise = np.cross(np.r_[q[1] - q[0], 0], np.r_[q[2] - q[1], 0])[2]
                        self.assertGreater(clockwise, 0)
                        self.assertLess(q[[0, 3], 0].mean(), q[[1, 2], 0].mean())
                        middle = q.mean(0)
                        out, into = middle + (q - middle) * 1.15 + np.sign(q - middle), middle + (q - middle) * 0.85 - np.sign(q - middle)
                        off.append([image[int(v), int(u)] for u, v in out])
                        self.assertGreater(min(image[int(v), int(u)] for u, v in into), 120)
        errors = np.array(errors)
        self.assertGreater(len(errors), 100)
        self.assertLess(np.quantile(np.abs(errors).max(1), 0.98), 1.5)
        middle = (errors[:, :2] + errors[:, 2:]) / 2      # a turned plate's tips are thin: all sides seem to lie a little inside
        self.assertLess(np.abs(np.median(middle, 0)).max(), 0.15)
        self.assertLess(np.quantile(np.median(off, 1), 0.9), 60)

    def test_tidy_is_that_of_scenes(self):
        rng = np.random.default_rng(3)
        rows = np.zeros((200, 3, ROW))
        rows[..., :2] = rng.uniform(-60, 220, (200, 3, 2))
        rows[..., 2:4] = rows[..., :2] + rng.uniform(1, 90, (200, 3, 2))
        rows[..., 13] = rng.integers(0, 2, (200, 3))
        mine = rows.copy()
        valid = tidy(mine, np.full(200, 192), np.full(200, 128))
        for given, got, keep in zip(rows, mine, valid):
            want = tidy_one(list(given), 192, 128)
            self.assertEqual(len(want), keep.sum())
            if want:
                np.testing.assert_allclose(np.stack(want), got[keep], atol=1e-5)

    def test_the_stream_counts_pixel_edges_too(self):
        rng, off = np.random.default_rng(5), []
        maker = Maker.__new__(Maker)
        maker.cache = Drawn(rng, 8)
        image, halved = maker.cache.image, [i[::2, ::2] for i in maker.cache.pixels]
        maker.cache.image = lambda i, half=False: halved[i] if half else image(i)
        for i in range(8):
            maker.cache.pixels[i] = np.kron(maker.cache.pixels[i][::2, ::2][:, :, :1], np.ones((2, 2, 3))).astype(np.uint8)
            maker.cache.items[i].update(zip(("height", "width"), maker.cache.pixels[i].shape))
            ys, xs = np.nonzero(maker.cache.pixels[i][..., 0] > 99)
            for scale in (0.4, 1.0, 1.7):
                seen = maker.look(i, np.diag([scale, scale, 1.0]), scale, 900, 800, 20)
                box = np.array([xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]) * scale
                off.append(np.subtract(bright(seen[..., 0], *box), box))
        self.assertLess(np.abs(np.median(off, 0)).max(), 0.3)

    def test_corner_order(self):
        q = np.array([[0, 0], [9, 0], [9, 3], [0, 3]])
        self.assertTrue((np.c_[9 - q[FLIPPED, 0], q[FLIPPED, 1]] == q).all())


class Steady:
    """Stands for a random generator: a plate lit evenly."""

    def uniform(self, low, high):
        return 1.0

    def normal(self, mean, deviation):
        return 0.0

    def random(self):
        return 0.99


class DamageTest(unittest.TestCase):
    def test_shape_and_place(self):
        images = torch.full((48, 64, 96, 3), 40, dtype=torch.uint8)
        images[:, 16:48, 32:64] = 220
        for light in (False, True):
            torch.manual_seed(1)
            out = damage(np.random.default_rng(1), images, light)
            self.assertEqual((out.shape, out.dtype), (images.shape, torch.uint8))
            inner, outer = out[:, 20:44, 36:60].float().mean((1, 2, 3)), out[:, :, :16].float().mean((1, 2, 3))
            self.assertGreater((inner > outer).float().mean(), 0.9)
            self.assertTrue((out == images).flatten(1).all(1).any())

    def test_jpeg(self):
        x = torch.rand(3, 3, 32, 48) * 100 + 70
        fine = blocks(x, torch.full((3, 8, 8), 1e-3))
        self.assertLess((fine - x).abs().max(), 0.01)
        smooth = torch.linspace(0, 200, 48).expand(3, 3, 32, 48)
        self.assertLess((jpeg(smooth, 90, 91) - smooth).abs().mean(), 2.0)


if __name__ == "__main__":
    unittest.main()
