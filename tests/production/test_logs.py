"""What a process writes to its log: each event once, as one JSON object a line."""

import json
import subprocess
import sys

from tests.support.database import PROJECT

SPEAKS = """
import logging.config
from orgsecurity.logs import logging_configuration
logging.config.dictConfig(logging_configuration(debug=False, level="INFO"))
from post_office.logutils import setup_loghandlers
logging.getLogger("accounts").info("ours")
setup_loghandlers().warning("of a library with handlers of its own")
"""


def test_each_event_is_one_line_of_json():
    done = subprocess.run(
        [sys.executable, "-c", SPEAKS], cwd=PROJECT, capture_output=True, text=True, check=True
    )

    events = [json.loads(line)["event"] for line in done.stderr.splitlines()]
    assert events == ["ours", "of a library with handlers of its own"]
