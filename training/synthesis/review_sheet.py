"""One HTML page on which a person accepts or rejects generated pictures, alone, and saves what was decided.

The page holds everything: pictures, styles, script. It asks nothing of any server and sends nothing anywhere. A
reviewer sees the class that a picture was made as, not its scores: those would decide in the reviewer's place.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections.abc import Sequence
from html import escape
from pathlib import Path

from PIL import Image

from inference.vocabulary import DIAGNOSIS_NAMES
from training.data.synthetic import Manifest, SyntheticImage

_HERE = Path(__file__).parent
QUALITY = 92  # JPEG; what is reviewed must look like what is learned from


def page(manifest: Manifest, images: Sequence[SyntheticImage]) -> str:
    """The page for ``images`` of ``manifest``, in an order that the page draws from the reviewer's name."""
    rows = [
        {
            "id": image.image_id,
            "as": f"{image.diagnosis} · {DIAGNOSIS_NAMES[image.diagnosis]}",
            "src": _embedded(manifest.folder / image.image),
        }
        for image in images
    ]
    data = json.dumps({"sheet": sheet_digest(images), "images": rows}).replace("<", "\\u003c")
    style, script = ((_HERE / name).read_text() for name in ("review_sheet.css", "review_sheet.js"))
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline';
 script-src 'unsafe-inline'">
<title>Review of {len(rows)} generated pictures</title><style>{style}</style></head>
<body><main>
<header><h1>Generated pictures: keep or reject</h1>
<p>A program drew or edited these pictures. Keep one only if you would take it for a real dermoscopic image of the
lesion that is named. Decide alone: a second person does the same, and only what both keep goes on.</p></header>
<form id="begin"><label for="reviewer">Your name or initials</label>
<div class="row"><input id="reviewer" autocomplete="off" required maxlength="40"><button>Begin</button></div></form>
<section id="work" hidden aria-label="Review">
<p id="place" class="quiet" role="status"></p><progress id="done" max="{len(rows)}" value="0">0</progress>
<figure><img id="picture" alt=""><figcaption id="made-as"></figcaption></figure>
<p id="said" role="status"></p>
<div class="row choices"><button id="keep" type="button"><b aria-hidden="true">✓</b> Keep <kbd>K</kbd></button>
<button id="reject" type="button"><b aria-hidden="true">✗</b> Reject <kbd>R</kbd></button></div>
<div class="row"><button id="before" type="button" class="plain">Back <kbd>←</kbd></button>
<button id="after" type="button" class="plain">Next <kbd>→</kbd></button>
<button id="open" type="button" class="plain">Next undecided <kbd>N</kbd></button></div>
<button id="save" type="button" class="save">Save my review</button>
<p class="quiet" id="saved" role="status"></p>
</section>
<noscript><p>This page needs JavaScript; open it in a browser that runs it.</p></noscript>
</main><script type="application/json" id="data">{data}</script><script>{script}</script></body></html>
"""


def sheet_digest(images: Sequence[SyntheticImage]) -> str:
    """What names the set of pictures that was reviewed, whatever their order and scores."""
    rows = sorted((image.image_id, image.sha256) for image in images)
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def _embedded(path: Path) -> str:
    buffer = io.BytesIO()
    with Image.open(path) as image:
        image.convert("RGB").save(buffer, "JPEG", quality=QUALITY)
    return escape("data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode())
