"""Every address of the clinic."""

from django.urls import include, path

from skinclinic.health import healthz, readyz

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("accounts/", include("allauth.account.urls")),
    path("api/", include("cases.api.urls")),
    path("", include("cases.urls")),
]
