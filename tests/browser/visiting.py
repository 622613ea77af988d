"""Going to the clinic: through the sign-in page once for each person, with a watched context for each visit."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.browser.running import RunningClinic
from tests.browser.watching import Watch

WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
PATIENCE = 15_000  # milliseconds for anything a page is waited for


class Doors:
    """Remembers who has signed in."""

    def __init__(self, browser, clinic: RunningClinic) -> None:
        self._browser, self._clinic = browser, clinic
        self._signed_in: dict[str, dict] = {}

    @contextmanager
    def test(self) -> Iterator[Callable]:
        """`open_page(role, viewport=WIDE, color_scheme="light")` for one test; role None is a stranger."""
        contexts, watches = [], []

        def open_page(role: str | None, *, viewport: dict[str, int] = WIDE, color_scheme: str = "light"):
            state = self._state_of(role) if role else None
            context = self._context(storage_state=state, viewport=viewport, color_scheme=color_scheme)
            watch = Watch(context, self._clinic.url)
            contexts.append(context)
            watches.append(watch)
            page = context.new_page()
            page.watch = watch
            return page

        try:
            yield open_page
        finally:
            for context in contexts:
                context.close()
        for watch in watches:
            watch.assert_clean()

    def sign_in(self, page, role: str) -> None:
        """By hand, as a person does."""
        login = self._clinic.logins[role]
        page.goto("/accounts/login/")
        page.get_by_label("Username").fill(login["username"])
        page.get_by_label("Password").fill(login["password"])
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/")

    def _state_of(self, role: str) -> dict:
        if role not in self._signed_in:
            context = self._context()
            self.sign_in(context.new_page(), role)
            self._signed_in[role] = context.storage_state()
            context.close()
        return self._signed_in[role]

    def _context(self, **options):
        context = self._browser.new_context(base_url=self._clinic.url, reduced_motion="reduce", **options)
        context.set_default_timeout(PATIENCE)
        return context
