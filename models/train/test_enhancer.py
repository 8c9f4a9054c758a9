"""python3 -m unittest test_enhancer: what an untrained enhancer may do, and that INT8 stays near float."""
import os
import tempfile
import unittest
import warnings

import numpy as np
import onnx
import torch

from enhancer_data import Pairs, View, fused, photograph
from enhancer_export import export
from enhancer_net import Enhancer
from onnx_run import Runner
from quantise import quantise


class Enhancing(unittest.TestCase):
    def setUp(self):
        warnings.filterwarnings("ignore")
        torch.manual_seed(5)
        pairs = Pairs(None, 5, several=.5)
        self.pairs = [p for _ in range(8) for p in pairs.draw()]
        self.crops = np.stack([p["crop"] for p in self.pairs])

    def test_untrained_it_leaves_a_good_crop_as_it_was_and_gives_a_dark_one_contrast(self):
        good = np.stack([p["clean"] for p in self.pairs if p["clean"].std() > 48])
        with torch.no_grad():
            self.assertLess(np.abs(Enhancer()(torch.from_numpy(good)).numpy() - good).max(), .01)
            dark = Enhancer()(torch.from_numpy(good // 10)).numpy()
        self.assertGreater(dark.std((1, 2, 3)).min(), 30)

    def test_int8_stays_near_float(self):
        net = Enhancer()
        for p in net.parameters():
            p.data += .03 * torch.randn_like(p)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "enhancer.onnx")
            export(net.eval(), path)
            model = onnx.load(path)
        small = quantise(model, [{"crop": self.crops}])
        a, b = (Runner(m)({"crop": self.crops[:8]})["better"] for m in (model, small))
        self.assertEqual(a.dtype, np.uint8)
        with torch.no_grad():
            want = net(torch.from_numpy(self.crops[:8])).numpy()
        self.assertLess(np.abs(a - want).max(), 1)
        self.assertLess(np.abs(a.astype(float) - b).mean(), 3)

    def test_frames_laid_over_each_other_are_less_noisy_than_one(self):
        rng, clean = np.random.default_rng(2), self.pairs[0]["clean"]
        view = View(height=30, noise=30, quality=99)
        one, six = photograph(clean, view, rng), fused(clean, view, 6, rng)
        reference = photograph(clean, view._replace(noise=0), rng)
        error = [np.abs(image.astype(float) - reference)[8:-8, 12:-12].mean() for image in (one, six)]
        self.assertLess(error[1], .8 * error[0])


if __name__ == "__main__":
    unittest.main()
