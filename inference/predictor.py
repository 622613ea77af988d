"""The way of one picture: bytes → decode → quality → network → Grad-CAM → Result."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inference.artefacts import Artefacts, find_artefacts
from inference.attribution import PLAYERS, Worth, attribute_malignancy, baseline, coalitions, shapley
from inference.bundle import Bundle
from inference.calibration import balanced_scores, probabilities
from inference.decoding import Decoded, decode_for, normalise
from inference.descriptors import Descriptors, describe, pixels_along
from inference.engines import Choice
from inference.errors import InferenceError
from inference.gradcam import as_bytes, border, class_heat, peaks, share_inside, share_on
from inference.head import Floats
from inference.lesion import Mask, lesion_mask
from inference.metadata import Metadata
from inference.preprocessing import Prepared, prepare, to_tensor
from inference.quality import QualityReport, assess
from inference.result import Result
from inference.runtime import Runtime
from inference.scope import ScopeReport, judge_scope
from inference.selection import select_runtime
from inference.uncertainty import AbstainReason, abstain_reason, malignancy, prediction_set, tier
from inference.vocabulary import DERMOSCOPIC, IMAGE_TYPES, MALIGNANT

Stage = Literal["quality", "network", "gradcam", "done"]
Progress = Callable[[Stage], None]


def _silent(_: Stage) -> None:
    """No one listens."""


class Predictor:
    """Answers about pictures with one bundle.

    Safe to share between threads; cheap to make before a fork, because the runtime opens at the first
    prediction. Equal bytes and metadata give equal answers, to the bit, on one machine and engine; a picture that was
    opened before may differ slightly from its own bytes, for large JPEGs are decoded at a fraction of their size.

    ``runtime`` names the engine (``inference.engines``); "auto" takes what suits this processor.
    """

    def __init__(self, bundle: Bundle, *, runtime: Choice = "auto") -> None:
        self.bundle = bundle
        self._choice = runtime
        self._selected: Runtime | None = None
        self._lock = threading.Lock()

    def warm_up(self) -> None:
        """Open the runtime and compare it with the bundle's stored answers, once.

        Raises:
            BundleError: the model cannot be opened, or answers otherwise than it was exported.
        """
        self._runtime()

    @property
    def runtime(self) -> str:
        """Engine, version, precision and threads of what answers; opens it, as ``warm_up`` does."""
        return self._runtime().description

    def _runtime(self) -> Runtime:
        if self._selected is None:
            with self._lock:
                if self._selected is None:
                    self._selected = select_runtime(self.bundle, self._choice)
        return self._selected

    def predict(
        self,
        image: bytes | Image.Image,
        metadata: Metadata | None = None,
        *,
        image_type: str = DERMOSCOPIC,
        millimetres_per_pixel: float | None = None,
        progress: Progress = _silent,
    ) -> Result:
        """Answer about one picture.

        Args:
            image: the bytes of a JPEG, PNG or WebP, or an opened picture.
            metadata: any field may be unknown; with none known the picture alone answers.
            image_type: one of ``vocabulary.IMAGE_TYPES``; the bundle abstains from types it was not
                trained on.
            millimetres_per_pixel: of the picture as it is sent, where a scale is known.
            progress: called with each stage as it begins, and with "done".

        Raises:
            ImageRefused: the bytes are no picture that may be analysed.
            BundleError: at the first call, as ``warm_up`` does.
            InferenceError: the network's answer, or a probability, is not a number.
            ValueError: the scale is not above zero, or there is no such type of image.
        """
        if image_type not in IMAGE_TYPES:
            raise ValueError(f"There is no image type {image_type!r}; it is one of {', '.join(IMAGE_TYPES)}.")
        self.warm_up()
        clock = _Clock()
        upright = self._upright(image)
        clock.lap("decode")
        seen = self._look(upright, metadata or Metadata(), image_type, progress, clock)
        result = self._conclude(seen, millimetres_per_pixel, clock)
        progress("done")
        return result

    def _upright(self, image: bytes | Image.Image) -> Decoded:
        if isinstance(image, bytes):
            return decode_for(image, self.bundle.manifest.input.width, self.bundle.manifest.input.height)
        upright = normalise(image)
        return Decoded(upright, upright.size)

    def logits(self, pixels: NDArray[np.uint8], metadata: Metadata) -> Floats:
        """(H, W, 3) uint8 RGB of the network's own size → z (7,), and nothing else: for those who ask many times."""
        manifest, head = self.bundle.manifest, self.bundle.head
        features, _ = self._runtime().run(to_tensor(pixels, manifest.input))
        embedding = features.mean(axis=(1, 2), dtype=np.float32)
        encoded = manifest.metadata_encoding.encode(metadata)
        return np.asarray(head.image_logits(embedding) + head.metadata_logits(encoded))

    def _look(
        self, upright: Decoded, metadata: Metadata, image_type: str, progress: Progress, clock: "_Clock"
    ) -> "_Seen":
        manifest, head = self.bundle.manifest, self.bundle.head

        progress("quality")
        prepared = prepare(upright.image, manifest.input, upright.size)
        artefacts = find_artefacts(prepared.pixels)
        quality = assess(prepared, artefacts)
        clock.lap("quality")

        progress("network")
        features, mask = self._runtime().run(prepared.tensor)
        embedding = features.mean(axis=(1, 2), dtype=np.float32)
        encoded = manifest.metadata_encoding.encode(metadata)
        from_image, from_metadata = head.image_logits(embedding), head.metadata_logits(encoded)
        clock.lap("network")

        progress("gradcam")
        heat = class_heat(head.W, features)
        worth = coalitions(head, manifest.metadata_encoding, metadata, from_image)
        clock.lap("gradcam")

        return _Seen(
            image_type=image_type,
            prepared=prepared,
            quality=quality,
            artefacts=artefacts,
            embedding=embedding,
            from_image=from_image,
            from_metadata=from_metadata,
            fused=bool(encoded.any()),
            heat=heat,
            worth=worth,
            mask=mask,
        )

    def _conclude(self, seen: "_Seen", millimetres_per_pixel: float | None, clock: "_Clock") -> Result:
        manifest, logits = self.bundle.manifest, seen.from_image + seen.from_metadata
        if not (np.isfinite(logits).all() and np.isfinite(seen.mask).all()):
            raise InferenceError("The network's answer to this picture is not a number.")
        p = probabilities(logits, manifest, fused=seen.fused)
        balanced = balanced_scores(logits, manifest, fused=seen.fused)
        if not (np.isfinite(p).all() and np.isfinite(balanced).all()):
            raise InferenceError("The probabilities of this picture are not numbers: check the bundle's calibration.")
        calibrated = self._by_code(p)
        conformal = manifest.conformal
        quantiles = conformal.fused if seen.fused else conformal.image
        members = prediction_set(calibrated, quantiles, conformal.rule)
        scope = self._scope(seen)
        reason = self._reason(seen, scope, members)
        hottest = seen.heat[int(p.argmax())]
        outlined, descriptors = self._measure(seen, millimetres_per_pixel)
        clock.lap("lesion")
        return Result(
            probabilities=calibrated,
            balanced=self._by_code(balanced),
            logits=self._by_code(logits),
            image_logits=self._by_code(seen.from_image),
            metadata_logits=self._by_code(seen.from_metadata),
            attributions=self._attributions(shapley(seen.worth)),
            baseline_logits=self._by_code(baseline(len(manifest.labels))),
            malignancy_attributions=self._malignancy_attributions(seen),
            malignancy=malignancy(calibrated),
            prediction_set=members,
            tier=tier(members, abstained=reason is not None),
            abstain_reason=reason,
            labels=manifest.labels,
            heatmaps=as_bytes(seen.heat),
            heatmap_maxima=self._by_code(peaks(seen.heat)),
            lesion_mask=seen.lesion,
            lesion_pixels=outlined,
            descriptors=descriptors,
            heat_inside_lesion=share_inside(hottest, seen.lesion) if seen.lesion.any() else None,
            heat_on_border=share_inside(hottest, border(*self.bundle.grid)),
            heat_on_artefacts=share_on(hottest, seen.artefacts.anywhere),
            geometry=seen.prepared.geometry,
            quality=seen.quality,
            artefacts=seen.artefacts,
            scope=scope,
            embedding=seen.embedding,
            model_name=manifest.name,
            model_version=manifest.version,
            model_sha256=self.bundle.sha256,
            runtime=self.runtime,
            timings=clock.finish(),
        )

    def _reason(self, seen: "_Seen", scope: ScopeReport | None, members: tuple[str, ...]) -> AbstainReason | None:
        manifest = self.bundle.manifest
        return abstain_reason(
            image_type=seen.image_type,
            accepted_types=manifest.input.image_types,
            quality=seen.quality,
            scope=scope,
            members=members,
            max_set_size=manifest.thresholds.max_set_size,
        )

    def _malignancy_attributions(self, seen: "_Seen") -> dict[str, float]:
        manifest, calibration = self.bundle.manifest, self.bundle.manifest.calibration
        temperature = calibration.temperature_fused if seen.fused else calibration.temperature_image
        log_prior = np.array([calibration.log_prior[code] for code in manifest.labels])
        malignant = np.array([code in MALIGNANT for code in manifest.labels])
        parts = attribute_malignancy(seen.worth, log_prior, temperature, malignant)
        return dict(zip(("start", *PLAYERS), parts.tolist(), strict=True))

    def _measure(self, seen: "_Seen", millimetres_per_pixel: float | None) -> tuple[Mask, Descriptors | None]:
        pixels, geometry = seen.prepared.pixels, seen.prepared.geometry
        outlined = lesion_mask(pixels, seen.mask)
        ratio = pixels_along(geometry, self.bundle.manifest.input.width)
        return outlined, describe(pixels, outlined, pixel_ratio=ratio, millimetres_per_pixel=millimetres_per_pixel)

    def _attributions(self, shares: Worth) -> dict[str, dict[str, float]]:
        columns = (dict(zip(PLAYERS, column, strict=True)) for column in shares.T.tolist())
        return dict(zip(self.bundle.manifest.labels, columns, strict=True))

    def _scope(self, seen: "_Seen") -> ScopeReport | None:
        section, space = self.bundle.manifest.scope, self.bundle.space
        if section is None or space is None:
            return None
        return judge_scope(space, section, seen.embedding, seen.from_image)

    def _by_code(self, values: Floats | NDArray[np.float64]) -> dict[str, float]:
        return dict(zip(self.bundle.manifest.labels, values.tolist(), strict=True))


@dataclass(frozen=True, eq=False)
class _Seen:
    """What the network and the gate saw in one picture, before anything is concluded from it."""

    image_type: str
    prepared: Prepared
    quality: QualityReport
    artefacts: Artefacts
    embedding: Floats
    from_image: Floats  # (7,)
    from_metadata: Floats  # (7,)
    fused: bool
    heat: Floats  # (7, h, w)
    worth: Worth  # (16, 7), each coalition of picture, age, sex and site
    mask: Floats  # (h, w), logits

    @property
    def lesion(self) -> NDArray[np.bool_]:
        """(h, w)."""
        return np.asarray(self.mask > 0)  # the logit of one half


class _Clock:
    """Milliseconds of each stage."""

    def __init__(self) -> None:
        self._start = self._last = time.perf_counter()
        self._laps: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self._laps[stage] = (now - self._last) * 1000
        self._last = now

    def finish(self) -> dict[str, float]:
        return {**self._laps, "total": (time.perf_counter() - self._start) * 1000}
