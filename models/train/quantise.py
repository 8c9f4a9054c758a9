"""Static INT8 in QDQ form with python3-onnx alone: weights int8 (of which seven bits are used) per output channel, activations uint8 per tensor.

`quantise(model, samples)` takes a float graph as torch exports it (opset >= 13, batch norm folded), watches the ranges of
the activations on the samples, and puts QuantizeLinear/DequantizeLinear pairs where an engine can fuse them: at every
input and output of a quantisable node, after a following ReLU. Nodes that only move values move the bytes themselves.
The scheme is that of Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-
Only Inference"; ranges and weight scales are those with the least squared rounding error (Sung et al. 2015, "Resiliency of
Deep Neural Networks under Quantization"), ranges over histograms of the values.

A uint8 picture input is used as it is: Cast, Sub (whole number), Mul become the parameters of one DequantizeLinear.
"""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from onnx_run import attributes
from quantise_ranges import calibrate

WEIGHTED = {"Conv", "Gemm", "MatMul"}
MOVES = {"MaxPool", "Resize", "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Flatten", "Slice", "Gather", "Split", "Tile"}
COMPUTES = {"Add", "Concat", "GlobalAveragePool", "AveragePool"}
# Weights keep to seven bits: x86 processors without VNNI add two products uint8 x int8 in 16 bits, which only then never
# overflow (255 * 64 * 2 < 32768). ONNX Runtime calls this "reduce range".
WEIGHT_STEPS = 64


def quantise(model, samples, keep_float=(), ranges=None):
    """Float ModelProto + iterable of {input: numpy array} -> INT8 QDQ ModelProto.

    `keep_float`: node names (or their beginnings) that stay float. `ranges`: {tensor: (low, high)} overrides, for
    example learned ones. Nodes behind the last weighted node (decoding, softmax) stay float by themselves.
    """
    model = tidy(model)
    graph = Graph(model, keep_float)
    found = calibrate(model, samples, graph.quantised)
    found.update(ranges or {})
    graph.share(found)
    graph.write(found)
    onnx.checker.check_model(model)
    return model


def tidy(model):
    """Constants become initialisers; initialisers shared through Identity nodes are copied; nodes get unique names."""
    model = onnx.ModelProto.FromString(model.SerializeToString())
    graph, known, alias = model.graph, {}, {}
    known.update({t.name: t for t in graph.initializer})
    kept = []
    outputs = {o.name for o in graph.output}
    for node in graph.node:
        if node.op_type == "Constant" and "value" in attributes(node):
            known[node.output[0]] = numpy_helper.from_array(attributes(node)["value"].copy(), node.output[0])
            graph.initializer.append(known[node.output[0]])
        elif node.op_type == "Identity" and node.input[0] in known and node.output[0] not in outputs:
            copy = numpy_helper.from_array(numpy_helper.to_array(known[node.input[0]]).copy(), node.output[0])
            known[node.output[0]] = copy
            graph.initializer.append(copy)
        elif node.op_type == "Identity" and node.output[0] not in outputs:
            alias[node.output[0]] = alias.get(node.input[0], node.input[0])
        else:
            for i, name in enumerate(node.input):
                node.input[i] = alias.get(name, name)
            kept.append(node)
    del graph.node[:]
    graph.node.extend(kept)
    for i, node in enumerate(graph.node):
        node.name = node.name or f"{node.op_type}_{i}"
    del graph.value_info[:]
    return model


class Graph:
    """Which tensors of a graph are quantised, and the rewriting itself."""

    def __init__(self, model, keep_float):
        self.graph = g = model.graph
        self.weights = {t.name: t for t in g.initializer}
        self.maker = {o: n for n in g.node for o in n.output}
        self.users = {}
        for n in g.node:
            for i in n.input:
                self.users.setdefault(i, []).append(n)
        self.outputs = {o.name for o in g.output}
        self.int8 = {n.name for n in g.node if self.can(n) and not any(n.name.startswith(k) for k in keep_float)}
        self.quantised = set()
        self.spread()

    def can(self, n):
        if n.op_type in ("Conv", "Gemm"):
            return n.input[1] in self.weights and n.input[0] not in self.weights
        if n.op_type == "MatMul":
            return n.input[1] in self.weights and self.shape(n.input[1]) == 2 and n.input[0] not in self.weights
        return n.op_type in COMPUTES and all(i not in self.weights for i in n.input)

    def shape(self, name):
        return len(self.weights[name].dims)

    def after(self, name):
        """The tensor to quantise for a node's output: behind a ReLU when that is the only user."""
        users = self.users.get(name, [])
        one = len(users) == 1 and name not in self.outputs
        if one and users[0].op_type == "Relu":
            return users[0].output[0]
        add = one and users[0].op_type == "Add" and any(i in self.weights for i in users[0].input)
        return self.after(users[0].output[0]) if add and self.maker[name].op_type == "MatMul" else name

    def spread(self):
        """Weighted nodes first; sums and pools join where they feed one or where all they get is quantised; then the moves.

        The result of a matrix product stays float unless an INT8 node uses it: it is often the answer itself.
        """
        nodes = [n for n in self.graph.node if n.name in self.int8]
        for n in nodes:
            if n.op_type in WEIGHTED:
                self.quantised |= {n.input[0]} | ({self.after(n.output[0])} if n.op_type == "Conv" else set())
        again = True
        while again:
            before = len(self.quantised)
            for n in nodes:
                fed = all(i in self.quantised for i in n.input)
                if n.op_type in COMPUTES and (fed or self.after(n.output[0]) in self.quantised):
                    self.quantised |= set(n.input) | {self.after(n.output[0])}
            for n in self.graph.node:
                if n.op_type in MOVES and n.input[0] not in self.weights and any(o in self.quantised for o in n.output):
                    self.quantised.add(n.input[0])
                if n.op_type in MOVES and n.input[0] in self.quantised:
                    self.quantised |= set(n.output)
            again = len(self.quantised) != before
        self.int8 = {n.name for n in nodes if n.op_type in WEIGHTED or n.input[0] in self.quantised}

    def share(self, ranges):
        """A node that only moves values keeps the parameters of its input."""
        for n in self.graph.node:
            if n.op_type in MOVES and n.input[0] in self.quantised and n.output[0] in self.quantised:
                for o in n.output:
                    ranges[o] = ranges[n.input[0]]

    def picture(self, name):
        """(uint8 tensor, scale, zero) when `name` is Cast -> [Sub] -> Mul/Div of uint8 pixels, else None."""
        node, scale, zero = self.maker.get(name), 1.0, 0.0
        while node is not None and node.op_type in ("Mul", "Div", "Sub"):
            if node.input[1] not in self.weights:
                return None
            value = float(numpy_helper.to_array(self.weights[node.input[1]]))
            if node.op_type == "Sub":
                zero = value
            elif zero:
                return None
            else:
                scale *= value if node.op_type == "Mul" else 1.0 / value
            node = self.maker.get(node.input[0])
        if node is None or node.op_type != "Cast" or attributes(node)["to"] != TensorProto.FLOAT or zero % 1:
            return None
        source = node.input[0]
        pixels = {i.name for i in self.graph.input if i.type.tensor_type.elem_type == TensorProto.UINT8}
        origin = source
        while origin in self.maker and self.maker[origin].op_type in MOVES | {"Pad"}:
            origin = self.maker[origin].input[0]
        return (source, scale, int(zero)) if origin in pixels else None

    def write(self, ranges):
        self.made, self.new = {}, []
        names = {}
        for name in self.quantised:
            names[name] = self.parameters(name, ranges)
        done = set()
        for n in [None, *self.graph.node]:
            if n is not None:
                if n.name in self.int8:
                    self.rewrite(n, names)
                # Engines turn a whole map into floats for every DequantizeLinear, also where only its shape or a few rows are wanted.
                if n.op_type in MOVES | {"Shape"} and n.input[0] in names and not names[n.input[0]][3]:
                    n.input[0] = names[n.input[0]][2]
                    for i, name in enumerate(n.output if n.op_type in MOVES else []):
                        done.add(name)
                        n.output[i] = names[name][2]
                for i, name in enumerate(n.input):
                    if name in names:
                        n.input[i] = self.dequantised(name, names[name])
                self.new.append(n)
            for name in (n.output if n is not None else [i.name for i in self.graph.input]):
                if name in names and name not in done and not names[name][3]:
                    done.add(name)
                    self.node("QuantizeLinear", [name, *names[name][:2]], name + "/q")
        self.finish(names)

    def parameters(self, name, ranges):
        pixels = self.picture(name)
        if pixels:
            source, scale, zero = pixels
        else:
            low, high = (float(v) for v in ranges[name])
            low, high = min(low, 0.0), max(high, 1e-6)
            scale, source = (high - low) / 255.0, name + "/q"
            zero = int(round(-low / scale))
        s, z = self.constant(name + "/scale", np.float32(scale)), self.constant(name + "/zero", np.uint8(zero))
        return s, z, source, bool(pixels), np.float32(scale)

    def dequantised(self, name, p):
        """A pair of its own for every user, as engines fuse node by node."""
        count = self.made[name] = self.made.get(name, -1) + 1
        return self.node("DequantizeLinear", [p[2], p[0], p[1]], f"{name}/dq{count}")

    def rewrite(self, n, names):
        if n.op_type not in WEIGHTED:
            return
        w = numpy_helper.to_array(self.weights[n.input[1]]).astype(np.float32)
        axis = 0 if n.op_type == "Conv" or attributes(n).get("transB") else w.ndim - 1
        rest = tuple(i for i in range(w.ndim) if i != axis)
        shape = [-1 if i == axis else 1 for i in range(w.ndim)]
        scale = weight_scales(w, rest, shape)
        q = np.clip(np.round(w / scale.reshape(shape)), -WEIGHT_STEPS, WEIGHT_STEPS).astype(np.int8)
        base = n.name + "/w"
        n.input[1] = self.node("DequantizeLinear", [self.constant(base, q), self.constant(base + "/scale", scale),
                               self.constant(base + "/zero", np.zeros(len(scale), np.int8))], base + "/dq", axis=axis)
        if len(n.input) > 2 and n.input[2] in self.weights and n.op_type in ("Conv", "Gemm"):
            b, base = numpy_helper.to_array(self.weights[n.input[2]]), n.name + "/b"
            step = (names[n.input[0]][4] * scale).astype(np.float32)
            q = np.clip(np.round(b / step), -2**31 + 1, 2**31 - 1).astype(np.int32)
            n.input[2] = self.node("DequantizeLinear", [self.constant(base, q), self.constant(base + "/scale", step),
                                   self.constant(base + "/zero", np.zeros(len(step), np.int32))], base + "/dq", axis=0)

    def node(self, kind, inputs, output, **attr):
        if kind == "QuantizeLinear" or inputs[1].count("/b/") + inputs[1].count("/w/") == 0:
            attr = {}
        self.new.append(helper.make_node(kind, inputs, [output], name=output, **attr))
        return output

    def constant(self, name, value):
        self.graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def finish(self, names):
        """Graph outputs that are quantised come back as floats; what nothing uses any more is removed."""
        for name in [o.name for o in self.graph.output if o.name in names]:
            for n in self.new:
                for field in (n.input, n.output):
                    for i, other in enumerate(field):
                        field[i] = name + "/float" if other == name else other
            self.new.append(helper.make_node("DequantizeLinear", [names[name][2], *names[name][:2]], [name], name=name))
        wanted, kept = {o.name for o in self.graph.output}, []
        for n in reversed(self.new):
            if wanted.intersection(n.output):
                kept.append(n)
                wanted.update(n.input)
        del self.graph.node[:]
        self.graph.node.extend(reversed(kept))
        used = [t for t in self.graph.initializer if t.name in wanted]
        del self.graph.initializer[:]
        self.graph.initializer.extend(used)


def weight_scales(w, rest, shape):
    """Step of each output channel: from half to the whole of its largest weight, whichever rounds with the least error."""
    top = np.maximum(np.abs(w).max(axis=rest), 1e-8)
    least, best = np.full(top.shape, np.inf), top / WEIGHT_STEPS
    for share in np.linspace(.5, 1, 26):
        scale = top * share / WEIGHT_STEPS
        step = scale.reshape(shape)
        error = ((np.clip(np.round(w / step), -WEIGHT_STEPS, WEIGHT_STEPS) * step - w) ** 2).sum(axis=rest)
        best, least = np.where(error < least, scale, best), np.minimum(error, least)
    return best.astype(np.float32)
