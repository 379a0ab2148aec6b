"""Asking DNS for TXT records: three answers, never two (DOM-2, DOM-4, threats D1, D2, D6, D8).

dnspython on asyncio: a socket and so a port of its own for each question, an answer that doesn't
fit its question is passed over instead of ending the wait, TCP on truncation. Nothing is remembered
between two questions, so "Check now" can't repeat an old answer.
"""

import asyncio
import logging
import resource
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar, cast

import dns.asyncquery
import dns.edns
import dns.exception
import dns.flags
import dns.inet
import dns.message
import dns.rcode
import dns.rdatatype
import dns.resolver
from django.conf import settings
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from domains.questions import Datagrams, Question
from domains.states import Verdict

log = logging.getLogger(__name__)
Answered = TypeVar("Answered")
Asked = ParamSpec("Asked")

TRY_FOR = 2.0  # seconds for one UDP question; a lost packet is asked again
TRIES = 2
TCP_FOR = 3.0  # seconds for the whole answer, however slowly it drips
LARGEST = 65535  # bytes of a datagram
# Answers come within milliseconds: this many questions keep a resolver busy, more overrun its
# buffer. Who has waited for longer makes room for others, so that dead names hold nobody up.
AT_ONCE = 200
MAKES_ROOM_AFTER = 0.25
IN_FLIGHT = 1000
SPARE_FILES = 128
_dice = secrets.SystemRandom()


class Reply(TextChoices):
    """What a resolver said."""

    RECORDS = "records", _("TXT records")
    NO_RECORDS = "no_records", _("no TXT record")
    NO_SUCH_DOMAIN = "no_such_domain", _("no such domain")
    ALIAS = "alias", _("an alias (CNAME)")
    TIMEOUT = "timeout", _("no answer in time")
    SERVER_FAILURE = "server_failure", _("the domain’s servers failed (SERVFAIL)")
    REFUSED = "refused", _("the question was refused")
    UNREACHABLE = "unreachable", _("the resolver can’t be reached")
    UNUSABLE = "unusable", _("an answer that can’t be read")


ANSWERS = frozenset({Reply.RECORDS, Reply.NO_RECORDS, Reply.NO_SUCH_DOMAIN, Reply.ALIAS})


@dataclass(frozen=True, slots=True)
class Look:
    """One resolver's reply to one question."""

    resolver: str
    reply: Reply
    records: tuple[bytes, ...] = ()  # each TXT record with its strings joined
    alias: str = ""  # the CNAME's target
    detail: str = ""  # what the resolver adds: its error code's name, an extended DNS error

    @property
    def is_answer(self) -> bool:
        return self.reply in ANSWERS

    def verdict(self, value: bytes) -> Verdict:
        """Whether ``value`` is one of the records, byte for byte and whole (threat D1)."""
        if not self.is_answer:
            return Verdict.NO_ANSWER
        return Verdict.PRESENT if value in self.records else Verdict.ABSENT


@dataclass(frozen=True, slots=True)
class Resolver:
    """A server that is asked; ``recursive`` is False for a domain's own servers."""

    host: str
    port: int = 53
    recursive: bool = True

    @classmethod
    def parse(cls, text: str) -> "Resolver":
        """From "host:port", "[v6]:port" or the address alone."""
        host, colon, port = text.rpartition(":")
        if not colon or ("[" in text and "]" in port):
            return cls(text.strip("[]"))
        if ":" in host and not host.startswith("["):
            return cls(text)
        return cls(host.strip("[]"), int(port))

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    async def look(self, domain: str, *, tries: int = TRIES) -> Look:
        """The TXT records at ``domain`` (an A-label), found there itself and not by an alias."""
        try:
            return self._read(await self._exchange(domain, "TXT", tries=tries))
        except Exception as error:
            # Whatever a hostile answer provokes in a parser: one name must not stop a batch.
            log.warning("%s: the answer for %s can't be read", self, domain, exc_info=True)
            return Look(str(self), Reply.UNUSABLE, detail=type(error).__name__)

    async def names(self, domain: str, kind: str) -> tuple[str, ...]:
        """The values of the NS, A or AAAA records at ``domain``; empty for every other reply."""
        message = await self._exchange(domain, kind)
        if not isinstance(message, dns.message.Message) or message.rcode() != dns.rcode.NOERROR:
            return ()
        wanted = dns.rdatatype.from_text(kind)
        return tuple(
            str(record).rstrip(".").lower()
            for rrset in message.answer
            if rrset.rdtype == wanted
            for record in rrset
        )

    async def _exchange(
        self, domain: str, kind: str, *, tries: int = TRIES
    ) -> "dns.message.Message | Look":
        """The answer's message, or the Look that needs none."""
        for left in reversed(range(tries)):
            try:
                question = Question.about(domain, kind, recursive=self.recursive)
                return await self._once(question)
            except (TimeoutError, dns.exception.Timeout):
                if not left:
                    return Look(str(self), Reply.TIMEOUT)
            except OSError as error:
                return Look(str(self), Reply.UNREACHABLE, detail=type(error).__name__)
            except (dns.exception.DNSException, EOFError, ValueError) as error:
                return Look(str(self), Reply.UNUSABLE, detail=type(error).__name__)
        raise AssertionError("unreachable: the last try answers")

    async def _once(self, question: Question) -> "dns.message.Message | Look":
        try:
            async with asyncio.timeout(TRY_FOR):
                return await self._by_datagram(question)
        except dns.message.Truncated:
            async with asyncio.timeout(TCP_FOR):
                return await dns.asyncquery.tcp(question.message, self.host, TCP_FOR, self.port)

    async def _by_datagram(self, question: Question) -> "dns.message.Message | Look":
        family = dns.inet.af_for_address(self.host)
        server = dns.inet.low_level_address_tuple((self.host, self.port), family)
        async with Datagrams(family) as datagrams:
            await datagrams.sendto(question.wire, server, None)
            answer, sender = await datagrams.recvfrom(LARGEST, None)
            if sender == server and (records := question.plain_answer(answer)):
                return Look(str(self), Reply.RECORDS, records)
            datagrams.put_back(answer, sender)
            message, *_ = await dns.asyncquery.receive_udp(
                datagrams,
                server,
                ignore_unexpected=True,  # from another port or address: somebody else's answer
                ignore_errors=True,  # a wrong id, a wrong question, rubbish: wait for the true one
                raise_on_truncation=True,
                query=question.message,
            )
            return cast("dns.message.Message", message)

    def _read(self, message: "dns.message.Message | Look") -> Look:
        if isinstance(message, Look):
            return message
        code = message.rcode()
        if code == dns.rcode.NXDOMAIN and self._may_deny(message):
            return Look(str(self), Reply.NO_SUCH_DOMAIN)
        if code != dns.rcode.NOERROR:
            return Look(str(self), _failure(code), detail=_detail(message))
        asked = message.question[0].name
        for rrset in message.answer:
            if rrset.name == asked and rrset.rdtype == dns.rdatatype.CNAME:
                # Whatever stands at the target: who controls it need not control the domain.
                return Look(str(self), Reply.ALIAS, alias=str(rrset[0].target).rstrip("."))
        records = tuple(
            b"".join(record.strings)
            for rrset in message.answer
            if rrset.name == asked and rrset.rdtype == dns.rdatatype.TXT
            for record in rrset
        )
        if records:
            return Look(str(self), Reply.RECORDS, records)
        if not self._may_deny(message):
            return Look(str(self), Reply.UNUSABLE, detail="referral")
        return Look(str(self), Reply.NO_RECORDS)

    def _may_deny(self, message: dns.message.Message) -> bool:
        """Whether "there is none" is this server's to say: it looked (RA) or it knows (AA).

        A referral says neither; read as "absent" it would start a grace.
        """
        known = bool(message.flags & dns.flags.AA)
        return known or (self.recursive and bool(message.flags & dns.flags.RA))


@dataclass(frozen=True, slots=True)
class Answer:
    """What the resolvers together say of one domain."""

    verdict: Verdict
    looks: tuple[Look, ...]

    @property
    def disagree(self) -> bool:
        """Whether two answers differ; a resolver without an answer disagrees with nobody."""
        seen = {(look.reply, frozenset(look.records)) for look in self.looks if look.is_answer}
        return len(seen) > 1


class Panel:
    """Several resolvers: one is asked, the others only where a state would change."""

    def __init__(self, resolvers: Sequence[Resolver], *, in_flight: int = IN_FLIGHT) -> None:
        if not resolvers:
            raise ValueError("at least one resolver")
        self.resolvers = tuple(resolvers)
        self.in_flight = min(in_flight, _files_to_spare())
        self._loop: asyncio.AbstractEventLoop | None = None

    @classmethod
    def configured(cls) -> "Panel":
        """Of settings.DNS_RESOLVERS; the system's own where that is empty."""
        named = [Resolver.parse(text) for text in settings.DNS_RESOLVERS]
        return cls(named or _of_the_system())

    async def _in_turn(
        self, ask: Callable[Asked, Awaitable[Answered]], *args: Asked.args, **options: Asked.kwargs
    ) -> Answered:
        """Ask when there is a place among the questions in flight."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:  # each batch has a loop of its own, and a semaphore only one
            self._loop = loop
            self._slots, self._room = asyncio.Semaphore(self.in_flight), asyncio.Semaphore(AT_ONCE)
        async with self._slots:
            await self._room.acquire()
            leaving = loop.call_later(MAKES_ROOM_AFTER, self._room.release)
            try:
                return await ask(*args, **options)
            finally:
                if leaving.when() > loop.time():
                    leaving.cancel()
                    self._room.release()

    async def ask(
        self, domain: str, value: bytes, *, matters: Iterable[Verdict], everyone: bool = False
    ) -> Answer:
        """Look for ``value`` at ``domain``.

        A verdict among ``matters`` would change the claim: it stands only where more than half of
        *all* the resolvers give it, so a dead one is no vote. ``everyone`` asks them all anyway.
        """
        first, *others = _dice.sample(self.resolvers, len(self.resolvers))
        if everyone:
            return self._count(await self._looks([first, *others], domain), value)
        look = await self._look(first, domain)
        verdict = look.verdict(value)
        if not others or (verdict not in matters and verdict != Verdict.NO_ANSWER):
            return Answer(verdict, (look,))
        return self._count([look, *await self._looks(others, domain)], value)

    async def look_at(self, names: Iterable[str]) -> Mapping[str, Look]:
        """One hasty look at each name by one resolver: for a hint, never for a verdict."""
        names = list(names)
        looks = await asyncio.gather(*(self._look(self.resolvers[0], name, 1) for name in names))
        return dict(zip(names, looks, strict=True))

    async def names(self, domain: str, kind: str) -> tuple[str, ...]:
        """Host names or addresses at ``domain``, as the first resolver has them."""
        return await self._in_turn(self.resolvers[0].names, domain, kind)

    def _count(self, looks: list[Look], value: bytes) -> Answer:
        verdicts = [look.verdict(value) for look in looks]
        for verdict in (Verdict.PRESENT, Verdict.ABSENT):
            if verdicts.count(verdict) * 2 > len(self.resolvers):
                return Answer(verdict, tuple(looks))
        return Answer(Verdict.NO_ANSWER, tuple(looks))

    async def _looks(self, resolvers: Iterable[Resolver], domain: str) -> list[Look]:
        return await asyncio.gather(*(self._look(resolver, domain) for resolver in resolvers))

    async def _look(self, resolver: Resolver, domain: str, tries: int = TRIES) -> Look:
        return await self._in_turn(resolver.look, domain, tries=tries)


def run(question: Coroutine[Any, Any, Answered]) -> Answered:
    """Wait for what is asked; in a thread of its own where this one has a running loop already."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(question)
    with ThreadPoolExecutor(max_workers=1) as apart:
        return apart.submit(asyncio.run, question).result()


def _failure(code: int) -> Reply:
    if code == dns.rcode.SERVFAIL:
        return Reply.SERVER_FAILURE
    if code == dns.rcode.REFUSED:
        return Reply.REFUSED
    return Reply.UNUSABLE


def _detail(message: dns.message.Message) -> str:
    """The error and what RFC 8914 adds to it: SERVFAIL, DNSSEC_BOGUS. Never its free text."""
    errors = [option for option in message.options if isinstance(option, dns.edns.EDEOption)]
    names: list[Any] = [dns.rcode.to_text(message.rcode())]
    names += [getattr(error.code, "name", f"EDE {int(error.code)}") for error in errors[:3]]
    return ", ".join(names)


def _of_the_system() -> list[Resolver]:
    configured = dns.resolver.Resolver()
    return [Resolver(str(host), configured.port) for host in configured.nameservers]


def _files_to_spare() -> int:
    """Each question holds one socket: never so many that the worker can't open its database."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = IN_FLIGHT + SPARE_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(1, IN_FLIGHT if soft == resource.RLIM_INFINITY else soft - SPARE_FILES)
