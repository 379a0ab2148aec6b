"""The look of the servers' pages: plain HTML that works without script and by keyboard."""

import html
from collections.abc import Callable, Mapping
from pathlib import Path

STYLE = Path(__file__).with_suffix(".css").read_text()


def site(name: str) -> Callable[[str, str], str]:
    """Return a function that makes the pages of one site: `page(title, body)`.

    `title` is text, `body` is HTML.
    """

    def page(title: str, body: str) -> str:
        return (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{html.escape(title)} · {html.escape(name)}</title>"
            '<link rel="icon" href="data:,">'  # no icon: no browser asks for one
            f"<style>{STYLE}</style></head><body><header>{html.escape(name)}</header>"
            f"<main><h1>{html.escape(title)}</h1>{body}</main></body></html>"
        )

    return page


def hidden(fields: Mapping[str, str]) -> str:
    """Return hidden inputs for the fields that have a value."""
    return "".join(
        f'<input type="hidden" name="{name}" value="{html.escape(value)}">'
        for name, value in fields.items()
        if value
    )
