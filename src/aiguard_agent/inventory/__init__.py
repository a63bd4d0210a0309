"""What was approved, by whom, until when."""
