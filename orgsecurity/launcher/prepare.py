"""Bring the database up to date and, unless told --no-demo, put the demo into it; then end.

One process for all of it: Django starts once.
"""

import sys

import django
from django.core.management import call_command


def main() -> None:
    django.setup()
    call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable")
    if "--no-demo" not in sys.argv:
        # After setup: it needs the models.
        from orgsecurity.launcher.demo import put_demo  # noqa: PLC0415

        put_demo()


if __name__ == "__main__":
    main()
