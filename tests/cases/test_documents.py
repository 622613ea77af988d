"""Cards are written by whoever made a bundle: what they may put on a page is text, tables and plain links."""

import re

import pytest

from cases.templatetags.documents import document

HOSTILE = (
    "<script>alert(1)</script>",
    "text <img src=x onerror=alert(1)> text",
    "<div onclick='alert(1)'>\n\nx\n\n</div>",
    "<!-- --><style>body{display:none}</style>",
    "<iframe src='https://evil.test'></iframe>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](\tjavascript:alert(1))",
    "[x](vbscript:x) [x](data:text/html;base64,PHNjcmlwdD4=) [x](file:///etc/passwd)",
    "[x][1]\n\n[1]: javascript:alert(1)",
    "<javascript:alert(1)>",
    "![x](https://evil.test/x.png)",
    '[x](https://a.test/"onmouseover="alert(1))',
    '[x](https://a.test "t" onmouseover="alert(1)")',
    "[x](/accounts/logout/)",
    "[x](//evil.test/)",
    "```html\n<script>alert(1)</script>\n```",
    "`<script>alert(1)</script>`",
    "|a|b|\n|-:|:-:|\n|<script>alert(1)</script>|<b onclick=x>|",
    "# <script>alert(1)</script>",
    "&lt;script&gt; &#60;script&#62;alert(1)",
    '```" onload=alert(1) x="\ncode\n```',
)
TAGS = {
    "a", "blockquote", "br", "code", "div", "em", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "strong",
    "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {"class", "href", "rel", "title", "tabindex", "role", "aria-label", "start"}


def parts(html):
    """Every tag and every attribute, as a browser would read them."""
    from html.parser import HTMLParser

    found = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            found.append((tag, dict(attrs)))

    Reader().feed(html)
    return found


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_acts_or_loads_survives(text):
    for tag, attributes in parts(document(text)):
        assert tag in TAGS, text
        assert set(attributes) <= ATTRIBUTES, text
        assert re.match(r"https?://", attributes.get("href", "https://")), text


def test_a_card_is_read_as_it_was_meant():
    html = document(
        "# Card\n\n## Figures\n\n| a | b |\n|---|--:|\n| `mel` | **0.9** |\n\n- one\n\n[data](https://a.test/x)\n"
    )
    assert "<h3>Card</h3>" in html
    assert "<h4>Figures</h4>" in html
    assert '<td class="text-end"><strong>0.9</strong></td>' in html
    assert '<a href="https://a.test/x" rel="noopener noreferrer nofollow">data</a>' in html
    assert html.count("<div") == html.count("</div>") == 1


def test_the_figures_of_a_table_are_named_in_words():
    rows = (
        "balanced_accuracy (p/prior)", "macro_auc", "brier_score", "melanoma_sensitivity_at_95_specificity", "accuracy",
        "`left_as_it_is`", "see left_as_it_is",
    )  # fmt: skip
    html = document("| figure |\n|---|\n" + "".join(f"| {row} |\n" for row in rows) + "\nand left_as_it_is")
    assert re.findall("<td>(.*?)</td>", html) == [
        "balanced accuracy (p/prior)", "macro AUC", "Brier score", "melanoma sensitivity at 95 % specificity", "accuracy",
        "<code>left_as_it_is</code>", "see left_as_it_is",
    ]  # fmt: skip
    assert "<p>and left_as_it_is</p>" in html


def test_each_table_has_a_name_of_its_own():
    html = document("| a |\n|---|\n\ntext\n\n| b |\n|---|\n")
    assert re.findall('aria-label="(.*?)"', html) == ["Table 1", "Table 2"]


def test_text_that_looks_like_a_table_tag_stays_text():
    assert "&lt;table&gt;" in document("    <table>\n    </table>")


@pytest.mark.django_db
def test_the_page_of_a_model_shows_its_card(north, active_model, client_for):
    active_model.card = "## Limits\n\n<script>alert(1)</script>\n\n[x](javascript:alert(1))"
    active_model.save()
    page = client_for(north.auditor).get(f"/models/{active_model.pk}/").content.decode()
    assert "<h4>Limits</h4>" in page
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
