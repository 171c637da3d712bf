"""A Slurm of two nodes on this machine, for tests: munged, slurmctld and two slurmd, on loopback.

Everything lies in one folder, so it touches no Slurm that is installed; nothing outlives `stop`."""

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

TOOLS = ("munged", "slurmctld", "slurmd", "sbatch", "srun")
NODES = ("n1", "n2")
# No accounting database, no cgroups (a container has none to give), and no waiting where a real
# cluster waits: cred_expire is also how long a requeued job is held back.
CONFIGURATION = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
CredType=cred/munge
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool.%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=1,bf_interval=1,sched_min_interval=0
SwitchType=switch/none
MpiDefault=none
SlurmdParameters=config_overrides
ReturnToService=2
MinJobAge=600
KillWait=2
"""
NODE = (
    "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=3 RealMemory=64000\n"
)
PARTITION = "PartitionName=main Nodes=ALL Default=YES MaxTime=1-0 State=UP\n"


def missing():
    """Return why no Slurm can be started here, or None."""
    if os.geteuid() != 0:
        return "starting a Slurm needs root"
    absent = [tool for tool in TOOLS if shutil.which(tool) is None]
    return f"not installed: {', '.join(absent)}" if absent else None


def _free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for number in sockets:
        number.bind(("127.0.0.1", 0))
    ports = [number.getsockname()[1] for number in sockets]
    for number in sockets:
        number.close()
    return ports


class Slurm:
    """`environment` is what a user's shell needs; `start` and `stop` its daemons."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.daemons = {}
        self.configuration = self.folder / "slurm.conf"
        path = f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
        self.environment = {"SLURM_CONF": str(self.configuration), "PATH": path}

    def _configure(self):
        host = socket.gethostname().partition(".")[0]
        controller_port, *node_ports = _free_ports(1 + len(NODES))
        text = CONFIGURATION.format(folder=self.folder, host=host, controller_port=controller_port)
        for name, port in zip(NODES, node_ports, strict=True):
            text += NODE.format(name=name, host=host, port=port)
            (self.folder / f"spool.{name}").mkdir()
        self.configuration.write_text(text + PARTITION)
        (self.folder / "state").mkdir()
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        # Snakemake's job step starts srun without SLURM_CONF, as if the file lay in /etc.
        srun = self.folder / "bin" / "srun"
        srun.parent.mkdir()
        srun.write_text(
            f'#!/bin/sh\nSLURM_CONF={self.configuration} exec {shutil.which("srun")} "$@"\n'
        )
        srun.chmod(0o755)

    def _launch(self, name, *command, **variables):
        with open(self.folder / f"{name}.out", "w", encoding="utf-8") as output:
            self.daemons[name] = subprocess.Popen(
                command,
                env=os.environ | self.environment | variables,
                stdout=output,
                stderr=output,
                start_new_session=True,  # a signal to the tests is not for the daemons
            )

    def start(self):
        self._configure()
        munge = [
            f"--{part}={self.folder}/munge.{part}" for part in ("socket", "pid-file", "log-file")
        ]
        munge += [f"--key-file={self.folder}/munge.key", f"--seed-file={self.folder}/munge.seed"]
        self._launch("munged", "munged", "--foreground", "--force", *munge)
        self._wait(lambda: (self.folder / "munge.socket").exists())
        self._launch("slurmctld", "slurmctld", "-D", "-f", str(self.configuration))
        for name in NODES:
            self.start_node(name)
        self._wait(lambda: self.call("sinfo", "-h", "-o", "%T %D") == "idle 2")

    def start_node(self, name):
        # Slurm sets the variable for what a job starts; here the daemons get it, too.
        command = ["slurmd", "-D", "-N", name, "-f", str(self.configuration)]
        self._launch(name, *command, SLURMD_NODENAME=name)

    def _wait(self, ready, seconds=60):
        end = time.monotonic() + seconds
        while not ready():
            dead = [name for name, daemon in self.daemons.items() if daemon.poll() is not None]
            if dead or time.monotonic() > end:
                raise RuntimeError(f"Slurm did not start ({dead or 'no answer'}):\n{self.logs()}")
            time.sleep(0.2)

    def logs(self):
        files = [*self.folder.glob("*.out"), *self.folder.glob("*.log")]
        return "\n".join(f"== {path.name}\n{path.read_text()[-2000:]}" for path in files)

    def call(self, *command):
        """Run a Slurm command and return what it printed ('' if it failed)."""
        process = subprocess.run(
            command, env=os.environ | self.environment, capture_output=True, text=True, timeout=60
        )
        return process.stdout.strip()

    def kill_node(self, name):
        """End a node as a power cut does, its jobs with it, and let the controller know."""
        daemon, mark = self.daemons.pop(name), f"SLURMD_NODENAME={name}"
        # At once: no process may live to tell the controller how another one ended.
        self._signal(signal.SIGSTOP, mark)
        self._signal(signal.SIGKILL, mark)
        daemon.wait()
        self.call("scontrol", "update", f"NodeName={name}", "State=DOWN", "Reason=test")

    def _signal(self, number, *variables):
        """Signal what runs with this SLURM_CONF, and these other variables, in its environment."""
        wanted = {f"SLURM_CONF={self.configuration}", *variables}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                environ = (folder / "environ").read_bytes().decode(errors="replace").split("\0")
                if wanted <= set(environ):
                    os.kill(int(folder.name), number)
            except OSError:  # it has ended
                continue

    def stop(self):
        """Cancel all jobs and end all daemons."""
        if "slurmctld" in self.daemons and self.daemons["slurmctld"].poll() is None:
            self.call("scancel", "--full", "--user=root")
        for name in [*NODES, "slurmctld", "munged"]:
            if name in self.daemons:
                self.daemons[name].terminate()
        for daemon in self.daemons.values():
            try:
                daemon.wait(timeout=10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        self._signal(signal.SIGKILL)
