"""`python -m tests.online.servers`: major versions of PostgreSQL on this machine other than the one that tests run on anyway.

`--all` names that one too. Nothing is printed where there is no other.
"""

import sys

from loanbook.stores.binaries import found_binaries


def main() -> None:
    """Print them, the newest first: what differs most from the system's."""
    found = found_binaries()
    wanted = {each.major for each in found} - ({found[0].major} if found and "--all" not in sys.argv else set())
    sys.stdout.write(" ".join(str(major) for major in sorted(wanted, reverse=True)))


if __name__ == "__main__":
    main()
