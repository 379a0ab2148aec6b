"""Codes by Twilio Verify v2."""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import Any

import structlog
from django.conf import settings
from django.utils.translation import gettext as _
from requests.exceptions import RequestException
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from twofactor.sms.base import Channel, Sent, SmsRefused, SmsUnavailable

log = structlog.get_logger(__name__)
TIMEOUT = 6  # seconds: somebody waits at a page
# Twilio's client logs parameters; a code must not stand in a log (A5).
silent = logging.getLogger("twofactor.sms.silent")
silent.disabled = True

NO_SUCH_VERIFICATION = 20404  # expired, approved already, or never there
MAX_CHECKS = 60202


class TwilioVerify:
    """Texts and calls by Twilio, which makes the codes, words the messages and judges guesses."""

    def send(self, number: str, channel: Channel) -> Sent:
        """Ask Twilio for a new code. Twilio sends the same one again within ten minutes."""
        try:
            service = _service()
            if channel is Channel.CALL:
                _refuse_without_key_press(service)
            verification = service.verifications.create(to=number, channel=channel.value)
        except TwilioRestException as error:
            raise _in_peoples_words(error) from error
        except (TwilioException, RequestException) as error:
            raise _unavailable(error) from error
        return Sent(reference=str(verification.sid))

    def check(self, reference: str, code: str) -> bool:
        """Ask Twilio. The sid, not the number, is sent: a code belongs to one challenge (F10)."""
        try:
            answer = _service().verification_checks.create(verification_sid=reference, code=code)
        except TwilioRestException as error:
            if error.code == NO_SUCH_VERIFICATION:
                return False
            raise _in_peoples_words(error) from error
        except (TwilioException, RequestException) as error:
            raise _unavailable(error) from error
        return bool(answer.status == "approved" and answer.sid == reference)

    def cancel(self, reference: str) -> None:
        """Cancel the verification, so that the next one gets a code of its own."""
        try:
            _service().verifications(reference).update(status="canceled")
        except (TwilioException, RequestException) as error:
            log.info("sms_cancel_failed", error=type(error).__name__)


@lru_cache(maxsize=2)
def _client(account: str, token: str, url: str) -> Client:
    http = TwilioHttpClient(timeout=TIMEOUT, logger=silent)
    client = Client(account, token, http_client=http)
    if url:
        client.verify.base_url = url
    return client


def _service() -> Any:
    client = _client(
        settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN, settings.TWILIO_API_URL
    )
    return client.verify.v2.services(settings.TWILIO_VERIFY_SERVICE)


def _refuse_without_key_press(service: Any) -> None:
    """Refuse calls that a mailbox could take: the code is told after a key press only (F11)."""
    if service.fetch().dtmf_input_required:
        return
    log.error("sms_calls_need_key_press", setting="dtmf_input_required")
    raise SmsRefused(_("Calls aren’t available. Use a text or another method."), code="no_dtmf")


def _unavailable(error: Exception) -> SmsUnavailable:
    log.warning("sms_provider_unavailable", error=type(error).__name__)
    return SmsUnavailable()


def _in_peoples_words(error: TwilioRestException) -> SmsRefused | SmsUnavailable:
    """Return what a Twilio error means to somebody who waits for a code."""
    log.warning("sms_provider_refused", status=error.status, code=error.code)
    sentence = _sentences().get(error.code or 0)
    if sentence is None:
        # Our account, our service, their server: nothing the person could do better.
        return SmsUnavailable()
    return SmsRefused(sentence, code=str(error.code))


def _sentences() -> dict[int, str]:
    unreachable = _("That number can’t receive our messages. Check it, or use another method.")
    not_served = _("We can’t send codes to that number. Use another method.")
    wait = _("Too many codes were sent to that number. Wait 10 minutes, or use another method.")
    return {
        21211: unreachable,  # not a valid number
        21408: not_served,  # the country isn't enabled in the account
        21610: _("That number has opted out of our messages. Text START to us, then try again."),
        21614: unreachable,  # not a mobile number
        60200: unreachable,  # invalid parameter: the number
        60202: _("Too many tries with that code. Ask for a new one in 10 minutes."),
        60203: wait,
        60205: _(
            "That is a landline, so it can’t receive texts. Have the code read to you by call."
        ),
        60207: wait,
        60212: wait,  # too many requests for one number
        60220: not_served,
        60238: not_served,  # Fraud Guard
        60410: not_served,  # prefix blocked after fraud
        60605: not_served,  # destination country switched off
    }
