"""Command line: ``python -m inference predict | check | explain``."""

import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Sequence
from pathlib import Path

from inference import commands
from inference.engines import CHOICES
from inference.errors import InferenceError
from inference.surrogates import METHODS, SAMPLES
from inference.vocabulary import LOCALIZATIONS, SEVERITY, SEXES

_COLUMNS = (
    "A row with an abstain_reason is no answer: its figures say what the network computed, for research; leave them "
    "out of any count. malignancy: mel + bcc + akiec, calibrated whatever --scores says. tier: urgent where melanoma "
    "is in the prediction set, soon where another malignant class is or the network abstains, else routine; the flag "
    "of the queue is the threshold on malignancy in the bundle's card."
)


def build_parser() -> ArgumentParser:
    """The grammar of the command line."""
    parser = ArgumentParser(prog="python -m inference", description="Run SkinClinic's network on pictures.")
    actions = parser.add_subparsers(required=True, metavar="predict | check | explain")

    predict = actions.add_parser(
        "predict", help="predict pictures into a CSV (ISIC challenge columns)", epilog=_COLUMNS
    )
    predict.add_argument("images", nargs="+", type=Path, metavar="IMAGE_OR_FOLDER")
    predict.add_argument("--out", type=Path, required=True, help="the CSV to write")
    words = f"sex: {', '.join(SEXES)}; localization: {', '.join(LOCALIZATIONS)}; HAM10000's words, not ISIC's"
    predict.add_argument("--metadata", type=Path, help=f"CSV with image_id, age, sex, localization ({words})")
    predict.add_argument(
        "--scores",
        choices=("calibrated", "balanced"),
        default="calibrated",
        help="calibrated: p under the true prior; balanced: p over prior, for balanced accuracy",
    )
    predict.add_argument("--threads", type=_positive, default=1, help="pictures at a time (default 1)")
    predict.set_defaults(run=commands.predict)

    check = actions.add_parser("check", help="say what is wrong with a bundle")
    check.add_argument("bundle", type=Path)
    check.set_defaults(run=commands.check)

    explain = actions.add_parser("explain", help="Grad-CAM of all classes of a picture, or LIME or SHAP of one")
    explain.add_argument("image", type=Path)
    explain.add_argument("--out", type=Path, required=True, help="the folder to write to")
    for field in ("age", "sex", "localization"):
        explain.add_argument(f"--{field}", default="", help="unknown when left out")
    explain.add_argument("--method", choices=("gradcam", *METHODS), default="gradcam", help="lime, shap: 20 s and more")
    explain.add_argument("--diagnosis", choices=SEVERITY, help="lime, shap: whose score (default: the likeliest)")
    explain.add_argument("--samples", type=_positive, default=SAMPLES, help=f"lime, shap: answers (default {SAMPLES})")
    explain.add_argument("--seed", type=int, default=0, help="lime, shap: of the patches that are hidden together")
    explain.set_defaults(run=commands.explain)

    for action in (predict, explain):
        action.add_argument("--bundle", type=Path, help="its folder (default: the newest in models/)")
        action.add_argument(
            "--runtime",
            choices=CHOICES,
            default="auto",
            help="the engine; auto is ONNX Runtime, and says where OpenVINO would be faster",
        )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = build_parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except (InferenceError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:  # of what is written: what is read has sentences of its own
        print(f"{error.filename or 'The output'} cannot be written: {error.strerror}.", file=sys.stderr)
        return 2


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a number above zero")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
