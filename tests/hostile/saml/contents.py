"""Messages that are well signed and say what they may not, and benign ones beside them."""

from urllib.parse import urlsplit

from sso import contract
from tests.hostile.saml import crafting as c
from tests.hostile.saml.trying import RIVAL_ISSUER, Form, Table, World
from tests.sso import signer

CONTENTS = Table()
refused, accepted = CONTENTS.refused, CONTENTS.accepted

US = contract.entity_id
HERE = contract.reply_url
RIVAL_KEY = signer.key("rival")


def signs(inner: str, **around):
    return c.of(inner, **around)


# ── Status and version

for _what, _codes in {
    "Requester": ("Requester",),
    "Responder": ("Responder",),
    "VersionMismatch": ("VersionMismatch",),
    "AuthnFailed": ("AuthnFailed",),
    "Responder, AuthnFailed": ("Responder", "AuthnFailed"),
    "Requester, RequestDenied": ("Requester", "RequestDenied"),
    "Responder, Success": ("Responder", "Success"),
    "three deep": ("Responder", "NoPassive", "Success"),
    "success in small letters": ("success",),
    "Success and a space": ("Success ",),
}.items():
    for _with in (False, True):
        refused(
            f"status {_what}, {'with' if _with else 'without'} an assertion",
            "status",
            lambda _, codes=_codes, inside=_with: c.response(
                *([c.signed(c.assertion())] if inside else []),
                status_xml=c.status(*codes, message="<&gt;".replace("<", "&lt;")),
            ),
        )
refused("no status", "malformed", lambda _: c.response(c.signed(c.assertion()), status_xml=" "))
refused(
    "two statuses",
    "malformed",
    lambda _: c.response(c.signed(c.assertion()), status_xml=c.status("Success") * 2),
)
refused(
    "two status codes",
    "malformed",
    lambda _: c.response(
        c.signed(c.assertion()),
        status_xml=c.status("Success").replace(
            "</samlp:Status>",
            f'<samlp:StatusCode Value="{c.STATUS}Responder"/></samlp:Status>',
        ),
    ),
)
refused("success without an assertion", "malformed", lambda _: c.response())
refused("success without an assertion, signed", "malformed", lambda _: c.signed(c.response()))
accepted(
    "a status message",
    lambda _: c.response(c.signed(c.assertion()), status_xml=c.status("Success", message="ok")),
)
for _version in ("1.1", "2.1", "", "2", " 2.0", "2.0 "):
    refused(
        f"response of version {_version!r}",
        "malformed",
        lambda _, version=_version: c.response(c.signed(c.assertion()), version=version),
    )
    refused(
        f"assertion of version {_version!r}",
        "malformed",
        lambda _, version=_version: c.good(version=version),
    )
refused(
    "response without a version",
    "malformed",
    lambda _: c.response(c.signed(c.assertion()), version=None),
)

# ── Issuer

for _what, _issuer in {
    "another": "https://evil.example/",
    "with a slash more": c.ISSUER + "/",
    "in capitals": c.ISSUER.upper(),
    "with white space": f" {c.ISSUER} ",
    "empty": "",
    "cut": c.ISSUER[:-1],
    "another organization's": RIVAL_ISSUER,
}.items():
    refused(
        f"issuer {_what}",
        "unknown_issuer",
        lambda world, issuer=_issuer: _with_rival(world, c.good(issuer=issuer)),
    )
    refused(
        f"the response's issuer {_what}",
        "unknown_issuer",
        lambda world, issuer=_issuer: _with_rival(
            world, c.response(c.signed(c.assertion()), issuer=issuer)
        ),
    )
refused("no issuer in the assertion", "malformed", lambda _: c.good(issuer=None))
refused(
    "two issuers",
    "malformed",
    lambda _: c.good(issuer=f"{c.ISSUER}</saml:Issuer><saml:Issuer>{c.ISSUER}"),
)
accepted("no issuer in the response", lambda _: signs(c.assertion(), issuer=None))


def _with_rival(world: World, xml: str) -> str:
    assert world.rival
    return xml


# ── Audience

for _what, _restrictions in {
    "missing": (),
    "empty": ("",),
    "another": ("https://other.example",),
    "cut": (US()[:-1],),
    "longer": (US() + "x",),
    "with a prefix": ("https://evil.example/?" + US(),),
    "in capitals": (US().upper(),),
    "without the slash": (US().rstrip("/"),),
    "the Reply URL": (HERE(),),
    "with white space": (f" {US()}\n",),
    "with a query": (US() + "?org_id=x",),
}.items():
    refused(
        f"audience {_what}",
        "audience",
        lambda _, found=_restrictions: c.good(
            conditions_xml=c.conditions(*(c.restriction(audience) for audience in found))
        ),
    )
for _what, _pair in {
    "a second restriction without us": (c.restriction(US()), c.restriction("https://o.example")),
    "a first restriction without us": (c.restriction("https://o.example"), c.restriction(US())),
}.items():
    refused(_what, "audience", lambda _, pair=_pair: c.good(conditions_xml=c.conditions(*pair)))
refused(
    "a restriction without audiences",
    "audience",
    lambda _: c.good(conditions_xml=c.conditions("<saml:AudienceRestriction/>")),
)
refused(
    "the NameID is another service provider's",
    "audience",
    lambda _: c.good(subject_xml=c.subject(c.name_id(SPNameQualifier="https://other.example"))),
)
refused("no Conditions", "malformed", lambda _: c.good(conditions_xml=""))
refused("two Conditions", "malformed", lambda _: c.good(conditions_xml=c.for_us() * 2))
refused(
    "a condition nobody knows",
    "malformed",
    lambda _: c.good(
        conditions_xml=c.conditions(c.restriction(US()), inside='<x:Condition xmlns:x="urn:x"/>')
    ),
)
accepted(
    "two restrictions that both name us",
    lambda _: c.good(
        conditions_xml=c.conditions(c.restriction("urn:x", US()), c.restriction(US()))
    ),
)
accepted(
    "the NameID is ours",
    lambda _: c.good(subject_xml=c.subject(c.name_id(SPNameQualifier=US(), NameQualifier="x"))),
)

# ── Recipient and Destination

ELSEWHERE = {
    "empty": "",
    "cut": HERE()[:-1],
    "longer": HERE() + "x",
    "with a slash": HERE() + "/",
    "with a query": HERE() + "?x=1",
    "with a prefix": "https://evil.example/?" + HERE(),
    "in capitals": HERE().upper(),
    "on another host": HERE().replace("127.0.0.1", "127.0.0.2"),
    "by another scheme": HERE().replace("http://", "ftp://"),
    "with credentials": HERE().replace("http://", "http://x@"),
    "our start page": "http://127.0.0.1:8000/",
}
for _what, _url in ELSEWHERE.items():
    refused(
        f"recipient {_what}",
        "recipient",
        lambda _, url=_url: c.good(subject_xml=c.subject(None, c.confirmation(recipient=url))),
    )
    for _sign in ("assertion", "response"):
        refused(
            f"destination {_what}, {_sign} signed",
            "destination",
            lambda _, url=_url, sign=_sign: signs(c.assertion(), sign=sign, destination=url),
        )
refused(
    "recipient missing",
    "recipient",
    lambda _: c.good(subject_xml=c.subject(None, c.confirmation(recipient=None))),
)
refused(
    "destination missing from a signed response",
    "destination",
    lambda _: signs(c.assertion(), sign="response", destination=None),
)
accepted(
    "destination missing from an unsigned response",
    lambda _: signs(c.assertion(), destination=None),
)
refused(
    "recipient of the other organization's Postback URL",
    "recipient",
    lambda world: c.good(
        subject_xml=c.subject(
            None,
            c.confirmation(recipient=contract.postback_url(world.rival.public_id)),
        )
    ),
)


def at_postback(world: World, *, recipient: str | None = None, destination: str | None = None):
    inner = c.assertion(
        subject_xml=c.subject(None, c.confirmation(recipient=recipient or world.postback))
    )
    xml = signs(inner, destination=destination or world.postback)
    return Form({"SAMLResponse": c.encode(xml)}, url=world.postback_path)


accepted("at the Postback URL", at_postback)
refused(
    "at the Postback URL, recipient the Reply URL",
    "recipient",
    lambda world: at_postback(world, recipient=HERE()),
)
refused(
    "at the Postback URL, destination the Reply URL",
    "destination",
    lambda world: at_postback(world, destination=HERE()),
)
refused(
    "at the Reply URL, recipient the Postback URL",
    "recipient",
    lambda world: c.good(subject_xml=c.subject(None, c.confirmation(recipient=world.postback))),
)


def at_rivals(world: World):
    url = contract.postback_url(world.rival.public_id)
    inner = c.assertion(subject_xml=c.subject(None, c.confirmation(recipient=url)))
    parts = urlsplit(url)
    return Form(
        {"SAMLResponse": c.encode(signs(inner, destination=url))},
        url=f"{parts.path}?{parts.query}",
    )


refused("our answer at another organization's Postback URL", "unknown_issuer", at_rivals)

# ── Confirmations

for _what, _method in {
    "holder of key": c.HOLDER_OF_KEY,
    "sender vouches": c.SENDER_VOUCHES,
    "unknown": "urn:x",
}.items():
    refused(
        f"only a confirmation by {_what}",
        "recipient",
        lambda _, method=_method: c.good(
            subject_xml=c.subject(None, c.confirmation(method=method))
        ),
    )
refused(
    "no confirmation",
    "recipient",
    lambda _: c.good(subject_xml=f"<saml:Subject>{c.name_id()}</saml:Subject>"),
)
refused(
    "a bearer confirmation without data",
    "recipient",
    lambda _: c.good(
        subject_xml=c.subject(None, f'<saml:SubjectConfirmation Method="{c.BEARER}"/>')
    ),
)
refused("no Subject", "malformed", lambda _: c.good(subject_xml=""))
refused("two Subjects", "malformed", lambda _: c.good(subject_xml=c.subject() * 2))
refused("two NameIDs", "malformed", lambda _: c.good(subject_xml=c.subject(c.name_id() * 2)))
accepted(
    "a good confirmation after others",
    lambda _: c.good(
        subject_xml=c.subject(
            None,
            c.confirmation(method=c.HOLDER_OF_KEY),
            c.confirmation(recipient="https://other.example"),
            c.confirmation(),
        )
    ),
)
accepted(
    "another's confirmation that never ends",
    lambda _: c.good(
        subject_xml=c.subject(
            None,
            c.confirmation(),
            c.confirmation(recipient="https://o.example", until="9999-12-31T23:59:59Z"),
        )
    ),
)
refused(
    "good confirmations, each in one respect",
    "expired",
    lambda _: c.good(
        subject_xml=c.subject(
            None,
            c.confirmation(until=-300),
            c.confirmation(recipient="https://other.example"),
        )
    ),
)

# ── Times: the skew is 120 s


def confirmed(**values):
    return c.good(subject_xml=c.subject(None, c.confirmation(**values)))


def lasting(**times):
    return c.good(conditions_xml=c.for_us(**times))


for _what, _craft in {
    "NotBefore 115 s ahead": lambda: lasting(start=115),
    "NotBefore long ago": lambda: lasting(start=-86_000),
    "NotBefore missing": lambda: lasting(start=None),
    "NotOnOrAfter 115 s ago": lambda: lasting(until=-115),
    "NotOnOrAfter nearly a day ahead": lambda: lasting(until=86_300),
    "NotOnOrAfter missing": lambda: lasting(until=None),
    "confirmation for a second more": lambda: confirmed(until=20),
    "confirmation nearly a day ahead": lambda: confirmed(until=86_300),
    "issued 115 s ahead": lambda: c.good(issued=115),
    "issued 59 minutes ago": lambda: c.good(issued=-3540),
    "session for an hour": lambda: c.good(statement_xml=c.statement(until=3600)),
    "session for ever": lambda: c.good(statement_xml=c.statement(until="9999-12-31T23:59:59Z")),
    "no session index": lambda: c.good(statement_xml=c.statement(index=None)),
    "milliseconds": lambda: c.good(issued=c.instant(0).replace("Z", ".123Z")),
    "seven digits of a second": lambda: c.good(issued=c.instant(0).replace("Z", ".1234567Z")),
}.items():
    accepted(f"times: {_what}", lambda _, craft=_craft: craft())
for _what, _code, _craft in (
    ("NotBefore 130 s ahead", "not_yet_valid", lambda: lasting(start=130)),
    ("NotBefore a year ahead", "not_yet_valid", lambda: lasting(start=31_000_000, until=None)),
    ("issued 130 s ahead", "not_yet_valid", lambda: c.good(issued=130)),
    ("the response issued 130 s ahead", "not_yet_valid", lambda: signs(c.assertion(), issued=130)),
    ("confirmation not before 130 s ahead", "not_yet_valid", lambda: confirmed(start=130)),
    ("NotOnOrAfter 121 s ago", "expired", lambda: lasting(until=-121)),
    ("NotOnOrAfter a year ago", "expired", lambda: lasting(start=None, until=-31_000_000)),
    ("NotOnOrAfter 25 h ahead", "expired", lambda: lasting(until=90_000)),
    ("NotOnOrAfter at the end of time", "expired", lambda: lasting(until="9999-12-31T23:59:59Z")),
    ("NotOnOrAfter at its beginning", "expired", lambda: lasting(until="0001-01-01T00:00:00Z")),
    ("confirmation 121 s ago", "expired", lambda: confirmed(until=-121)),
    ("confirmation that never ends", "expired", lambda: confirmed(until=None)),
    ("confirmation 25 h ahead", "expired", lambda: confirmed(until=90_000)),
    ("issued 61 minutes ago", "expired", lambda: c.good(issued=-3660)),
    ("the response issued 61 minutes ago", "expired", lambda: signs(c.assertion(), issued=-3660)),
    ("session over", "expired", lambda: c.good(statement_xml=c.statement(until=-5))),
):
    refused(f"times: {_what}", _code, lambda _, craft=_craft: craft())
for _what, _text in {
    "an offset": "2030-01-01T00:00:00+02:00",
    "a negative offset": "2030-01-01T00:00:00-05:00",
    "a date": "2030-01-01",
    "a word": "now",
    "empty": "",
    "seconds": "1893456000",
    "the 30th of February": "2030-02-30T00:00:00Z",
    "the 25th hour": "2030-01-01T25:00:00Z",
    "a year of five digits": "12030-01-01T00:00:00Z",
    "before Christ": "-0030-01-01T00:00:00Z",
    "other digits": "\uff12\uff10\uff13\uff10-01-01T00:00:00Z",
    "a space for the T": "2030-01-01 00:00:00Z",
    "white space around": " 2030-01-01T00:00:00Z ",
    "a thousand digits": "2030-01-01T00:00:00." + "1" * 1000 + "Z",
}.items():
    refused(f"NotBefore is {_what}", "malformed", lambda _, text=_text: lasting(start=text))
    refused(f"IssueInstant is {_what}", "malformed", lambda _, text=_text: c.good(issued=text))
refused("no IssueInstant", "malformed", lambda _: c.good(issued=None))
refused("no AuthnStatement", "malformed", lambda _: c.good(statement_xml=""))
refused("two AuthnStatements", "malformed", lambda _: c.good(statement_xml=c.statement() * 2))
refused(
    "an AuthnStatement without context",
    "malformed",
    lambda _: c.good(statement_xml=f'<saml:AuthnStatement AuthnInstant="{c.instant(0)}"/>'),
)
refused(
    "an attribute the schema does not know", "malformed", lambda _: c.good(more=' Admin="true"')
)

# ── Requests

for _what, _response_answers, _confirmation_answers in (
    ("unknown, in both", "_unknown", "_unknown"),
    ("unknown, in the response", "_unknown", None),
    ("unknown, in the confirmation", None, "_unknown"),
    ("white space", " ", " "),
    ("four thousand letters", "_" + "x" * 4000, None),
    ("an injection", "_' OR 1=1 --", None),
):
    refused(
        f"answers a request: {_what}",
        "request_unknown",
        lambda _, first=_response_answers, second=_confirmation_answers: c.response(
            c.signed(c.assertion(subject_xml=c.subject(None, c.confirmation(answers=second)))),
            answers=first,
        ),
    )
for _what, _first, _second in (
    ("empty, in both", "", ""),
    ("empty, in the response", "", None),
    ("empty, in the confirmation", None, ""),
    ("different ones", "_a", "_b"),
):
    refused(
        f"answers requests: {_what}",
        "malformed",
        lambda _, first=_first, second=_second: c.response(
            c.signed(c.assertion(subject_xml=c.subject(None, c.confirmation(answers=second)))),
            answers=first,
        ),
    )


def answering(request: str, *, where: str = "both", **inner) -> str:
    confirmed_by = c.confirmation(answers=request if where in {"both", "confirmation"} else None)
    return c.response(
        c.signed(c.assertion(subject_xml=c.subject(None, confirmed_by), **inner)),
        answers=request if where in {"both", "response"} else None,
    )


for _where in ("both", "response", "confirmation"):
    accepted(
        f"answers our request in {_where}",
        lambda world, where=_where: answering(world.asked(), where=where),
    )
refused(
    "answers our request in a confirmation that is another's",
    "request_unknown",
    lambda _: c.good(
        subject_xml=c.subject(
            None,
            c.confirmation(),
            c.confirmation(recipient="https://other.example", answers="_unknown"),
        )
    ),
)
refused(
    "answers another organization's request",
    "unknown_issuer",
    lambda world: answering(world.asked(world.rival, world.stranger)),
)


def other_request_at_postback(world: World):
    request = world.asked(world.rival, world.stranger)
    inner = c.assertion(
        subject_xml=c.subject(None, c.confirmation(recipient=world.postback, answers=request))
    )
    xml = c.response(c.signed(inner), answers=request, destination=world.postback)
    return Form({"SAMLResponse": c.encode(xml)}, url=world.postback_path)


refused(
    "answers another organization's request at our Postback URL",
    "request_other_organization",
    other_request_at_postback,
)

# ── Addresses


def address(value: str | None, name: str | None = None):
    return c.of(c.about(value, name))


for _what, _value in {
    "another domain": "bob@evil.example",
    "a subdomain": "bob@sub.corp.example",
    "the parent": "bob@example.example",
    "a suffix": "bob@corp.example.evil.example",
    "a prefix": "bob@evilcorp.example",
    "the other organization's": "bob@rival.example",
    "another top level": "bob@corp.examples",
    "percent": "bob%corp.example@evil.example",
    "punycode": "bob@xn--crp-5na.example",
}.items():
    refused(
        f"address of {_what}",
        "domain",
        lambda world, value=_value: _with_rival(world, address(value)),
    )
for _what, _value in {
    "the Kelvin sign": "\u212aen@corp.example",
    "the Kelvin sign in the domain": "bob@\u212aorp.example",
    "the long s": "bo\u017f@corp.example",
    "the dotless i": "b\u0131b@corp.example",
    "full-width letters": "\uff42ob@corp.example",
    "a full-width @": "bob\uff20corp.example",
    "a Cyrillic o": "b\u043eb@corp.example",
    "a zero width space": "bob\u200b@corp.example",
    "a no-break space": "bob@corp.example\u00a0",
    "a soft hyphen": "bob@corp\u00ad.example",
    "an ideographic stop": "bob@corp\u3002example",
    "quotes": "&quot;bob&quot;@corp.example",
    "quotes around an @": "&quot;bob@evil.example&quot;@corp.example",
    "a domain in quotes": "&quot;bob@corp.example&quot;@evil.example",
    "two @": "bob@evil.example@corp.example",
    "two @ at once": "bob@@corp.example",
    "a comma": "bob@corp.example,eve@evil.example",
    "a semicolon": "bob@corp.example;eve@evil.example",
    "a name": "Bob &lt;bob@corp.example&gt;",
    "a comment of mail": "bob(x)@corp.example",
    "a space inside": "bob lee@corp.example",
    "a line end inside": "bob&#10;@corp.example",
    "a header": "bob@corp.example&#10;Bcc: eve@evil.example",
    "a dot at the end": "bob@corp.example.",
    "a dot before the @": "bob.@corp.example",
    "two dots": "b..b@corp.example",
    "no local part": "@corp.example",
    "no domain": "bob@",
    "no @": "bob",
    "an IP address": "bob@[127.0.0.1]",
    "65 letters": "b" * 65 + "@corp.example",
    "a thousand letters": "bob@" + "x" * 1000 + ".example",
    "a lone address sign": "@",
    "mailto": "mailto:bob@corp.example",
}.items():
    refused(f"address with {_what}", "no_address", lambda _, value=_value: address(value))
    refused(
        f"NameID with {_what}",
        "no_address",
        lambda _, value=_value: address(None, c.name_id(value)),
    )
for _what, _value in {
    "in capitals": "BOB@CORP.EXAMPLE",
    "in mixed case": "Bob@Corp.Example",
    "with spaces around": "  bob@corp.example \t",
    "with line ends around": "\n    bob@corp.example\n  ",
}.items():
    accepted(f"address {_what}", lambda _, value=_value: address(value))
    accepted(f"NameID {_what}", lambda _, value=_value: address(None, c.name_id(value)))


def named(*found: str, name: str | None = None) -> str:
    return c.of(c.assertion(subject_xml=c.subject(name), attributes_xml=c.attributes(*found)))


EVE = "eve@corp.example"
for _what, _found in {
    "in one attribute": (c.attribute("email", c.ADDRESS, EVE),),
    "under one name twice": (c.attribute("email", c.ADDRESS), c.attribute("email", EVE)),
    "under two names": (c.attribute("email", c.ADDRESS), c.attribute("mail", EVE)),
    "one of them a claim": (
        c.attribute("mail", EVE),
        c.attribute(c.CLAIMS + "emailaddress", c.ADDRESS),
    ),
    "one of them none": (c.attribute("email", c.ADDRESS), c.attribute("mail", "bob")),
    "one of them with a twin": (
        c.attribute("email", c.ADDRESS),
        c.attribute("mail", "bo\u017f@corp.example"),
    ),
}.items():
    refused(f"two addresses {_what}", "two_addresses", lambda _, found=_found: named(*found))
for _what, _found in {
    "spelled twice": (c.attribute("email", c.ADDRESS, "BOB@corp.example "),),
    "under two names, the same": (c.attribute("email", c.ADDRESS), c.attribute("mail", c.ADDRESS)),
    "beside an empty one": (c.attribute("email", c.ADDRESS), c.attribute("mail", "")),
    "beside another NameID": (c.attribute("email", c.ADDRESS),),
    "by OID": (c.attribute(c.MAIL_OID, c.ADDRESS),),
    "by claim": (c.attribute(c.CLAIMS + "emailaddress", c.ADDRESS),),
    "beside the UPN": (c.attribute("mail", c.ADDRESS), c.attribute(c.CLAIMS + "name", EVE)),
    "beside roles": (
        c.attribute("email", c.ADDRESS),
        c.attribute("Role", "admin", "owner"),
        c.attribute("is_staff", "true"),
    ),
}.items():
    accepted(
        f"one address {_what}",
        lambda _, found=_found: named(*found, name=c.name_id("17", c.FORMAT_UNSPECIFIED)),
    )
for _what, _format in {
    "persistent": c.FORMAT_PERSISTENT,
    "transient": c.FORMAT_TRANSIENT,
    "of an unknown format": "urn:x",
    "of Windows": "urn:oasis:names:tc:SAML:1.1:nameid-format:WindowsDomainQualifiedName",
}.items():
    refused(
        f"no address, NameID {_what}",
        "no_address",
        lambda _, format_=_format: address(None, c.name_id(c.ADDRESS, format_)),
    )
for _what, _or_none in {"unspecified": c.FORMAT_UNSPECIFIED, "without format": None}.items():
    accepted(
        f"NameID {_what} is the address",
        lambda _, format_=_or_none: address(None, c.name_id(c.ADDRESS, format_)),
    )
refused(
    "no address, no NameID",
    "no_address",
    lambda _: c.of(c.assertion(subject_xml=c.subject(" "), attributes_xml="")),
)
refused(
    "an attribute of nearly the name",
    "no_address",
    lambda _: named(c.attribute("EMAIL", c.ADDRESS), name=c.name_id("17", c.FORMAT_PERSISTENT)),
)
# Letters of three bytes that no compression makes shorter: an index takes rows of 2,704 bytes.
LETTERS = "".join(chr(0x4E00 + n * 7919 % 20_000) for n in range(2000))
for _format in (c.FORMAT_PERSISTENT, c.FORMAT_TRANSIENT):
    for _length in (257, 1024, 2000):
        refused(
            f"a {_format.rpartition(':')[2]} NameID of {_length} letters",
            "malformed",
            lambda _, format_=_format, length=_length: address(
                c.ADDRESS, c.name_id(LETTERS[:length], format_)
            ),
        )
    accepted(
        f"a {_format.rpartition(':')[2]} NameID of 256 letters",
        lambda _, format_=_format: address(c.ADDRESS, c.name_id(LETTERS[:256], format_)),
    )
refused(
    "a NameID of 2000 letters",
    "malformed",
    lambda _: address(c.ADDRESS, c.name_id(LETTERS, c.FORMAT_UNSPECIFIED)),
)
accepted(
    "an unspecified NameID of 1000 letters beside an address",
    lambda _: address(c.ADDRESS, c.name_id(LETTERS[:1000], c.FORMAT_UNSPECIFIED)),
)
for _format in (c.FORMAT_PERSISTENT, c.FORMAT_TRANSIENT):
    accepted(
        f"an address beside a NameID {_format.rpartition(':')[2]}",
        lambda _, format_=_format: address(c.ADDRESS, c.name_id("17", format_)),
    )

# ── Tenants


def by_rival(world: World, **changes) -> str:
    assert world.rival
    return c.response(c.signed(c.assertion(**changes), by=RIVAL_KEY), issuer=None)


refused("our issuer, another organization's certificate", "signature", by_rival)
refused(
    "another organization's identity provider names our person",
    "domain",
    lambda world: by_rival(world, issuer=RIVAL_ISSUER),
)
refused(
    "our certificate, another organization's issuer",
    "signature",
    lambda world: _with_rival(world, signs(c.assertion(issuer=RIVAL_ISSUER), issuer=None)),
)
refused(
    "another organization's identity provider answers our request",
    "unknown_issuer",
    lambda world: by_rival(
        world,
        issuer=RIVAL_ISSUER,
        subject_xml=c.subject(None, c.confirmation(answers=world.asked())),
    ),
)
