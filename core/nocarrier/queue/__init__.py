"""What must survive a power cut: the journal on flash, the outbox, the inbox, the session's counters."""
