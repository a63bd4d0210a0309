"""An editor on a terminal with ollama.py open, no AI."""

from ground import find_program

from beds.bed import Bed, Place

EDITORS = ("vim", "vim.tiny", "nano", "vi", "less", "more")


def editor() -> str:
    """Pick the first editor of this machine."""
    return next((name for name in EDITORS if find_program(name)), EDITORS[0])


def prepare(place: Place) -> None:
    (place.folder / "ollama.py").write_text("import ollama\n" * 200)


def command(place: Place) -> list[str]:
    return [editor(), "ollama.py"]


BED = Bed(name="ordinary-editor", programs=(editor(),), prepare=prepare, command=command, pty=True)
