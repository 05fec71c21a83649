"""Beyond the papers: a module for each chapter."""
