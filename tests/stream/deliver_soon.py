"""The command `deliver` with another schedule: `python -m tests.stream.deliver_soon '{...}'`.

Nothing else is different, so that tests need not wait for hours.
"""

import json
import sys

from service import delivery
from service.cli import main
from service.retries import Schedule

if __name__ == "__main__":
    delivery.SCHEDULE = Schedule(**json.loads(sys.argv[1]))
    main(["deliver"])
