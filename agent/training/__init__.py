"""Fine-tuning: what a model is trained on, how, and what stops it."""
