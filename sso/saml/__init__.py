"""The SAML service provider without Django's request and database: messages in, verdicts out.

`preflight` reads a message before anybody has vouched for it, `signature` finds the certificate
that did, `checks` is the list of what must hold, `service_provider` is the one place that touches
python3-saml. `reasons` has the words for each refusal.
"""
