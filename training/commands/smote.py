"""Refit the head of a trained network on its own features, with SMOTE on the training side and without."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from training.commands import arguments
from training.data.pictures import load_pictures
from training.data.presets import Recipe
from training.data.sides import rows_of
from training.evaluation.calibration import probabilities
from training.evaluation.trained import score_run
from training.fitting.runs import load_run
from training.fitting.smote import embedded, oversample, refit
from training.metrics import RARE_FIRST, Answers, Interval, figures, scores_with_intervals
from training.reporting.report import Cell, Report, Table, command_line, write

FIGURES = ("balanced_accuracy (p/prior)", "macro_auc")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    arguments.data(parser)
    arguments.out(parser)
    parser.add_argument("--run", type=Path, required=True, help="folder of a finished run")
    parser.add_argument("--side", default="validation", choices=["validation", "test"], help="what is judged")
    parser.add_argument("--seed", type=int, default=0, help="of the synthetic rows")
    arguments.bootstrap(parser)


def run(args: argparse.Namespace) -> str:
    run_, records = load_run(args.run), arguments.load_records(args)
    pictures = load_pictures(records, args.cache, Recipe.of(run_.config))
    train, asked = (embedded(run_, records, pictures, side) for side in ("train", args.side))
    grown = oversample(train, seed=args.seed)
    own = score_run(run_, records, pictures, rows_of(run_.split, records, args.side))
    heads = {
        "as trained": (0, own.image),
        "refitted on the training side": (0, refit(train).scores(asked)),
        "refitted with SMOTE": (int(grown.synthetic.sum()), refit(grown).scores(asked)),
    }
    prior = np.array(run_.priors.true)
    rows = [
        _row(name, made, Answers(z, probabilities(z, 1.0, prior), own.target, own.lesion), args.bootstrap)
        for name, (made, z) in heads.items()
    ]
    recalls = [f"recall of {code} (p/prior)" for code in RARE_FIRST]
    table = Table("heads", "Heads on one network's features", ["head", "synthetic rows", *FIGURES, *recalls], rows)
    told = "; ".join(f"{row[0]} {row[2]}" for row in rows)
    report = Report(
        title="SMOTE in feature space",
        lead=f"Balanced accuracy (p/prior), picture alone, {args.side} side, {run_.split.scheme}: {told}.",
        parts=[table],
        values={
            "run": run_.config,
            "side": args.side,
            "heads": [dict(zip(table.columns, row, strict=True)) for row in rows],
        },
        limits=["The features were learned from the same training side, so a refitted head fits them more closely."],
    )
    write(report, args.out, command=command_line(args.argv))
    return f"{report.lead}\nReport in {args.out}."


def _row(name: str, synthetic: int, answers: Answers, bootstrap: int) -> list[Cell]:
    found, classes = (
        figures(answers, bootstrap=bootstrap),
        scores_with_intervals(answers, "p/prior", bootstrap=bootstrap),
    )
    told = [found[figure] for figure in FIGURES] + [classes[code]["recall"] for code in RARE_FIRST]
    return [name, synthetic, *map(_text, told)]


def _text(figure: Interval) -> str:
    return f"{figure.value:.3f} [{figure.low:.3f}, {figure.high:.3f}]"
