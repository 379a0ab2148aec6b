"""What exists while DEBUG only: the demo, its outbox, its DNS zone, the components page."""
