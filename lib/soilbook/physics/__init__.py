"""Air, soil, snow and vegetation: formulas, each written once."""
