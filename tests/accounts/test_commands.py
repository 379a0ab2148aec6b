"""What the operators' commands share; the commands themselves stand with their apps."""

import json

import pytest
from django.core.management import load_command_class


@pytest.mark.parametrize(
    "arguments", [["set_plan", "org_x", "gold"], ["add_member", "org_x"], ["set_plan", "--nope"]]
)
def test_wrong_arguments_are_answered_as_json_where_json_was_asked_for(capsys, arguments):
    command = load_command_class("accounts", arguments[0])

    with pytest.raises(SystemExit) as ended:
        command.run_from_argv(["manage.py", *arguments, "--json"])

    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (1, "")
    assert json.loads(err)["error"].startswith(("argument", "the following arguments"))
