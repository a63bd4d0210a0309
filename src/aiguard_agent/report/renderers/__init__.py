"""One output format per file, each ending with `RENDERER`."""
