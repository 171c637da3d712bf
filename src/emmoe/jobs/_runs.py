"""What jobs that run algorithms share: the code they depend on, and the files they read."""

from abc import abstractmethod
from collections.abc import Iterable

from emmoe.jobs.base import Job, layout_of
from emmoe.record.entries import Component, Contest, Experiment, Record
from emmoe.record.registry import component


class Run(Job):
    """A job that runs algorithms on a model, a data set and a start law."""

    @property
    @abstractmethod
    def entry(self) -> Experiment | Contest:
        """The entry that says which."""

    @property
    @abstractmethod
    def own_modules(self) -> Iterable[str]:
        """The modules beside those of model, data set, start law and algorithms."""

    @property
    @abstractmethod
    def algorithms(self) -> Iterable[str]:
        """The names of the algorithms that it runs."""

    @property
    def modules(self) -> list[str]:
        parts = (self.entry.model, self.entry.data, self.entry.start)
        folders = ("models", "datasets", "starts")
        return [
            *self.own_modules,
            *(f"emmoe.{folder}.{part.name}" for folder, part in zip(folders, parts, strict=True)),
            *sorted({f"emmoe.fitters.{name}" for name in self.algorithms}),
        ]

    @property
    def inputs(self) -> dict[str, list[str]]:
        own = tables(self.entry.data)
        return {"downloads": list(self.checksums)} | ({"tables": own} if own else {})

    @property
    def checksums(self) -> dict[str, str]:
        return downloads(self.record, self.entry.data.name)


def downloads(record: Record, dataset: str) -> dict[str, str]:
    """Return the paths of the files that a data set reads, with the checksums they must have."""
    found = {}
    for file in component("datasets", dataset, "data").files:
        folder, _, name = file.partition("/")
        found[layout_of(record).download(file)] = record.downloads[folder].files[name].sha256
    return found


def tables(data: Component) -> list[str]:
    """Return the paths of a person's own files that a data set reads: their bytes, whatever they
    are now, decide whether a result is current."""
    return [str(data.settings[name]) for name in component("datasets", data.name, "data").reads]
