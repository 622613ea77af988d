"""A report as one HTML page: styles and pictures inside, no script, nothing loaded from anywhere."""

from __future__ import annotations

import base64
from html import escape
from pathlib import Path

from training.reporting.report import Cell, Picture, Report, Table, Words

_STYLE = """
:root { color-scheme: light dark; --line: #d5d9de; --quiet: #5b6570; --ground: #fff; --ink: #16191d; }
@media (prefers-color-scheme: dark) { :root { --line: #3a4149; --quiet: #a3adb8; --ground: #15181c; --ink: #e8ebee; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem;
       background: var(--ground); color: var(--ink); }
h1 { font-size: 1.6rem; line-height: 1.2; } h2 { font-size: 1.1rem; margin: 2.2rem 0 .4rem; }
.lead { font-size: 1.1rem; } .quiet, figcaption { color: var(--quiet); font-size: .9rem; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .25rem .9rem .25rem 0; border-bottom: 1px solid var(--line); }
td.number, th.number { text-align: right; } figure { margin: 0; }
img { max-width: 100%; height: auto; background: #fff; } code { overflow-wrap: anywhere; }
"""


def render(report: Report, folder: Path, *, made: str, command: str) -> str:
    """The page as text; each picture's PNG is read from ``folder``."""
    parts = "\n".join(_part(part, folder) for part in report.parts)
    limits = "".join(f"<li>{escape(limit)}</li>" for limit in report.limits)
    limits = f"<h2>What these figures cannot say</h2><ul>{limits}</ul>" if limits else ""
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(report.title)}</title><style>{_STYLE}</style></head>
<body><main><h1>{escape(report.title)}</h1>
<p class="lead">{escape(report.lead)}</p>
{parts}
{limits}
<p class="quiet">Made on {made} by <code>{escape(command)}</code></p>
</main></body></html>
"""


def _part(part: Words | Table | Picture, folder: Path) -> str:
    if isinstance(part, Table):
        return _table(part)
    return _words(part) if isinstance(part, Words) else _picture(part, folder)


def _words(words: Words) -> str:
    sentences = "".join(f"<li>{escape(sentence)}</li>" for sentence in words.sentences)
    return f"<section><h2>{escape(words.title)}</h2><ul>{sentences}</ul></section>"


def _table(table: Table) -> str:
    numeric = [all(not isinstance(row[i], str) for row in table.rows) for i in range(len(table.columns))]
    cells = [("number" if number else "text") for number in numeric]
    head = "".join(
        f'<th scope="col" class="{kind}">{escape(name)}</th>' for kind, name in zip(cells, table.columns, strict=True)
    )
    shown = [f"<td>{_thumbnail(jpeg)}</td>" for jpeg in table.thumbnails] or [""] * len(table.rows)
    head = ('<th scope="col">picture</th>' if table.thumbnails else "") + head
    body = "".join(
        "<tr>"
        + picture
        + "".join(f'<td class="{kind}">{_cell(cell)}</td>' for kind, cell in zip(cells, row, strict=True))
        + "</tr>"
        for picture, row in zip(shown, table.rows, strict=True)
    )
    note = f'<p class="quiet">{escape(table.note)}</p>' if table.note else ""
    return (
        f"<section><h2>{escape(table.title)}</h2>"
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(table.title)}"><table><thead><tr>{head}'
        f"</tr></thead><tbody>{body}</tbody></table></div>{note}</section>"
    )


def _thumbnail(jpeg: bytes) -> str:
    # Decorative: the row beside it names the picture and says what is wrong about it.
    return f'<img alt="" src="data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}">'


def _cell(cell: Cell) -> str:
    if cell is None:
        return "–"
    if isinstance(cell, float):
        return f"{cell:.3f}"
    return escape(str(cell))


def _picture(picture: Picture, folder: Path) -> str:
    coded = base64.b64encode((folder / f"{picture.name}.png").read_bytes()).decode()
    return (
        f'<section><h2>{escape(picture.title)}</h2><figure><img src="data:image/png;base64,{coded}" '
        f'alt="{escape(picture.caption)}"><figcaption>{escape(picture.caption)}</figcaption></figure></section>'
    )
