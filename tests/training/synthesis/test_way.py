"""The way of docs/training.md, as it would be typed: from a generator to a network that learned from its pictures."""

from __future__ import annotations

import json
from pathlib import Path

from tests.training.synthesis.conftest import Side
from training.__main__ import main
from training.data.synthetic import load_manifest
from training.fitting.runs import load_run
from training.synthesis.review_sheet import sheet_digest


def _review(made: Path, reviewer: str, file: Path) -> str:
    """What the page would save for somebody who keeps all but the last picture."""
    images = load_manifest(made).images
    decisions = {image.image_id: image is not images[-1] for image in images}
    file.write_text(json.dumps({"reviewer": reviewer, "sheet": sheet_digest(images), "decisions": decisions}))
    return str(file)


def test_from_a_generator_to_a_network_that_learned_from_its_pictures(
    drawn: Path, training_side: Side, judging_bundle: Path, tmp_path: Path
) -> None:
    own_split, split = training_side[2], tmp_path / "split.json"
    own_split.save(split)
    data = ["--data", str(drawn), "--partial", "--cache", str(tmp_path / "cache")]
    generator, upscaler, made, run = (tmp_path / name for name in ("generator", "upscaler", "made", "run"))
    tiny = ["--preset", "tiny", "--split", str(split), "--steps", "2"]
    main(["generate", "train", *data, *tiny, "--out", str(generator)])
    large = ["--kind", "upscaler", "--size", "24x32", "--small", "12x16"]
    main(["generate", "train", *data, *tiny, *large, "--out", str(upscaler)])
    both = ["--generator", str(generator), "--upscaler", str(upscaler)]
    main(["generate", "sample", *data, *both, "--each", "2", "--steps", "2", "--guidance", "1", "--out", str(made)])
    judged = ["--bundle", str(judging_bundle), "--split", str(split), "--at-most", "10"]
    main(["generate", "score", *data, "--manifest", str(made), *judged, "--out", str(tmp_path / "scores")])
    main(["generate", "review", "--manifest", str(made), "--all", "--out", str(tmp_path / "review.html")])
    reviews = [_review(made, name, tmp_path / f"{name}.json") for name in ("ada", "bo")]
    joining = ["--manifest", str(made), "--reviews", *reviews, "--bootstrap", "20"]
    main(["generate", "join", *joining, "--out", str(tmp_path / "joined")])

    small = ["--widths", "8-8-16-16", "--batch", "16", "--precision", "32-true", "--epochs", "1", "--size", "48x64"]
    main(["train", *data, *small, "--split", str(split), "--synthetic", str(made), "--out", str(run)])
    learned = load_run(run).config["generated"]
    assert sum(learned["images"].values()) == len(load_manifest(made).images) - 1 == 5
    assert learned["manifest_sha256"] == load_manifest(made).accepted().digest()
    assert load_run(run).split.digest() == own_split.digest()
