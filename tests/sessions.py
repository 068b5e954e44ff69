"""What tests of interactive sessions share."""

import os
import pathlib

from harness import wait_for
from pipeline import glue_role

FINAL = {"AVAILABLE", "ERROR", "CANCELLED"}
COMMAND = {"Name": "glueetl", "PythonVersion": "3"}


def notebook_python():
    """The interpreter of an environment with tests/requirements-notebook.txt."""
    found = os.environ.get("MASTIC_NOTEBOOK_PYTHON")
    assert found and os.access(found, os.X_OK), "MASTIC_NOTEBOOK_PYTHON names no interpreter; `make test` makes one"
    return pathlib.Path(found)


class Session:
    """An interactive session, from its creation on."""

    def __init__(self, server, id, role=None, by=None, ready=True, **more):
        self.server, self.id = server, id
        self.glue = server.client("glue", by)
        role = role or glue_role(server)
        self.created = self.glue.create_session(Id=id, Role=role, **({"Command": COMMAND} | more))["Session"]
        if ready:
            self.until("READY")

    def get(self):
        return self.glue.get_session(Id=self.id)["Session"]

    def until(self, status, timeout=60):
        """Waits until it is so, and fails at once where it ended otherwise."""

        def reached():
            session = self.get()
            if session["Status"] != status:
                assert "CompletedOn" not in session, session
                return None
            return session

        return wait_for(reached, timeout)

    def begin(self, code):
        return self.glue.run_statement(SessionId=self.id, Code=code)["Id"]

    def statement(self, id):
        return self.glue.get_statement(SessionId=self.id, Id=id)["Statement"]

    def end_of(self, id, timeout=60):
        def ended():
            statement = self.statement(id)
            return statement if statement["State"] in FINAL else None

        return wait_for(ended, timeout)

    def until_running(self, id):
        wait_for(lambda: self.statement(id)["State"] == "RUNNING")

    def run(self, code):
        """Runs a statement to its end: the statement."""
        return self.end_of(self.begin(code))

    def text(self, code):
        """What a statement that goes well answers."""
        statement = self.run(code)
        assert (statement["State"], statement["Output"]["Status"]) == ("AVAILABLE", "ok"), statement
        return statement["Output"]["Data"]["TextPlain"]

    def error(self, code):
        """What a statement raises."""
        statement = self.run(code)
        assert (statement["State"], statement["Output"]["Status"]) == ("AVAILABLE", "error"), statement
        return statement["Output"]

    def cancel(self, id):
        self.glue.cancel_statement(SessionId=self.id, Id=id)

    def stop(self):
        self.glue.stop_session(Id=self.id)
        return self.until("STOPPED")
