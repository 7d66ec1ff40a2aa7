"""Intervals of positions, and how to find those that hold a given one at the cost of what is found.

An interval is `since_position` to before `until_position`, null while it is open. When it ends its
`span` says how long it was: 4^span or more positions, fewer than 4^(span + 1). So of each span
those that hold `:at` are in one range of an index (span, since_position), in which as many others
stand as were in force at some one time before, however long the log is.
"""

SPANS = 16
"""Up to 4^16 positions; all that are longer are of one span."""

LONGEST = [4 ** (span + 1) for span in range(SPANS)] + [2**62]

SPAN = (
    f"CASE {' '.join(f'WHEN {{0}} < {most} THEN {span}' for span, most in enumerate(LONGEST))} END"
)
"""The span of a length, which stands for `{0}`."""

ENDS = f"until_position = :position, span = {SPAN.format('(:position - since_position)')}"
"""What UPDATE sets where intervals end with the event at `:position`."""

EACH_SPAN = (
    f"(VALUES {', '.join(f'({span}, {most})' for span, most in enumerate(LONGEST))}) AS each_span"
)
"""A table of all spans: `column1`, and how long they are at most: `column2`."""


def span_of(length: int) -> int:
    """Return the span of a length, as `SPAN` does."""
    return min(SPANS, (length.bit_length() - 1) // 2)


def open_at(alias: str) -> str:
    """Return the condition of an interval that has not ended to hold `:at`."""
    return f"{alias}.until_position IS NULL AND {alias}.since_position <= :at"


def ended_after(alias: str, span: int | None = None) -> str:
    """Return the condition of an ended interval to hold `:at`: of one span, or of `EACH_SPAN`."""
    which, most = (
        ("each_span.column1", "each_span.column2") if span is None else (span, LONGEST[span])
    )
    return (
        f"{alias}.until_position > :at AND {alias}.span = {which}"
        f" AND {alias}.since_position <= :at AND {alias}.since_position > :at - {most}"
    )


def holding(alias: str) -> str:
    """Return the condition of any interval to hold `:at`, where something else finds it."""
    return (
        f"{alias}.since_position <= :at"
        f" AND ({alias}.until_position IS NULL OR {alias}.until_position > :at)"
    )
