"""The experiments behind the README's pictures, each on real data and with one command."""
