"""What to say about a finding besides what is seen: causes, what to try, how to check."""
