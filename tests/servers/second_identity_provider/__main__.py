"""Make its keys, then become the Node process that is this identity provider.

    python -m tests.servers.second_identity_provider --port 0 --sp ENTITY_ID=ACS_URL

Needs Node 18 or newer, and its packages: `npm ci` in this folder.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

from tests.servers.identity_provider.keys import Keys

HERE = Path(__file__).parent
NPM = "npm ci --ignore-scripts --no-audit --no-fund"


def missing() -> str:
    """Return what has to be installed before it can start, as a sentence, or ""."""
    if not shutil.which("node"):
        return "The second identity provider needs Node.js 18 or newer: apt-get install nodejs npm"
    if not (HERE / "node_modules" / "samlify").exists():
        return f"The second identity provider needs its packages: (cd {HERE} && {NPM})"
    return ""


def main() -> None:
    if sentence := missing():
        raise SystemExit(sentence)
    # Node makes no certificates: both pairs are made here; the server removes their folder.
    folder = Path(tempfile.mkdtemp(prefix="second-identity-provider-"))
    Keys(folder).stage()
    node = str(shutil.which("node"))
    arguments = [node, str(HERE / "server.js"), "--keys", str(folder), *sys.argv[1:]]
    os.execv(node, arguments)  # noqa: S606  this process becomes the server: one pid to end


if __name__ == "__main__":
    main()
