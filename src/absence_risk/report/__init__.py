"""One self-contained page: verdicts first, then figures and tables."""
