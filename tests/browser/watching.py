"""What no page may do, noted down while a test drives it."""

from urllib.parse import urlsplit

# Chromium writes this line for every 4xx and 5xx, without saying which request; answers are watched themselves.
_ANSWER_LINE = "Failed to load resource"
_INSIDE = ("data", "blob", "about")
_TELL_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) => {
  window.tellViolation(`${event.effectiveDirective} refused ${event.blockedURI} at ${event.sourceFile}:${event.lineNumber}`);
});
"""


class Watch:
    """Faults of every page in one browser context. A test that provokes a refusal says so with `expects`."""

    def __init__(self, context, origin: str) -> None:
        self._origin = urlsplit(origin).netloc
        self._expected: set[int] = set()
        self.faults: list[str] = []
        self._offline = False
        context.expose_binding("tellViolation", lambda _, words: self._note(f"content security policy: {words}"))
        context.add_init_script(_TELL_VIOLATIONS)
        context.on("console", self._on_console)
        context.on("weberror", lambda error: self._note(f"uncaught: {error.error}"))
        context.on("request", self._on_request)
        context.on("response", self._on_response)

    def start_anew(self) -> None:
        """For the next test in the same window."""
        self._expected, self.faults, self._offline = set(), [], False

    def expects(self, *statuses: int) -> None:
        """These answers are part of the test."""
        self._expected.update(statuses)

    def expects_no_connection(self) -> None:
        """What htmx writes of its own accord when nobody answers is part of the test."""
        self._offline = True

    def assert_clean(self) -> None:
        assert not self.faults, "\n".join(["Faults seen in the browser:", *self.faults])

    def _note(self, words: str) -> None:
        self.faults.append(words)

    def _on_console(self, message) -> None:
        told = (_ANSWER_LINE, *(("htmx:sendError", "htmx:afterRequest") if self._offline else ()))
        if message.type == "error" and not message.text.startswith(told):
            self._note(f"console: {message.text}")

    def _on_request(self, request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in _INSIDE and address.netloc != self._origin:
            self._note(f"left the origin: {request.method} {request.url}")

    def _on_response(self, response) -> None:
        if response.status >= 400 and response.status not in self._expected:
            self._note(f"answered {response.status}: {response.request.method} {urlsplit(response.url).path}")
