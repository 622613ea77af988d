"""Every address of the clinic."""

from allauth.account import urls as account_urls
from django.urls import URLPattern, include, path

from cases.views.turning import turns_away
from skinclinic.health import healthz, readyz
from skinclinic.sign_out import sign_out

# Logins and passwords are an administrator's to give: the pages that sign up, or that send mail, are not opened.
_ACCOUNT_PAGES = {
    "account_login",
    "account_inactive",
    "account_reauthenticate",
    "account_change_password",
    "account_signup",  # allauth's sign-in refers to it; it answers that it is closed
}


def _account_pages() -> list[URLPattern]:
    """Who opens one of these has left the case that they looked at."""
    return [
        URLPattern(page.pattern, turns_away(page.callback), page.default_args, page.name)
        for page in account_urls.urlpatterns
        if page.name in _ACCOUNT_PAGES
    ]


urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("accounts/logout/", turns_away(sign_out), name="account_logout"),
    path("accounts/", include(_account_pages())),
    path("api/", include("cases.api.urls")),
    path("", include("cases.urls")),
]
