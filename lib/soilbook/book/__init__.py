"""What stands between a notebook and the rendered book: run, check, keep, compare, build.

A chapter needs ``soilbook.book.page`` alone; nothing is imported here, so that the command line
starts at once.
"""
