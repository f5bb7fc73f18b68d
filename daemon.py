"""The daemon: the same as `forensics watch DIR...`, for those who look for it here."""

import sys

from forensics.cli import main

if __name__ == "__main__":
    main(["watch", *sys.argv[1:]], prog_name="forensics")
