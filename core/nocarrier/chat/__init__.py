"""What the stanzas mean: messages and receipts, roster and presence, info/query, archive."""
