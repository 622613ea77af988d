"""A table in pieces of bounded size: no statement, lock or transaction lasts as long as the table is long."""

from collections.abc import Iterator

from django.db.models import QuerySet


def pieces(rows: QuerySet, size: int) -> Iterator[QuerySet]:
    """`rows` in the order of their primary keys, at most `size` at a time; the last piece has what comes meanwhile too.

    The key that a piece ends with is asked for before it is handed out, so its rows may be changed or deleted.
    """
    rest = rows.order_by()
    while True:
        ends = rest.order_by("pk").values_list("pk", flat=True)[size - 1 : size]
        end = next(iter(ends), None)
        if end is None:
            yield rest
            return
        yield rest.filter(pk__lte=end)
        rest = rows.order_by().filter(pk__gt=end)
