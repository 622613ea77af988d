"""Who may open an account: nobody by themselves. Logins are made by an administrator."""

from hashlib import sha256
from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth import get_user_model
from django.http import HttpRequest


class ClosedAccountAdapter(DefaultAccountAdapter):
    """Sign-in without sign-up, with refusals that say what to do."""

    error_messages: ClassVar = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": "Username or password is not correct. Capitals count in both.",
        "incorrect_password": "The password is not correct. Capitals count.",
        "too_many_login_attempts": "Too many failed attempts. Wait five minutes, then try again.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


class ClinicBackend(AuthenticationBackend):
    """Every page asks for the role and the clinic of who is signed in: they come with the login, in one query."""

    def get_user(self, user_id: Any) -> Any:
        user = get_user_model().objects.select_related("membership__clinic").filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None


def note_way_in(request: HttpRequest, token: str = "") -> None:
    """Tell the person by which sign-in they are here: what was shown to one of their sign-ins is not to all.

    A fingerprint, since it is kept: nobody signs in with what they read in a table.
    """
    session = getattr(request, "session", None)
    secret = f"token {token}" if token else f"session {session.session_key if session else ''}"
    request.user.way_in = sha256(secret.encode()).hexdigest()[:32]
