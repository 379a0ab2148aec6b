"""Pages: they parse and answer; what happens is decided in services."""
