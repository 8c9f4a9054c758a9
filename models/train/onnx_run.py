"""Runs an ONNX graph node by node with torch: for calibrating and for checking an INT8 graph without further packages.

Only the operators that our exported graphs contain are here; QuantizeLinear and DequantizeLinear are exact, so the result
of an INT8 graph differs from an integer engine's by rounding of ties and accumulators only.
"""
import numpy as np
import torch
from onnx import AttributeProto, numpy_helper
from torch.nn import functional as F

DTYPES = {1: torch.float32, 2: torch.uint8, 3: torch.int8, 6: torch.int32, 7: torch.int64, 9: torch.bool, 11: torch.float64}


def attributes(node):
    """Attributes of a node as a dict of plain Python values (tensors as numpy arrays)."""
    out = {}
    for a in node.attribute:
        kind = AttributeProto.AttributeType.Name(a.type)
        value = {"INT": a.i, "FLOAT": a.f, "STRING": a.s.decode(), "INTS": list(a.ints), "FLOATS": list(a.floats)}.get(kind)
        out[a.name] = numpy_helper.to_array(a.t) if kind == "TENSOR" else value
    return out


class Runner:
    """Runner(model)({name: numpy array}, see=None) -> {output name: numpy array}; `see(name, tensor)` sees every tensor."""

    def __init__(self, model):
        self.graph = model.graph
        self.constants = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in model.graph.initializer}
        self.steps = [(n, OPS[n.op_type], attributes(n)) for n in model.graph.node]
        last = {}
        for i, n in enumerate(model.graph.node):
            for name in n.input:
                last[name] = i
        kept = {o.name for o in model.graph.output}
        self.drop = [[n for n, at in last.items() if at == i and n not in kept and n not in self.constants]
                     for i in range(len(self.steps))]

    @torch.no_grad()
    def __call__(self, inputs, see=None):
        values = dict(self.constants)
        for name, array in inputs.items():
            values[name] = torch.from_numpy(np.ascontiguousarray(array))
            if see:
                see(name, values[name])
        for (node, op, attr), drop in zip(self.steps, self.drop):
            result = op(attr, *[values[i] if i else None for i in node.input])
            for name, value in zip(node.output, result if isinstance(result, tuple) else (result,)):
                values[name] = value
                if see:
                    see(name, value)
            for name in drop:
                values.pop(name, None)
        return {o.name: values[o.name].numpy() for o in self.graph.output}


def conv(a, x, w, b=None):
    pads, n = a.get("pads", [0] * 2 * (w.dim() - 2)), w.dim() - 2
    assert a.get("auto_pad", "NOTSET") == "NOTSET" and n in (1, 2)
    if pads[:n] != pads[n:]:
        x, pads = F.pad(x, [p for i in reversed(range(n)) for p in (pads[i], pads[i + n])]), [0] * n
    f = F.conv2d if n == 2 else F.conv1d
    return f(x, w, b, a.get("strides", [1] * n), pads[:n], a.get("dilations", [1] * n), a.get("group", 1))


def pool(f, **fixed):
    def run(a, x):
        k, n = a["kernel_shape"], len(a["kernel_shape"])
        pads = a.get("pads", [0] * 2 * n)
        assert pads[:n] == pads[n:] and n == 2
        y = f(x.float(), k, a.get("strides", [1] * n), pads[:n], ceil_mode=bool(a.get("ceil_mode", 0)), **fixed)
        return y.to(x.dtype)
    return run


def gemm(a, x, y, c=None):
    x, y = (x.t() if a.get("transA") else x), (y.t() if a.get("transB") else y)
    out = a.get("alpha", 1.0) * (x @ y)
    return out if c is None else out + a.get("beta", 1.0) * c


def resize(a, x, roi=None, scales=None, sizes=None):
    assert a.get("mode", "nearest") == "nearest"
    size = [int(s) for s in sizes[2:]] if sizes is not None else [int(s * d) for s, d in zip(scales[2:].tolist(), x.shape[2:])]
    return F.interpolate(x.float(), size=size, mode="nearest").to(x.dtype)


def along(p, x, axis):
    return p if p.dim() == 0 or p.numel() == 1 else p.reshape([-1 if i == axis % x.dim() else 1 for i in range(x.dim())])


def quantise(a, x, scale, zero):
    axis, info = a.get("axis", 1), torch.iinfo(zero.dtype)
    q = torch.round(x / along(scale, x, axis)) + along(zero, x, axis).float()
    return q.clamp(info.min, info.max).to(zero.dtype)


def dequantise(a, x, scale, zero=None):
    axis = a.get("axis", 1)
    return (x.float() - (0 if zero is None else along(zero, x, axis).float())) * along(scale, x, axis)


def cut(a, x, starts, ends, axes=None, steps=None):
    axes = range(len(starts)) if axes is None else axes.tolist()
    steps = [1] * len(starts) if steps is None else steps.tolist()
    for axis, s, e, step in zip(axes, starts.tolist(), ends.tolist(), steps):
        index = np.arange(x.shape[axis])[slice(s, e if abs(e) < 2**31 - 1 else None, step)]
        x = x.index_select(axis, torch.from_numpy(index.copy()))
    return x


def split(a, x, sizes=None):
    axis = a.get("axis", 0)
    return tuple(torch.split(x, sizes.tolist(), axis))


def reduce(f):
    def run(a, x, axes=None):
        axes = a.get("axes") or (axes.tolist() if axes is not None else list(range(x.dim())))
        return f(x, axes, bool(a.get("keepdims", 1)))
    return run


def reshape(a, x, shape):
    return x.reshape([x.shape[i] if s == 0 else s for i, s in enumerate(shape.tolist())])


def gather(a, x, i):
    axis = a.get("axis", 0) % x.dim()
    i = torch.where(i < 0, i + x.shape[axis], i).long()
    return x.index_select(axis, i.reshape(-1)).reshape(x.shape[:axis] + i.shape + x.shape[axis + 1:])


def divide(a, x, y):
    return x / y if x.is_floating_point() else torch.div(x, y, rounding_mode="trunc")


def squeeze(a, x, axes=None):
    axes = axes.tolist() if axes is not None else a.get("axes", [i for i, s in enumerate(x.shape) if s == 1])
    return x.reshape([s for i, s in enumerate(x.shape) if i not in [k % x.dim() for k in axes]])


def unsqueeze(a, x, axes=None):
    for k in sorted(axes.tolist() if axes is not None else a["axes"]):
        x = x.unsqueeze(k)
    return x


def topk(a, x, k):
    values, index = torch.topk(x, int(k), a.get("axis", -1), bool(a.get("largest", 1)), True)
    return values, index


def depth_to_space(a, x):
    assert a.get("mode") == "CRD"
    return F.pixel_shuffle(x, a["blocksize"])


def constant(a):
    return torch.from_numpy(np.array(a.get("value", a.get("value_int", a.get("value_float")))))


OPS = {
    "Conv": conv, "MaxPool": pool(F.max_pool2d), "AveragePool": pool(F.avg_pool2d), "Gemm": gemm, "Resize": resize,
    "GlobalAveragePool": lambda a, x: x.mean(tuple(range(2, x.dim())), keepdim=True),
    "QuantizeLinear": quantise, "DequantizeLinear": dequantise, "Slice": cut, "Split": split, "Reshape": reshape,
    "Gather": gather, "Squeeze": squeeze, "Unsqueeze": unsqueeze, "TopK": topk, "Constant": constant,
    "MatMul": lambda a, x, y: x @ y, "Add": lambda a, x, y: x + y, "Sub": lambda a, x, y: x - y, "Div": divide,
    "Mul": lambda a, x, y: x * y, "Relu": lambda a, x: F.relu(x), "Sigmoid": lambda a, x: torch.sigmoid(x),
    "HardSigmoid": lambda a, x: (a.get("alpha", 0.2) * x + a.get("beta", 0.5)).clamp(0, 1), "Tanh": lambda a, x: torch.tanh(x),
    "Exp": lambda a, x: torch.exp(x), "Log": lambda a, x: torch.log(x), "Sqrt": lambda a, x: torch.sqrt(x),
    "Pow": lambda a, x, y: torch.pow(x, y), "Erf": lambda a, x: torch.erf(x), "Neg": lambda a, x: -x, "Floor": lambda a, x: torch.floor(x),
    "Clip": lambda a, x, lo=None, hi=None: x.clamp(None if lo is None else lo.item(), None if hi is None else hi.item()),
    "Softmax": lambda a, x: torch.softmax(x, a.get("axis", -1)), "LogSoftmax": lambda a, x: torch.log_softmax(x, a.get("axis", -1)),
    "Concat": lambda a, *x: torch.cat(x, a["axis"]), "Transpose": lambda a, x: x.permute(a["perm"]),
    "Flatten": lambda a, x: x.reshape(int(np.prod(x.shape[:a.get("axis", 1)])), -1), "Identity": lambda a, x: x,
    "Cast": lambda a, x: x.to(DTYPES[a["to"]]), "Shape": lambda a, x: torch.tensor(x.shape), "Equal": lambda a, x, y: x == y,
    "Greater": lambda a, x, y: x > y, "Less": lambda a, x, y: x < y, "Not": lambda a, x: ~x, "And": lambda a, x, y: x & y,
    "Where": lambda a, c, x, y: torch.where(c.bool(), x, y), "Expand": lambda a, x, s: x.expand(torch.broadcast_shapes(x.shape, tuple(s.tolist()))),
    "ConstantOfShape": lambda a, s: torch.full(tuple(s.tolist()), a.get("value", np.zeros(1, np.float32)).item(), dtype=torch.from_numpy(np.array(a.get("value", np.zeros(1, np.float32)))).dtype),
    "Range": lambda a, s, e, d: torch.arange(s.item(), e.item(), d.item()), "Max": lambda a, x, y: torch.maximum(x, y),
    "Min": lambda a, x, y: torch.minimum(x, y), "ReduceMean": reduce(lambda x, k, d: x.mean(k, d)), "ReduceSum": reduce(lambda x, k, d: x.sum(k, d)),
    "Tile": lambda a, x, r: x.repeat(r.tolist()), "DepthToSpace": depth_to_space, "Round": lambda a, x: torch.round(x),
    "ReduceMax": reduce(lambda x, k, d: x.amax(k, d)), "Pad": lambda a, x, p, v=None: pad(a, x, p, v), "CumSum": lambda a, x, k: x.cumsum(int(k)),
}


def pad(a, x, pads, value=None):
    assert a.get("mode", "constant") == "constant"
    n, p = x.dim(), pads.tolist()
    return F.pad(x, [v for i in reversed(range(n)) for v in (p[i], p[i + n])], value=0.0 if value is None else value.item())
