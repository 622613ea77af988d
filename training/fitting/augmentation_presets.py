"""Named sets of augmentation: the recipe's own, the two that the report names, and none."""

from __future__ import annotations

from training.fitting.augmentation import Augmentation

NONE = Augmentation(
    scale=(1.0, 1.0),
    aspect=0.0,
    shift=0.0,
    brightness=0.0,
    contrast=0.0,
    saturation=0.0,
    hue=0.0,
    gamma=0.0,
    p_constancy=0.0,
    p_blur=0.0,
    p_jpeg=0.0,
    p_erase=0.0,
    rotate=0.0,
    p_mirror=0.0,
)


def _only(**changes: float | tuple[float, float]) -> Augmentation:
    return Augmentation(**{**vars(NONE), **changes})


# The report's code: Keras's rotation_range 10, zoom_range .1 (each axis on its own, hence ``aspect``), and shifts of
# .12 of the side, which are .24 of half a side here. Where a picture has moved away its border is reflected.
REPORT_CODE = _only(rotate=10.0, scale=(0.9, 1.1), aspect=0.1, shift=0.24, p_mirror=0.5, p_flip=0.5)
# The report's outlook names flips, ±15°, brightness, contrast and noise without strengths: these are ours.
REPORT_FUTURE = _only(rotate=15.0, p_mirror=0.5, p_flip=0.5, brightness=0.2, contrast=0.2, noise=0.04)

# What changes training pictures, and what does in the last part of the run (``Schedule.gentle_from``).
PRESETS: dict[str, tuple[Augmentation, Augmentation]] = {
    "default": (Augmentation(), Augmentation.gentle()),
    "report_code": (REPORT_CODE, REPORT_CODE),
    "report_future": (REPORT_FUTURE, REPORT_FUTURE),
    "none": (NONE, NONE),
}
