"""Study 2, Fang et al. (2019): what its sections share, and a module for each section."""
