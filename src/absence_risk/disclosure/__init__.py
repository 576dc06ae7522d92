"""What may leave the house: small cells are suppressed before anything is written."""
