"""The LiteLLM proxy with a master key; without prisma it answers 500 where it means 401."""

from beds.bed import Bed, Place, Truth

MODELS = """\
model_list:
  - model_name: fake
    litellm_params:
      model: openai/fake
      api_base: http://127.0.0.1:9
      api_key: none
litellm_settings:
  telemetry: false
"""


def prepare(place: Place) -> None:
    key = "general_settings:\n  master_key: sk-not-a-secret\n"
    (place.folder / "config.yaml").write_text(MODELS + key)


def command(place: Place) -> list[str]:
    return [place.script("litellm"), "--config", "config.yaml", "--host", "127.0.0.1", "--port", str(place.port)]


BED = Bed(
    name="litellm",
    venv="litellm",
    requires=("litellm[proxy]==1.106.2", "prisma==0.15.0"),
    prepare=prepare,
    command=command,
    patience=300.0,
    ready_path="/health/liveliness",
    truths=(Truth(product="litellm", distributions=("litellm",), auth=frozenset({"required"})),),
)
