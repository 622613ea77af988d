"""Markdown of others, such as a bundle's card, as HTML that holds nothing but text, tables and plain links."""

import re
from typing import Any

from django import template
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

register = template.Library()

# A card's own title stands below the heading of the section that shows it.
_DEEPER = {"h1": "h3", "h2": "h4", "h3": "h5", "h4": "h6", "h5": "h6"}
_OPENS_TABLE = '<div class="table-responsive" tabindex="0" role="region" aria-label="Table {}"><table class="table">\n'


_FIGURE = re.compile(r"[a-z]+(_[a-z0-9]+)+")  # as programs name it, at the beginning of a table's cell
_IN_CAPITALS = {"auc": "AUC", "f1": "F1", "brier": "Brier"}


def _is_web_address(url: str) -> bool:
    return url.lower().startswith(("https://", "http://"))


def _markdown() -> MarkdownIt:
    """HTML in the text is shown as text, and a picture as its link: the page loads nothing from elsewhere."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    markdown.validateLink = _is_web_address  # type: ignore[method-assign]
    return markdown


_MARKDOWN = _markdown()


@register.filter
def document(text: str) -> SafeString:
    """Untrusted Markdown as HTML for a page under the strict Content-Security-Policy."""
    tokens = _MARKDOWN.parse(text)
    for before, token in zip([None, *tokens], tokens, strict=False):
        _fit(token)
        if before and before.type == "td_open":
            _name_figure(token)
        for child in token.children or []:
            _fit(child)
    html = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    start, *tables = html.replace("</table>", "</table></div>").split("<table>\n")
    html = start + "".join(_OPENS_TABLE.format(n) + table for n, table in enumerate(tables, start=1))
    return mark_safe(html)  # noqa: S308  the renderer escapes all text, and makes no tag of its own from it


def _name_figure(cell: Token) -> None:
    """ "melanoma_sensitivity_at_95_specificity" → "melanoma sensitivity at 95 % specificity"."""
    first = cell.children[0] if cell.children else None
    if first is None or first.type != "text" or not (name := _FIGURE.match(first.content)):
        return
    words = " ".join(_IN_CAPITALS.get(word, word) for word in name.group().split("_"))
    first.content = re.sub(r"\bat (\d+)\b", r"at \1 %", words) + first.content[name.end() :]


def _fit(token: Token) -> None:
    """Fit one piece into a page of ours: headings below its own, no inline style, links that say nothing of us."""
    token.tag = _DEEPER.get(token.tag, token.tag)
    style: Any = token.attrs.pop("style", "")
    if "right" in str(style):
        token.attrSet("class", "text-end")
    if token.type == "link_open":
        token.attrSet("rel", "noopener noreferrer nofollow")
