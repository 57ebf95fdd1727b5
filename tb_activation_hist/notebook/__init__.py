"""Pictures and tables in a notebook."""
