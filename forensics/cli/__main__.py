"""`python -m forensics.cli`."""

from . import main

main(prog_name="forensics")
