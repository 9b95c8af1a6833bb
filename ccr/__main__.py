"""`python -m ccr` is the command `ccr`."""

from runtime.cli.main import main

main()
