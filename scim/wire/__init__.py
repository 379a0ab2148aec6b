"""SCIM as it is spoken: no request, no ORM, only JSON and its meaning (RFC 7643, RFC 7644)."""
