"""Codes by text message and by voice call, through the backend that settings name."""

from twofactor.sms.base import Channel, Sent, SmsBackend, SmsRefused, SmsUnavailable, backend

__all__ = ["Channel", "Sent", "SmsBackend", "SmsRefused", "SmsUnavailable", "backend"]
