"""Many addresses in one field: pasted from a spreadsheet, a mail program, a list."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from accounts.addresses import InvalidAddress, normalize_address

MOST = 200
# Ann Lee <ann@acme.com>
IN_BRACKETS = re.compile(r"<([^<>]*@[^<>]*)>")


@dataclass
class Addresses:
    """What a field of addresses held, each once, in the order typed."""

    good: list[str] = field(default_factory=list)
    # What is no address, with the reason.
    bad: list[tuple[str, str]] = field(default_factory=list)


def read_addresses(text: str) -> Addresses:
    """Read addresses separated by line breaks, commas, semicolons or spaces.

    ``Ann Lee <ann@acme.com>`` counts as the address in the brackets.
    """
    found = Addresses()
    for piece in re.split(r"[\n\r,;]+", text):
        bracketed = IN_BRACKETS.findall(piece)
        for word in bracketed or piece.split():
            try:
                address = normalize_address(word)
            except InvalidAddress as problem:
                found.bad.append((word[:254], str(problem)))
            else:
                if address not in found.good:
                    found.good.append(address)
    return found
