"""When a delivery that was not accepted is tried again, and when it is given up."""

from dataclasses import dataclass

from service.outgoing import Answered
from service.webhooks import Hook, Standing

GONE = 410


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """When what failed is sent again, and when somebody is given up."""

    first_seconds: float = 5.0
    longest_seconds: float = 6 * 60 * 60
    jitter: float = 0.2
    give_up_seconds: float = 3 * 24 * 60 * 60
    step_seconds: float = 10.0
    total_seconds: float = 15.0
    lease_seconds: float = 30.0
    stop_seconds: float = 3.0

    def wait_seconds(self, failures: int, part: float) -> float:
        """Return how long to wait after so many failures in a row; `part`, 0 to 1, is chance."""
        wait = min(self.first_seconds * 2.0 ** min(failures - 1, 40), self.longest_seconds)
        return wait * (1 + self.jitter * (2 * part - 1))

    def standing(
        self, hook: Hook, sent: int, answered: Answered, now: int, part: float
    ) -> Standing:
        """Return what follows from an answer to the event at position `sent`; `now` in ms."""
        if answered.error is None:
            return Standing(sent)
        failures = hook.failures + 1
        since = now if hook.failing_since is None else hook.failing_since
        given_up_at = since + int(self.give_up_seconds * 1000)
        failed = Standing(hook.position, failures, since)
        if answered.status == GONE:
            return failed._replace(state="paused", reason="the endpoint answered 410 Gone")
        if now >= given_up_at:
            days = self.give_up_seconds / 86400
            reason = f"nothing was accepted for {days:g} days, last: {answered.error}"
            return failed._replace(state="paused", reason=reason)
        asked_for = min(answered.retry_after or 0, self.longest_seconds)
        wait = max(self.wait_seconds(failures, part), asked_for)
        return failed._replace(next_attempt_at=min(now + int(wait * 1000), given_up_at))
