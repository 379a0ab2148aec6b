"""granian, with the product loaded once before it forks its workers.

    python -m orgsecurity.server [GRANIAN'S OPTIONS] orgsecurity.wsgi:application

By itself granian loads the product in each worker: 110 MiB a worker, where one that is forked from
a process that has it adds 25. It stands in for a fallen one at once, too. What is loaded opens
neither threads nor connections before the first request, so that memory is all they share. In
exchange a HUP brings no new code: start it anew.
"""

import importlib
import multiprocessing

from granian.cli import entrypoint


def main() -> None:
    # Linux's own method until Python 3.14; spawned workers would load the product again.
    multiprocessing.set_start_method("fork")
    importlib.import_module("orgsecurity.wsgi")
    entrypoint()  # type: ignore[no-untyped-call]  # granian has no types there


if __name__ == "__main__":
    main()
