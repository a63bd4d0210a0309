"""The MLflow tracking server, open."""

from beds.bed import Bed, Place, Truth


def command(place: Place) -> list[str]:
    return [place.script("mlflow"), "server", "--host", "127.0.0.1", "--port", str(place.port), "--workers", "1"]


BED = Bed(
    name="mlflow",
    requires=("mlflow==3.17.2",),
    command=command,
    patience=300.0,
    ready_path="/version",
    truths=(Truth(product="mlflow", distributions=("mlflow",), auth=frozenset({"none"})),),
)
