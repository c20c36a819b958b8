"""`floor.*`: the commands of who raises a hand, and of those who run the floor."""

from msgspec import UNSET, UnsetType

from server.wire.base import CommandBase
from server.wire.scalars import Id


class FloorRaise(CommandBase, tag="floor.raise"):
    """One's hand goes up; one that is up stays where it is."""


class FloorLower(CommandBase, tag="floor.lower"):
    """One's own hand."""


class FloorAccept(CommandBase, tag="floor.accept"):
    """Accepts the invitation onto the stage."""


class FloorDecline(CommandBase, tag="floor.decline"):
    """Declines it: the hand is down."""


class FloorLeave(CommandBase, tag="floor.leave"):
    """Leaves the stage."""


class FloorInvite(CommandBase, tag="floor.invite"):
    hand: Id


class FloorOrder(CommandBase, tag="floor.order"):
    """Puts a waiting hand `before` another, or last."""

    hand: Id
    before: Id | None


class FloorDismiss(CommandBase, tag="floor.dismiss"):
    """Lowers someone's hand."""

    hand: Id


class FloorCall(CommandBase, tag="floor.call"):
    """Brings who has accepted onto the stage, in the place of who is there. Where neither the `expected_hand` is there (None for an
    empty stage) nor the one that is called, it is refused as `conflict`."""

    hand: Id
    expected_hand: Id | UnsetType | None = UNSET


class FloorDown(CommandBase, tag="floor.down"):
    """Clears the stage. Where a `hand` is given and its owner is not who is there, it is refused as `conflict`."""

    hand: Id | None = None


FloorCommand = (
    FloorRaise | FloorLower | FloorAccept | FloorDecline | FloorLeave | FloorInvite | FloorOrder | FloorDismiss | FloorCall | FloorDown
)
