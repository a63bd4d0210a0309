"""A Streamlit app; it answers every unknown path with 200."""

from stage import lay_app

from beds.bed import Bed, Place, Truth


def prepare(place: Place) -> None:
    lay_app(place, "streamlit_app.py")


def command(place: Place) -> list[str]:
    options = ("--server.headless=true", "--server.address=127.0.0.1", f"--server.port={place.port}")
    return [place.script("streamlit"), "run", "app.py", *options, "--browser.gatherUsageStats=false"]


BED = Bed(
    name="streamlit",
    requires=("streamlit==1.67.0",),
    prepare=prepare,
    command=command,
    ready_path="/_stcore/health",
    truths=(Truth(product="streamlit", distributions=("streamlit",), auth=frozenset({"none"})),),
)
