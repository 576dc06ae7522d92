"""Writers: one module per foreign layout of files."""
