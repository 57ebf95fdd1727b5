"""`make matrix`: one script in an environment for each supported combination of versions."""
