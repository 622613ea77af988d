"""The data in figures and tables, for someone who must judge whether a network can be trained on them."""

from __future__ import annotations

import hashlib
from typing import Any

from matplotlib import pyplot as plt
from matplotlib.figure import Figure as Drawing

from inference.vocabulary import DIAGNOSIS_NAMES
from training.data.pictures import Pictures
from training.data.records import Record
from training.metrics import RARE_FIRST
from training.reporting.report import Cell, Picture, Report, Table

SAMPLES = 5  # of each class
BAR, RARE_BAR = "#8fa8bf", "#1f4e79"


def build(records: list[Record], pictures: Pictures, found: dict[str, Any]) -> Report:
    """The report of ``found``, which is ``describe(records)`` with ``near_duplicates`` by kind."""
    classes = found["classes"]
    rare = sum(classes[code] for code in RARE_FIRST[:3])
    lead = (
        f"{found['images']:,} photographs of {found['lesions']:,} lesions in {sum(n > 0 for n in classes.values())} "
        f"classes that are far from even: answering {found['majority_class']} every time would be right in "
        f"{found['majority_class_accuracy']:.2%}, and the classes count as {found['effective_number_of_classes']:.2f} "
        f"of equal size. df, vasc and akiec together are {rare:,} photographs ({rare / len(records):.1%}). "
        f"{found['lesions_with_more_than_one_image']:,} lesions were photographed more than once, so only a split by "
        "lesion is honest."
    )
    return Report(
        title="What the data hold",
        lead=lead,
        parts=[*_pictures(records, pictures, found), *_tables(found)],
        values=found,
        limits=[
            "No skin type is recorded: how a network does by skin tone cannot be told from these data.",
            "How the truth was found goes with the answer (follow-up is nv alone): it must never be an input.",
            "Most near-duplicates of two lesions are look-alikes; they share one side of a split as a precaution.",
        ],
    )


def _pictures(records: list[Record], pictures: Pictures, found: dict[str, Any]) -> list[Picture]:
    rare_first = "df, vasc and akiec, the rare classes, stand first and darker."
    return [
        Picture(
            "samples",
            "Five photographs of each class",
            "One lesion a picture, drawn by a hash of its name, not chosen. " + rare_first.replace(" and darker", ""),
            sample_grid(records, pictures),
        ),
        Picture(
            "classes", "By diagnosis", f"Photographs of each class; {rare_first}", _bars(found["classes"], "diagnosis")
        ),
        Picture("ages", "By age", "Photographs by age in years, in steps of five.", _bars(found["ages"], "years")),
        Picture("sexes", "By sex", "Photographs by the sex recorded.", _bars(found["sexes"], "sex")),
        Picture("sites", "By site", "Photographs by the site of the lesion.", _bars(found["sites"], "site")),
    ]


def sample_grid(records: list[Record], pictures: Pictures, count: int = SAMPLES) -> Drawing:
    """A row for each class, rare first, with the first ``count`` lesions by hash, so that no hand chooses."""
    drawing, axes = plt.subplots(len(RARE_FIRST), count, figsize=(2 * count, 1.6 * len(RARE_FIRST)), layout="tight")
    for line, code in zip(axes, RARE_FIRST, strict=True):
        for cell, row in zip(line, sample_rows(records, code, count), strict=False):
            cell.imshow(pictures.stored[row])
        for cell in line:
            cell.set(xticks=[], yticks=[])
            cell.spines[:].set_visible(False)
        line[0].set_ylabel(code, rotation=0, ha="right", va="center", fontsize=13)
        line[count // 2].set_title(DIAGNOSIS_NAMES[code], fontsize=10)
    return drawing


def sample_rows(records: list[Record], code: str, count: int) -> list[int]:
    """Indexes of at most ``count`` records of class ``code``, each of another lesion."""
    first: dict[str, int] = {}
    for index, record in enumerate(records):
        if record.diagnosis == code:
            first.setdefault(record.lesion_id, index)
    return [first[lesion] for lesion in sorted(first, key=_hash)[:count]]


def _hash(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def _bars(counts: dict[str, int], label: str) -> Drawing:
    drawing, axes = plt.subplots(figsize=(8, 3.4), layout="constrained")
    colours = [RARE_BAR if name in RARE_FIRST[:3] else BAR for name in counts]
    bars = axes.bar(list(counts), list(counts.values()), color=colours)
    axes.bar_label(bars, fontsize=8)
    axes.set(xlabel=label, ylabel="photographs")
    axes.spines[["top", "right"]].set_visible(False)
    if max(map(len, counts)) > 5 and len(counts) > 5:
        axes.tick_params(axis="x", rotation=40)
        plt.setp(axes.get_xticklabels(), ha="right", rotation_mode="anchor")
    return drawing


def _tables(found: dict[str, Any]) -> list[Table]:
    images = found["images"]
    unknown: list[list[Cell]] = [[field, n, n / images] for field, n in found["unknown"].items()]
    return [
        Table(
            "class_counts",
            "Classes, rare first",
            ["class", "name", "photographs", "share"],
            [[code, DIAGNOSIS_NAMES[code], n, n / images] for code, n in found["classes"].items()],
            f"Always answering {found['majority_class']} has an accuracy of {found['majority_class_accuracy']:.4f} and "
            "a balanced accuracy of one over the number of classes: accuracy alone says little here.",
        ),
        Table(
            "unknown",
            "What is not known",
            ["field", "photographs without it", "share"],
            unknown,
            _age_note(found.get("age_as_written")),
        ),
        _crossed("site_by_class", "Site and class", "site", found, "Photographs. Sites that hold one class mislead."),
        _crossed("source_by_class", "Source and class", "source", found, "Photographs. Sources differ in their mix."),
        _crossed(
            "truth_by_class",
            "How the truth was found",
            "found by",
            found,
            "Photographs. histo is histopathology, consensus that of experts.",
        ),
        Table(
            "photographs_per_lesion",
            "Photographs of one lesion",
            ["photographs", "lesions"],
            [[photos, lesions] for photos, lesions in found["photographs_per_lesion"].items()],
            f"{found['lesions_from_two_sources']} lesions have photographs from two sources.",
        ),
        Table(
            "near_duplicates",
            "Pictures that are nearly one",
            ["pairs", "of one lesion", "of two lesions", "of two diagnoses"],
            [[kind, *counts.values()] for kind, counts in found["near_duplicates"].items()],
            "Identical: the same pixels at working size. Alike: thumbnails correlate, mirrored or turned too. Other "
            "colours: the same after another white balance or exposure.",
        ),
    ]


def _age_note(written: dict[str, int] | None) -> str:
    if not written:
        return ""
    return f"Of the ages, {written['empty']} are empty and {written['zero']} are written as 0, which no patient was."


def _crossed(name: str, title: str, what: str, found: dict[str, Any], note: str) -> Table:
    rows: list[list[Cell]] = [[value, *counts.values(), sum(counts.values())] for value, counts in found[name].items()]
    return Table(name, title, [what, *RARE_FIRST, "all"], rows, note)
