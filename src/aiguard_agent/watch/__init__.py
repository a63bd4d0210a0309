"""Live sources: they produce hints for the next reconcile, nothing else."""
