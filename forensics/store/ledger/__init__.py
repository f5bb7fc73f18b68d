"""The chain and what it covers: verdicts, words of people, exports and deletions, and their verification."""
