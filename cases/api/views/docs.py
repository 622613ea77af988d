"""The API's description, for programs and for people; it holds no clinic's data and needs no sign-in."""

from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView


class Schema(SpectacularAPIView):
    authentication_classes = ()
    permission_classes = ()


class Docs(SpectacularSwaggerSplitView):
    """Its script is a file of its own and its page has no inline style, so the strict policy holds here too."""

    authentication_classes = ()
    permission_classes = ()
    url_name = "api:schema"
    template_name = "api/docs.html"
