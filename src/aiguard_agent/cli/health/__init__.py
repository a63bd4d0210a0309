"""What `doctor` examines, one module for each sort of thing; it looks and changes nothing."""
