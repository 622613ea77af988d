from django.contrib.auth.models import AbstractUser

from cases.models.base import Record
from cases.models.clinic import Clinic


class User(Record, AbstractUser):
    """A login. It belongs to one clinic, so that no act is ever unclear about the clinic it was done for."""

    way_in = ""  # by which session or token they are here just now (`accounts.note_way_in`); none in a task or command

    class Meta(AbstractUser.Meta):
        ordering = ["username"]

    def __str__(self) -> str:
        return self.username

    @property
    def role(self) -> str:
        """The role in the clinic, or "" without one."""
        membership = self._membership()
        return membership.role if membership else ""

    @property
    def clinic(self) -> Clinic | None:
        membership = self._membership()
        return membership.clinic if membership else None

    def _membership(self):
        return getattr(self, "membership", None)
