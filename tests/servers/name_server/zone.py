"""The records that the name server knows, and the honest answer to a question about them."""

import json
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dnslib import AAAA, CNAME, MX, NS, QTYPE, RCODE, RR, SOA, TXT, A, DNSRecord

DEFAULT_TTL = 5  # seconds: short, so that no resolver in between keeps a test waiting
NEGATIVE_TTL = 5
LONGEST_CHAIN = 8  # CNAMEs followed in one answer
STRING_LIMIT = 255  # bytes in one string of a TXT record (RFC 1035, 3.3)

Value = str | tuple[str, ...]


class BadRecord(ValueError):
    """The record cannot be served; the text says why."""


@dataclass(frozen=True)
class Record:
    """One record: `name` is a lower-case A-label name without the last dot.

    A TXT value may be several strings; one longer than 255 bytes is cut into such when it is
    served. MX is "10 mail.example", SOA "primary.example hostmaster.example 1".
    """

    name: str
    type: str
    value: Value
    ttl: int = DEFAULT_TTL

    def as_json(self) -> dict[str, object]:
        value = list(self.value) if isinstance(self.value, tuple) else self.value
        return {"name": self.name, "type": self.type, "value": value, "ttl": self.ttl}

    def as_rr(self, name: str = "") -> RR:
        return RR(name or self.name, getattr(QTYPE, self.type), ttl=self.ttl, rdata=self._rdata())

    def _rdata(self) -> object:
        value = self.value if isinstance(self.value, str) else ""
        match self.type:
            case "TXT":
                strings = (self.value,) if isinstance(self.value, str) else self.value
                return TXT([piece for string in strings for piece in _pieces(string)])
            case "CNAME":
                return CNAME(value)
            case "NS":
                return NS(value)
            case "A":
                return A(value)
            case "AAAA":
                return AAAA(value)
            case "MX":
                preference, host = value.split()
                return MX(host, int(preference))
            case "SOA":
                primary, mailbox, serial = (*value.split(), "1")[:3]
                return SOA(primary, mailbox, (int(serial), 3600, 600, 86400, NEGATIVE_TTL))
        raise BadRecord(f"type {self.type} is not served; TXT CNAME NS A AAAA MX SOA are")


def _pieces(string: str) -> Iterable[bytes]:
    encoded = string.encode()
    return [encoded[i : i + STRING_LIMIT] for i in range(0, len(encoded), STRING_LIMIT)] or [b""]


def normal_name(name: str) -> str:
    """Return the name as the zone keeps it: an A-label name in lower case, no last dot."""
    labels = name.strip().rstrip(".").lower().split(".")
    try:
        encoded = [label if label.isascii() else label.encode("idna").decode() for label in labels]
    except UnicodeError as problem:
        raise BadRecord(f"{name!r} is not a domain name: {problem}") from problem
    if not all(0 < len(label) <= 63 for label in encoded) or len(".".join(encoded)) > 253:
        raise BadRecord(f"{name!r} is not a domain name")
    return ".".join(encoded)


def record_from(values: dict[str, object]) -> Record:
    """Return the record that a client described; raises BadRecord."""
    value = values.get("value", "")
    if not isinstance(value, str):
        if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
            raise BadRecord("value is a string, or for TXT a list of strings")
        value = tuple(value)
    try:
        record = Record(
            name=normal_name(str(values["name"])),
            type=str(values.get("type") or "TXT").upper(),
            value=value,
            ttl=int(str(values.get("ttl") or DEFAULT_TTL)),
        )
        record.as_rr().rdata.pack(_Scratch())
    except KeyError as problem:
        raise BadRecord("name is missing") from problem
    except BadRecord:
        raise
    except Exception as problem:  # dnslib raises whatever its parsers meet
        raise BadRecord(f"this record cannot be packed: {problem}") from problem
    return record


class _Scratch:
    """A buffer that forgets: packing into it shows whether a record can be packed."""

    def __init__(self) -> None:
        self.offset = 0

    def pack(self, _format: str, *_values: object) -> None: ...
    def append(self, _data: bytes) -> None: ...
    def encode_name(self, _name: object) -> None: ...


class Zone:
    """All records, safe for the threads that change it while the server answers.

    `version` grows with each change. With `state`, the records outlive the process.
    """

    def __init__(self, state: Path | None = None) -> None:
        self._records: dict[str, list[Record]] = {}
        self._inner_names: set[str] = set()
        self._lock = threading.RLock()
        self._state = state
        self.version = 0
        if state and state.exists():
            self.add(record_from(values) for values in json.loads(state.read_text()))

    def __iter__(self) -> Iterator[Record]:
        with self._lock:
            return iter([r for name in sorted(self._records) for r in self._records[name]])

    def add(self, records: Iterable[Record]) -> None:
        """Add records; one that is there already is kept once, with the newer TTL."""
        with self._lock:
            for record in records:
                kept = [
                    other
                    for other in self._records.get(record.name, [])
                    if (other.type, other.value) != (record.type, record.value)
                ]
                self._records[record.name] = [*kept, record]
                self._inner_names.update(_names_above(record.name))
            self._changed()

    def remove(
        self, name: str | None = None, kind: str | None = None, value: Value | None = None
    ) -> int:
        """Remove the records that match everything given; return how many there were."""
        with self._lock:
            removed = 0
            for owner in [name] if name is not None else list(self._records):
                matching = {
                    record
                    for record in self._records.get(owner, [])
                    if kind in {None, record.type} and value in {None, record.value}
                }
                removed += len(matching)
                left = [r for r in self._records.get(owner, []) if r not in matching]
                self._records.pop(owner, None)
                if left:
                    self._records[owner] = left
            self._inner_names = {above for name in self._records for above in _names_above(name)}
            self._changed()
            return removed

    def _changed(self) -> None:
        self.version += 1
        if self._state:
            new = self._state.with_suffix(".new")
            new.write_text(json.dumps([record.as_json() for record in self], indent=1))
            new.replace(self._state)

    def answer(self, question: DNSRecord) -> DNSRecord:
        """Return the honest answer: records, CNAMEs followed, or a negative answer with its SOA."""
        name, type_ = asked(question)
        reply = question.reply(ra=1, aa=1)
        found: list[Record] = []
        with self._lock:
            for _ in range(LONGEST_CHAIN):
                found = self._found(name)
                reply.add_answer(*(r.as_rr(name) for r in found if type_ in {r.type, "ANY"}))
                alias = next((r for r in found if r.type == "CNAME"), None)
                if alias is None or type_ in {"CNAME", "ANY"}:
                    break
                reply.add_answer(alias.as_rr(name))
                name = normal_name(str(alias.value))
            if not any(rr.rtype == question.q.qtype for rr in reply.rr):
                if not found and name not in self._inner_names:
                    reply.header.rcode = RCODE.NXDOMAIN
                reply.add_auth(self._start_of_authority(name))
        return reply

    def _found(self, name: str) -> list[Record]:
        """Return the records of a name, or those of a wildcard above it (`*.example`)."""
        if name in self._records or name in self._inner_names:
            return self._records.get(name, [])
        return self._records.get("*." + name.partition(".")[2], [])

    def _start_of_authority(self, name: str) -> RR:
        """Return the SOA of the closest zone; one is made up where none was given."""
        above = [name, *_names_above(name)]
        for candidate in above:
            for record in self._records.get(candidate, []):
                if record.type == "SOA":
                    return record.as_rr()
        known = [n for n in above if n in self._records or n in self._inner_names]
        apex = next((n for n in reversed(known) if "." in n), above[-1])
        return Record(apex, "SOA", f"ns.{apex} hostmaster.{apex} 1", NEGATIVE_TTL).as_rr()


def _names_above(name: str) -> list[str]:
    labels = name.split(".")
    return [".".join(labels[i:]) for i in range(1, len(labels))]


def asked(question: DNSRecord) -> tuple[str, str]:
    """Return name and type of the question, as the zone names them."""
    name = str(question.q.qname).rstrip(".").lower()
    try:
        return name, str(QTYPE[question.q.qtype])
    except Exception:  # noqa: BLE001  a type unknown to dnslib: no record has it
        return name, f"TYPE{question.q.qtype}"
