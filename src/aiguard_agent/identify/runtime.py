"""What a process maps when it runs models; pure."""

from __future__ import annotations

from fnmatch import fnmatchcase

from aiguard_agent.core.facts import Process

ML_LIBRARIES = (
    "libtorch*.so*",
    "libc10*.so*",
    "libggml*.so*",
    "libllama*.so*",
    "libonnxruntime*.so*",
    "onnxruntime_pybind11_state*.so",
    "libtensorflow*.so*",
    "_pywrap_tensorflow*.so*",
    "libcudart*.so*",
    "libcublas*.so*",
    "libnvinfer*.so*",
    "libopenvino*.so*",
    "libtvm*.so*",
    "libmlx*.so*",
    "_safetensors_rust*.so",
    "libjax*.so*",
    "xla_extension*.so",
    "libhipblas*.so*",
    "libtensorflowlite*.so*",
)
"""File names of mapped libraries that run models, or read them."""


def runs_models(process: Process) -> str:
    """Return the file name of a mapped library that runs models, "" when none is mapped."""
    for path in process.mapped:
        name = path.rpartition("/")[2]
        if any(fnmatchcase(name, glob) for glob in ML_LIBRARIES):
            return name
    return ""
