"""The commands that answer questions and keep conversations: they parse arguments and print, as `cli.py` does."""
