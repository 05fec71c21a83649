"""Tables of section 3."""
