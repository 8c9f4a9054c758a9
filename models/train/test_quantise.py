"""python3 -m unittest test_quantise: the quantiser and the node-by-node runner agree with torch on small nets."""
import io
import unittest
import warnings

import numpy as np
import onnx
import torch
from torch import nn

from onnx_run import Runner
from quantise import quantise


class Pixels(nn.Module):
    """uint8 NHWC picture, residual sum, concatenation, up-scaling, pooling, linear layer."""

    def __init__(self):
        super().__init__()
        self.a = nn.Sequential(nn.Conv2d(3, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.ReLU())
        self.b = nn.Sequential(nn.Conv2d(16, 16, 3, 1, 1), nn.ReLU())
        self.c = nn.Sequential(nn.Conv2d(16, 8, 3, 2, 1), nn.ReLU())
        self.out = nn.Linear(24, 5)

    def forward(self, x):
        x = (x.permute(0, 3, 1, 2).float() - 128) * (1 / 64)
        x = self.a(x)
        x = x + self.b(x)
        up = nn.functional.interpolate(self.c(x), scale_factor=2.0, mode="nearest")
        x = torch.cat([nn.functional.max_pool2d(x, 3, 1, 1), up], 1)
        return torch.softmax(self.out(x.mean((2, 3))) * 3, 1), x


def exported(net, x):
    warnings.filterwarnings("ignore")
    data = io.BytesIO()
    torch.onnx.export(net.eval(), x, data, opset_version=13, input_names=["x"], output_names=["y", "map"])
    return onnx.load_from_string(data.getvalue())


class Quantiser(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(3)
        self.net = Pixels()
        self.pictures = [torch.randint(0, 256, (1, 32, 64, 3), dtype=torch.uint8) for _ in range(8)]
        self.float = exported(self.net, self.pictures[0])
        self.small = quantise(self.float, [{"x": p.numpy()} for p in self.pictures])

    def test_the_runner_gives_what_torch_gives(self):
        with torch.no_grad():
            want = self.net(self.pictures[0])
        got = Runner(self.float)({"x": self.pictures[0].numpy()})
        np.testing.assert_allclose(got["y"], want[0].numpy(), atol=1e-5)
        np.testing.assert_allclose(got["map"], want[1].numpy(), atol=1e-4)

    def test_int8_stays_near_float(self):
        for p in self.pictures:
            a, b = Runner(self.float)({"x": p.numpy()}), Runner(self.small)({"x": p.numpy()})
            self.assertLess(np.abs(a["y"] - b["y"]).max(), 0.02)
            self.assertLess(np.abs(a["map"] - b["map"]).max(), 0.05 * np.abs(a["map"]).max())

    def test_pixels_go_in_without_a_float_copy(self):
        kinds = [n.op_type for n in self.small.graph.node]
        self.assertNotIn("Cast", kinds)
        self.assertNotIn("Sub", kinds)

    def test_weights_are_int8_per_output_channel_and_pools_keep_their_scale(self):
        names = {t.name: t for t in self.small.graph.initializer}
        weights = [t for t in names.values() if t.data_type == onnx.TensorProto.INT8 and len(t.dims) == 4]
        self.assertEqual(len(weights), 3)
        for w in weights:
            self.assertEqual(list(names[w.name + "/scale"].dims), [w.dims[0]])
        pool = next(n for n in self.small.graph.node if n.op_type == "MaxPool")
        scale, source = (onnx.numpy_helper.to_array(names[t.removesuffix("/q") + "/scale"]) for t in (pool.output[0], pool.input[0]))
        self.assertEqual(scale, source)

    def test_what_only_moves_values_moves_bytes(self):
        makers = {o: n.op_type for n in self.small.graph.node for o in n.output}
        moved = [n for n in self.small.graph.node if n.op_type in ("MaxPool", "Resize")]
        self.assertEqual(len(moved), 2)
        for n in moved:
            self.assertEqual(makers[n.input[0]], "QuantizeLinear")


if __name__ == "__main__":
    unittest.main()
