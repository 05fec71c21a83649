"""Drawing helpers that several sections share."""
