"""What a process shows of itself: the names it goes by, and whether it only carries the words of others."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from aiguard_agent.core.facts import Process

INTERPRETER = re.compile(r"^(python|pypy)[\d.]*(-intel64)?$|^(node|nodejs|bun|deno|java|ruby|perl)$")

BYSTANDERS = frozenset(
    """
    ack ag agrep apt apt-get ash awk base64 bash bat batcat busybox bzip2 cat chmod chown cmake code-server code
    codium cp csh curl cut dash dd delta df diff docker docker-compose dpkg du ed egrep emacs entr env ex expect
    fgrep file find fish fzf gcc gdb gedit gh git gpg gradle grep gzip head helix helm htop hx info
    inotifywait ionice journalctl jq kak kate kill ksh kubectl kwrite less ln locate logger ls lsof ltrace make man
    mc md5sum meld micro more most mv nano nc ncat neovim nerdctl nice ninja nl nohup npm nvim od pgrep pico pip
    pip3 pkill pnpm podman ps rclone rg rm rsync rsyslogd rust-analyzer scp screen script sed sftp sh sha256sum
    skopeo sort split ssh ssh-agent sshd stdbuf strace strings su sublime_text sudo systemctl tail tar tcpdump tcsh
    tee tig time timeout tmux top touch tr tree unzip uv vi view vim vim.basic vim.tiny vimdiff watch wc wget which
    xargs xz yarn yes zcat zed zed-editor zip zless zsh zstd crun runc conmon containerd-shim containerd-shim-runc-v2
    """.split()
)
"""Programs whose arguments are about other programs: their argv names nothing."""

SYSTEM_DAEMONS = frozenset(
    """
    apache2 auditd avahi-daemon bluetoothd chronyd clamd containerd coredns cron cupsd dbus-broker dbus-daemon
    dnsmasq dockerd dovecot etcd exim4 falco fluent-bit fwupd haproxy httpd init kube-apiserver kube-proxy kubelet
    lighttpd mariadbd master memcached mongod mysqld named nats-server networkmanager nfsd nginx node_exporter ntpd
    openvpn polkitd postgres prometheus rabbitmq-server redis-server rpcbind rpc.statd rsyslogd smbd snmpd squid sshd
    sssd stunnel4 syslog-ng systemd systemd-journald systemd-networkd systemd-resolved systemd-timesyncd telegraf
    tor traefik unbound valkey-server varnishd vector wireguard xinetd xorg xvfb zabbix_agentd
    """.split()
)
"""Services that speak something else, or that we know well: never asked anything."""

SYSTEM_FOLDERS = (
    *("/usr/", "/bin/", "/sbin/", "/lib/", "/lib64/", "/libexec/", "/opt/", "/snap/", "/nix/store/", "/gnu/store/"),
    "/run/current-system/",
)
"""Where only the administrator puts programs: the name of one that lies here is believed."""

LINE = 8192
"""Characters of a command line that patterns are searched in."""
WORD = 512
"""Characters of one argument in it: no program of ours has a longer path, and `\\S*` over more costs its square."""
_BLANKS = re.compile(r"\s{3,}")
_DELETED = " (deleted)"


@dataclass(frozen=True, slots=True)
class Entry:
    """The names a process goes by."""

    program: str
    """Basename of the exe, of argv[0] when the exe is hidden, lower case."""
    names: frozenset[str]
    """All exact names, lower case: exe, argv[0], script, comm."""
    script: str
    """Path of the script that an interpreter runs, "" when there is none."""
    module: str
    """Module of `python -m`, or main class of a JVM."""
    line: str
    """argv joined by blanks, bounded; "" for a bystander."""
    interpreter: bool
    bystander: bool
    daemon: bool
    """True for a well-known service that is never asked anything."""


def entry_of(process: Process, *, believed: bool = True) -> Entry:
    """Return the names of a process, read from its exe, argv and comm.

    Anybody may call a program `grep` or `sshd`. What is not `believed` is neither, whatever its name.
    """
    return _entry(process.exe, process.argv, process.comm, believed)


def well_placed(process: Process) -> bool:
    """Tell whether the program lies where only the administrator puts some; where it is hidden, its word must do."""
    return not process.exe or process.exe.startswith(SYSTEM_FOLDERS)


@lru_cache(maxsize=16384)
def _entry(exe: str | None, argv: tuple[str, ...], comm: str, believed: bool) -> Entry:
    exe_name = base(exe.removesuffix(_DELETED)) if exe else ""
    zeroth = base(argv[0]).removeprefix("-") if argv else ""
    program = exe_name or zeroth or comm.lower()
    interpreter = bool(INTERPRETER.match(program) or INTERPRETER.match(zeroth))
    script, module = _script(argv) if interpreter else ("", "")
    bystander = believed and (program in BYSTANDERS or (not exe_name and zeroth in BYSTANDERS))
    if program == "java" or zeroth == "java":
        script, module = "", _java_class(argv)
    names = {exe_name, zeroth, comm.lower(), base(script)} - {""}
    line = "" if bystander else line_of(argv)
    daemon = believed and program in SYSTEM_DAEMONS
    return Entry(program, frozenset(names), script, module, line, interpreter, bystander, daemon)


def line_of(argv: tuple[str, ...]) -> str:
    """Return a command line as patterns see it: bounded, and no run of blanks longer than an empty argument makes."""
    return _BLANKS.sub("  ", " ".join(word[:WORD] for word in argv)[:LINE])


def base(path: str) -> str:
    """Return the last part of a path, lower case."""
    return path.rstrip("/").rpartition("/")[2].lower()


def _script(argv: tuple[str, ...]) -> tuple[str, str]:
    """Return (script, module) of an interpreter's argv."""
    words = iter(argv[1:])
    for word in words:
        if word == "-m":
            return "", next(words, "")
        if word.startswith("-m") and len(word) > 2 and not word.startswith("--"):
            return "", word[2:]
        if word in {"-c", "-e", "--eval", "-"}:
            return "", ""
        if word in {"-W", "-X", "-r", "--require", "--import", "--loader"}:
            next(words, "")
        elif not word.startswith("-") or word == "":
            return word, ""
    return "", ""


def _java_class(argv: tuple[str, ...]) -> str:
    words = iter(argv[1:])
    for word in words:
        if word in {"-cp", "-classpath", "--class-path", "--module-path", "-p"}:
            next(words, "")
        elif word == "-jar":
            return base(next(words, ""))
        elif not word.startswith("-"):
            return word
    return ""
