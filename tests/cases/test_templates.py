"""Templates keep the content security policy by themselves: nothing inline, nothing from elsewhere."""

import re
from pathlib import Path

import pytest
from django.template.loader import get_template

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
PAGES = sorted(path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.html"))
INLINE = {
    "a style attribute": re.compile(r"\sstyle\s*="),
    "an event attribute": re.compile(r"\son[a-z]+\s*=|\shx-on"),
    "an inline script": re.compile(r"<script(?![^>]*\bsrc=)", re.IGNORECASE),
    "an inline style sheet": re.compile(r"<style", re.IGNORECASE),
    "something from another host": re.compile(r"(?:src|href|action)\s*=\s*[\"']?(?:https?:)?//", re.IGNORECASE),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_template_parses_and_holds_nothing_inline(name):
    get_template(name)
    source = (TEMPLATES / name).read_text()
    assert [what for what, pattern in INLINE.items() if pattern.search(source)] == []


@pytest.mark.parametrize("name", [name for name in PAGES if not Path(name).name.startswith("_")])
def test_a_page_has_a_title(name):
    source = (TEMPLATES / name).read_text()
    assert "{% block title %}" in source or "<title>" in source
