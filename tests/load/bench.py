"""`make bench`: our runtime beside torch on the same network, one thread, warm; a table and bench.json.

Torch computes the network as it was trained, in float32. Where the bundle computes in eight bits, so do we: the ratios
hold both the engine's part and the arithmetic's, and ``single_precision_over_ours`` says what the arithmetic's is.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from inference.bundle import Bundle, newest_bundle
from inference.conformance import seeded_input
from inference.decoding import decode
from inference.engines import CHOICES
from inference.errors import BundleError
from inference.gradcam import class_heat
from inference.head import Floats
from inference.predictor import Predictor
from inference.preprocessing import prepare
from inference.runtime import Runtime
from inference.selection import select_runtime
from tests.drawings import jpeg
from tests.load.figures import percentile
from tests.load.ours import KNOWN, SIZE, stages, steps
from tests.load.rebuilt import Rebuilt, grad_cams, original
from tests.load.rivals import Yardstick, explainers
from tests.load.timing import interleaved, ratio, told
from tests.load.workers import REPOSITORY, footprint, throughput

# How far both sides may lie apart: a probability, and a heatmap as a share of its maximum. Eight bits move what they
# round, on seeded noise too; another network lies further off.
TOLERANCES = {"float32": (1e-5, 1e-4), "int8": (0.02, 0.15), "bfloat16": (0.05, 0.25)}


def main() -> dict[str, Any]:
    arguments = _parser().parse_args()
    torch.set_num_threads(1)
    try:
        bundle = Bundle.load(newest_bundle(arguments.models))
        runtime = select_runtime(bundle, arguments.runtime)
    except BundleError as error:
        sys.exit(str(error))
    predictor, whole = Predictor(bundle, runtime=arguments.runtime), original(bundle, arguments.models)
    found = measure(predictor, runtime, Rebuilt(whole), Runtime(lambda: whole.model), pictures=arguments.pictures)
    found |= _processes(arguments.models, arguments.runtime)
    found = {"measured": datetime.now(UTC).isoformat(timespec="seconds"), **_where(bundle, runtime), **found}
    arguments.data.mkdir(parents=True, exist_ok=True)
    file = arguments.data / "bench.json"
    file.write_text(json.dumps(found, indent=2) + "\n")
    print(table(found))
    print(f"Written to {file}.")
    return found


def measure(
    predictor: Predictor, runtime: Runtime, network: Rebuilt, unrounded: Runtime, *, pictures: int
) -> dict[str, Any]:
    """All that one process can measure, in four groups; ways of one group are taken in turns.

    ``unrounded`` is our engine on the network in single precision.
    """
    bundle, data = predictor.bundle, jpeg(0, SIZE)
    agreement = agree(bundle, runtime, network)
    tensor = prepare(decode(data), bundle.manifest.input).tensor
    ours, theirs, yardstick = steps(predictor, runtime, tensor), explainers(network, tensor), Yardstick()
    whole = {"end to end": lambda: predictor.predict(data, KNOWN)}
    alone = interleaved(ours | {"predict in single precision": lambda: unrounded.run(tensor)}, 40)
    one = interleaved(ours | _only(theirs, "predict", "1"), 12)
    seven = interleaved(_only(ours, "7 heatmaps") | _only(theirs, "7", "batch"), 5)
    outside = interleaved(
        whole
        | {
            "yardstick 1 heatmap": lambda: yardstick.explain(data, 1),
            "yardstick 7 heatmaps": lambda: yardstick.explain(data, 7),
        },
        8,
    )
    by_stage = stages(predictor, pictures)
    cam1, cam7, total = "predict + 1 heatmap", "predict + 7 heatmaps", by_stage["total"]
    return {
        "predict_cam7_over_predict": ratio(alone, cam7, "predict"),
        "single_precision_over_ours": ratio(alone, "predict in single precision", "predict"),
        "torch_over_predict": ratio(one, "torch predict", "predict"),
        "gradcam_over_ours_cam1": ratio(one, "torch grad-cam 1", cam1),
        "captum_over_ours_cam1": ratio(one, "torch captum 1", cam1),
        "gradcam_over_ours_cam7": ratio(seven, "torch grad-cam 7", cam7),
        "gradcam_batch_over_ours_cam7": ratio(seven, "torch grad-cam 7 in a batch", cam7),
        "captum_over_ours_cam7": ratio(seven, "torch captum 7", cam7),
        "yardstick_over_end_to_end": ratio(outside, "yardstick 7 heatmaps", "end to end"),
        "yardstick_1_heatmap_over_end_to_end": ratio(outside, "yardstick 1 heatmap", "end to end"),
        "end_to_end_p99_over_p50": round(percentile(total, 0.99) / median(total), 2),
        "agreement": agreement,
        "milliseconds": told(seven | one | alone | outside),
        "stages_ms": told(by_stage),
    }


def agree(bundle: Bundle, runtime: Runtime, network: Rebuilt) -> dict[str, float]:
    """The largest differences between both sides, which must be the same network before anything is timed."""
    size = bundle.manifest.input.height, bundle.manifest.input.width
    probability, heat = 0.0, 0.0
    for seed in range(4):
        tensor = seeded_input(seed, *size)
        features, _ = runtime.run(tensor)
        theirs = network(torch.tensor(tensor)).softmax(dim=1)[0].detach().numpy()
        own = _softmax(bundle.head.image_logits(features.mean(axis=(1, 2), dtype=np.float32)))
        probability = max(probability, float(np.abs(own - theirs).max()))
        maps, expected = class_heat(bundle.head.W, features), grad_cams(network, torch.tensor(tensor)).numpy()
        heat = max(heat, float(np.abs(maps - expected).max() / expected.max()))
    most = next(most for precision, most in TOLERANCES.items() if precision in runtime.description)
    if probability > most[0] or heat > most[1]:
        sys.exit(f"Both sides are not the same network: they differ by {probability:.1e} and {heat:.1e}.")
    return {"probability_difference": probability, "heatmap_difference": heat}


def table(found: dict[str, Any]) -> str:
    """Times, then every figure that stands alone."""
    lines = [f"{'milliseconds':30}{'p50':>10}{'p99':>10}{'n':>6}"]
    for name, row in (found["milliseconds"] | {f"  {k}": v for k, v in found["stages_ms"].items()}).items():
        lines.append(f"{name:30}{row['p50']:10.1f}{row['p99']:10.1f}{row['n']:6}")
    lines += [""] + [f"{name:38}{value}" for name, value in found.items() if not isinstance(value, dict)]
    lines += [f"{part + '.' + name:38}{value}" for part in PARTS for name, value in found[part].items()]
    return "\n".join(lines)


PARTS = ("agreement", "worker", "torch_process", "pictures_a_second")


def _processes(models: Path, runtime: str) -> dict[str, Any]:
    worker, in_torch = (footprint(kind, models, runtime) for kind in ("clinic", "torch"))
    rates = throughput(models, runtime)
    return {
        "two_workers_over_one": rates["two_over_one"],
        "worker_rss_mb": worker["rss_mb"],
        "cold_start_s": worker["cold_start_s"],
        "worker": worker,
        "torch_process": in_torch,
        "pictures_a_second": rates,
    }


def _where(bundle: Bundle, runtime: Runtime) -> dict[str, Any]:
    models = [line for line in _lines(Path("/proc/cpuinfo")) if line.startswith("model name")]
    return {
        "runtime": runtime.description,
        "torch_computes_in": "float32",
        "bundle": f"{bundle.manifest.name} {bundle.manifest.version}",
        "processor": models[0].partition(":")[2].strip() if models else platform.processor(),
        "cores": os.cpu_count(),
        "torch": torch.__version__,
    }


def _lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def _only(ways: dict[str, Any], *ends: str) -> dict[str, Any]:
    return {name: way for name, way in ways.items() if name.endswith(ends)}


def _softmax(logits: Floats) -> Floats:
    raised = np.exp(logits - logits.max())
    return np.asarray(raised / raised.sum())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, default=REPOSITORY / "models", help="the folder of bundles")
    parser.add_argument("--data", type=Path, default=REPOSITORY / "var", help="the folder to write bench.json to")
    parser.add_argument("--pictures", type=int, default=200, help="pictures that go the whole way")
    parser.add_argument("--runtime", choices=CHOICES, default="auto")
    return parser


if __name__ == "__main__":
    main()
