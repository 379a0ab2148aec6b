"""The real browser: Debian's chromium, driven by Playwright."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from tests.support.needs import find

# Only the last such list counts: what Playwright leaves out and tests would notice, then what costs
# each new window a second of CPU, an address bar that is a page itself and a renderer in reserve.
WITHOUT = [
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
    "SpareRendererForSitePerProcess",
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxFullPopup",
    "WebUIOmniboxPopup",
]
# It asks nobody outside, and needs neither a screen nor a sandbox of its own.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    f"--disable-features={','.join(WITHOUT)}",
]


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Start it. Playwright allows one in a thread: tests share the `browser` fixture."""
    path = find("chromium")
    assert path, "Chromium is missing: `make test` says how to install it."
    # Playwright leaves a loop in this thread, and Django then fears that queries are awaited.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()
