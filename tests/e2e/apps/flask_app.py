"""A plain Flask app: `PORT`."""

import sys

from flask import Flask

app = Flask(__name__)


@app.get("/")
def index() -> str:
    return "hello"


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok"}


app.run("127.0.0.1", int(sys.argv[1]))
