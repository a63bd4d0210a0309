"""TorchServe with a TorchScript model: a Java parent, a Python worker, token authorization as it comes."""

from stage import run_app

from beds.bed import Bed, Place, Truth


def prepare(place: Place) -> None:
    run_app(place, "write_torchscript.py", str(place.folder / "store"))
    names = ("inference_address", "management_address", "metrics_address")
    lines = [f"{name}=http://127.0.0.1:{port}" for name, port in zip(names, place.ports[:3], strict=True)]
    grpc, management = place.ports[3:]
    lines += [f"grpc_inference_port={grpc}", f"grpc_management_port={management}", "default_workers_per_model=1"]
    (place.folder / "config.properties").write_text("\n".join(lines))


def command(place: Place) -> list[str]:
    options = ("--foreground", "--ncs", "--model-store", "store", "--models", "line=line.mar")
    return [place.script("torchserve"), "--start", *options, "--ts-config", "config.properties"]


BED = Bed(
    name="torchserve",
    requires=("torch==2.13.0", "torchserve==0.12.0", "torch-model-archiver==0.12.0", "pyyaml", "setuptools<81"),
    programs=("java",),
    prepare=prepare,
    command=command,
    patience=300.0,
    env={"JAVA_TOOL_OPTIONS": "-Djava.io.tmpdir={folder}/tmp -XX:-UsePerfData"},
    ports=5,
    ready_path="/ping",
    truths=(Truth(product="torchserve", distributions=("torchserve",), auth=frozenset({"required", "partial"})),),
)
