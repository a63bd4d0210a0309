"""One verb of the command line per file, each ending with `VERB`."""
