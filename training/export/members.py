"""Trained runs as one network: an ensemble whose mean score is again one linear head on all their features.

The mean of M linear heads on M feature maps is a single linear head on the concatenated map, with weights divided by M.
So the ensemble is served, explained and checked exactly like a single network.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from inference.head import Head, MetadataMember
from training.data.pictures import VIEWED
from training.data.presets import Recipe
from training.fitting.config import Priors
from training.fitting.runs import Run
from training.networks.fused import FusedNetwork
from training.networks.fusion import Additive
from training.networks.registry import name_of

SERVED = {"attention": "none", "fusion": "additive", "mask_head": True}


def check_same_data(runs: list[Run]) -> None:
    """Members must have seen the same training side, or one's training pictures are another's test. ``ValueError``."""
    if len({run.config.get("source", "ham10000") for run in runs}) != 1:
        raise ValueError("These runs were trained on different data sets; a bundle names one.")
    if len({run.split.digest() for run in runs}) != 1 or len({_known(run.priors) for run in runs}) != 1:
        raise ValueError("These runs were trained on different splits; an ensemble of them has no honest test side.")


def _known(priors: Priors) -> tuple[object, ...]:
    """What a bundle states once for all of its members."""
    return priors.mean, priors.std, priors.true, priors.age_center


def servable(runs: list[Run]) -> list[FusedNetwork]:
    """The networks of the runs, where a bundle can carry them. Raises ``ValueError`` with the reason where not.

    A bundle holds a feature map, a mask, a linear head on the map's mean and additive metadata, read at one size, and
    its card describes the plain backbone: attention would run, but unsaid.
    """
    for run in runs:
        _check_prepared_as_served(run)
    return [_servable(run) for run in runs]


def _servable(run: Run) -> FusedNetwork:
    config, what = run.network.config, name_of(run.network.config)
    if isinstance(run.network, FusedNetwork):
        odd = [f"{key} {getattr(config, key)}" for key, value in SERVED.items() if getattr(config, key) != value]
        if config.input_size not in (None, VIEWED):
            odd.append(f"input_size {config.input_size}")
        if not odd:
            return run.network
        what += " with " + ", ".join(odd)
    raise ValueError(
        f"{run.path}: a bundle cannot carry {what}; it carries fused with additive metadata, a mask head and no "
        f"attention, at {VIEWED[0]}×{VIEWED[1]} pixels."
    )


def _check_prepared_as_served(run: Run) -> None:
    cleaning, recipe = run.config.get("cleaning", "keep"), Recipe.of(run.config)
    if cleaning != "keep":
        raise ValueError(f"{run.path}: the runtime fills in no age as '{cleaning}' does; train with keep.")
    if not recipe.served:
        raise ValueError(f"{run.path}: the runtime does not prepare pictures as '{recipe}'; train with the preset own.")


class Ensemble(nn.Module):
    """Standardised pictures (N,3,H,W) → features (N,ΣC,h,w) of all members, and their mean mask logit (N,1,h,w)."""

    def __init__(self, networks: list[FusedNetwork]) -> None:
        super().__init__()
        self.backbones = nn.ModuleList([network.backbone for network in networks])
        self.masks = nn.ModuleList([network.mask_head for network in networks if network.mask_head is not None])

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        features = [backbone(image) for backbone in self.backbones]
        masks = [mask(feature) for mask, feature in zip(self.masks, features, strict=True)]
        return torch.cat(features, dim=1), torch.stack(masks).mean(dim=0)


def joint_head(networks: list[FusedNetwork]) -> Head:
    """The members' heads as one, averaging folded in."""
    share = 1 / len(networks)
    image = [network.head for network in networks]
    return Head(
        W=np.concatenate([_array(head.weight) * share for head in image], axis=1),
        b=np.asarray(sum(_array(head.bias) * share for head in image), dtype=np.float32),
        members=tuple(_metadata_member(network, share) for network in networks),
    )


def _metadata_member(network: FusedNetwork, share: float) -> MetadataMember:
    head = network.metadata_head
    if not isinstance(head, Additive):
        raise TypeError("Only an additive branch has these arrays; servable() refuses the others.")
    return MetadataMember(
        U=_array(head.hidden.weight),
        c=_array(head.hidden.bias),
        G=_array(head.gate.weight),
        d=_array(head.gate.bias),
        V=_array(head.value.weight) * np.float32(share),
    )


def _array(parameter: Tensor) -> np.ndarray[Any, np.dtype[np.float32]]:
    return parameter.detach().numpy().astype(np.float32)


def to_onnx(ensemble: Ensemble, height: int, width: int) -> bytes:
    """The ensemble as a serialised ONNX graph: ``image`` → ``features``, ``mask``; the batch is free."""
    example = torch.zeros(2, 3, height, width)
    with torch.no_grad():
        program = torch.onnx.export(
            ensemble.eval(),
            (example,),
            dynamo=True,
            verbose=False,
            input_names=["image"],
            output_names=["features", "mask"],
            dynamic_shapes={"image": {0: torch.export.Dim("batch")}},
        )
    if program is None:
        raise RuntimeError("torch wrote no ONNX graph.")
    return without_traces(program.model_proto)


def without_traces(model: onnx.ModelProto) -> bytes:
    """Serialise without the exporter's stack traces: a bundle says nothing of the machine that made it."""
    graph = model.graph
    for part in (model, graph, *graph.node, *graph.initializer, *graph.input, *graph.output, *graph.value_info):
        part.ClearField("doc_string")
        part.ClearField("metadata_props")
    serialised: bytes = model.SerializeToString()
    return serialised
