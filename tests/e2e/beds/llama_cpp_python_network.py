"""llama-cpp-python's own server in a network namespace of its own."""

from dataclasses import replace

from beds import llama_cpp_python

BED = replace(llama_cpp_python.BED, name="llama-cpp-python-network", netns=True, fixed_ports=(8000,))
