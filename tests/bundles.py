"""A tiny but real model bundle, built without torch: what tests serve instead of the shipped one."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from inference.bundle import Bundle, write_bundle
from inference.conformance import seeded_logits
from inference.head import Head, MetadataMember
from inference.metadata import MetadataEncoding
from inference.scope import FeatureSpace
from inference.vocabulary import DERMOSCOPIC, DIAGNOSES

CHANNELS = 8
HEIGHT, WIDTH, STRIDE = 144, 192, 16
CARD = "# Tiny test model\n\nRandom weights. It knows nothing about skin.\n"


def build_tiny_bundle(
    path: Path,
    seed: int = 0,
    *,
    members: int = 2,
    changes: dict[str, Any] | None = None,
    space: FeatureSpace | None = None,
    card: str = CARD,
) -> Bundle:
    """Write a bundle whose answers depend on pixels and metadata; ``changes`` replace manifest sections."""
    rng = np.random.default_rng(seed)
    model, head = tiny_model(rng), tiny_head(rng, members=members)
    document = tiny_manifest(model, head, version=f"0.{seed}")
    return write_bundle(path, manifest={**document, **(changes or {})}, model=model, head=head, card=card, space=space)


def tiny_model(rng: np.random.Generator) -> bytes:
    """One strided convolution and a ReLU: image (1, 3, 144, 192) → features (1, 8, 9, 12) and mask."""
    kernel = rng.normal(0, 0.08, (CHANNELS, 3, STRIDE, STRIDE)).astype(np.float32)
    kernel[0] = 1 / STRIDE**2  # channel 0 is brightness, so that a bright spot has a known place
    look = rng.normal(0, 0.5, (1, CHANNELS, 1, 1)).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["image", "kernel"], ["raw"], strides=[STRIDE, STRIDE]),
        helper.make_node("Relu", ["raw"], ["features"]),
        helper.make_node("Conv", ["features", "look"], ["mask"]),
    ]
    rows, columns = HEIGHT // STRIDE, WIDTH // STRIDE
    graph = helper.make_graph(
        nodes,
        "tiny",
        [_port("image", 3, HEIGHT, WIDTH)],
        [_port("features", CHANNELS, rows, columns), _port("mask", 1, rows, columns)],
        [numpy_helper.from_array(kernel, "kernel"), numpy_helper.from_array(look, "look")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def tiny_head(rng: np.random.Generator, *, members: int = 2) -> Head:
    """Random linear heads of the right shapes."""
    classes, inputs, hidden = len(DIAGNOSES), MetadataEncoding().size, 5

    def draw(*shape: int) -> np.ndarray[Any, np.dtype[np.float32]]:
        return rng.normal(0, 0.7, shape).astype(np.float32)

    branches = (
        MetadataMember(
            U=draw(hidden, inputs),
            c=draw(hidden),
            G=draw(classes, inputs),
            d=draw(classes),
            V=draw(classes, hidden),
        )
        for _ in range(members)
    )
    return Head(draw(classes, CHANNELS), draw(classes), tuple(branches))


def tiny_manifest(model: bytes, head: Head, *, version: str = "0.0") -> dict[str, Any]:
    """A complete manifest without its files."""
    return {
        "name": "tiny",
        "version": version,
        "created": "2025-01-01T00:00:00+00:00",
        "labels": list(DIAGNOSES),
        "input": {
            "height": HEIGHT,
            "width": WIDTH,
            "mean": [0.7, 0.5, 0.5],
            "std": [0.15, 0.15, 0.16],
            "interpolation": "bilinear",
            "aspect_policy": "rotate-portrait, centre-crop",
            "image_types": [DERMOSCOPIC],
        },
        "metadata_encoding": MetadataEncoding().to_dict(),
        "training_data": {"name": "none", "citation": "none", "licence": "CC0", "split": "none", "n": 1},
        "licence": "MIT",
        **_decisions(),
        "self_check": [
            {"seed": seed, "metadata": known, "logits": seeded_logits(model, head, seed, known)}
            for seed, known in ((1, {}), (2, {"age": 70.0, "sex": "male", "localization": "back"}))
        ],
    }


def _decisions() -> dict[str, Any]:
    """Calibration, thresholds and conformal quantiles: plausible, and measured on nothing."""
    rate = {"low": 0.7, "value": 0.8, "high": 0.9}
    point = {"threshold": 0.3, "sensitivity": rate, "specificity": rate}
    prior = dict(zip(DIAGNOSES, (0.03, 0.05, 0.11, 0.01, 0.11, 0.67, 0.02), strict=True))
    return {
        "calibration": {
            "temperature_fused": 1.5,
            "temperature_image": 1.2,
            "log_prior": {code: float(np.log(share)) for code, share in prior.items()},
        },
        "thresholds": {
            "split": "none: random weights",
            "malignancy": point,
            "operating_points": [point],
            "max_set_size": 5,
            "melanoma_sensitivity": rate,
        },
        "conformal": {
            "alpha": 0.1,
            "quantiles": {"fused": dict.fromkeys(DIAGNOSES, 0.9), "image": dict.fromkeys(DIAGNOSES, 0.8)},
        },
    }


def _port(name: str, *sizes: int) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", *sizes])
