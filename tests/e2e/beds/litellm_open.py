"""The LiteLLM proxy told to start without a master key."""

from dataclasses import replace

from beds import litellm
from beds.bed import Place, Truth


def prepare(place: Place) -> None:
    (place.folder / "config.yaml").write_text(litellm.MODELS)


BED = replace(
    litellm.BED,
    name="litellm-open",
    prepare=prepare,
    env={"LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true"},
    truths=(Truth(product="litellm", distributions=("litellm",), auth=frozenset({"none"})),),
)
