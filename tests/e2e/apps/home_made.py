"""A home-made model server: torch and safetensors behind a bare HTTP server: `PORT MODEL`."""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import torch
from safetensors import safe_open

kept = safe_open(sys.argv[2], framework="pt")
weights = {name: kept.get_tensor(name) for name in kept.keys()}  # noqa: SIM118 - it is no dict


class Answers(BaseHTTPRequestHandler):
    """Tells the mean of the weights."""

    def do_GET(self) -> None:
        body = str(float(torch.stack([tensor.float().mean() for tensor in weights.values()]).mean())).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Answers).serve_forever()
