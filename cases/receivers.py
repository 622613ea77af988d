"""What Django tells of by signals only: sign-ins for the audit trail, migrations for what stands beside the schema."""

from collections.abc import Sequence

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.dispatch import receiver

from cases import queue_triggers, search_index
from cases.models import QueueTally, User
from cases.services import audit
from cases.services.veils import veil_again
from cases.vocabulary import Action


@receiver(user_logged_in)
def on_sign_in(sender: type, user: User, **_: object) -> None:
    audit.record_view(actor=user, action=Action.SIGN_IN, about=user)
    veil_again(viewer=user)


@receiver(user_logged_out)
def on_sign_out(sender: type, user: User | None, **_: object) -> None:
    if user is not None:
        audit.record_view(actor=user, action=Action.SIGN_OUT, about=user)
        veil_again(viewer=user)


@receiver(user_login_failed)
def on_refusal(sender: type, credentials: dict[str, str], **_: object) -> None:
    """For a known login only: what was typed for an unknown one may be a password, so it is dropped."""
    user = User.objects.filter(username=credentials.get("username") or "").first()
    if user is not None and user.clinic is not None:
        audit.record(clinic=user.clinic, actor=None, action=Action.SIGN_IN_REFUSED, about=user)


def on_migration(using: str, plan: Sequence[object] = (), **_: object) -> None:
    """A migration may rebuild a table that the triggers speak of: SQLite refuses that while they are there."""
    if plan:
        _limit(connections[using], statement_timeout="0", lock_timeout="'30s'")
        queue_triggers.uninstall(connections[using])


def on_migrated(using: str, plan: Sequence[object] = (), **_: object) -> None:
    connection = connections[using]
    if plan:
        _limit(connection, statement_timeout="DEFAULT", lock_timeout="DEFAULT")
    if QueueTally._meta.db_table not in connection.introspection.table_names():
        return  # migrated back to before there was a queue
    if plan or queue_triggers.amiss(connection):
        queue_triggers.rebuild(connection)
    search_index.ensure(connection)


def _limit(connection: BaseDatabaseWrapper, **limits: str) -> None:
    """A migration takes as long as the tables are large; only for a lock it does not wait for ever."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("; ".join(f"SET {name} = {value}" for name, value in limits.items()))
