"""soilbook: two studies of soil moisture with deep learning, reproduced as a book."""

__version__ = "0.1.0"
