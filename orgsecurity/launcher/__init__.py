"""`make run`: everything that the product needs on one machine, started and ended together."""
