from allauth.account.adapter import get_adapter
from django.core.exceptions import ValidationError
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import ScopedRateThrottle

from cases.api.endpoint import Endpoint
from cases.api.serializers.tokens import Credentials, Token
from cases.models import User
from cases.services.tokens import issue_token


class Tokens(Endpoint):
    """The one POST that keeps no answer under an Idempotency-Key: the answer is a secret."""

    shapes = {"POST": Credentials}
    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (ScopedRateThrottle,)
    throttle_scope = "token"

    @extend_schema(responses=Token, auth=[])
    def post(self, request: Request) -> Response:
        """Sign in as a program. A token expires; a new one is asked for in the same way."""
        token, expires_at = issue_token(user=self._authenticated(**self.checked()))
        return Response(Token({"token": token, "expires_at": expires_at}).data)

    def get_authenticate_header(self, request: Request) -> str:
        return "Token"  # without it a refusal would be 403

    def _authenticated(self, username: str, password: str) -> User:
        """Through the same door as the sign-in page, so that its limit on wrong passwords counts both."""
        try:
            # The adapter counts on Django's request, not on the API's wrapper around it.
            user = get_adapter().authenticate(self.request._request, username=username, password=password)  # noqa: SLF001
        except ValidationError:
            raise Throttled(detail="Too many wrong passwords for this login. Wait a few minutes.")
        if user is None or not user.is_active:  # the adapter hands over a switched-off login, for a page about it
            raise AuthenticationFailed("The user name or the password is not right.")
        return user
