"""What every network can be asked: a frozen configuration builds it, and it answers ``Scores``."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from inference.vocabulary import DIAGNOSES
from training.networks.pretrained import published_weights

Size = tuple[int, int]  # height, width in pixels
Colours = tuple[tuple[float, ...], tuple[float, ...]]  # mean and standard deviation a channel, on the 0–1 scale


@dataclass(frozen=True)
class NetworkConfig(ABC):
    """The base of all configurations, each a frozen dataclass like this; ``registry.NETWORKS`` names them.

    ``classes`` is K. ``input_size`` is the height and width that the network reads, or None where the schedule sets
    them. ``cam_layer`` is the dotted name, inside the built network, of the last layer with spatial cells: Grad-CAM
    (Selvaraju et al. 2017) weighs its output (N,C,h,w); None where no such layer exists.
    """

    classes: int = len(DIAGNOSES)
    input_size: Size | None = None

    cam_layer: ClassVar[str | None] = None

    @property
    def colours(self) -> Colours | None:
        """What pictures are standardised with; None: the statistics of the training side."""
        return None

    @property
    def url(self) -> str | None:
        """Where the first weights are published; None: they are drawn."""
        return None

    def fetch(self) -> None:
        """Get what ``load_pretrained`` will read, before hours are spent. Raises ``ValueError`` where it cannot."""
        if self.url is not None:
            published_weights(self.url)

    @abstractmethod
    def build(self) -> Network:
        """A new network with weights drawn from torch's global generator."""


class Network(nn.Module):
    """Standardised pictures (N,3,H,W) and encoded metadata (N,D) → ``Scores``; ``config`` is what built it."""

    config: NetworkConfig

    @property
    def pooled_head(self) -> Tensor | None:
        """Weights (K,C) of the linear head on the mean of ``Scores.features``; None where no features are answered."""
        return None

    def load_pretrained(self) -> None:
        """Replace the drawn weights by those that the configuration names, once, before training."""

    def penalty(self) -> Tensor | float:
        """What the network's own L2 switch adds to the loss of a step."""
        return 0.0
