"""The twin: a synthetic observatory with known truth, of study 1's sites and study 2's continent.

``sites`` and ``continent`` are its doors; both lay their weather (``ground``) on the same ``soil``.
"""
