"""Which models are approved, and by what."""

from dataclasses import replace
from datetime import date

import pytest
from asset_samples import D1, D2, D3, F1, F2, MODEL

from aiguard_agent.core.assets import ModelFile
from aiguard_agent.core.finding import Approval, ApprovalState
from aiguard_agent.inventory.models import match_models, title_of_entry, unseen_models
from aiguard_agent.inventory.schema import ApprovedModel, Inventory

BARE = replace(MODEL, sha256="", fingerprint="")


def answer(model: ModelFile, *entries: ApprovedModel, today: str = "2026-06-01") -> Approval:
    return match_models(
        Inventory(models=entries, file="i.yaml", model_lines=tuple(range(10, 30))), [model], today=today
    )[model.id]


@pytest.mark.parametrize(
    ("entry", "by"),
    [
        (ApprovedModel(sha256=D1), "sha256"),
        (ApprovedModel(sha256=(D3, f"sha256:{D1.upper()}")), "sha256"),
        (ApprovedModel(fingerprint=F1), "fingerprint"),
        (ApprovedModel(id="m1"), "id"),
        (ApprovedModel(name="llama3.1:*"), "name"),
        (ApprovedModel(name="llama.gguf"), "name"),
        (ApprovedModel(source="hf:meta-llama/*"), "source"),
        (ApprovedModel(source="hf:meta-llama/Llama-3.1-8B"), "source"),
        (ApprovedModel(source="hf:meta-llama/Llama-3.1-8B@0e9e39f"), "source"),
        (ApprovedModel(path="/models/*"), "path"),
    ],
)
def test_each_key_approves_and_the_clause_says_which(entry: ApprovedModel, by: str) -> None:
    """The clause names the entry, what it rests on, and the line to look at."""
    assert answer(MODEL, entry) == Approval(state=ApprovalState.APPROVED, clause=f"models[0] by {by} (i.yaml:10)")


@pytest.mark.parametrize(
    "entry",
    [
        ApprovedModel(sha256=D2),
        ApprovedModel(fingerprint=F2),
        ApprovedModel(id="m2"),
        ApprovedModel(name="llama3.1"),
        ApprovedModel(source="hf:meta-llama/Llama-3.1-8B@ffffff"),
        ApprovedModel(path="/models/*.bin"),
    ],
)
def test_another_model_is_a_shadow(entry: ApprovedModel) -> None:
    """What an entry does not name, it does not approve."""
    assert answer(MODEL, entry) == Approval(state=ApprovalState.SHADOW)


def test_a_digest_beats_the_name() -> None:
    """The approved file is approved whatever it is called, and the digest's clause is told, not the first one."""
    found = answer(
        MODEL,
        ApprovedModel(path="/models/*"),
        ApprovedModel(name="llama3.1:8b"),
        ApprovedModel(name="other", sha256=D1),
    )

    assert found.clause == "models[2] by sha256 (i.yaml:12)"


def test_an_approved_name_with_another_digest_is_drift() -> None:
    """A swapped file is not saved by its place, its publisher or an open pattern."""
    pinned = ApprovedModel(name="llama3.1:8b", sha256=D2)

    found = answer(MODEL, ApprovedModel(path="/models/*"), ApprovedModel(source="hf:*"), pinned)

    assert found.state is ApprovalState.DRIFTED
    assert found.clause.startswith("models[2] by name")
    assert found.deviations == (f"digest sha256:{D1} is not the approved one (sha256:{D2})",)


def test_a_second_approved_digest_of_the_same_name_is_no_drift() -> None:
    """Two approved versions of one model live side by side."""
    found = answer(MODEL, ApprovedModel(name="llama3.1:8b", sha256=D2), ApprovedModel(name="llama3.1:8b", sha256=D1))

    assert (found.state, found.clause) == (ApprovalState.APPROVED, "models[1] by sha256 (i.yaml:11)")


def test_the_same_tensors_with_another_digest_are_drift() -> None:
    """A fine-tune of an approved base has its fingerprint, but not its digest."""
    found = answer(replace(MODEL, name="mine", path="/srv/mine.gguf"), ApprovedModel(sha256=D2, fingerprint=F1))

    assert found.state is ApprovalState.DRIFTED
    assert found.clause.startswith("models[0] by fingerprint")


def test_a_fine_tune_with_an_entry_of_its_own_is_approved() -> None:
    """The base's digest does not make every fine-tune a suspect."""
    tuned = replace(MODEL, name="mine", path="/srv/mine.gguf")

    found = answer(tuned, ApprovedModel(sha256=D2, fingerprint=F1), ApprovedModel(name="mine"))

    assert (found.state, found.clause) == (ApprovalState.APPROVED, "models[1] by name (i.yaml:11)")


def test_a_known_fingerprint_vouches_when_the_digest_was_not_computed() -> None:
    """A large file whose digest nobody computed is approved by its tensors."""
    found = answer(replace(MODEL, sha256=""), ApprovedModel(name="llama3.1:8b", sha256=D2, fingerprint=F1))

    assert (found.state, found.clause) == (ApprovalState.APPROVED, "models[0] by fingerprint (i.yaml:10)")


def test_a_name_with_another_fingerprint_is_drift() -> None:
    """Another architecture under an approved name is a swap even without any digest."""
    found = answer(replace(MODEL, sha256=""), ApprovedModel(name="llama3.1:8b", sha256=D1, fingerprint=F2))

    assert found.state is ApprovalState.DRIFTED
    assert found.deviations[0].startswith("fingerprint ")


def test_a_digest_that_could_not_be_compared_is_said() -> None:
    """Approved by its name alone, and the clause does not pretend otherwise."""
    for entry, by in (
        (ApprovedModel(name="llama3.1:8b", sha256=D1), "name"),
        (ApprovedModel(path="/models/*", fingerprint=F1), "path"),
    ):
        found = answer(BARE, entry)

        assert (found.state, found.clause) == (
            ApprovalState.APPROVED,
            f"models[0] by {by}, digest not compared (i.yaml:10)",
        )


def test_a_path_with_another_digest_is_drift() -> None:
    """A pinned path is a pinned file."""
    found = answer(MODEL, ApprovedModel(path="/models/llama.gguf", sha256=D2))

    assert found.state is ApprovalState.DRIFTED


def test_another_licence_or_format_is_drift_unless_another_entry_is_clean() -> None:
    """A changed licence is told; an entry that asks for nothing approves all the same."""
    licensed = replace(MODEL, license="other")
    strict = ApprovedModel(name="llama3.1:8b", license="apache-*", format="safetensors")

    found = answer(licensed, strict)

    assert found.deviations == ("format gguf is not safetensors", "license other is not apache-*")
    assert answer(licensed, strict, ApprovedModel(path="/models/*")).state is ApprovalState.APPROVED
    assert (
        answer(replace(MODEL, license=""), ApprovedModel(name="llama3.1:8b", license="mit")).state
        is ApprovalState.APPROVED
    )


def test_an_approval_ends_after_its_last_day() -> None:
    """The named day is still good; the next one is not; without a date nothing ends."""
    entry = ApprovedModel(sha256=D1, expires=date(2026, 6, 1))

    assert answer(MODEL, entry, today="2026-06-01").state is ApprovalState.APPROVED
    assert answer(MODEL, entry, today="2026-06-02").deviations == ("approval ended on 2026-06-01",)
    assert answer(MODEL, entry, today="").state is ApprovalState.APPROVED


def test_an_ended_digest_is_told_as_that_and_not_as_a_swap() -> None:
    """The very file is known; a second entry for its name does not turn it into a suspect."""
    ended = ApprovedModel(sha256=D1, expires=date(2020, 1, 1))

    found = answer(MODEL, ended, ApprovedModel(name="llama3.1:8b", sha256=D2))

    assert found.deviations == ("approval ended on 2020-01-01",)


def test_a_swap_is_told_before_a_licence() -> None:
    """The graver deviation wins over an entry that comes first in strength."""
    found = answer(
        replace(MODEL, license="x"),
        ApprovedModel(fingerprint=F1, license="mit"),
        ApprovedModel(name="llama3.1:8b", sha256=D2),
    )

    assert found.deviations[0].startswith("digest ")


def test_aliases_count_as_names_and_paths() -> None:
    """A blob is known by the name that a hub cache links to it."""
    blob = replace(BARE, path="/cache/blobs/abc", name="", source="", aliases=("/cache/snapshots/1/model.gguf",))

    assert answer(blob, ApprovedModel(name="model.gguf")).state is ApprovalState.APPROVED
    assert answer(blob, ApprovedModel(path="/cache/snapshots/*")).state is ApprovalState.APPROVED


def test_thousands_of_exact_entries_are_found_by_key() -> None:
    """Three thousand models against three thousand entries: every one by its own, in one pass."""
    models = [replace(BARE, id=str(n), name=f"n{n}", path=f"/m/{n}", source="") for n in range(3000)]
    inventory = Inventory(models=tuple(ApprovedModel(path=f"/m/{n}") for n in range(3000)))

    found = match_models(inventory, models)

    assert {approval.clause for approval in found.values()} == {f"models[{n}] by path" for n in range(3000)}


def test_entries_without_a_model_are_known() -> None:
    """An entry is seen when it means a model, drifted or not."""
    inventory = Inventory(
        models=(ApprovedModel(sha256=D1), ApprovedModel(sha256=D2), ApprovedModel(name="llama3.1:8b", sha256=D3))
    )

    assert unseen_models(inventory, [MODEL]) == (1,)


def test_an_entry_is_titled_by_what_it_names() -> None:
    """The title does not change when entries are moved about."""
    assert title_of_entry(ApprovedModel(name="a", sha256=(D1, D2))) == "a sha256:aaaaaaaaaaaa"
    assert title_of_entry(ApprovedModel(name="a")) == "a"
    assert title_of_entry(ApprovedModel(sha256=D1)) == "sha256:aaaaaaaaaaaa"
    assert title_of_entry(ApprovedModel(fingerprint=F1)) == "fingerprint:111111111111"


CLAIMED = replace(MODEL, digest_claimed=True)


def test_a_claimed_digest_approves_as_a_name_does() -> None:
    """A store's name for a file is no proof: it approves, and the clause says that nobody computed it."""
    found = answer(CLAIMED, ApprovedModel(sha256=D1))

    assert found.state is ApprovalState.APPROVED
    assert "as its store names it, digest not compared" in found.clause


def test_a_claimed_digest_over_other_tensors_is_a_swap() -> None:
    """A file that calls itself the approved digest and is built differently is drift, never approved."""
    found = answer(CLAIMED, ApprovedModel(sha256=D1, fingerprint=F2), ApprovedModel(path="/models/*"))

    assert found.state is ApprovalState.DRIFTED
    assert found.deviations == (f"fingerprint {F1} is not the approved one ({F2})",)


def test_a_fingerprint_speaks_for_a_claimed_digest() -> None:
    """Where the tensors were compared, that is what approves."""
    assert "by fingerprint" in answer(CLAIMED, ApprovedModel(sha256=D1, fingerprint=F1)).clause


def test_another_claimed_digest_is_still_drift() -> None:
    """An approved name whose store names another digest was pulled anew."""
    assert answer(CLAIMED, ApprovedModel(name="llama.gguf", sha256=D2)).state is ApprovalState.DRIFTED
