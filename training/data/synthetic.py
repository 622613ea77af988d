"""The manifest of generated pictures: where each comes from, what it is worth, and the one side that it may join.

A generated picture says ``image_manipulation`` "synthetic", after the term that DICOM and C2PA use for such pictures.
It stands for no patient and no lesion; but it carries what its generator learned and whose outline or skin it was made
of, so all of that must lie on the training side of the split that it joins.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from inference.metadata import Metadata
from inference.vocabulary import DIAGNOSES
from training.data.pictures import Pictures, read_picture
from training.data.presets import Recipe
from training.data.records import DataError, Record
from training.data.splits import LeakError, Split

MANIPULATION = "synthetic"
PREFIX = "SYN_"  # no release names a photograph so
FILE = "manifest.json"


@dataclass(frozen=True)
class SyntheticImage:
    """One generated picture.

    ``image`` and ``mask`` are files beside the manifest. ``generator`` and ``weights_sha256`` name what drew it,
    ``split_sha256`` the split whose training side that learned from, empty where it saw none of these data. ``seed``
    and ``prompt`` (or the class alone) draw it again under ``settings``: steps, guidance, solver, size. ``parents``
    are photographs that an outline, a lesion or the skin was taken from. ``scores`` are those of ``generate score``;
    ``accepted`` is None until two reviewers have seen it.
    """

    image: str
    sha256: str
    diagnosis: str
    generator: str
    weights_sha256: str
    seed: int
    split_sha256: str = ""
    prompt: str | None = None
    settings: dict[str, float | str] = field(default_factory=dict)
    mask: str | None = None
    parents: tuple[str, ...] = ()
    scores: dict[str, float] = field(default_factory=dict)
    accepted: bool | None = None
    licence: str = ""
    image_manipulation: str = MANIPULATION

    @property
    def image_id(self) -> str:
        return Path(self.image).stem

    @property
    def may_be_accepted(self) -> bool:
        """Whether it was looked for among the photographs, and is a copy of none."""
        return self.scores.get("copy") == 0


@dataclass(frozen=True)
class Manifest:
    """All pictures of one folder."""

    folder: Path
    images: tuple[SyntheticImage, ...]

    def counts(self) -> dict[str, int]:
        """Pictures by class."""
        return dict(sorted(Counter(image.diagnosis for image in self.images).items()))

    def digest(self) -> str:
        """SHA-256 over what the pictures are and were made of: two runs with one learned from the same ones.

        Scores and decisions are left out: to judge a picture again does not change it.
        """
        rows = [
            [one.image_id, one.sha256, one.diagnosis, one.weights_sha256, one.split_sha256, list(one.parents)]
            for one in self.images
        ]
        return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()

    def save(self) -> Path:
        """Write ``manifest.json``, whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path, part = self.folder / FILE, self.folder / f".{FILE}.{os.getpid()}.part"
        document = {"image_manipulation": MANIPULATION, "images": [asdict(image) for image in self.images]}
        part.write_text(json.dumps(document, indent=1) + "\n")
        part.replace(path)
        return path

    def accepted(self) -> Manifest:
        """Those that reviewers accepted.

        Raises ``DataError`` where not one was, and where one is a copy of a photograph or was never compared with any.
        """
        kept = tuple(image for image in self.images if image.accepted)
        barred = [image.image_id for image in kept if not image.may_be_accepted]
        if barred:
            raise DataError(
                f"{barred[0]} is accepted, but is a copy of a photograph or has no scores ({len(barred)} such); "
                "run generate score, then generate join once more."
            )
        if not kept:
            raise DataError(f"{self.folder / FILE}: no picture is accepted; let two people review, then generate join.")
        return replace(self, images=kept)


def load_manifest(path: Path) -> Manifest:
    """Read a manifest, or the one in a folder, and check each row and its file.

    Raises ``DataError`` for a row that does not say that it is synthetic, names no class, is there twice, or whose
    file is missing or is not what its hash says.
    """
    path = path / FILE if path.is_dir() else path
    try:
        rows: list[dict[str, Any]] = json.loads(path.read_text())["images"]
        images = tuple(SyntheticImage(**{**row, "parents": tuple(row.get("parents", ()))}) for row in rows)
    except OSError:
        raise DataError(f"{path} cannot be read; give the manifest that generate sample wrote.") from None
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path} is no manifest of generated pictures: {error}") from None
    twice = [name for name, count in Counter(image.image_id for image in images).items() if count > 1]
    if twice:
        raise DataError(f"{path}: {twice[0]} is there twice.")
    for image in images:
        _check(image, path.parent)
    return Manifest(path.parent, images)


def _check(image: SyntheticImage, folder: Path) -> None:
    if image.image_manipulation != MANIPULATION or not image.image_id.startswith(PREFIX):
        raise DataError(
            f"{image.image}: a generated picture says image_manipulation synthetic and is called {PREFIX}…."
        )
    if image.diagnosis not in DIAGNOSES:
        raise DataError(f"{image.image}: there is no class {image.diagnosis!r}.")
    for name in (image.image, image.mask):
        if name is not None and Path(name).name != name:
            raise DataError(f"{name}: files lie beside their manifest.")
        if name is not None and not (folder / name).is_file():
            raise DataError(f"{folder / name} is missing.")
    if hashlib.sha256((folder / image.image).read_bytes()).hexdigest() != image.sha256:
        raise DataError(f"{folder / image.image} was changed after it was generated; generate it again.")


def check_may_join(manifest: Manifest, split: Split) -> None:
    """Raise ``LeakError`` unless all that the pictures carry lies on the training side of ``split``.

    That is: no picture has the name of one of ``split``'s; each generator learned on the training side of this very
    split or on none of these data; and each parent stands on its training side.
    """
    train = set(split.train)
    held = {*split.validation, *split.test, *split.left_out}
    for image in manifest.images:
        if image.image_id in train | held:
            raise LeakError(f"{image.image_id} is a photograph of the split; a generated picture has its own name.")
        if image.split_sha256 not in ("", split.digest()):
            raise LeakError(
                f"{image.image_id} was drawn by a generator of another split, which has seen test pictures of this one."
            )
        strangers = [parent for parent in image.parents if parent not in train]
        if strangers:
            raise LeakError(f"{image.image_id} was made of {strangers[0]}, which is not on the training side.")


def records_of(manifest: Manifest) -> list[Record]:
    """A record for each picture; each is a lesion of its own, and nothing is known of a patient that there is not."""
    return [
        Record(
            image_id=image.image_id,
            lesion_id=image.image_id,
            diagnosis=image.diagnosis,
            dx_type="generated",
            source=image.generator,
            metadata=Metadata(),
            image=manifest.folder / image.image,
            mask=manifest.folder / image.mask if image.mask else None,
            dataset=MANIPULATION,
        )
        for image in manifest.images
    ]


def pictures_of(records: Sequence[Record], recipe: Recipe, like: Pictures) -> Pictures:
    """Generated pictures brought to the sizes of ``like`` by the same recipe; they are few, so nothing is cached."""
    stored, viewed = like.stored.shape[1:3], like.viewed.shape[1:3]
    images = [recipe.filtered(read_picture(record.image)) for record in records]
    masks = [
        recipe.fitted(read_picture(record.mask), stored)[..., 0] > 127 if record.mask else np.zeros(stored, bool)
        for record in records
    ]
    return Pictures(
        stored=np.stack([recipe.fitted(image, stored) for image in images]),
        viewed=np.stack([recipe.fitted(image, viewed) for image in images]),
        masks=np.stack(masks).astype(np.uint8),
        has_mask=np.array([record.mask is not None for record in records]),
        recipe=recipe,
    )
