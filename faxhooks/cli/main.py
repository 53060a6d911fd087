"""The command line's top level; each noun is a file beside this one."""

import click

from faxhooks import __version__
from faxhooks.cli.accounts import account
from faxhooks.cli.audit import audit
from faxhooks.cli.callbacks import callbacks
from faxhooks.cli.connect import connect
from faxhooks.cli.context import Context, Group, pass_context
from faxhooks.cli.database import db
from faxhooks.cli.demo import demo
from faxhooks.cli.doctor import doctor
from faxhooks.cli.faxes import faxes
from faxhooks.cli.keys import key
from faxhooks.cli.purge import purge
from faxhooks.cli.reconcile import reconcile
from faxhooks.cli.send import send
from faxhooks.cli.simulate import simulate
from faxhooks.cli.users import user
from faxhooks.cli.worker import worker


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@click.version_option(__version__, prog_name="faxhooks")
@pass_context
def cli(context: Context, as_json: bool) -> None:
    """What became of every fax: accounts, keys, callbacks and faxes."""
    context.as_json = context.as_json or as_json


account.add_command(connect)

for _command in (
    account,
    key,
    user,
    db,
    faxes,
    send,
    callbacks,
    audit,
    doctor,
    simulate,
    demo,
    worker,
    reconcile,
    purge,
):
    cli.add_command(_command)
