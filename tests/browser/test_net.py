"""The net that the other tests hang in has no holes: each kind of fault is caught when it is made on purpose."""

import pytest

from tests.browser import probes
from tests.browser.visiting import NARROW

FAULTS = {
    "content security policy: style-src": "document.body.setAttribute('style', 'color: red')",
    "content security policy: script-src": "document.body.append(Object.assign(document.createElement('script'), "
    "{ textContent: '1' }))",
    "console: by hand": "console.error('by hand')",
    "uncaught: by hand": "setTimeout(() => { throw new Error('by hand'); })",
    "answered 404: GET /nowhere": "fetch('/nowhere')",
    "left the origin: GET http://localhost": "location.assign(location.href.replace('127.0.0.1', 'localhost'))",
}


@pytest.mark.parametrize("words", FAULTS)
def test_a_fault_is_noted(words, doors):
    with pytest.raises(AssertionError, match="Faults seen"), doors.test() as open_page:
        page = open_page(None)
        page.goto("/accounts/login/")
        page.evaluate(f"() => {{ {FAULTS[words]} }}")
        page.wait_for_timeout(300)  # a fault has no end that could be waited for
        assert [fault for fault in page.watch.faults if fault.startswith(words)], page.watch.faults


PROBES = {
    "a page too wide": (probes.overflow, "document.querySelector('main').style.width = '500px'"),
    "a second first heading": (probes.headings, "document.querySelector('main').append(document.createElement('h1'))"),
    "a field without its label": (probes.labels, "document.querySelector('label').remove()"),
    "a picture that is not there": (probes.pictures, "document.querySelector('main').prepend(new Image(9, 9))"),
    "pale words": (
        lambda page: probes.accessibility(page, only_colours=True),
        "document.querySelector('h1').style.color = '#ccc'",
    ),
}


@pytest.mark.parametrize("wrong", PROBES)
def test_a_probe_finds_what_it_is_for(wrong, visit):
    probe, spoil = PROBES[wrong]
    page = visit(None, viewport=NARROW)
    page.goto("/accounts/login/")
    assert probe(page) == []
    page.evaluate(f"() => {{ {spoil} }}")
    assert probe(page)


def test_a_name_in_the_title_is_found(visit):
    page = visit(None)
    page.goto("/accounts/login/")
    assert probes.private_words(page, ("Zellweger",)) == []
    page.evaluate("() => { document.title = 'Zellweger'; }")
    assert probes.private_words(page, ("Zellweger",))
