"""Markdown of others, such as a bundle's card, as HTML that holds nothing but text, tables and plain links."""

from typing import Any

from django import template
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

register = template.Library()

# A card's own title stands below the heading of the section that shows it.
_DEEPER = {"h1": "h3", "h2": "h4", "h3": "h5", "h4": "h6", "h5": "h6"}
_OPENS_TABLE = '<div class="table-responsive" tabindex="0" role="region" aria-label="Table {}"><table class="table">\n'


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
    for token in tokens:
        _fit(token)
        for child in token.children or []:
            _fit(child)
    html = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    before, *tables = html.replace("</table>", "</table></div>").split("<table>\n")
    html = before + "".join(_OPENS_TABLE.format(n) + table for n, table in enumerate(tables, start=1))
    return mark_safe(html)  # noqa: S308  the renderer escapes all text, and makes no tag of its own from it


def _fit(token: Token) -> None:
    """Fit one piece into a page of ours: headings below its own, no inline style, links that say nothing of us."""
    token.tag = _DEEPER.get(token.tag, token.tag)
    style: Any = token.attrs.pop("style", "")
    if "right" in str(style):
        token.attrSet("class", "text-end")
    if token.type == "link_open":
        token.attrSet("rel", "noopener noreferrer nofollow")
