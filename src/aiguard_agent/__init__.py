"""Runtime AI-model discovery and inference-server protection for Linux hosts."""

__version__ = "0.1.0"
