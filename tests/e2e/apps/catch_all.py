"""A server that answers every request with 200 and the same body: `PORT html|json`."""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BODIES = {
    "html": ("text/html", b"<!doctype html><title>My app</title><div id=root></div>"),
    "json": ("application/json", b'{"status": "ok", "version": "1.0.0", "name": "app", "data": [], "models": []}'),
}
KIND, BODY = BODIES[sys.argv[2]]


class CatchAll(BaseHTTPRequestHandler):
    """Says yes to everything."""

    def answer(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", KIND)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    do_GET = do_POST = do_HEAD = do_PUT = do_DELETE = answer


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), CatchAll).serve_forever()
