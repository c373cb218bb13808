"""The management platform: what is taken from it, what it is told, and what staff settle between both."""
