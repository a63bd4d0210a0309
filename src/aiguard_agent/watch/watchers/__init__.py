"""One source of hints each; found by `conditions.all_watchers`."""
