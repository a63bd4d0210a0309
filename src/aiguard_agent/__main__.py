"""`python -m aiguard_agent`."""

from aiguard_agent.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
