"""Second factors: methods, set-up, challenge, recovery codes."""
