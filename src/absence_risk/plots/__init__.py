"""One module per claim: a result in, matplotlib axes out."""
