"""The sentences of an answer, a module for each family of tools; no language model has a say in them."""
