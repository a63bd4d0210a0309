"""One collector per file, each ending with `COLLECTOR`."""
