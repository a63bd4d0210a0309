"""What Prometheus is told, and how it may ask."""
