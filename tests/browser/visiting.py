"""Going to the clinic: each person signs in once, by hand, and keeps a watched browser window for the whole run."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.browser.running import RunningClinic
from tests.browser.watching import Watch

WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
PATIENCE = 40_000  # milliseconds for anything a page is waited for: two busy cores can make it wait long


def press(page, key: str) -> None:
    """Once the page's scripts are there to hear it."""
    page.wait_for_load_state()
    page.keyboard.press(key)


class Doors:
    """Remembers who has signed in."""

    def __init__(self, browser, clinic: RunningClinic) -> None:
        self._browser, self._clinic = browser, clinic
        self._windows: dict[str, tuple] = {}

    @contextmanager
    def test(self) -> Iterator[Callable]:
        """`open_page(role)` for one test: a new page of this person; role None is a stranger, each time another."""
        pages, strangers, watches = [], [], []

        def open_page(role: str | None, *, viewport: dict[str, int] = WIDE):
            context, watch = self._window_of(role) if role else self._new_window()
            if role is None:
                strangers.append(context)
            if watch not in watches:
                watch.start_anew()
                watches.append(watch)
            page = context.new_page()
            pages.append(page)
            page.set_viewport_size(viewport)
            page.watch = watch
            return page

        try:
            yield open_page
        finally:
            for part in (*pages, *strangers):
                part.close()
        for watch in watches:
            watch.assert_clean()

    def login(self, role: str) -> dict[str, str]:
        return self._clinic.logins[role]

    def sign_in(self, page, role: str) -> None:
        """By hand, as a person does."""
        login = self.login(role)
        page.goto("/accounts/login/")
        page.get_by_label("Username").fill(login["username"])
        page.get_by_label("Password").fill(login["password"])
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/")

    def _window_of(self, role: str) -> tuple:
        if role not in self._windows:
            context, watch = self._new_window()
            page = context.new_page()
            self.sign_in(page, role)
            page.close()
            self._windows[role] = context, watch
        return self._windows[role]

    def _new_window(self) -> tuple:
        # Without motion, so that nothing is judged halfway between two colours.
        context = self._browser.new_context(base_url=self._clinic.url, reduced_motion="reduce")
        context.set_default_timeout(PATIENCE)
        return context, Watch(context, self._clinic.url)
