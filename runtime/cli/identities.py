"""`ccr keys`: a party's key, and the certificate that it hands to its peer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from runtime.cli.faults import faults
from runtime.cli.options import Json, UsageError
from runtime.cli.screen import result
from runtime.net import keys


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", show_default=False)],
    folder: Annotated[Path, typer.Option("--folder", help="Where NAME.key and NAME.crt are written.")] = Path(),
    json: Json = False,
) -> None:
    """Make a key and a certificate.  NAME.key stays here, NAME.crt goes to the peer."""
    with faults(json):
        try:
            identity = keys.new(name)
        except ValueError as error:
            raise UsageError(str(error)) from None
        key, certificate = keys.save(identity, folder)
        print_ = keys.fingerprint(identity.certificate)
        result(
            {"key": str(key), "certificate": str(certificate), "fingerprint": print_},
            f"{key}  secret: keep it here\n{certificate}  give it to your peer\nfingerprint {print_}",
            json,
        )


def show(certificate: Annotated[Path, typer.Argument(metavar="CERT", show_default=False)], json: Json = False) -> None:
    """Print a certificate's fingerprint, its key.  Compare it with the peer by telephone."""
    with faults(json):
        found = keys.fingerprint(keys.read_certificate(certificate))
        result({"certificate": str(certificate), "fingerprint": found}, found, json)
