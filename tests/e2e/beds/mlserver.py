"""MLServer with a scikit-learn model, which it reads and closes: no model file to see.

Its workers die under uvloop 0.22, which makes no event loop by itself any more.
"""

import json

from stage import run_app

from beds.bed import Bed, Place, Truth


def prepare(place: Place) -> None:
    run_app(place, "write_sklearn.py", str(place.folder / "models" / "line"))
    http, grpc, metrics = place.ports
    settings = {
        "host": "127.0.0.1",
        "http_port": http,
        "grpc_port": grpc,
        "metrics_port": metrics,
        "parallel_workers": 1,
        "debug": False,
    }
    (place.folder / "models" / "settings.json").write_text(json.dumps(settings))


def command(place: Place) -> list[str]:
    return [place.script("mlserver"), "start", "models"]


BED = Bed(
    name="mlserver",
    requires=("mlserver==1.7.1", "mlserver-sklearn==1.7.1", "uvloop<0.22"),
    prepare=prepare,
    command=command,
    ports=3,
    ready_below=400,
    ready_path="/v2/models/line/ready",
    truths=(Truth(product="mlserver", distributions=("mlserver",), auth=frozenset({"none"})),),
)
