"""Start everything on this machine: `make run`.

Environment: PORT (8000), DATA_DIR (.data), BASE_URL, and DATABASE_URL or REDIS_URL where others
than the embedded ones are wanted.
"""

import argparse
import os
import sys

from orgsecurity.launcher.files import Refusal
from orgsecurity.launcher.parts import Place
from orgsecurity.launcher.processes import DidNotStart
from orgsecurity.launcher.supervisor import Supervisor, end_on_signals


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="orgsecurity.launcher",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--exit-with-parent", action="store_true", help="end when the starter is gone"
    )
    parser.add_argument(
        "--reload", action="store_true", help="start web and workers again when code changes"
    )
    options = parser.parse_args()
    parent = os.getppid()

    def is_orphan() -> bool:
        return options.exit_with_parent and os.getppid() != parent

    try:
        supervisor = Supervisor(Place.of(os.environ), say, reload=options.reload)
        end_on_signals(supervisor)
        supervisor.run(is_orphan)
    except (Refusal, DidNotStart) as reason:
        print(reason, file=sys.stderr)
        return 1
    return 0


def say(sentence: str) -> None:
    print(sentence, flush=True)


if __name__ == "__main__":
    sys.exit(main())
