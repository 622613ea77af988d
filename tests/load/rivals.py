"""The same network in torch eager, explained by pytorch-grad-cam and captum; and the report's EfficientNetB0."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import torch
from captum.attr import LayerGradCam
from PIL import Image
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import Tensor

from inference.head import Floats
from inference.vocabulary import DIAGNOSES
from tests.load.rebuilt import Rebuilt
from training.networks.transfer import EfficientNetB0Config

CLASSES = range(len(DIAGNOSES))


def explainers(network: Rebuilt, tensor: Floats) -> dict[str, Callable[[], object]]:
    """Ways to predict and explain one standardised picture in torch, as each library's own page shows it."""
    image = torch.tensor(tensor)
    library = GradCAM(network, [network.features])
    attribution = LayerGradCam(network, network.features)
    targets = [ClassifierOutputTarget(k) for k in CLASSES]

    def eager() -> Tensor:
        with torch.no_grad():
            return network(image).softmax(dim=1)

    return {
        "torch predict": eager,
        "torch grad-cam 1": lambda: library(image, targets[:1]),
        "torch grad-cam 7": lambda: [library(image, [target]) for target in targets],
        "torch grad-cam 7 in a batch": lambda: library(image.expand(7, -1, -1, -1), targets),
        "torch captum 1": lambda: attribution.attribute(image, target=0),
        "torch captum 7": lambda: [attribution.attribute(image, target=k) for k in CLASSES],
    }


class Yardstick:
    """EfficientNetB0 at 224×224 px: bytes → probabilities and Grad-CAM by hooks, as the report's generation did it.

    Kind to it: one forward pass serves all seven backward passes, and heatmaps stay 7×7. Weights are drawn, for time
    does not depend on them. A backward pass reaches all parameters, as ``backward()`` does.
    """

    def __init__(self) -> None:
        self.network = EfficientNetB0Config().build().eval()
        last = self.network.get_submodule(EfficientNetB0Config.cam_layer)
        self._features, self._gradient = torch.empty(0), torch.empty(0)
        last.register_forward_hook(self._keep_features)
        last.register_full_backward_hook(self._keep_gradient)

    def explain(self, data: bytes, classes: int) -> list[Tensor]:
        """The heatmaps (7,7) of the first ``classes`` classes of a JPEG."""
        picture = Image.open(io.BytesIO(data)).convert("RGB").resize((224, 224), Image.Resampling.BILINEAR)
        pixels = torch.tensor(np.asarray(picture)).permute(2, 0, 1)[None].float() / 255
        logits = self.network((pixels - 0.5) / 0.25, torch.zeros(1, 1)).image[0]
        logits.softmax(dim=0)
        return [self._heat(logits[k]) for k in range(classes)]

    def _heat(self, logit: Tensor) -> Tensor:
        self.network.zero_grad()
        logit.backward(retain_graph=True)
        weights = self._gradient.mean(dim=(2, 3), keepdim=True)  # (1,C,1,1)
        return torch.relu((weights * self._features).sum(dim=1))[0].detach()

    def _keep_features(self, *told: object) -> None:
        self._features = told[2]

    def _keep_gradient(self, *told: object) -> None:
        (self._gradient,) = told[2]
