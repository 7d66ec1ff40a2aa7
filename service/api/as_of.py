"""`as_of`: an answer as it was at a position or a time."""

from datetime import datetime

from flask import request

from projections import log
from service.api.problems import Invalid, Problem, shown
from service.current import store


def position_of(as_of: int | datetime | None) -> int | None:
    """Return the position that `as_of` stands for, None where it was left out. Raises `Invalid`."""
    if as_of is None:
        return None
    try:
        return log.as_of(store().read, as_of)
    except log.NotYet as error:
        message = f"Field 'as_of' accepts {error}, got: '{shown(request.args['as_of'])}'"
        raise Invalid([Problem(message, parameter="as_of")]) from None
