"""The words the claim parser knows, by topic: each a kind, what it stands for, and patterns over lower-case text."""
