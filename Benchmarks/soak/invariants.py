"""What must hold once the dust has settled, whatever was killed: read from the database, the disk and /proc."""

import collections

FINAL = ("completed", "failed", "cancelled")
ENDINGS = FINAL + ("retry_scheduled", "snoozed", "released", "rescued")


def broken(installation, limits=()):
    """A sentence for each broken invariant. Call it when no worker runs.

    `limits`: (event id, queue, how many may run) in the order in which they came to hold.
    """
    return (
        _rows(installation) + _history(installation, limits) + _remains(installation)
        + [f"integrity_check: {row[0]}" for row in installation.rows("PRAGMA integrity_check") if row[0] != "ok"]
        + [f"foreign_key_check: {row}" for row in installation.rows("PRAGMA foreign_key_check")])


def _rows(installation):
    queries = {
        "tool_processes has a row of job {}": "SELECT job_id FROM tool_processes",
        "job {} is final under a worker": "SELECT id FROM jobs WHERE worker_id IS NOT NULL",
        "job {} has completed although a job it waits for has not": """
            SELECT child.id FROM job_dependencies JOIN jobs AS child ON child.id = job_id
            JOIN jobs AS parent ON parent.id = depends_on
            WHERE child.state = 'completed' AND parent.state <> 'completed'""",
        "job {} has a crash count that its events do not explain": """
            SELECT id FROM jobs WHERE crashes > (SELECT count(*) FROM job_events WHERE job_id = jobs.id
              AND (kind IN ('rescued', 'failed') OR (kind = 'retry_scheduled'
                AND json_extract(detail, '$.class') IN ('tool_crashed', 'worker_died'))))""",
        "worker {} is still marked as alive": "SELECT id FROM workers WHERE state IN ('running', 'draining')",
    }
    return [
        sentence.format(row[0]) for sentence, query in queries.items() for row in installation.rows(query)]


def _history(installation, limits):
    """Replays the events: claims, their ends, and how many ran at once."""
    wrong = []
    jobs = {id: (state, fence, queue) for id, state, fence, queue
            in installation.rows("SELECT id, state, fence, queue FROM jobs")}
    fences = collections.Counter()  # the last claim of each job
    running = {}  # job: fence
    busy = collections.Counter()  # jobs that run, by queue
    completions = collections.defaultdict(list)
    limits = collections.deque(limits)
    allowed = {}
    for event, job, kind, fence in installation.rows("SELECT id, job_id, kind, fence FROM job_events ORDER BY id"):
        while limits and limits[0][0] < event:
            _, queue, limit = limits.popleft()
            allowed[queue] = limit
        queue = jobs[job][2]
        if kind == "started":
            if job in running:
                wrong.append(f"job {job} was claimed again (fence {fence}) while it ran under fence {running[job]}")
            if fence != fences[job] + 1:
                wrong.append(f"job {job} went from fence {fences[job]} to {fence}")
            fences[job] = fence
            busy[queue] += job not in running
            running[job] = fence
            if busy[queue] > allowed.get(queue, busy[queue]):
                wrong.append(f"event {event}: {busy[queue]} jobs run in queue {queue}, {allowed[queue]} may")
        elif kind in ENDINGS and job in running:
            if fence != running[job]:
                wrong.append(f"event {event}: {kind} of job {job} under fence {fence}, it runs under {running[job]}")
            busy[queue] -= 1
            del running[job]
        elif kind in ("completed", "retry_scheduled", "snoozed", "released", "rescued"):
            wrong.append(f"event {event}: {kind} of job {job}, which did not run")
        if kind == "completed":
            completions[job].append(fence)
    for job, (state, fence, _) in jobs.items():
        if state not in FINAL:
            wrong.append(f"job {job} is still {state}")
        if fences[job] != fence:
            wrong.append(f"job {job} has fence {fence}, its events end with {fences[job]}")
        if completions[job] != ([fence] if state == "completed" else []):
            wrong.append(f"job {job} is {state} under fence {fence}, completed under {completions[job]}")
    return wrong


def _remains(installation):
    wrong = [f"process {pid} is left: {line}" for pid, line in installation.tool_processes()]
    attempts = installation.directory / "stepworks-data" / "attempts"
    wrong += [f"{path} is left" for path in sorted(attempts.iterdir())] if attempts.is_dir() else []
    locks = installation.directory / "stepworks.db-locks"
    wrong += [f"{path} is left" for path in sorted(locks.iterdir())] if locks.is_dir() else []
    return wrong
