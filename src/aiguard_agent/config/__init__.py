"""What the operator asked for: one YAML file, drop-ins, environment, as frozen structs."""
