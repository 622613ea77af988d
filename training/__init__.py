"""The learning pipeline: HAM10000 → grouped split → fused network → honest figures → model bundle.

The way of one picture, file by file:
``ham10000`` reads its row, ``pictures`` decodes it, ``splits`` decides which side it stands on, ``sampling`` draws it,
``augmentation`` warps it, ``network`` maps it to seven scores, ``losses`` weighs them, ``engine`` turns the crank,
``calibration`` makes the scores probabilities, ``evaluation`` measures them, ``export`` ships them as a bundle.
"""
