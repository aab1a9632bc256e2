"""Measuring explanations, and the verifier that vouches for them."""
