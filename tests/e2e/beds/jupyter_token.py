"""JupyterLab as it starts by default: with a token."""

from beds.bed import Bed, Place, Truth


def command(place: Place) -> list[str]:
    return [
        place.script("jupyter-lab"),
        "--no-browser",
        "--allow-root",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={place.port}",
        "--ServerApp.port_retries=0",
    ]


BED = Bed(
    name="jupyter-token",
    venv="jupyter",
    requires=("jupyterlab==4.6.6", "notebook"),
    command=command,
    ready_path="/api",
    truths=(Truth(product="jupyter", distributions=("jupyter-server", "jupyterlab"), auth=frozenset({"required"})),),
)
