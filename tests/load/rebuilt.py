"""A bundle's own network in torch, rebuilt from its ONNX graph: the same weights, operator by operator, in eager mode."""

from __future__ import annotations

from pathlib import Path

import onnx
import torch
from onnx import helper, numpy_helper
from torch import Tensor, nn

from inference.bundle import FEATURES_OUTPUT, IMAGE_INPUT, Bundle
from inference.errors import BundleError


def original(bundle: Bundle, models: Path) -> Bundle:
    """The bundle that this one was rounded from, else itself: torch computes the network as it was trained.

    Raises:
        BundleError: the one it was rounded from is not in the folder ``models``.
    """
    made_from = bundle.manifest.document.get("quantised_from")
    if made_from is None:
        return bundle
    for folder in sorted(models.iterdir()):
        if (folder / "manifest.json").is_file() and (found := Bundle.load(folder)).sha256 == made_from["sha256"]:
            return found
    raise BundleError(f"{models} lacks the bundle {made_from['version']} that {bundle.path.name} was rounded from.")


class Rebuilt(nn.Module):
    """Standardised pictures (N,3,H,W) → the picture's logits (N,7). ``features`` is the layer that Grad-CAM watches.

    Kernels are parameters that require gradients, as in any network that was loaded to be explained.
    """

    def __init__(self, bundle: Bundle) -> None:
        super().__init__()
        graph = onnx.load_from_string(bundle.model).graph
        self._known = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
        self._nodes = [node for node in _needed(graph, FEATURES_OUTPUT) if node.op_type != "Cast"]
        self._casts = {node.output[0]: node.input[0] for node in graph.node if node.op_type == "Cast"}
        self.operators = nn.ModuleList([self._operator(node) for node in self._nodes])
        self.features = nn.Identity()
        self.head = nn.Linear(*reversed(bundle.head.W.shape))
        self.head.load_state_dict({"weight": torch.tensor(bundle.head.W), "bias": torch.tensor(bundle.head.b)})
        self.eval()

    def forward(self, image: Tensor) -> Tensor:
        values = {IMAGE_INPUT: image}
        for node, operator in zip(self._nodes, self.operators, strict=True):
            values[node.output[0]] = operator(*(values[name] for name in node.input if name in values))
        features = self.features(values[FEATURES_OUTPUT])  # (N,C,h,w)
        return self.head(features.mean(dim=(2, 3)))

    def _operator(self, node: onnx.NodeProto) -> nn.Module:
        options = {one.name: helper.get_attribute_value(one) for one in node.attribute}
        match node.op_type:
            case "Conv":
                return _convolution(*(self._array(name) for name in node.input[1:]), options=options)
            case "Relu":
                return nn.ReLU()
            case "Add":
                return Sum()
            case "MaxPool":
                return nn.MaxPool2d(options["kernel_shape"], options["strides"], _padding(options))
            case "AveragePool":
                return nn.AvgPool2d(options["kernel_shape"], options["strides"], _padding(options), ceil_mode=True)
            case "Concat":
                return Joined(options["axis"])
        raise ValueError(f"This bench rebuilds no {node.op_type}; teach tests/load/rebuilt.py how torch computes it.")

    def _array(self, name: str) -> Tensor:
        return torch.tensor(self._known[self._casts.get(name, name)]).float()


class Sum(nn.Module):
    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return a + b


class Joined(nn.Module):
    def __init__(self, axis: int) -> None:
        super().__init__()
        self.axis = axis

    def forward(self, *parts: Tensor) -> Tensor:
        return torch.cat(parts, self.axis)


def grad_cams(network: Rebuilt, image: Tensor) -> Tensor:
    """Grad-CAM of all classes by autograd, as defined (Selvaraju et al. 2017): (1,3,H,W) → (7,h,w), in logits a cell."""
    kept: list[Tensor] = []
    handle = network.features.register_forward_hook(lambda *told: kept.append(told[2]))
    logits = network(image)[0]
    handle.remove()
    (features,) = kept
    gradients = [torch.autograd.grad(one, features, retain_graph=True)[0] for one in logits]
    weights = torch.stack([gradient.mean(dim=(2, 3)) for gradient in gradients])  # (7,1,C)
    return torch.relu((weights[..., None, None] * features).sum(dim=2))[:, 0].detach()


def _needed(graph: onnx.GraphProto, output: str) -> list[onnx.NodeProto]:
    """The nodes that lead to one output, in the graph's order: the mask's are left out."""
    wanted, found = {output}, []
    for node in reversed(graph.node):
        if wanted & set(node.output):
            wanted |= set(node.input)
            found.append(node)
    return found[::-1]


def _convolution(kernel: Tensor, bias: Tensor | None = None, *, options: dict) -> nn.Conv2d:
    groups = options.get("group", 1)
    out, into = kernel.shape[0], kernel.shape[1] * groups
    shape, strides, dilations = kernel.shape[2:], options.get("strides", 1), options.get("dilations", 1)
    made = nn.Conv2d(into, out, shape, strides, _padding(options), dilations, groups, bias=bias is not None)
    made.load_state_dict({"weight": kernel} if bias is None else {"weight": kernel, "bias": bias})
    return made


def _padding(options: dict) -> tuple[int, int]:
    top, left, bottom, right = options.get("pads", [0, 0, 0, 0])
    if (top, left) != (bottom, right) or options.get("auto_pad", b"NOTSET") != b"NOTSET":
        raise ValueError("Padding that differs from side to side is not rebuilt.")
    return top, left
