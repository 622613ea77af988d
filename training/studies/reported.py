"""What the report that this project grew from states for each network; printed beside ours, never mixed with it.

Its figures come from splits by image, where the test side shows lesions that are also in training.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reported:
    """As printed: accuracy and F1 0–1, parameters in words, milliseconds on an unnamed graphics card."""

    accuracy: float | None = None
    f1: float | None = None
    parameters: str | None = None
    milliseconds: float | None = None


NOTHING = Reported()
REPORTED = {
    "dnn": Reported(accuracy=0.69085),  # the only figure that a log of its code confirms
    "cnn": Reported(0.825, 0.78, "4M"),
    "resnet50": Reported(0.864, 0.83, "25M", 120),
    "efficientnet-b0": Reported(0.887, 0.86, "5.3M", 95),
    "mobilenet-v2": Reported(0.852, 0.81, "3.4M", 70),
}
