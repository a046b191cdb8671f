"""What verbs read from an AnnData, found and checked in one place."""
