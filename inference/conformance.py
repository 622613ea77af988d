"""Does a bundle answer as it did when it was exported?

Each bundle stores a few answers to seeded inputs, written at its export. A model, a runtime or a machine
that answers otherwise is found before it meets a patient.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from inference.bundle import Bundle
from inference.errors import BundleError
from inference.head import Floats, Head
from inference.metadata import Metadata, MetadataEncoding
from inference.onnx_graph import summarise
from inference.runtime import Runtime
from inference.vocabulary import DIAGNOSES


def seeded_input(seed: int, height: int, width: int) -> Floats:
    """(1, 3, height, width) float32, uniform in [-2, 2): equal on every machine and every NumPy.

    It reads raw words of PCG64, whose stream NumPy promises to keep; its distributions are not promised.
    """
    shape = (1, 3, height, width)
    words = np.asarray(np.random.PCG64(seed).random_raw(int(np.prod(shape))), dtype=np.uint64)
    units = (words >> np.uint64(40)).astype(np.float32) / np.float32(2**24)
    return (units * np.float32(4) - np.float32(2)).reshape(shape)


def seeded_logits(
    model: bytes,
    head: Head,
    seed: int,
    metadata: Mapping[str, Any],
    *,
    encoding: MetadataEncoding | None = None,
    labels: tuple[str, ...] = DIAGNOSES,
) -> dict[str, float]:
    """Balanced scores z by code for a seeded input: what the manifest's ``self_check`` stores.

    Args:
        model: the serialised graph, its input size fixed.
        head: rows in the order of ``labels``.
        seed: of ``seeded_input``.
        metadata: fields of ``Metadata``; empty for the image-only path.
        encoding: how metadata become numbers; the default one when None.
        labels: the order of the head's rows.
    """
    (image,) = summarise(model).inputs
    height, width = image.shape[2:]
    if height is None or width is None:
        raise BundleError("The graph's input size is not fixed.")
    encoded = (encoding or MetadataEncoding()).encode(Metadata(**metadata))
    features, _ = Runtime(lambda: model).run(seeded_input(seed, height, width))
    scores = _scores(features, head, encoded)
    return dict(zip(labels, scores.tolist(), strict=True))


def check_answers(bundle: Bundle, runtime: Runtime) -> list[str]:
    """Compare each stored answer with the runtime's; one sentence for each that differs.

    Raises:
        BundleError: the runtime cannot open or run the model.
    """
    manifest, problems = bundle.manifest, []
    for stored in manifest.self_check:
        features, mask = _answer(bundle, runtime, stored.seed)
        expected = (bundle.head.channels, *bundle.grid)
        if features.shape != expected or mask.shape != bundle.grid:
            return [f"The graph answers with {features.shape} and {mask.shape}, not {expected} and {bundle.grid}."]
        encoded = manifest.metadata_encoding.encode(stored.metadata)
        logits = np.array([stored.logits[code] for code in manifest.labels])
        difference = float(np.abs(_scores(features, bundle.head, encoded) - logits).max())
        if not difference <= runtime.tolerance:
            problems.append(
                f"The stored answer to seed {stored.seed} differs by {difference:.2g} logits "
                f"(at most {runtime.tolerance:g}): this model or runtime is not the one that was exported."
            )
    return problems


def check_bundle(path: Path | str) -> list[str]:
    """Everything that is wrong with a bundle's folder, in sentences; empty when it may be served."""
    try:
        bundle = Bundle.load(path)
        runtime = Runtime(lambda: bundle.model)
        features, mask = _answer(bundle, runtime, 0)
        problems = check_answers(bundle, runtime)
    except BundleError as error:
        return list(error.problems)
    if not (np.isfinite(features).all() and np.isfinite(mask).all()):
        problems.append("The graph answers with values that are not finite.")
    elif features.min() < 0:
        problems.append("The features are not behind a ReLU: some are negative.")
    return problems


def _answer(bundle: Bundle, runtime: Runtime, seed: int) -> tuple[Floats, Floats]:
    """What the runtime says; that it cannot run what it could open is a fault too."""
    tensor = seeded_input(seed, bundle.manifest.input.height, bundle.manifest.input.width)
    try:
        return runtime.run(tensor)
    except BundleError:
        raise
    except Exception as error:  # noqa: BLE001  the engines' own exceptions share no base class
        raise BundleError(f"The runtime cannot run the model: {error}") from None


def _scores(features: Floats, head: Head, encoded: Floats) -> Floats:
    embedding = features.mean(axis=(1, 2), dtype=np.float32)
    return head.image_logits(embedding) + head.metadata_logits(encoded)
