"""A finished run, read back from its folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from training.data.records import DataError
from training.data.splits import Split
from training.fitting.config import Priors, Start, read_config, read_priors
from training.networks.network import Network, NetworkConfig

FILES = ("config.json", "priors.json", "split.json", "final.ckpt")  # what a run leaves when it ends


@dataclass(frozen=True)
class Run:
    """One finished training run, read from its folder."""

    path: Path
    network: Network
    priors: Priors
    split: Split
    config: dict[str, Any]
    epochs: int
    minutes: float
    steps: int = 0  # of the optimiser, to its end

    @property
    def network_config(self) -> NetworkConfig:
        return self.network.config

    @property
    def whole_cost(self) -> tuple[int, float]:
        """Epochs and minutes, those of the runs that it started from included."""
        before = self.config.get("start") or {"epochs": 0, "minutes": 0.0}
        return self.epochs + before["epochs"], self.minutes + before["minutes"]

    @property
    def sha256(self) -> str:
        """Of ``final.ckpt``: two folders with one hold the same network."""
        return hashlib.sha256((self.path / "final.ckpt").read_bytes()).hexdigest()

    def as_start(self, network: NetworkConfig, split: Split) -> Start:
        """This run as the beginning of another. Raises ``ValueError`` where its weights do not fit or saw other data.

        A network that was trained on another split has seen some of this one's test pictures.
        """
        if self.network_config != network:
            raise ValueError(f"The network of {self.path} is another; give the same switches to go on from it.")
        if self.split.digest() != split.digest():
            raise ValueError(f"{self.path} was trained on another split, so it knows test pictures of this one.")
        epochs, minutes = self.whole_cost
        return Start(self.sha256, epochs, minutes)


def check_no_twice(runs: Sequence[Run]) -> None:
    """Raise ``DataError`` where two of ``runs`` hold the same weights: one network counted twice is no ensemble."""
    first: dict[str, Path] = {}
    for run in runs:
        other = first.setdefault(run.sha256, run.path)
        if other is not run.path:
            raise DataError(f"{other} and {run.path} hold the same network; name each run once.")


def load_run(path: Path) -> Run:
    """Read config, priors, split and the averaged weights of ``final.ckpt``.

    Raises ``DataError`` when one of them is missing or cannot be read.
    """
    lost = [name for name in FILES if not (path / name).is_file()]
    if lost:
        raise DataError(
            f"{path} holds no finished run: {', '.join(lost)} missing. Give the --out of a train that ended."
        )
    network = read_config(path / "config.json").network.build().eval()
    config = json.loads((path / "config.json").read_text())
    priors, split = read_priors(path / "priors.json"), Split.load(path / "split.json")
    prefix = "network."
    try:
        saved = torch.load(path / "final.ckpt", map_location="cpu", weights_only=True)
        epochs, minutes, state = saved["epoch"], saved["elapsed"] / 60, saved["state_dict"]
        steps = saved["global_step"]
        network.load_state_dict({key[len(prefix) :]: value for key, value in state.items() if key.startswith(prefix)})
    except (EOFError, KeyError, RuntimeError, TypeError, UnpicklingError) as error:
        raise DataError(f"{path / 'final.ckpt'} does not hold the weights of this run; train it again.") from error
    return Run(path, network, priors, split, config, epochs, minutes, steps)
