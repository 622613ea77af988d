"""The network in this process: opened at the first analysis, in the worker and after its fork, and kept."""

import functools
import threading
from collections import OrderedDict
from pathlib import Path

from django.conf import settings

from cases.models import ModelVersion
from inference.bundle import Bundle, load_manifest
from inference.errors import BundleError
from inference.manifest import InputSpec
from inference.predictor import Predictor

_KEPT = 2  # the active version and the one that an older analysis still asks for
_lock = threading.Lock()
_predictors: OrderedDict[str, Predictor] = OrderedDict()


def bundle_path(bundle: str) -> Path:
    """A bundle is named by its folder inside MODELS_DIR, or by a whole path."""
    return Path(settings.MODELS_DIR) / bundle  # a whole path replaces what stands before it


def input_of(model_version: ModelVersion) -> InputSpec:
    """What a picture becomes before this version sees it. Reads the manifest alone: no weights, no engine.

    Raises BundleError when there is no bundle that can be read.
    """
    return _input(model_version.bundle, model_version.sha256)


@functools.lru_cache(maxsize=_KEPT)
def _input(bundle: str, _sha256: str) -> InputSpec:
    return load_manifest(bundle_path(bundle)).input


def predictor_for(model_version: ModelVersion) -> Predictor:
    """The predictor of exactly this version.

    Raises BundleError when the folder no longer holds the bundle that was registered.
    """
    with _lock:
        if model_version.sha256 not in _predictors:
            bundle = Bundle.load(bundle_path(model_version.bundle))
            if bundle.sha256 != model_version.sha256:
                raise BundleError(f"The bundle of {model_version} on this machine is not the one that was registered.")
            _predictors[model_version.sha256] = Predictor(bundle, runtime=settings.INFERENCE_RUNTIME)
            while len(_predictors) > _KEPT:
                _predictors.popitem(last=False)
        _predictors.move_to_end(model_version.sha256)
        return _predictors[model_version.sha256]
