"""What is wrong with a record, in words instead of "failed" (DOM-9). Pure.

``diagnose()`` names the finding; ``Finding.sentence()`` says it to an admin, with the cure.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from domains.names import MAX_LENGTH, registrable
from domains.resolver import Answer, Look, Reply
from domains.states import Verdict

# For a hint this much is enough; the verdict itself compares every record whole.
MAX_RECORDS_READ = 100
MAX_BYTES_READ = 1024
MAX_RECORDS_SHOWN = 8
MAX_TEXT_SHOWN = 255
QUOTES = "\"'`“”‘’«»„"
# What people put into the "Name" field when the domain itself is meant; DNS hosts then append the
# zone, and the record stands one level below.
STRAY_LABELS = ("@", "www", "txt", "_txt", "_x", "verify", "_verify")


class Whose(Enum):
    """To whom a token found in DNS was given."""

    OURS = "an older claim of the same organization"
    ANOTHERS = "another organization"


class Finding(TextChoices):
    FOUND = "found", gettext_lazy("Record found")
    ELSEWHERE = "elsewhere", gettext_lazy("Verified elsewhere")
    NO_SUCH_DOMAIN = "no_such_domain", gettext_lazy("No such domain")
    NO_TXT = "no_txt", gettext_lazy("No TXT record")
    NO_RECORD = "no_record", gettext_lazy("Our record isn’t among the TXT records")
    ONE_LEVEL_OFF = "one_level_off", gettext_lazy("Record at another name")
    BARE_TOKEN = "bare_token", gettext_lazy("Token without the prefix")
    QUOTED = "quoted", gettext_lazy("Quotes inside the value")
    ALTERED = "altered", gettext_lazy("Value altered")
    OLD_TOKEN = "old_token", gettext_lazy("Token of an older claim")
    FOREIGN_TOKEN = "foreign_token", gettext_lazy("Token of another organization")
    UNKNOWN_TOKEN = "unknown_token", gettext_lazy("Another value")
    ALIAS = "alias", gettext_lazy("Seen only through an alias")
    PUBLISHED = "published", gettext_lazy("Published, not yet seen everywhere")
    DISAGREE = "disagree", gettext_lazy("Resolvers disagree")
    NO_ANSWER = "no_answer", gettext_lazy("No answer")

    def sentence(self, domain: str, facts: Mapping[str, Any]) -> str:
        """The finding for an admin, with what to do. Texts from DNS come out unescaped."""
        return _sentences()[self] % {
            "domain": domain,
            "place": facts.get("place", ""),
            "target": facts.get("target", ""),
            "why": _reply_label(facts.get("reply", "")),
        }


@dataclass(frozen=True, slots=True)
class Diagnosis:
    finding: Finding
    facts: dict[str, Any] = field(default_factory=dict)  # what the finding's words need
    looks: tuple[Look, ...] = ()

    @property
    def details(self) -> dict[str, Any]:
        """As history keeps it: the facts, and each resolver's reply."""
        return {**self.facts, "looks": [_shown(look) for look in self.looks]}


@dataclass(frozen=True, slots=True)
class Case:
    """All that was seen of one claim's domain."""

    domain: str
    prefix: str
    token: str
    answer: Answer
    near: Mapping[str, Look] = field(default_factory=dict)  # places one level off, by name
    published: bool = False  # the domain's own servers have the record
    tokens: Mapping[str, Whose] = field(default_factory=dict)  # the known ones of tokens_in()

    @property
    def value(self) -> str:
        return f"{self.prefix}={self.token}"


def diagnose(case: Case) -> Diagnosis:
    """The one thing to say first about ``case``; most exact first."""
    finding, facts = _finding(case)
    return Diagnosis(finding, facts, case.answer.looks)


def places_one_level_off(domain: str, prefix: str) -> list[str]:
    """Names at which the record stands by the usual mistakes; "acme.com.acme.com" among them."""
    labels = (prefix, f"_{prefix}", domain, f"{prefix}.{domain}", *STRAY_LABELS)
    places = [f"{label}.{domain}" for label in labels]
    if registrable(domain) != domain:
        places.append(domain.partition(".")[2])
    return [place for place in places if len(place) <= MAX_LENGTH]


def tokens_in(looks: Iterable[Look], prefix: str) -> set[str]:
    """The texts that stand where a token would, in the records seen: to be looked up."""
    start = f"{prefix}="
    texts = {_text(record) for look in looks for record in look.records[:MAX_RECORDS_READ]}
    return {
        text.removeprefix(start)[:32] for text in texts if text.startswith(start) or len(text) == 32
    }


def printable(text: str, length: int = MAX_TEXT_SHOWN) -> str:
    """``text`` with everything that doesn't print as itself escaped: ESC, NUL, bidi (threat D8)."""
    if text.isprintable() and len(text) <= length:
        return text
    shown = "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in text[:length])
    return shown[:length] + ("…" if len(text) > length or len(shown) > length else "")


def _finding(case: Case) -> tuple[Finding, dict[str, Any]]:
    if case.answer.verdict == Verdict.PRESENT:
        return Finding.FOUND, {}
    if case.answer.verdict == Verdict.NO_ANSWER:
        return _why_no_answer(case.answer)
    if case.published:
        return Finding.PUBLISHED, {}
    return (
        _alias(case)
        or _one_level_off(case)
        or _spoiled_value(case)
        or _other_token(case)
        or _nothing(case)
    )


def _why_no_answer(answer: Answer) -> tuple[Finding, dict[str, Any]]:
    if answer.disagree:
        return Finding.DISAGREE, {}
    silent = next(look for look in answer.looks if not look.is_answer)
    return Finding.NO_ANSWER, {"reply": silent.reply.value}


def _alias(case: Case) -> tuple[Finding, dict[str, Any]] | None:
    target = next((look.alias for look in case.answer.looks if look.alias), None)
    return (Finding.ALIAS, {"target": printable(target)}) if target else None


def _one_level_off(case: Case) -> tuple[Finding, dict[str, Any]] | None:
    value = case.value.encode()
    for place, look in case.near.items():
        if value in look.records:
            return Finding.ONE_LEVEL_OFF, {"place": place}
    return None


def _spoiled_value(case: Case) -> tuple[Finding, dict[str, Any]] | None:
    for text in _texts(case):
        plain = "".join(sign for sign in text if sign not in QUOTES and not sign.isspace()).lower()
        if plain == case.value and any(quote in text for quote in QUOTES):
            return Finding.QUOTED, {}
        if plain == case.token:
            return Finding.BARE_TOKEN, {}
        if case.token in plain:
            return Finding.ALTERED, {}
    return None


def _other_token(case: Case) -> tuple[Finding, dict[str, Any]] | None:
    start = f"{case.prefix}="
    others = [text.removeprefix(start) for text in _texts(case) if text.startswith(start)]
    whose = {case.tokens.get(other) for other in others}
    if Whose.OURS in whose:
        return Finding.OLD_TOKEN, {}
    if Whose.ANOTHERS in whose:
        return Finding.FOREIGN_TOKEN, {}
    return (Finding.UNKNOWN_TOKEN, {}) if others else None


def _nothing(case: Case) -> tuple[Finding, dict[str, Any]]:
    replies = {look.reply for look in case.answer.looks}
    if Reply.RECORDS in replies:
        return Finding.NO_RECORD, {}
    return (Finding.NO_TXT if Reply.NO_RECORDS in replies else Finding.NO_SUCH_DOMAIN), {}


def _texts(case: Case) -> list[str]:
    return [
        _text(record) for look in case.answer.looks for record in look.records[:MAX_RECORDS_READ]
    ]


def _text(record: bytes) -> str:
    return record[:MAX_BYTES_READ].decode("utf-8", "backslashreplace")


def _shown(look: Look) -> dict[str, Any]:
    """A look as history keeps it: bounded, and safe to print anywhere."""
    shown: dict[str, Any] = {"resolver": look.resolver, "reply": look.reply.value}
    if look.records:
        shown["records"] = [printable(_text(record)) for record in look.records[:MAX_RECORDS_SHOWN]]
        shown["more"] = max(0, len(look.records) - MAX_RECORDS_SHOWN)
    if look.alias:
        shown["alias"] = printable(look.alias)
    if look.detail:
        shown["detail"] = printable(look.detail)
    return shown


def _reply_label(reply: str) -> str:
    return str(Reply(reply).label) if reply in Reply.values else ""


def _sentences() -> dict[Finding, str]:
    return {
        Finding.FOUND: _("The record is there."),
        Finding.ELSEWHERE: _(
            "Your record is right, but %(domain)s is verified for another organization here. It "
            "can’t be verified twice: ask your colleagues which organization has it, or support."
        ),
        Finding.NO_SUCH_DOMAIN: _(
            "DNS knows no domain %(domain)s. Check the spelling, and that it is registered."
        ),
        Finding.NO_TXT: _("%(domain)s answers, but has no TXT record at all. Add the one below."),
        Finding.NO_RECORD: _(
            "%(domain)s answers, but no TXT record starts with our prefix. Add the one below; the "
            "others may stay."
        ),
        Finding.ONE_LEVEL_OFF: _(
            "The record stands at %(place)s instead of %(domain)s. Most DNS hosts add the domain "
            "to what is typed as the name: use the name shown below."
        ),
        Finding.BARE_TOKEN: _(
            "The record holds only the token. Paste the whole value, with what stands before the "
            "equals sign."
        ),
        Finding.QUOTED: _(
            "The record has quotes inside its value. Remove them: your DNS host adds its own."
        ),
        Finding.ALTERED: _(
            "The record holds our token, but more or less than the value. Copy the value again, "
            "exactly: no spaces, no capitals, nothing before or after."
        ),
        Finding.OLD_TOKEN: _(
            "The record is of an older claim of yours. Each claim has its own value: replace it by "
            "the one below."
        ),
        Finding.FOREIGN_TOKEN: _(
            "The record is of another organization’s claim. Add the one below beside it or in its "
            "place."
        ),
        Finding.UNKNOWN_TOKEN: _(
            "A record starts with our prefix, but goes on differently. Copy the value again."
        ),
        Finding.ALIAS: _(
            "%(domain)s is only an alias (CNAME) of %(target)s, and what stands there proves "
            "nothing about %(domain)s. Replace the CNAME, or claim the domain above it."
        ),
        Finding.PUBLISHED: _(
            "Your name servers publish the record. The resolvers still remember the time before "
            "it; this ends by itself, often within the hour."
        ),
        Finding.DISAGREE: _(
            "The resolvers we ask don’t agree, so nothing changes. A change of DNS takes a while "
            "to arrive everywhere; if this stays, your name servers hold different data."
        ),
        Finding.NO_ANSWER: _("DNS didn’t answer (%(why)s); nothing changes. We ask again."),
    }
