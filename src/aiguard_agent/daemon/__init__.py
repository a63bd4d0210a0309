"""The standing agent: its loop, its limits, its door, its words to systemd."""
