"""Whether all is as it was recorded: files hashed again, analyses run again."""
