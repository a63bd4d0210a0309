"""JupyterLab with an empty token: an open shell."""

from dataclasses import replace

from beds import jupyter_token
from beds.bed import Place, Truth


def command(place: Place) -> list[str]:
    return [*jupyter_token.command(place), "--IdentityProvider.token="]


BED = replace(
    jupyter_token.BED,
    name="jupyter-open",
    command=command,
    truths=(Truth(product="jupyter", distributions=("jupyter-server", "jupyterlab"), auth=frozenset({"none"})),),
)
