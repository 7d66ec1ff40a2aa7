"""How long to wait before another attempt."""

import random

FIRST_SECONDS = 0.2


def backoff(attempt: int, *, longest: float) -> float:
    """Return the seconds to wait after attempt 1, 2, ...: about 0.2, doubling to `longest`."""
    seconds = FIRST_SECONDS * (1 << min(attempt - 1, 9))
    return min(longest, seconds) * random.uniform(0.5, 1)  # noqa: S311
