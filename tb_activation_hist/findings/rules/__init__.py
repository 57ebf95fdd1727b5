"""One module per kind of finding; `findings.registry` lists them."""
