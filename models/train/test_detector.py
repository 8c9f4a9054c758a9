"""python3 -m unittest test_detector: the detector's graph as shipped against the network that was trained."""
import io
import unittest
import warnings

import numpy as np
import onnx
import torch
from torch.nn import functional as F

from detector_model import CANDIDATES, REST, STRIDE, BlockStem, Detector, Exported, copied_onto, decode
from onnx_run import Runner
from rounded import RoundedConv2d


def lively():
    """A network whose maps are not all the same, because nothing was trained."""
    torch.manual_seed(5)
    net = Detector().eval()
    for m in net.modules():
        if isinstance(m, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(m.running_var, 0.2, 0.6)
            torch.nn.init.uniform_(m.bias, -0.2, 0.4)
    torch.nn.init.normal_(net.score.weight, std=0.5)
    torch.nn.init.normal_(net.refine.out.weight, std=0.05)
    return net


class Shipped(unittest.TestCase):
    def setUp(self):
        self.net = lively()
        self.picture = torch.randint(0, 256, (1, 96, 160, 3), dtype=torch.uint8)

    @torch.no_grad()
    def test_rows_of_four_pixels_are_the_same_stem(self):
        stem = BlockStem(self.net.stem)
        plain, deep = self.net.maps(self.picture)
        blocks, deeper = self.net.maps(self.picture.reshape(1, 96, 40, 12), stem, copied_onto)
        torch.testing.assert_close(blocks, plain, atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(deeper, deep, atol=1e-5, rtol=1e-5)

    @torch.no_grad()
    def test_the_graph_gives_the_best_cells_as_the_losses_see_them(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            file = io.BytesIO()
            torch.onnx.export(Exported(self.net).eval(), self.picture, file, opset_version=13, input_names=["image"], output_names=["plates", "features"])
        plates = Runner(onnx.load_from_string(file.getvalue()))({"image": self.picture.numpy()})["plates"][0]
        self.assertTrue((np.diff(plates[:, 0]) <= 0).all())
        logit, numbers, rows = self.net(self.picture)
        peak = F.max_pool2d(logit[:, None], 3, 1, 1)[:, 0]
        top, index = torch.where(logit == peak, logit, logit - 50.0).flatten().topk(CANDIDATES)
        y, x = torch.div(index, 20, rounding_mode="floor"), index % 20
        box, corners = decode(numbers[0, y, x], (x + 0.5) * STRIDE, (y + 0.5) * STRIDE)
        again, box, corners = self.net.refine(rows.reshape(-1, rows.shape[-1]), 0, 12, 20, top, box, corners)
        best = again.argmax()
        np.testing.assert_allclose(plates[0, 0], torch.sigmoid(again[best]), atol=1e-5)
        np.testing.assert_allclose(plates[0, 1:], torch.cat([box[best], corners[best]]), atol=1e-2)

    def test_numbers_of_nothing_are_a_usual_plate_around_the_cell(self):
        box, corners = decode(torch.zeros(1, 12) * REST, torch.tensor([100.0]), torch.tensor([60.0]))
        np.testing.assert_allclose(box[0], [84, 60 - 16 / 3, 116, 60 + 16 / 3], atol=1e-3)
        np.testing.assert_allclose(corners[0, :4], [84, 60 - 16 / 3, 116, 60 - 16 / 3], atol=1e-3)


class Rounding(unittest.TestCase):
    def tearDown(self):
        RoundedConv2d.rounded = False

    def test_rounded_convolutions_know_127_weights_and_256_inputs(self):
        torch.manual_seed(1)
        for groups in (1, 8):
            conv = RoundedConv2d(8, 8, 3, padding=1, groups=groups, bias=False).train()
            x = torch.rand(2, 8, 6, 6, requires_grad=True)
            RoundedConv2d.rounded = False
            plain = conv(x)
            RoundedConv2d.rounded = True
            got = conv(x)
            step = conv.weight.detach().abs().amax((1, 2, 3), keepdim=True) / 63
            level = x.detach().max() / 255
            want = F.conv2d((x.detach() / level).round() * level, (conv.weight.detach() / step).round() * step, None, 1, 1, 1, groups)
            torch.testing.assert_close(got, want)
            self.assertFalse(torch.equal(got, plain))
            got.sum().backward()
            self.assertGreater(x.grad.abs().sum().item(), 0)
            self.assertGreater(conv.weight.grad.abs().sum().item(), 0)
            torch.testing.assert_close(conv.eval()(x), plain)


if __name__ == "__main__":
    unittest.main()
