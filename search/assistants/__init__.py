"""What an assistant may ask of one audience's library: read only, and nothing is generated."""
