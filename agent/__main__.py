"""`python -m agent` is the command `tallystick`."""

from agent.cli import main

main()
