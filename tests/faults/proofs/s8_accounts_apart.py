"""S8: what is another account's is as absent as what never was."""

from tests.faults.proof import Finding, Proof, Trial
from tests.faults.serving import in_process
from tests.web.tenancy import CELLS, World, make_world, routes


def prove(trial: Trial) -> Finding:
    """Ask every route for every kind of object with a key of the wrong account, `n` times
    over. What changes objects has a service of its own.
    """
    finding = Finding()
    with in_process(trial) as service:
        alone = routes(service.app) ^ set(CELLS)
    finding.expect(not alone, f"every route has its cells and no cell is without a route: {alone}")
    cells = [(route, kind) for route, kinds in CELLS.items() for kind in kinds]
    looking = [cell for cell in cells if cell[0].startswith("GET ")]
    changing = [cell for cell in cells if cell not in looking]
    for _ in range(trial.n):
        for some in (looking, *([each] for each in changing)):
            with in_process(trial) as service:
                world = make_world(service)
                for route, kind in some:
                    _ask(world, finding, route, kind)
    seen = len(finding.untrue) - bool(alone)
    finding.figures = {"routes": len(CELLS), "asked": trial.n * len(cells), "foreign_seen": seen}
    return finding


def _ask(world: World, finding: Finding, route: str, kind: str) -> None:
    try:
        CELLS[route][kind](world)
    except (AssertionError, LookupError, TypeError) as error:  # It was told more than nothing.
        finding.expect(False, f"{route} hides another's {kind}: {type(error).__name__}")


PROOF = Proof(
    id="S8",
    promise="accounts see their own objects and no other's",
    prove=prove,
    small=1,
    full=3,
    broken=1,
    variants=(
        "a_route_without_a_cell",
        *(f"{name}_show_all_accounts" for name in ("callbacks", "changes", "faxes")),
        *(f"{name}_show_all_accounts" for name in ("numbers", "stats", "tags")),
        "the_audit_is_for_every_admin",
    ),
)
