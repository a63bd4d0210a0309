from aiguard_agent.collect.places import NEVER, STORES
from aiguard_agent.collect.procfs import ENVIRONMENT_NAMES


def test_every_place_is_a_folder_that_can_be_found():
    """Roots are absolute or below a home, free of a last slash, and never a folder too wide to be walked."""
    roots = [root for store in STORES for root in store.roots]

    assert len(roots) > 40
    for root in roots:
        assert root.startswith(("/", "~/"))
        assert not root.endswith("/")
        assert root not in NEVER
    assert len(roots) == len(set(roots))


def test_every_row_can_be_reached_and_is_titled():
    """A row without root, variable, option or folder would never be walked."""
    for store in STORES:
        assert store.title
        assert store.roots or store.env or store.flags or store.cwd
        assert all(flag.startswith("--") for flag in store.flags)


def test_the_stores_of_the_issue_are_there():
    """The stores that users expect by name are in the table."""
    names = {store.name for store in STORES}

    assert {"huggingface", "ollama", "lm-studio", "llama.cpp", "comfyui", "torch-hub", "tf-hub", "mlflow"} <= names
    assert {"triton", "models", "srv", "whisper", "keras", "gpt4all", "jan", "invokeai"} <= names


def test_every_variable_of_the_table_is_one_that_is_read():
    """A variable that never leaves the environment of a process would lead nowhere."""
    variables = {variable for store in STORES for variable, _rest in store.env}

    assert len(variables) > 15
    assert variables <= ENVIRONMENT_NAMES
