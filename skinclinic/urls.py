"""Every address of the clinic."""

from allauth.account import urls as account_urls
from django.urls import include, path

from skinclinic.health import healthz, readyz

# Logins and passwords are an administrator's to give: the pages that sign up, or that send mail, are not opened.
_ACCOUNT_PAGES = {
    "account_login",
    "account_logout",
    "account_inactive",
    "account_reauthenticate",
    "account_change_password",
    "account_signup",  # allauth's sign-in refers to it; it answers that it is closed
}

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("accounts/", include([page for page in account_urls.urlpatterns if page.name in _ACCOUNT_PAGES])),
    path("api/", include("cases.api.urls")),
    path("", include("cases.urls")),
]
