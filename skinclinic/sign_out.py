"""Signing out, with whatever the browser keeps of the clinic."""

from allauth.account.views import logout
from django.http import HttpRequest, HttpResponse


def sign_out(request: HttpRequest) -> HttpResponse:
    """allauth's, and the browser is told to delete what it stores: a script of the page may fail, or may not run.

    A session that ends by itself clears nothing: drafts and uploads go on after the next sign-in, as they should.
    """
    response = logout(request)
    if not request.user.is_authenticated:
        response["Clear-Site-Data"] = '"storage"'
    return response
