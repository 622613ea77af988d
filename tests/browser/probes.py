"""Questions to a page as it stands in the browser. Each answer is a list of faults in words."""

import functools
from importlib import resources
from pathlib import Path

_PROBES = Path(__file__).with_name("probes.js").read_text(encoding="utf-8")
# Every rule of axe that is no experiment, and the size of targets, which axe leaves off until it is asked for.
_RUN_AXE = """async (dark) => {
  const onlyColours = { runOnly: ["color-contrast", "link-in-text-block"] };
  const everything = { rules: { "target-size": { enabled: true } } };
  const quick = { resultTypes: ["violations"], preload: false };
  const found = await axe.run(document, { ...quick, ...(dark ? onlyColours : everything) });
  return found.violations.flatMap((rule) => rule.nodes.map((node) =>
    `${rule.id} (${rule.impact}): ${node.target.join(" ")}: ${node.failureSummary.split("\\n").slice(1, 3).join(" ").trim()}`));
}"""


def settle(page) -> None:
    """Until what watches the window's size or theme has done its part."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def overflow(page) -> list[str]:
    return _ask(page, "overflow")


def headings(page) -> list[str]:
    return _ask(page, "headings")


def labels(page) -> list[str]:
    return _ask(page, "labels")


def pictures(page) -> list[str]:
    return _ask(page, "pictures")


def accessibility(page, *, only_colours: bool) -> list[str]:
    """axe's violations. Its script comes in through the debugger, so the page's own policy stays as strict as it is."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(_axe_script())
    return page.evaluate(_RUN_AXE, only_colours)


def private_words(page, words: tuple[str, ...]) -> list[str]:
    """Words about a patient in the title or the address."""
    shown = f"{page.title()} {page.url}"
    return [f"“{word}” stands in the title or the address" for word in words if word in shown]


@functools.cache
def _axe_script() -> str:
    return (resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


def _ask(page, question: str) -> list[str]:
    return page.evaluate(f"{_PROBES.strip()}.{question}()")
