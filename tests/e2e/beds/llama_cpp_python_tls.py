"""llama-cpp-python's own server over HTTPS with a self-signed certificate."""

import subprocess
from dataclasses import replace

from beds import llama_cpp_python
from beds.bed import Place


def prepare(place: Place) -> None:
    llama_cpp_python.prepare(place)
    files = ("-keyout", str(place.folder / "key.pem"), "-out", str(place.folder / "certificate.pem"))
    make = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-subj",
        "/CN=bed",
    ]
    subprocess.run([*make, *files], stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=True)


def command(place: Place) -> list[str]:
    files = ("--ssl_keyfile", "key.pem", "--ssl_certfile", "certificate.pem")
    return [*llama_cpp_python.command(place), *files]


BED = replace(
    llama_cpp_python.BED,
    name="llama-cpp-python-tls",
    programs=("openssl",),
    prepare=prepare,
    command=command,
    tls=True,
)
