"""Study 2, Fang et al. (2019): SMAP prolonged, and held against models and probes."""
