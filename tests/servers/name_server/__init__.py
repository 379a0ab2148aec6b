"""A name server that is authoritative for whatever it is told, and wrong in every way on demand."""
