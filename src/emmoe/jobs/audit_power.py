"""The audit put to the test by papers with a mistake and without."""

from dataclasses import dataclass

from emmoe.audit import plan
from emmoe.audit.plan import Needs
from emmoe.jobs._inputs import Inputs
from emmoe.jobs._work import LONG, Demand, Outcome
from emmoe.jobs.audit import Audit, AuditTask, inputs, restricted


@dataclass(frozen=True)
class AuditPower(Audit):
    """What the audit of a target notices in mutated papers, and says of null papers."""

    kind = "audit_power"
    archived = False

    @property
    def needs(self) -> Needs:
        """The runs that it reads: those of the audit."""
        return plan.of_scope(self.record, self.scope)._replace(contests=(), theorems=())

    @property
    def task(self) -> AuditTask:
        return AuditTask(restricted(self.record), self.scope)

    @property
    def modules(self) -> list[str]:
        return ["emmoe.jobs.audit_power", "emmoe.audit.stress"]

    @property
    def inputs(self) -> dict[str, list[str]]:
        measured = Audit(self.record, self.scope).outputs["power"]
        return inputs(self.record, self.needs) | {"power": [measured]}

    @property
    def outputs(self) -> dict[str, str]:
        return self.layout.audit_power(self.scope)

    @property
    def demand(self) -> Demand:
        return LONG

    @staticmethod
    def run(name: str, task: AuditTask, inputs: Inputs) -> Outcome:
        from emmoe.audit import stress
        from emmoe.jobs._sources import sources

        needs = plan.of_scope(task.record, name)._replace(contests=(), theorems=())
        found = sources(task.record, needs, name, inputs, {})
        mutated = stress.mutated(found, inputs.frame("power"))
        return Outcome({"mutations": mutated, "null": stress.drawn(found)})
