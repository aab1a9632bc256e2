"""Conversation: questions about a table and its classifier, answered through the tools."""
