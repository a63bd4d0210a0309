"""Write the pages and scripts that are made from the code, or say which of them are stale.

python docs/generate.py            exit 1 and name what is stale
python docs/generate.py --write    write them
"""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import shtab
from argparse_manpage.manpage import Manpage

from aiguard_agent.agent import all_rules
from aiguard_agent.cli.main import build_parser
from aiguard_agent.collect.places import STORES, Store
from aiguard_agent.collect.run import all_collectors
from aiguard_agent.config.describe import example, reference
from aiguard_agent.identify.models import model_formats
from aiguard_agent.metrics.catalogue import SERIES, catalogue
from aiguard_agent.metrics.labels import FIXED, LOOKERS
from aiguard_agent.signatures.load import bundled

REPOSITORY = Path(__file__).resolve().parent.parent
DATA = REPOSITORY / "src" / "aiguard_agent" / "cli" / "data"
README = REPOSITORY / "README.md"
EXPECTED = REPOSITORY / "tests" / "cli" / "expected" / "gpu-07.txt"
MADE = "<!-- made by docs/generate.py, do not edit -->\n"


def rules() -> str:
    lines = ["# Rules", "", MADE, "What `aiguard-agent scan` can find. `aiguard-agent rules show ID` prints one.", ""]
    lines += ["| rule | severity | confidence | what |", "|---|---|---|---|"]
    lines += [f"| [{r.id}](#{r.id}) | {r.severity.word} | {r.confidence.word} | {cell(r.title)} |" for r in all_rules()]
    for rule in all_rules():
        lines += ["", f"## {rule.id}", "", f"**{rule.title}**", "", rule.description, ""]
        lines.append(f"Severity {rule.severity.word}, confidence {rule.confidence.word}, maturity {rule.maturity}.")
        if rule.atlas or rule.owasp:
            lines.append(
                f"MITRE ATLAS: {', '.join(rule.atlas) or 'none'}. OWASP LLM: {', '.join(rule.owasp) or 'none'}."
            )
        lines += ["", "What to do:", "", *(f"- {line}" for line in rule.remedy)]
    return "\n".join(lines) + "\n"


def servers() -> str:
    signatures = bundled()
    lines = ["# Servers that are recognised", "", MADE]
    lines.append(
        f"{len(signatures)} signatures. How sure each is: `live` = the real server was asked, `source` = read in"
    )
    lines += ["source or wheel, `reported` = from other people's signatures, `memory` = not checked.", ""]
    for category in sorted({s.category for s in signatures}):
        found = [s for s in signatures if s.category == category]
        lines += [
            f"## {category} ({len(found)})",
            "",
            "| id | name | version read from | checked |",
            "|---|---|---|---|",
        ]
        for s in found:
            read = ", ".join(dict.fromkeys(reader_words(r) for r in s.version)) or "-"
            lines.append(f"| `{s.id}` | {cell(s.name)} | {cell(read)} | {s.verified_on.how} {s.verified_on.date} |")
        lines.append("")
    return "\n".join(lines)


def reader_words(reader: Any) -> str:
    if reader.package or reader.npm:
        return f"package {reader.package or reader.npm}"
    if reader.image_tag:
        return "image tag"
    return "path" if reader.path else f"HTTP ({reader.probe}){', not believed' if reader.lies else ''}"


def formats() -> str:
    lines = ["# Model file formats", "", MADE]
    lines += [
        "Recognised by content; a file's ending only decides among weak ones. Headers are read, nothing is loaded.",
        "",
    ]
    lines += ["| format | name | loading it can run code | endings | layout from |", "|---|---|---|---|---|"]
    for f in model_formats():
        code = "yes" if f.runs_code else "no"
        lines.append(f"| `{f.name}` | {cell(f.title)} | {code} | {' '.join(f.extensions)} | {cell(f.source)} |")
    return "\n".join(lines) + "\n"


def stores() -> str:
    lines = ["# Where model files are looked for", "", MADE, "| store | places |", "|---|---|"]
    lines += [f"| {cell(store.title)} | {cell(' · '.join(places(store)))} |" for store in STORES]
    lines += ["", "# Collectors", "", "| collector | looks at | sees less without |", "|---|---|---|"]
    lines += [f"| {c.name} | {cell(c.help)} | {', '.join(c.needs) or '-'} |" for c in all_collectors()]
    return "\n".join(lines) + "\n"


def configuration() -> str:
    """Return the page with its reference made anew; the words before it are written by hand."""
    page = REPOSITORY / "docs" / "configuration.md"
    head, found, _old = page.read_text(encoding="utf-8").partition(MADE)
    return f"{head}{found}\n{reference()}"


def places(store: Store) -> Iterator[str]:
    yield from (f"`{root}`" for root in store.roots)
    yield from (f"`${name}{rest}` of a seen process" for name, rest in store.env)
    yield from (f"value of `{flag}`" for flag in store.flags)
    yield from (f"`{folder}` below the folder of a seen process" for folder in store.cwd)


def cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|")


METRICS = REPOSITORY / "docs" / "metrics.md"
OPEN_SETS = {
    "engine": "ids of [signatures](servers.md), `unknown-model-server`",
    "format": "names of [formats](formats.md)",
    "rule": "ids of [rules](rules.md)",
    "collector": f"names of [collectors](places.md#collectors), {', '.join(f'`{name}`' for name in LOOKERS)}",
    "watcher": "names of the sources of hints",
    "output": "names that the configuration gives to outputs",
    "version, revision, python": "texts, at most 64 characters; on `aiguard_build_info` alone",
}
"""Labels whose values depend on what is installed or configured."""


def metrics() -> str:
    """Return the page about metrics with tables of today: the words around them are written by hand."""
    specs = catalogue()
    rows = [f"{len(specs)} metrics, {sum(spec.series for spec in specs)} series at most ({SERIES} is the budget)."]
    for own, title in ((False, "About the host:"), (True, "About the agent:")):
        rows += ["", title, "", "| metric | type | labels | series at most | what |", "|---|---|---|---|---|"]
        rows += [
            f"| `{s.name}` | {s.kind} | {', '.join(s.labels) or '-'} | {s.series} | {cell(s.help)} |"
            for s in specs
            if s.own == own
        ]
    labels = ["| label | values |", "|---|---|"]
    labels += [f"| {label} | {words} |" for label, words in OPEN_SETS.items()]
    labels += [f"| {label} | {', '.join(f'`{value}`' for value in FIXED[label])} |" for label in FIXED]
    text = METRICS.read_text(encoding="utf-8")
    for name, made in (("metrics", rows), ("labels", labels)):
        between = "\n".join(["", *made, ""])
        text = re.sub(
            rf"(?<=<!-- {name}: made by docs/generate.py, do not edit -->\n).*?(?=<!-- /{name} -->)",
            lambda _found, between=between: f"{between}\n",
            text,
            flags=re.DOTALL,
        )
    return text


def command_line() -> str:
    lines = ["# Command line", "", MADE]
    for name, parser in parsers():
        lines += [f"## {name}", "", "```", parser.format_help().rstrip(), "```", ""]
    return "\n".join(lines)


def parsers() -> Iterator[tuple[str, Any]]:
    waiting = [("aiguard-agent", build_parser())]
    while waiting:
        name, parser = waiting.pop(0)
        parser.prog, parser.formatter_class = name, wide(parser.formatter_class)
        yield name, parser
        for action in parser._actions:
            if action.choices and hasattr(action, "add_parser"):
                waiting += [(f"{name} {key}", sub) for key, sub in action.choices.items()]


def wide(base: type) -> Callable[..., Any]:
    return lambda prog: base(prog, width=110, max_help_position=32)


def completion(shell: str) -> Callable[[], str]:
    # -o filenames: bash puts a slash behind a folder instead of a blank
    return lambda: re.sub(
        r"^complete -o bashdefault",
        r"\g<0> -o filenames",
        str(shtab.complete(with_paths(build_parser()), shell)),
        flags=re.M,
    )


def with_paths(parser: Any) -> Any:
    """Let every argument that is called FILE or DIR be completed from the file system."""
    for action in parser._actions:
        if kind := {"FILE": shtab.FILE, "DIR": shtab.DIRECTORY}.get(action.metavar):
            action.complete = kind
        if hasattr(action, "add_parser"):
            for sub in action.choices.values():
                with_paths(sub)
    return parser


_LAID_OUT = r"^(?:usage: |examples:|exit codes:).*\n(?:(?!\.|[A-Z]).*\S.*\n)*"
"""Lines of the man page that must stay as they are: usages, examples, the table of exit codes."""


def man() -> str:
    parser = build_parser()
    parser.man_short_description = "find the AI on this host"  # type: ignore[attr-defined]
    with redirect_stdout(io.StringIO()):
        page = str(Manpage(parser))
    page = re.sub(_LAID_OUT, lambda found: f".nf\n{found[0]}.fi\n", page, flags=re.MULTILINE)
    title = '.TH AIGUARD\\-AGENT "1" "" "aiguard\\-agent" "User Commands"'
    return re.sub(r"^\.TH .*$", lambda _found: title, page, count=1, flags=re.MULTILINE)


def readme() -> str:
    """Return the README with today's numbers and with a sample that a test has printed."""
    text = README.read_text(encoding="utf-8")
    for words, number in counts().items():
        text = re.sub(rf"\d+(?= {words})", str(number), text)
    return re.sub(
        r"(?<=## What it prints\n\n```\n).*?(?=```\n)", lambda _found: sample(), text, count=1, flags=re.DOTALL
    )


def counts() -> dict[str, int]:
    """Return the numbers that README.md tells, by the words that follow them there."""
    return {
        "products:": len(bundled()),
        "model file formats,": len(model_formats()),
        "rules:": len(all_rules()),
    }


def sample() -> str:
    """Return the expected page of a test, cut down: the servers, the worst finding, what was not seen."""
    head, servers, _models, findings, coverage = EXPECTED.read_text(encoding="utf-8").split("\n\n")
    worst = findings[: findings.index("\nhigh ")]
    unseen = coverage[coverage.index("\nnot seen") + 1 :]
    return "\n".join((head, "", servers, "", worst, "…", unseen))


PAGES: dict[Path, Callable[[], str]] = {
    README: readme,
    REPOSITORY / "docs" / "rules.md": rules,
    REPOSITORY / "docs" / "servers.md": servers,
    REPOSITORY / "docs" / "formats.md": formats,
    REPOSITORY / "docs" / "places.md": stores,
    METRICS: metrics,
    REPOSITORY / "docs" / "cli.md": command_line,
    REPOSITORY / "docs" / "configuration.md": configuration,
    REPOSITORY / "configs" / "aiguard-agent.example.yaml": example,
    DATA / "completion.bash": completion("bash"),
    DATA / "completion.zsh": completion("zsh"),
    DATA / "completion.tcsh": completion("tcsh"),
    DATA / "aiguard-agent.1": man,
}


def main(arguments: list[str]) -> int:
    """Write or compare every page; returns an exit code."""
    os.environ["COLUMNS"] = "80"  # argparse lays usages out for the terminal it finds
    stale = []
    for path, make in PAGES.items():
        text = make()
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(path.relative_to(REPOSITORY))
        if "--write" in arguments:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    for page in stale:
        print(f"{'written' if '--write' in arguments else 'stale'}: {page}")
    if stale and "--write" not in arguments:
        print("run: make docs WRITE=1")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
