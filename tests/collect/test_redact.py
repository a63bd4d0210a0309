"""No secret leaves `collect`, and nothing else is lost."""

import time

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aiguard_agent.collect.redact import LONGEST, names_secret, redact_argv, redact_env, redact_text
from aiguard_agent.core.facts import REDACTED

SECRET = "S3cr3tV4lue9"
LETTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"

FORMS = (
    ("--api-key", "{}"),
    ("--api-key={}",),
    ("-api-key", "{}"),
    ("--ServerApp.token={}",),
    ("--token", "{}"),
    ("--hf_token", "{}"),
    ("--password={}",),
    ("--client-secret", "{}"),
    ("--secretKey={}",),
    ("--apiKey", "{}"),
    ("--master-key", "{}"),
    ("key={}",),
    ("OPENAI_API_KEY={}",),
    ("env", "HF_TOKEN={}", "serve"),
    ("curl", "-H", "Authorization: Bearer {}"),
    ("curl", "-H", "Authorization: Token {}"),
    ("curl", "-H", "X-Api-Key: {}"),
    ("curl", "-u", "bob:{}"),
    ("curl", "--user", "bob:{}"),
    ("sh", "-c", "serve --api-key {} --port 80"),
    ("sh", "-c", "serve --api-key='{}' --port 80"),
    ("sh", "-c", 'export A_TOKEN="{}"; serve'),
    ("sh", "-c", "curl -H 'Authorization: Basic {}' http://x/"),
    ("--config", '{{"api_key": "{}", "port": 1}}'),
    ("--config", "password: {}"),
    ("api_key = {}",),
    ("postgres://user:{}@db/x",),
    ("--uri=postgres://user:p/w{}@db/x",),
    ("https://{}@host/x",),
    ("http://host/?a=1&token={}&b=2",),
    ("http://host/?api_key={}",),
    ("serve sk-{}0123456789",),
    ("sk-proj-{}0123456789",),
    ("hf_{}0123456789abcd",),
    ("x=ghp_{}0123456789abcd",),
    ("nvapi-{}0123456789abcd",),
    ("xoxb-{}-1234567890",),
    ("eyJ{}0000.eyJ{}1111.abcdef",),
    ("-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----",),
)


def planted(form: tuple[str, ...], secret: str) -> tuple[str, ...]:
    return tuple(word.format(*[secret] * word.count("{}")) for word in form)


@pytest.mark.parametrize("form", FORMS, ids=" ".join)
def test_a_planted_secret_goes(form: tuple[str, ...]) -> None:
    """Each way to write a secret on a command line ends in the mark, and the other words stay in their places."""
    redacted = redact_argv(planted(form, SECRET))

    assert SECRET not in " ".join(redacted)
    assert REDACTED in " ".join(redacted)
    assert len(redacted) == len(form)


@settings(max_examples=80)
@given(
    form=st.sampled_from(FORMS),
    secret=st.text(LETTERS + "0123456789", min_size=10, max_size=40),
    before=st.lists(st.text(max_size=12), max_size=3),
    after=st.lists(st.text(max_size=12), max_size=3),
)
def test_no_planted_secret_survives(form: tuple[str, ...], secret: str, before: list[str], after: list[str]) -> None:
    """Whatever stands around it, a secret does not come through."""
    assume(secret not in "".join((*before, *after)))
    words = (*(before if form[0] != "curl" else ()), *planted(form, secret), *after)

    assert secret not in " ".join(redact_argv(words))


NEAR_MISSES = (
    ("vllm", "serve", "Qwen/Qwen3", "--tokenizer", "Qwen/Qwen3"),
    ("serve", "--max-tokens", "5", "--num-speculative-tokens=3"),
    ("serve", "--key-length", "5", "--token-budget", "4096"),
    ("serve", "--eos-token", "</s>", "--pad_token=<pad>"),
    ("serve", "--ssl-keyfile", "/etc/x.pem", "--ssl-key", "/etc/key.pem"),
    ("serve", "--api-key-file", "/run/key"),
    ("sort", "--primary-key", "id"),
    ("serve", "--token", "--port", "8"),
    ("serve", "--use_auth_token=False"),
    ("git", "clone", "ssh://git@host/x.git"),
    ("curl", "http://host:8080/a@b"),
    ("pip", "install", "hf_transfer", "sk-learn-contrib", "keyring"),
    ("ollama", "run", "monkey", "turkey=1"),
)


@pytest.mark.parametrize("argv", NEAR_MISSES, ids=" ".join)
def test_what_only_sounds_like_a_secret_stays(argv: tuple[str, ...]) -> None:
    """Tokenizers, token counts, key lengths and key files are no secrets."""
    assert redact_argv(argv) == argv


@pytest.mark.parametrize(
    "argv", [("jupyter", "lab", "--ServerApp.token="), ("x", "--token", ""), ("sh", "-c", "jupyter --token= --port 8")]
)
def test_an_empty_value_stays_empty(argv: tuple[str, ...]) -> None:
    """An empty token means an open door, so it must stay visible."""
    assert redact_argv(argv) == argv


def test_value_that_looks_like_a_long_flag_is_no_value() -> None:
    """A secret may begin with a dash, a flag after a secret flag is a flag."""
    assert redact_argv(("x", "--token", "-Sabc")) == ("x", "--token", REDACTED)
    assert redact_argv(("x", "--token", "-v", "1")) == ("x", "--token", "-v", "1")


def test_quotes_and_neighbours_of_a_secret_stay() -> None:
    """Only the value itself is replaced inside a text."""
    assert redact_text("run --api-key 'a b' --port 8") == f"run --api-key '{REDACTED}' --port 8"
    assert redact_text('{"token": "abc", "n": 1}') == f'{{"token": "{REDACTED}", "n": 1}}'


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("api-key", True),
        ("HF_TOKEN", True),
        ("a.b.password", True),
        ("tokens", False),
        ("", False),
        ("secretName", False),
    ],
)
def test_the_last_word_of_a_name_decides(name: str, secret: bool) -> None:
    """`api-key` names a secret, `tokens` does not."""
    assert names_secret(name) is secret


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("JUPYTER_TOKEN", "abc", REDACTED),
        ("JUPYTER_TOKEN", "", ""),
        ("MLFLOW_TRACKING_URI", "http://u:p@h:5000/x", f"http://{REDACTED}@h:5000/x"),
        ("OLLAMA_HOST", "0.0.0.0:11434", "0.0.0.0:11434"),
        ("AWS_CREDENTIALS", "x", REDACTED),
    ],
)
def test_environment_values(name: str, value: str, expected: str) -> None:
    """Names that hold secrets hide their value, URLs lose their user, the rest stays."""
    assert redact_env(name, value) == expected


@pytest.mark.parametrize(
    "hostile",
    ["api-" * 30000 + "key", "eyJ-" * 30000, "sk-" * 40000, "@ ://:" * 20000, "key=" * 30000, "x-" * 60000 + "token:"],
    ids=lambda text: text[:6],
)
def test_nobody_makes_us_search_for_minutes(hostile: str) -> None:
    """The search is linear enough for a whole argument list, and what is beyond the limit is cut."""
    before = time.process_time()

    redacted = redact_text(hostile)

    assert time.process_time() - before < 5
    assert len(redacted) <= LONGEST * 2


@pytest.mark.parametrize("hostile", ["tls.key=/" * 900, "--ssl-key=./" * 600, 'ca-key: "/' * 800])
def test_a_key_path_in_a_key_path_in_a_key_path_ends(hostile: str) -> None:
    """A path of a key file that names a path of a key file, and so on, is hidden, not looked into for ever."""
    assert redact_argv(("x", hostile)) != ("x", hostile)


def test_a_key_file_stays_and_what_is_hidden_behind_one_goes() -> None:
    """The path of a key file is told; one that carries another name and value is not."""
    assert redact_text("--ssl-key=/etc/x.key") == "--ssl-key=/etc/x.key"
    assert SECRET not in redact_text(f"--ssl-key=/x?token={SECRET}")


@settings(max_examples=60)
@given(st.lists(st.sampled_from(["key", "=", "/", ":", "--", "token", " ", '"', "@", "://", "\n", "a"]), max_size=3000))
def test_redaction_never_raises(pieces: list[str]) -> None:
    """Whatever is put together from what it looks for, it ends with a text: one process must not blind all."""
    text = "".join(pieces)

    assert isinstance(redact_argv((text, text[::-1]))[0], str)


@pytest.mark.parametrize(
    "argv",
    [
        ("x", "--auth", f"bob:{SECRET}"),
        ("x", f"--gradio-auth=bob:{SECRET}"),
        ("x", "--basic-auth", f"u:{SECRET}"),
        ("redis-server", "--requirepass", SECRET),
        ("redis-server", "--masterauth", SECRET),
        ("x", "--jwt", SECRET),
        ("x", "--pat", SECRET),
        ("x", "-H", f"X-Auth: {SECRET}"),
        ("x", f"https://b.blob.example/c?sv=1&sig={SECRET}"),
        ("x", f"https://h/x?X-Amz-Signature={SECRET}&a=b"),
        ("x", "--webhook", f"https://hooks.slack.com/services/T0/B0/{SECRET}"),
        ("vllm", "serve", "--api-keys", "first1", SECRET),
    ],
)
def test_what_guards_a_door_goes(argv: tuple[str, ...]) -> None:
    """Pairs of user and password, signed links, web hooks and the second of several keys are secrets too."""
    assert SECRET not in " ".join(redact_argv(argv))


@pytest.mark.parametrize(
    "argv",
    [
        ("code-server", "--auth", "none"),
        ("x", "--auth=basic"),
        ("x", "--auth", "/etc/htpasswd"),
        ("x", "--oauth", "github"),
        ("x", "--api-keys", "--port", "8000"),
        ("x", "--design", "new", "--path", "/a", "--bypass", "b"),
    ],
)
def test_the_way_a_door_is_guarded_stays(argv: tuple[str, ...]) -> None:
    """`--auth none` is what an analyst needs to see."""
    assert redact_argv(argv) == argv
