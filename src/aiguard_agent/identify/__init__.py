"""Facts to assets, purely."""
