"""What changes by itself moves nothing: the browser's own record of layout shifts stays empty while news comes in."""

import re

import pytest

from tests.browser.visiting import NARROW, WIDE, press

expect = pytest.importorskip("playwright.sync_api", reason="the Playwright package is not installed").expect

# Buffered: what moved before somebody listened counts too. Moves that answer a key or a click are wanted.
_RECORD = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (entry.hadRecentInput) continue;
    for (const { node, previousRect, currentRect } of entry.sources) {
      window.shifts.push(`${node?.nodeName} ${node?.className ?? node?.textContent}: ${previousRect.top},${previousRect.left} → ${currentRect.top},${currentRect.left}`);
    }
  }
}).observe({ type: "layout-shift", buffered: true });
"""


def recorded(page):
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return page.evaluate("window.shifts")


def forget_the_past(page):
    """How the page came to stand is another question."""
    page.wait_for_load_state("networkidle")
    page.evaluate("window.shifts.length = 0")


def a_beat_without_news(page):
    """The order follows waiting times, so a beat may bring another one by itself; that most do not is what is asked."""
    offer = page.get_by_role("button", name=re.compile("Show it"))
    for _ in range(6):
        with page.expect_response(lambda answer: "seen=" in answer.url):
            pass
        page.wait_for_load_state("networkidle")
        recorded(page)
        if offer.is_hidden():
            return
        press(page, "u")
        expect(offer).to_be_hidden()
    pytest.fail("each of six beats told of another order")


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["desk", "telephone"])
def test_the_queue_counts_and_nothing_moves_until_it_is_asked_for(program, pictures, visit, viewport):
    first = program("staff").ready(next(pictures))
    page = visit("dermatologist", viewport=viewport)
    page.add_init_script(_RECORD)
    page.goto("/worklist/?view=all&rows=500")
    forget_the_past(page)
    a_beat_without_news(page)
    count = page.locator("#worklist-views a", has_text="All waiting").locator("b")
    before = int(count.text_content())
    second = program("staff").ready(next(pictures))
    program("colleague").post(f"cases/{first['id']}/claim/", status=200)
    expect(count).to_have_text(str(before + 1))
    expect(page.get_by_role("button", name=re.compile("Show it"))).to_be_visible()
    assert recorded(page) == []
    expect(page.locator(f"tr[data-case='{second['id']}']")).to_have_count(0)
    press(page, "u")
    expect(page.locator(f"tr[data-case='{second['id']}']")).to_be_visible()
    expect(page.locator(f"tr[data-case='{first['id']}']")).to_contain_text("held by demo-colleague")
    program("colleague").post(f"cases/{first['id']}/release/", status=200)


def test_while_the_table_waits_it_is_news_at_once_that_there_is_something_to_read(program, pictures, visit):
    program("staff").ready(next(pictures))
    page = visit("dermatologist")
    page.goto("/worklist/?view=all&rows=500")
    read = page.locator("#read-next button")
    expect(read).to_be_enabled()
    # As it stood before anything waited; the rows of cases that others hold stay.
    page.evaluate(
        "() => { const b = document.querySelector('#read-next button'); b.disabled = true; b.textContent = 'Nothing to read'; }"
    )
    program("staff").ready(next(pictures))
    expect(page.get_by_role("button", name=re.compile("Show it"))).to_be_visible()
    expect(read).to_be_enabled()
    expect(read).to_contain_text("Read next")


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["desk", "telephone"])
def test_a_case_on_its_way(clinic, program, pictures, visit, viewport):
    page = visit("staff", viewport=viewport)
    page.add_init_script(_RECORD)
    with clinic.frozen_worker():
        case = program("staff").submit(program("staff").draft(picture=next(pictures)))
        page.goto(f"/cases/{case['id']}/")
        expect(page.get_by_text(re.compile(r"Place \d in the queue"))).to_be_visible()
        forget_the_past(page)
    expect(page.get_by_text("Waiting for a dermatologist")).to_be_visible()
    assert recorded(page) == []
