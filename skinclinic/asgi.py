"""What a ASGI server loads."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "skinclinic.settings.development")

application = get_asgi_application()
