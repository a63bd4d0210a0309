"""What we know about this host, and what must still leave it: one SQLite file."""
