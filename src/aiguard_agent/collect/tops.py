"""Which folders are worth a walk on this host: the table of places, applied to its homes and its processes."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from aiguard_agent.collect.candidates import STORE_BIG, is_code_or_data, named_like_model
from aiguard_agent.collect.foreign import entries_at, refusal, resolve_at, stat_at
from aiguard_agent.collect.host import Host, blind_of
from aiguard_agent.collect.locate import Locator, homes
from aiguard_agent.collect.places import NEVER, STORES, Store
from aiguard_agent.collect.walk import NAME, SKIPPED, Plan, Walker, single
from aiguard_agent.core.facts import FileSeen, Process

_PEEK_ENTRIES = 2000
_PEEK_DEPTH = 3
_ARGV_DEPTH = 6
_PATH_DEPTH = 64
_MAX_ARGUMENTS = 400
_LIBRARIES = frozenset({"site-packages", "dist-packages", "node_modules"})
_PROGRAMS = ("/usr/lib/", "/usr/lib64/", "/usr/libexec/", "/usr/include/", "/usr/src/", "/lib/", "/lib64/", "/snap/")
_TESTS = frozenset({"test", "tests", "testing", "testdata", "fixtures"})
_MODEL_VARIABLES = ("MODEL_PATH", "MODEL_DIR", "MODEL_ID", "MODEL_NAME", "LLAMA_ARG_MODEL", "VLLM_MODEL")
"""Variables whose value is a model file or folder, when it is a path at all."""


@dataclass(slots=True)
class Tops:
    """Collects plans in order; a folder is planned once, the first reason names it."""

    walker: Walker
    plans: list[Plan] = field(default_factory=list)
    files: list[FileSeen] = field(default_factory=list)
    known: set[tuple[object, str]] = field(default_factory=set)
    homes: tuple[tuple[str, str], ...] = ()

    @property
    def host(self) -> Host:
        """The host that is looked at."""
        return self.walker.host

    @property
    def locator(self) -> Locator:
        """Where paths of processes lie."""
        return self.walker.locator

    def asked(self, paths: Iterable[str]) -> None:
        """Plan what the caller named: folders of any kind, and files whatever their name."""
        for path in paths:
            real = self.host.resolve(path)
            if real is None:
                error = FileNotFoundError(2, "no such file or folder")
                self.walker.blind.append(blind_of(NAME, path, error))
                continue
            try:
                mode = stat_at(self.host, real).st_mode
            except (OSError, ValueError) as error:
                self.walker.blind.append(blind_of(NAME, path, error))
                continue
            if stat.S_ISDIR(mode):
                self._plan(Plan(top=real, store="path", depth=_PATH_DEPTH))
            elif (seen := single(self.locator, path, pid=None, store="path")) is not None:
                self.files.append(seen)

    def usual(self) -> None:
        """Plan every usual place that exists on the host."""
        self.homes = homes(self.host)
        rows = [(store, root) for store in STORES for root in store.roots]
        for store, root in rows:
            if not root.startswith("~"):
                self._existing(store, root, None)
        for _user, home in self.homes:
            if self.walker.refuses(self.locator.mounts().at(home), home):
                continue
            try:
                names = set(self.host.names(home))
            except (FileNotFoundError, NotADirectoryError):
                continue
            except (OSError, ValueError) as error:
                self.walker.blind.append(blind_of(NAME, f"home {home}", error))
                continue
            for store, root in rows:
                if root.startswith("~/") and root[2:].partition("/")[0] in names:
                    self._existing(store, home + root[1:], None)

    def named_by(self, process: Process) -> None:
        """Plan what one process names in its environment and arguments, and the usual places inside its container."""
        inside = self.locator.inside(process.pid)
        if inside and (shut := refusal(self.host, inside)) is not None:
            subject = f"model folders of pid {process.pid} ({process.comm})"
            self.walker.blind.append(replace(shut, collector=NAME, subject=subject))
            return
        pid = process.pid if inside else None
        env = dict(process.env)
        for store in STORES:
            for variable, rest in store.env:
                if env.get(variable, "").startswith("/"):
                    self._existing(store, env[variable].rstrip("/") + rest, pid)
            for value in _values(process.argv, store.flags):
                self._existing(store, _absolute(process, value), pid)
            for folder in store.cwd:
                self._existing(store, _absolute(process, folder), pid)
        if pid is not None:
            self._usual_inside(process, env.get("HOME", "/root"))
        named = [env[variable] for variable in _MODEL_VARIABLES if "/" in env.get(variable, "")]
        for value in named:
            self._argument(_absolute(process, value), pid)
        for value in _paths(process.argv):
            self._argument(_absolute(process, value), pid, meant=False)

    def _usual_inside(self, process: Process, home: str) -> None:
        own = {home.rstrip("/") or "/root", "/root"}
        for store in STORES:
            for root in store.roots:
                for path in [folder + root[1:] for folder in sorted(own)] if root.startswith("~") else [root]:
                    self._existing(store, path, process.pid)

    def _existing(self, store: Store, path: str, pid: int | None) -> None:
        """Plan a folder of the table if there is one."""
        self._folder(path, pid, store=store.name, trusted=store.trusted, depth=store.depth)

    def _argument(self, path: str, pid: int | None, *, meant: bool = True) -> None:
        """Take a model file, or a folder that holds some, which a process names.

        `meant` is False for a mere argument: it may name anything, so folders of programs are left alone.
        """
        inside = "" if pid is None else self.locator.inside(pid)
        real = resolve_at(self.host, path, inside=inside) if path else None
        if real is None or self._wide(real):
            return
        try:
            info = stat_at(self.host, real, inside=inside)
        except (OSError, ValueError):
            return
        name = real.rpartition("/")[2]
        if stat.S_ISREG(info.st_mode):
            if named_like_model(name) or (info.st_size >= STORE_BIG and not is_code_or_data(name)):
                seen = single(self.locator, path, pid=pid, store="argv")
                self.files += [seen] if seen is not None else []
        elif (
            stat.S_ISDIR(info.st_mode)
            and (meant or not self._of_programs(real, inside))
            and self._holds_models(real, inside)
        ):
            self._folder(real, pid, store="argv", trusted=False, depth=_ARGV_DEPTH)

    def _folder(self, path: str, pid: int | None, *, store: str, trusted: bool, depth: int) -> None:
        inside = "" if pid is None else self.locator.inside(pid)
        real = resolve_at(self.host, path, inside=inside) if path else None
        if real is None or real in NEVER:
            return
        try:
            info = stat_at(self.host, real, inside=inside)
        except (OSError, ValueError):
            return
        if not stat.S_ISDIR(info.st_mode):
            return
        if pid is not None:
            there = self.locator.on_host(pid, real, info)
            if there is not None and (there[1].st_dev, there[1].st_ino) == (info.st_dev, info.st_ino):
                real, pid = there[0], None  # mounted from the host: walk it where it lies
        self._plan(Plan(top=real, store=store, trusted=trusted, depth=depth, pid=pid))

    def _wide(self, path: str) -> bool:
        return path in NEVER or any(path == home for _user, home in self.homes)

    def _of_programs(self, folder: str, inside: str) -> bool:
        """Tell whether a folder belongs to programs: an installed library, a virtual environment, tests in a checkout.

        Such folders hold small models to try things with, and whoever runs a test or a tool names them.
        """
        parts = folder.split("/")
        if not _LIBRARIES.isdisjoint(parts) or f"{folder}/".startswith(_PROGRAMS):
            return True
        above = ["/".join(parts[:end]) for end in range(2, len(parts) + 1)]
        tests = next((at for at, part in enumerate(parts) if part.lower() in _TESTS), 1)
        signs = [f"{one}/pyvenv.cfg" for one in above] + [f"{one}/.git" for one in above[: tests - 1]]
        return any(self._there(path, inside) for path in signs)

    def _there(self, path: str, inside: str) -> bool:
        try:
            stat_at(self.host, path, inside=inside)
        except (OSError, ValueError):
            return False
        return True

    def _holds_models(self, folder: str, inside: str) -> bool:
        """Look a few levels down whether there is anything named like a model."""
        left, spent = [(folder, 0)], 0
        while left and spent < _PEEK_ENTRIES:
            here, depth = left.pop(0)
            try:
                entries = entries_at(self.host, here, inside=inside, limit=_PEEK_ENTRIES - spent)
            except (OSError, ValueError):
                continue
            spent += len(entries)
            if any((e.regular or e.link) and named_like_model(e.name) for e in entries):
                return True
            if depth < _PEEK_DEPTH:
                left += [(f"{here.rstrip('/')}/{e.name}", depth + 1) for e in entries if e.folder and _enters(e.name)]
        return False

    def _plan(self, plan: Plan) -> None:
        view: object = "ours" if plan.pid is None else self.locator.view(plan.pid)
        if (view, plan.top) not in self.known:
            self.known.add((view, plan.top))
            self.plans.append(plan)


def _enters(name: str) -> bool:
    return name not in SKIPPED and not name.startswith(".")


def _absolute(process: Process, value: str) -> str:
    """Return a path as the process means it, "" when it has no meaning as one."""
    value = value.removeprefix("file://")
    if "://" in value or "\0" in value or not value:
        return ""
    if value.startswith("/"):
        return value
    return f"{process.cwd.rstrip('/')}/{value}" if process.cwd and process.cwd.startswith("/") else ""


def _values(argv: tuple[str, ...], flags: tuple[str, ...]) -> Iterator[str]:
    """Yield the values of some options, written `--flag value` or `--flag=value`."""
    for index, argument in enumerate(argv[:_MAX_ARGUMENTS]):
        name, equals, value = argument.partition("=")
        if name not in flags:
            continue
        if equals:
            yield value
        elif index + 1 < len(argv):
            yield argv[index + 1]


def _paths(argv: tuple[str, ...]) -> Iterator[str]:
    """Yield what looks like a path among the arguments, the program itself left out."""
    for argument in argv[1:_MAX_ARGUMENTS]:
        name, equals, value = argument.partition("=")
        word = value if equals and not name.startswith(("/", ".")) else argument
        if len(word) < 4096 and ("/" in word or named_like_model(word)) and not word.startswith("-"):
            yield word
