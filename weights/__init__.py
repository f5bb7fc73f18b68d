"""Weights of the forensics toolkit, as data: `manifest.toml` and the files that it names. There is no code here."""
