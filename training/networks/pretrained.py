"""Weights that torchvision publishes, read from torch's hub folder and downloaded into it where a connection allows."""

from __future__ import annotations

import hashlib
from pathlib import Path
from urllib.parse import urlparse

import torch
from torch import Tensor


def published_weights(url: str) -> dict[str, Tensor]:
    """The state dictionary behind ``url``, whose file name ends in the first digits of its SHA-256.

    The digits are checked at every reading, also of a file that was put there by hand. Raises ``ValueError`` where
    the file is missing and cannot be downloaded, or is another one.
    """
    path = Path(torch.hub.get_dir()) / "checkpoints" / Path(urlparse(url).path).name
    if not path.is_file():
        _download(url, path)
    found, expected = hashlib.sha256(path.read_bytes()).hexdigest(), path.stem.rsplit("-", 1)[-1]
    if not found.startswith(expected):
        raise ValueError(f"{path} is not the file that was published: its SHA-256 is {found[:16]}…; delete it.")
    state: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return state


def _download(url: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        torch.hub.download_url_to_file(url, str(path), progress=False)  # moved into place when it is whole
    except OSError as error:  # urllib's errors are of this kind
        raise ValueError(f"{url} could not be downloaded ({error}): put that file at {path} and start again.") from None
