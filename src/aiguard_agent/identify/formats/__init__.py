"""One model format per file, each ending with `FORMAT`."""
