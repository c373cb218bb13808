"""What ``python -m scheduler`` does."""
