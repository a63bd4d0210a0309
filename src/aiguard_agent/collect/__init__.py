"""Look at the host: every path and every system call goes through `host.Host`."""
