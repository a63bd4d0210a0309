"""The MLflow tracking server, open."""

from beds.bed import Bed, Place, Truth


def command(place: Place) -> list[str]:
    return [place.script("mlflow"), "server", "--host", "127.0.0.1", "--port", str(place.port), "--workers", "1"]


def open_store(place: Place) -> None:
    """Ask once, as the first question makes it create its database, which takes long."""
    from ground import ask

    ask(place.port, "/api/2.0/mlflow/experiments/search?max_results=1", timeout=90)


BED = Bed(
    name="mlflow",
    requires=("mlflow==3.17.2",),
    command=command,
    patience=300.0,
    ready_path="/version",
    after_ready=open_store,
    truths=(Truth(product="mlflow", distributions=("mlflow",), auth=frozenset({"none"})),),
)
