"""What the command line does; each command prints and returns its exit code.

Exit codes: 0 done (single pictures without an answer have rows of their own), 1 no picture was answered or the
checked bundle is faulty, 2 the call cannot be served (no such path, bundle or column).
"""

import json
import sys
import time
from argparse import Namespace
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from PIL import Image
from tqdm import tqdm

from inference.bundle import Bundle, load_manifest, newest_bundle
from inference.conformance import check_bundle
from inference.decoding import decode
from inference.errors import ImageRefused
from inference.metadata import Metadata
from inference.overlay import blend, render_overlay
from inference.predictions import (
    UNANSWERED,
    Row,
    fields_lacking,
    find_images,
    image_names,
    metadata_of,
    predict_row,
    read_metadata,
    refuse_out,
    write_rows,
)
from inference.predictor import Predictor
from inference.result import Result
from inference.surrogate_overlay import render_surrogate
from inference.surrogates import explain_image
from inference.vocabulary import SEVERITY

MODELS_FOLDER = Path(__file__).resolve().parents[1] / "models"


def predict(arguments: Namespace) -> int:
    """Predict files and folders into a CSV."""
    files = find_images(arguments.images)
    refuse_out(arguments.out, files, arguments.metadata)
    told = _told(files, arguments.metadata)
    predictor = _predictor(arguments)
    started = time.perf_counter()
    rows = write_rows(_predicted(predictor, files, told, arguments), arguments.out)
    seconds = time.perf_counter() - started
    refused = [row.refusal for row in rows if row.refusal]
    for sentence in refused:
        print(sentence, file=sys.stderr)
    unanswered = sum(row.values["abstain_reason"] == UNANSWERED for row in rows)
    counted = f"{len(refused) - unanswered} unreadable" + (f", {unanswered} without an answer" if unanswered else "")
    manifest = predictor.bundle.manifest
    print(
        f"{len(rows)} images in {seconds:.1f} s ({len(rows) / seconds:.1f} images/s) by {manifest.name} "
        f"{manifest.version}, {counted}: {arguments.out}"
    )
    return 1 if len(refused) == len(rows) else 0


def check(arguments: Namespace) -> int:
    """Say what is wrong with a bundle, or that nothing is."""
    problems = check_bundle(arguments.bundle)
    for problem in problems:
        print(problem)
    if problems:
        return 1
    manifest = load_manifest(arguments.bundle)
    print(f"{manifest.name} {manifest.version} conforms. SHA-256 {manifest.sha256}")
    if manifest.scope is None:
        print("It knows no scope: it answers about any picture that passes the quality gate.")
    return 0


def explain(arguments: Namespace) -> int:
    """Write one heatmap on the picture for each diagnosis, or a surrogate of one, and the figures as JSON."""
    metadata = Metadata.parse(age=arguments.age, sex=arguments.sex, localization=arguments.localization)
    predictor = _predictor(arguments)
    try:
        data = arguments.image.read_bytes()
        image = decode(data)
    except (ImageRefused, OSError) as error:
        print(f"{arguments.image}: {error}", file=sys.stderr)
        return 1
    result = predictor.predict(data, metadata)  # the bytes, so that it says what `predict` says
    arguments.out.mkdir(parents=True, exist_ok=True)
    stem = arguments.out / arguments.image.stem
    if arguments.method != "gradcam":
        return _ask_surrogate(predictor, image, metadata, arguments.diagnosis or result.likeliest, arguments)
    for code in SEVERITY:
        blend(image, render_overlay(result.heatmap(code), result.geometry)).save(f"{stem}_{code}.png")
    text = json.dumps(summary(result), indent=2)
    Path(f"{stem}.json").write_text(text + "\n", encoding="utf-8")
    print(text)
    return 0


def _ask_surrogate(
    predictor: Predictor, image: Image.Image, metadata: Metadata, code: str, arguments: Namespace
) -> int:
    """Write LIME's or SHAP's patches on the picture, and its figures as JSON."""
    with tqdm(total=arguments.samples, unit="answer", file=sys.stderr) as bar:
        told = explain_image(
            predictor,
            arguments.image.read_bytes(),
            metadata,
            method=arguments.method,
            code=code,
            samples=arguments.samples,
            seed=arguments.seed,
            progress=lambda done, _: bar.update(done - bar.n),
        )
    found = told.surrogate
    stem = arguments.out / f"{arguments.image.stem}_{told.method}_{code}"
    blend(image, render_surrogate(found.patches, found.weights, told.geometry)).save(f"{stem}.png")
    values = {
        "method": told.method,
        "diagnosis": code,
        "score": found.score,
        "score_with_all_hidden": found.hidden_score,
        "r2": found.r2,
        "samples": told.samples,
        "seed": told.seed,
        "weights": [round(weight, 6) for weight in found.weights],
    }
    Path(f"{stem}.json").write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
    print(f"{told.method} of {code}, R² {found.r2:.2f}: {stem}.png")
    return 0


def summary(result: Result) -> dict[str, object]:
    """The figures of a result as plain JSON values."""
    return {
        "probabilities": {code: round(result.probabilities[code], 6) for code in SEVERITY},
        "malignancy": round(result.malignancy, 6),
        "prediction_set": list(result.prediction_set),
        "tier": result.tier,
        "abstain_reason": result.abstain_reason,
        "heat_inside_lesion": result.heat_inside_lesion,
        "heat_on_border": result.heat_on_border,
        "heat_on_artefacts": result.heat_on_artefacts,
        "heat_is_doubtful": result.heat_is_doubtful,
        "descriptors": asdict(result.descriptors) if result.descriptors else None,
        "attributions": {code: dict(result.attributions[code]) for code in SEVERITY},
        "quality": {item.name: [round(item.value, 4), item.unit] for item in result.quality.measurements},
        "quality_reasons": list(result.quality.reasons),
        "model": {
            "name": result.model_name,
            "version": result.model_version,
            "sha256": result.model_sha256,
        },
        "runtime": result.runtime,
        "milliseconds": {stage: round(spent, 2) for stage, spent in result.timings.items()},
    }


def _told(files: list[Path], table: Path | None) -> list[Metadata]:
    """What the ``table`` says of each picture; which columns it lacks and how many it leaves out is said aloud."""
    if table is None:
        return [Metadata()] * len(files)
    known = read_metadata(table)
    told = metadata_of(files, known, table)
    for field in fields_lacking(table):
        print(f"{table} has no column {field}: it counts as unknown. Rename the column that holds it.", file=sys.stderr)
    left = sum(file.stem not in known for file in files)
    if left:
        print(f"{left} of {len(files)} pictures have no row in {table}: the picture alone answers.", file=sys.stderr)
    unused = len(known.keys() - {file.stem for file in files})
    if unused:
        print(f"{unused} of {len(known)} rows of {table} fit no picture here.", file=sys.stderr)
    return told


def _predictor(arguments: Namespace) -> Predictor:
    bundle = Bundle.load(arguments.bundle or newest_bundle(MODELS_FOLDER))
    predictor = Predictor(bundle, runtime=arguments.runtime)
    predictor.warm_up()
    return predictor


def _predicted(predictor: Predictor, files: list[Path], told: list[Metadata], arguments: Namespace) -> Iterator[Row]:
    """Yield rows in the order of the files; threads change the pace and nothing else."""

    def one(item: tuple[Path, str, Metadata]) -> Row:
        return predict_row(predictor, *item, arguments.scores)

    items = zip(files, image_names(files), told, strict=True)
    with ThreadPoolExecutor(arguments.threads) as pool:
        yield from tqdm(pool.map(one, items), total=len(files), unit="image", file=sys.stderr)
