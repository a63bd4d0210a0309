"""Rule secret-in-argv."""

import pytest
from asset_samples import SERVER
from rule_samples import findings, only, run_by

from aiguard_agent.policy.rules.secret_in_argv import RULE


@pytest.mark.parametrize(
    ("argv", "place"),
    [
        (("vllm", "serve", "--api-key", "***"), "--api-key"),
        (("x", "--token=***"), "--token"),
        (("x", "***"), "a word"),
        (("x", "redis://u:***@host/0"), "redis://u:***@host/0"),
        (("x", "--IdentityProvider.token=***"), "--IdentityProvider.token"),
    ],
)
def test_a_redacted_argument_is_found_by_its_option(argv: tuple[str, ...], place: str) -> None:
    """The option is named, the secret is not known here."""
    found = only(RULE, run_by(SERVER, argv=argv))

    assert found.title.endswith(f"has a secret on its command line ({place})")


@pytest.mark.parametrize(
    "argv", [(), ("vllm", "--api-key-file", "/x"), ("x", "****"), ("x", "a/**/*.py"), ("x", "--token=")]
)
def test_words_with_stars_are_no_secrets(argv: tuple[str, ...]) -> None:
    """Only what the collector redacted counts."""
    assert findings(RULE, run_by(SERVER, argv=argv)) == ()


def test_two_secrets_are_one_finding() -> None:
    """One command line, one finding, both options named."""
    found = only(RULE, run_by(SERVER, argv=("x", "--api-key", "***", "--hf-token", "***", "--api-key", "***")))

    assert "(--api-key, --hf-token)" in found.title
