"""The environment of a production installation, whole and safe."""

BASE_URL = "https://app.acme.example"


def production(**changes: str) -> dict[str, str]:
    """Return what settings.py needs outside DEBUG, with changes."""
    return {
        "BASE_URL": BASE_URL,
        "SECRET_KEY": "production-" + "Wq3rT9yU1oP5aS7dF2gH4jK6lZ8xC0vB" * 2,
        "ENCRYPTION_KEYS": "dGVzdHMgb25seTogdGhpcnR5LXR3byBvY3RldHMuLi4=",
        "DATABASE_URL": "postgres://orgsecurity:word@127.0.0.1:9/orgsecurity",
        "REDIS_URL": "redis://127.0.0.1:9/0",
        "EMAIL_URL": "smtp://127.0.0.1:9",
        **changes,
    }
