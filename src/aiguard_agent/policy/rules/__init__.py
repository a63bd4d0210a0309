"""One rule per file, each ending with `RULE`."""
