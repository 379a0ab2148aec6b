"""Outside parties on loopback: processes that speak the real protocols; see README.md."""
