"""What an archive's provenance states, every field checked before it is used."""

from emmoe.archive import bounds
from emmoe.archive.reader import Reader
from emmoe.store.errors import DataError
from emmoe.store.provenance import Made, unsealed


def stated(reader: Reader, name: str) -> Made:
    """Return a provenance file's content; raises DataError, naming it and the field, for what is
    none."""
    where = reader.where(name)
    data = reader.read(name, bounds.JSON)
    bounds.check_json(where, data)
    try:
        return unsealed(data)
    except (ValueError, RecursionError) as error:  # msgspec.ValidationError is a ValueError
        raise DataError(f"{where}: not a provenance file: {error}") from None
