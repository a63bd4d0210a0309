"""Endpoints to ask, and callers that ask them in good and bad ways."""

from __future__ import annotations

import http.client
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiguard_agent.metrics.exposition import Form
from aiguard_agent.metrics.serve import Endpoint, Settings, Source

PATIENCE = 20.0


@dataclass
class Told:
    """A source that tells what the test gave it."""

    body: bytes = b"aiguard_rootless 0\n"
    ready: bool = True
    asked: list[Form] = field(default_factory=list)

    def text(self, form: Form) -> bytes:
        self.asked.append(form)
        return self.body


@contextmanager
def serving(source: Source | None = None, **settings: object) -> Iterator[Endpoint]:
    """Serve on a free port of loopback, or as the settings say, until the test is over."""
    endpoint = Endpoint(Settings(**{"port": 0, **settings}), source or Told())  # type: ignore[arg-type]
    endpoint.start()
    try:
        yield endpoint
    finally:
        endpoint.stop()
    assert not endpoint.alive


def port(endpoint: Endpoint) -> int:
    return int(endpoint.addresses[0].rpartition(":")[2].partition("/")[0])


def connected(endpoint: Endpoint) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port(endpoint)), timeout=PATIENCE)


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes
    headers: dict[str, str]


def get(
    endpoint: Endpoint,
    path: str = "/metrics",
    tls: ssl.SSLContext | None = None,
    method: str = "GET",
    **headers: str,
) -> Reply:
    """Ask with the standard library's client."""
    kind = http.client.HTTPSConnection if tls else http.client.HTTPConnection
    more = {"context": tls} if tls else {}
    connection = kind("127.0.0.1", port(endpoint), timeout=PATIENCE, **more)  # type: ignore[arg-type]
    try:
        connection.request(method, path, headers={name.replace("_", "-"): text for name, text in headers.items()})
        response = connection.getresponse()
        return Reply(response.status, response.read(), {k.lower(): v for k, v in response.getheaders()})
    finally:
        connection.close()


def everything(caller: socket.socket) -> bytes:
    """Read until the other side ends; a reset ends too."""
    received = b""
    try:
        while chunk := caller.recv(65536):
            received += chunk
    except ConnectionResetError:
        pass
    return received


def certificates(folder: Path, openssl: str) -> None:
    """Make a CA, a server's and a client's certificate below it."""

    def run(*words: str) -> None:
        subprocess.run([openssl, *words], cwd=folder, check=True, capture_output=True, timeout=60)

    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    issues = ("-addext", "keyUsage=critical,keyCertSign,cRLSign")  # asked for since Python 3.13
    run("req", "-x509", *curve, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test ca", "-days", "2", *issues)
    for name, san in (("server", "IP:127.0.0.1"), ("client", "DNS:client.lab")):
        (folder / "ext").write_text(f"subjectAltName={san}\nauthorityKeyIdentifier=keyid\n")
        run("req", *curve, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        signing = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "ext")
        run("x509", "-req", "-in", f"{name}.csr", "-out", f"{name}.pem", *signing)
