"""Errors that a user can mend. Each is one line that says what is wrong and what is allowed."""


class SoilbookError(Exception):
    """Base of all errors caused by input; the command line prints it alone and exits with 2."""


class DataError(SoilbookError):
    """A data file or folder is absent, damaged or breaks the schema."""


class ParameterError(SoilbookError):
    """A parameter, site, depth, model or chapter name is not known, or a value is not allowed."""


class DeviceError(SoilbookError):
    """The device asked for is not there."""


def unknown(kind: str, name: object, allowed) -> ParameterError:
    """A ParameterError for one name out of a closed list."""
    return ParameterError(f"unknown {kind} {name!r}; allowed: {', '.join(map(str, allowed))}")
