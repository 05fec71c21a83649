"""Study 1, Wang et al. (2024): what its sections share, and a module for each section."""
