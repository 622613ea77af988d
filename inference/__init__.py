"""The runtime of SkinClinic's network, as a plain library: NumPy, Pillow and ONNX Runtime.

No Django, no database, no settings, and no torch. Typical use::

    from pathlib import Path

    from inference.bundle import Bundle
    from inference.metadata import Metadata
    from inference.predictor import Predictor

    image_bytes = Path("lesion.jpg").read_bytes()
    predictor = Predictor(Bundle.load("models/<name>-<version>"))
    result = predictor.predict(image_bytes, Metadata(age=70, sex="male", localization="back"))

The way of one picture, from bytes to ``Result``:

1. ``decoding``       bytes → upright RGB, or ``ImageRefused`` with a code and a sentence
2. ``preprocessing``  portrait turned, centre cropped, resized → tensor, and the geometry for the way back
3. ``quality``        ten numbers with units → fit to be judged, or why not; ``artefacts`` finds hair, ruler, ink
4. ``runtime``        ONNX Runtime: tensor → feature map and lesion mask
5. ``head``           features' mean → the image's logits; ``metadata`` → vector → the metadata's logits
6. ``calibration``    z → calibrated p (true prior) and p over prior (balanced)
7. ``uncertainty``    p → conformal set → tier, or an abstention with its reason
8. ``attribution``    exact Shapley values of picture, age, sex and site
9. ``scope``          features and logits → is it a picture of the kind that the network learned from?
10. ``gradcam``       one product → heat for all seven classes; ``overlay`` lays it on the original
11. ``lesion``        the mask sharpened by colour; ``descriptors`` measure it: ABCD and texture

``predictor`` is these steps in order and ``result`` what they give. ``bundle`` reads and verifies the folder
in which weights travel with their meaning (``manifest``, ``onnx_graph``), and ``conformance`` checks that it
still answers as at its export. ``surrogates`` ask the network from outside, on demand: LIME and SHAP on
``superpixels``, drawn by ``surrogate_overlay``. ``vocabulary`` is the one source of every code.
``python -m inference`` is the command line.
"""
