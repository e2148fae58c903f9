"""Synthetic identity cards: people, cards, photographs. All people are invented. See ../README.md."""
