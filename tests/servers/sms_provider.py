"""A provider of text messages and calls that speaks Twilio Verify v2, and sends nothing.

    python -m tests.servers.sms_provider --port 0

What would have been sent is read at GET /messages. Errors are provoked by the numbers of
NUMBERS, or by POST /faults. Written from Twilio's documentation of Verify v2, its error
dictionary, and the calls of twilio-python 9.
"""

import argparse
import logging
import re
import secrets
import threading
import time
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from tests.servers.serving import (
    LOOPBACK,
    HttpFront,
    Refused,
    Request,
    Response,
    announce_and_wait,
    not_found,
    options,
)

ACCOUNT_SID = "AC" + "10" * 16
AUTH_TOKEN = "loopback-auth-token"
SERVICE_SID = "VA" + "10" * 16

CODE_SECONDS = 600
MAX_CHECKS = 5
MAX_SENDS = 5
CHANNELS = ("sms", "call")
E164 = re.compile(r"\+[1-9][0-9]{6,14}")
CHECK_CODE = re.compile(r"[0-9A-Za-z]{4,10}")
SLOW_SECONDS = 30.0

# Twilio's error dictionary, as far as Verify answers with it: HTTP status and message.
ERRORS = {
    20003: (401, "Authenticate"),
    20404: (404, "The requested resource {path} was not found"),
    20429: (429, "Too many requests"),
    21211: (400, "Invalid 'To' Phone Number: {to}"),
    21408: (400, "Permission to send an SMS has not been enabled for the region of {to}"),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21614: (400, "'To' number is not a valid mobile number: {to}"),
    60200: (400, "Invalid parameter `{parameter}`: {value}"),
    60202: (429, "Max check attempts reached"),
    60203: (429, "Max send attempts reached"),
    60205: (403, "SMS is not supported by landline phone number"),
    60207: (429, "Max rate limits reached"),
    60212: (429, "Too many concurrent requests for phone number"),
    60220: (403, "Verification use case vetting required for {to}"),
    60223: (403, "Delivery channel disabled: {channel}"),
    60238: (403, "Verification blocked by Fraud Guard"),
    60410: (403, "The destination phone number has been temporarily blocked by Twilio"),
    60605: (403, "The destination phone number's country is blocked: {to}"),
}
# What else may go wrong between two servers.
TROUBLES = ("slow", "500", "503", "html", "hang_up")

# Numbers that always meet the same fault (all from the range that is kept for fiction).
NUMBERS = {
    "+12025550160": "60200",
    "+12025550161": "21211",
    "+12025550162": "21614",
    "+12025550163": "60205",  # a landline: only `sms` is refused, a call goes through
    "+12025550164": "60203",
    "+12025550165": "60207",
    "+12025550166": "60212",
    "+12025550167": "60410",
    "+12025550168": "20429",
    "+12025550169": "60223",
    "+12025550170": "60605",
    "+12025550171": "20404",  # sent, but gone when the code is checked
    "+12025550172": "60202",  # sent, but no check is left
    "+12025550173": "21408",
    "+12025550174": "21610",
    "+12025550175": "60220",
    "+12025550176": "60238",
    "+12025550180": "slow",
    "+12025550181": "500",
    "+12025550182": "503",
    "+12025550183": "html",
    "+12025550184": "hang_up",
}
ONLY_AT_CHECK = {"20404", "60202"}
ONLY_FOR_SMS = {"60205", "21614"}

log = logging.getLogger(__name__)


@dataclass
class Verification:
    """One code on its way to one number."""

    sid: str
    to: str
    channel: str
    code: str
    created_at: float
    status: str = "pending"  # approved, canceled, max_attempts_reached, expired
    checks: int = 0
    sends: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Message:
    """What a telephone would have received; `at` in ISO 8601."""

    to: str
    channel: str
    code: str
    text: str
    at: str
    verification: str


@dataclass(frozen=True)
class Fault:
    """What goes wrong: an error code or a trouble, for a number or everybody ("*").

    step: "send", "check" or "both". times: how many requests it strikes, None for all.
    """

    fault: str
    to: str = "*"
    step: str = "both"
    times: int | None = None
    seconds: float = SLOW_SECONDS


@dataclass
class Settings:
    """What may be changed while it runs (POST /settings)."""

    clock_ahead: float = 0.0  # seconds: moves this provider's clock, to let codes expire
    dtmf_input_required: bool = True  # a call tells its code after a key press only
    friendly_name: str = "Orgsecurity"


class Provider:
    """Verifications, faults and messages; one lock for all of it."""

    def __init__(self, account_sid: str, auth_token: str, service_sid: str) -> None:
        self.account_sid, self.auth_token, self.service_sid = account_sid, auth_token, service_sid
        self.settings = Settings()
        self.url = ""
        self.messages: list[Message] = []
        self._verifications: list[Verification] = []
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    # --- over HTTP
    def answer(self, request: Request) -> Response:
        if request.path.startswith("/v2/"):
            return self._verify(request)
        match request.method, request.path:
            case "GET", "/messages":
                wanted = request.query.get("to")
                newest_first = [asdict(m) for m in reversed(self.messages)]
                return Response([m for m in newest_first if wanted in {None, m["to"]}])
            case "DELETE", "/messages":
                with self._lock:
                    self.messages.clear()
                    self._verifications.clear()
                return Response([])
            case "GET", "/faults":
                listed = [asdict(fault) for fault in self._faults]
                return Response({"set": listed, "known": self.known_faults(), "by_number": NUMBERS})
            case "POST", "/faults":
                self._set_fault(request.parameters)
                return Response([asdict(fault) for fault in self._faults], HTTPStatus.CREATED)
            case "DELETE", "/faults":
                self._faults.clear()
                return Response([])
            case "GET" | "POST", "/settings":
                self._set(request.parameters if request.method == "POST" else {})
                return Response(asdict(self.settings))
        raise not_found(request)

    @staticmethod
    def known_faults() -> list[str]:
        return [*map(str, ERRORS), *TROUBLES]

    def _set_fault(self, values: dict[str, Any]) -> None:
        try:
            fault = Fault(**values)
        except TypeError as problem:
            raise Refused(HTTPStatus.BAD_REQUEST, {"error": str(problem)}) from problem
        if fault.fault not in self.known_faults():
            raise Refused(HTTPStatus.BAD_REQUEST, {"error": f"known: {self.known_faults()}"})
        self._faults.append(fault)

    def _set(self, values: dict[str, Any]) -> None:
        if unknown := set(values) - set(asdict(self.settings)):
            raise Refused(HTTPStatus.BAD_REQUEST, {"error": f"unknown: {sorted(unknown)}"})
        self.settings = replace(self.settings, **values)

    # --- Verify v2
    def _verify(self, request: Request) -> Response:
        if request.basic_credentials() != (self.account_sid, self.auth_token):
            raise error(20003, headers={"WWW-Authenticate": 'Basic realm="Twilio API"'})
        service, _, rest = request.path.removeprefix("/v2/Services/").partition("/")
        if service != self.service_sid:
            raise error(20404, path=request.path)
        match request.method, rest.split("/"):
            case "GET", [""]:
                return Response(self._service())
            case "POST", ["Verifications"]:
                return self._send(request)
            case "GET", ["Verifications", sid]:
                return Response(self._described(self._known(sid, request)))
            case "POST", ["Verifications", sid]:
                return self._update(self._known(sid, request), request)
            case "POST", ["VerificationCheck"]:
                return self._check(request)
        raise error(20404, path=request.path)

    def _service(self) -> dict[str, Any]:
        return {
            "sid": self.service_sid,
            "account_sid": self.account_sid,
            "friendly_name": self.settings.friendly_name,
            "code_length": 6,
            "dtmf_input_required": self.settings.dtmf_input_required,
            "lookup_enabled": False,
            "skip_sms_to_landlines": False,
            "url": f"{self.url}/v2/Services/{self.service_sid}",
        }

    def _send(self, request: Request) -> Response:
        to, channel = request.form.get("To", ""), request.form.get("Channel", "")
        if not E164.fullmatch(to):
            raise error(60200, parameter="To", value=to)
        if channel not in CHANNELS:
            raise error(60200, parameter="Channel", value=channel)
        self._meet_faults("send", to, channel, request)
        with self._lock:
            verification = self._pending(to)
            if verification is None:
                verification = self._new(to, channel)
            if len(verification.sends) >= MAX_SENDS:
                raise error(60203)
            # Sent again within ten minutes: the same verification and the same code.
            verification.channel = channel
            self._deliver(verification)
            return Response(self._described(verification), HTTPStatus.CREATED)

    def _check(self, request: Request) -> Response:
        form = request.form
        to, sid, code = form.get("To", ""), form.get("VerificationSid", ""), form.get("Code", "")
        if not (to or sid):
            raise error(60200, parameter="To", value="")
        if not CHECK_CODE.fullmatch(code):
            raise error(60200, parameter="Code", value=code)
        with self._lock:
            verification = self._pending(to, sid)
        number = verification.to if verification else to
        self._meet_faults("check", number, verification.channel if verification else "", request)
        with self._lock:
            # Approved, expired, canceled or never sent: Twilio knows none of them any more.
            verification = self._pending(to, sid)
            if verification is None:
                raise error(20404, path=request.path)
            if verification.checks >= MAX_CHECKS:
                verification.status = "max_attempts_reached"
                raise error(60202)
            verification.checks += 1
            if secrets.compare_digest(code, verification.code):
                verification.status = "approved"
            return Response(self._described(verification))

    def _update(self, verification: Verification, request: Request) -> Response:
        status = request.form.get("Status", "")
        if status not in {"approved", "canceled"}:
            raise error(60200, parameter="Status", value=status)
        with self._lock:
            verification.status = status
        return Response(self._described(verification))

    # --- verifications
    def _now(self) -> float:
        return time.time() + self.settings.clock_ahead

    def _pending(self, to: str, sid: str = "") -> Verification | None:
        for verification in reversed(self._verifications):
            if verification.status not in {"pending", "max_attempts_reached"}:
                continue
            if self._now() - verification.created_at >= CODE_SECONDS:
                verification.status = "expired"
            elif (sid and verification.sid == sid) or (not sid and verification.to == to):
                return verification
        return None

    def _known(self, sid: str, request: Request) -> Verification:
        verification = self._pending("", sid)
        if verification is None:
            raise error(20404, path=request.path)
        return verification

    def _new(self, to: str, channel: str) -> Verification:
        code = f"{secrets.randbelow(10**6):06}"
        verification = Verification(
            "VE" + secrets.token_hex(16), to, channel, code, created_at=self._now()
        )
        self._verifications.append(verification)
        return verification

    def _deliver(self, verification: Verification) -> None:
        at = iso(self._now())
        verification.sends.append(
            {
                "attempt_sid": "VL" + secrets.token_hex(16),
                "channel": verification.channel.upper(),
                "time": at,
            }
        )
        self.messages.append(
            Message(
                to=verification.to,
                channel=verification.channel,
                code=verification.code,
                text=self._words(verification),
                at=at,
                verification=verification.sid,
            )
        )

    def _words(self, verification: Verification) -> str:
        name = self.settings.friendly_name
        if verification.channel == "sms":
            return f"Your {name} verification code is: {verification.code}"
        key_press = "Press any key to hear it. " if self.settings.dtmf_input_required else ""
        digits = ". ".join(verification.code)
        return f"You have requested a code to enter {name}. {key_press}Your code is: {digits}."

    def _described(self, verification: Verification) -> dict[str, Any]:
        sid = verification.sid
        return {
            "sid": sid,
            "service_sid": self.service_sid,
            "account_sid": self.account_sid,
            "to": verification.to,
            "channel": verification.channel,
            "status": verification.status,
            "valid": verification.status == "approved",
            "lookup": {},
            "amount": None,
            "payee": None,
            "send_code_attempts": verification.sends,
            "sna": None,
            "date_created": iso(verification.created_at),
            "date_updated": iso(self._now()),
            "url": f"{self.url}/v2/Services/{self.service_sid}/Verifications/{sid}",
        }

    # --- faults
    def _meet_faults(self, step: str, to: str, channel: str, request: Request) -> None:
        for fault in self._striking(step, to):
            if fault.fault in ONLY_FOR_SMS and channel == "call":
                continue
            fail(fault, to=to, channel=channel, path=request.path)

    def _striking(self, step: str, to: str) -> list[Fault]:
        found = []
        if kind := NUMBERS.get(to):
            its_step = "check" if kind in ONLY_AT_CHECK else "send"
            found.append(Fault(kind, to, step=its_step))
        with self._lock:
            for fault in list(self._faults):
                if fault.to in {"*", to} and fault.step in {"both", step}:
                    found.append(fault)
                    if fault.times is not None:
                        self._faults.remove(fault)
                        if fault.times > 1:
                            self._faults.append(replace(fault, times=fault.times - 1))
        return [fault for fault in found if fault.step in {"both", step}]


def fail(fault: Fault, *, to: str, channel: str, path: str) -> None:
    """Let the request meet its fault; returns only from `slow`, after its seconds."""
    match fault.fault:
        case "slow":
            time.sleep(fault.seconds)
        case "500" | "503":
            status = int(fault.fault)
            raise Refused(status, {"code": 20500, "message": "Internal", "status": status})
        case "html":
            raise Refused(HTTPStatus.BAD_GATEWAY, "<html><h1>502 Bad Gateway</h1></html>")
        case "hang_up":
            raise ConnectionAbortedError
        case code:
            raise error(int(code), to=to, channel=channel, path=path, parameter="To", value=to)


def error(code: int, *, headers: dict[str, str] | None = None, **values: str) -> Refused:
    """Return Twilio's answer for an error of its dictionary."""
    status, message = ERRORS[code]
    body = {
        "code": code,
        "message": message.format_map(values),
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return Refused(status, body, headers)


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _arguments() -> argparse.Namespace:
    parser = options(__doc__)
    parser.add_argument("--account-sid", default=ACCOUNT_SID)
    parser.add_argument("--auth-token", default=AUTH_TOKEN)
    parser.add_argument("--service-sid", default=SERVICE_SID)
    return parser.parse_args()


def main() -> None:
    logging.basicConfig(level=logging.WARNING, format="%(name)s %(levelname)s %(message)s")
    arguments = _arguments()
    provider = Provider(arguments.account_sid, arguments.auth_token, arguments.service_sid)
    front = HttpFront(arguments.port)
    provider.url = f"http://{LOOPBACK}:{front.port}"
    front.start(provider.answer)
    announce_and_wait(
        front.port,
        exit_with_parent=arguments.exit_with_parent,
        url=provider.url,
        account_sid=provider.account_sid,
        auth_token=provider.auth_token,
        service_sid=provider.service_sid,
    )
    front.close()


if __name__ == "__main__":
    main()
